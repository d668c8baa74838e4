// The active configuration with what is known of its members, and the votes of an election.

/// Counts acknowledgements and votes under the active configuration.
struct ProgressTracker {
    var configuration = GroupConfiguration()
    var progress = ProgressMap()
    private var votes: [(member: MemberID, isGranted: Bool)] = []
    let maximumInflightMessages: Int
    let maximumInflightBytes: UInt64

    init(maximumInflightMessages: Int, maximumInflightBytes: UInt64) {
        self.maximumInflightMessages = maximumInflightMessages
        self.maximumInflightBytes = maximumInflightBytes
    }

    func newInflights() -> Inflights {
        Inflights(maximumCount: maximumInflightMessages, maximumBytes: maximumInflightBytes)
    }

    /// Whether one voter decides alone.
    var isSingleton: Bool {
        configuration.voters.incoming.voters.count == 1 && !configuration.isJoint
    }

    /// The highest index that the voters acknowledged.
    var committedIndex: LogIndex {
        configuration.voters.committedIndex { id in
            progress.position(of: id).map { progress.values[$0].match }
        }
    }

    /// Whether a quorum of voters was heard from since the last check.
    var isQuorumActive: Bool {
        let result = configuration.voters.voteResult { id in
            guard let place = progress.position(of: id), !progress.values[place].isLearner
            else { return nil }
            return progress.values[place].isRecentlyActive
        }
        return result == .won
    }

    mutating func resetVotes() { votes = [] }

    /// Notes a vote; a member's first answer stands.
    mutating func recordVote(of member: MemberID, isGranted: Bool) {
        if votes.contains(where: { $0.member == member }) { return }
        votes.append((member, isGranted))
    }

    /// Whether the member has answered.
    func hasVote(of member: MemberID) -> Bool { votes.contains { $0.member == member } }

    /// Counts the votes of those who may vote.
    func tally() -> (granted: Int, rejected: Int, result: VoteResult) {
        var granted = 0
        var rejected = 0
        for vote in votes {
            guard let place = progress.position(of: vote.member),
                !progress.values[place].isLearner
            else { continue }
            if vote.isGranted { granted += 1 } else { rejected += 1 }
        }
        let result = configuration.voters.voteResult { id in
            votes.first { $0.member == id }?.isGranted
        }
        return (granted, rejected, result)
    }
}
