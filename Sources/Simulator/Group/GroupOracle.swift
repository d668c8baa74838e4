// What must hold of a group of cores, whatever happens to them: the properties of the Raft paper
// (Ongaro and Ousterhout 2014, figure 3), and the two rules that they rest on, each held against
// what the disks were told and not against what the members say: nobody votes twice in a term, and
// what counts as committed is on the disks of a quorum.

import Primitives
import Raft

/// What was seen of a group so far, and must not be contradicted.
struct GroupOracle {
    private struct Ballot: Hashable {
        let voter: MemberID
        let term: Term
    }

    /// The first broken property, in words.
    private(set) var violation: String?
    /// The last entry that anybody applied.
    private(set) var lastApplied: LogIndex = 0
    private(set) var elections = 0
    private(set) var readsAnswered = 0
    private var leaderOfTerm: [Term: MemberID] = [:]
    private var latestTerm: Term = 0
    private var lastTermChecked: Term = 0
    private var chainAt: [LogIndex: ChainState] = [:]
    private var readFloor: [[UInt8]: LogIndex] = [:]
    /// Every vote that a disk was told of and flushed.
    private var votes: [Ballot: MemberID] = [:]
    /// Votes that members cast, whether their disks were told of them or not.
    private var cast: [Ballot: MemberID] = [:]
    /// The latest term that each disk knows.
    private var termOnDisk: [MemberID: Term] = [:]
    /// Votes that a disk lost, and that count as cast for their owner since.
    private var restored: Set<Ballot> = []
    /// Leaders that were elected in the call under way.
    private var elected: [(id: MemberID, term: Term)] = []

    init(founding: ChainState) {
        chainAt[founding.position.index] = founding
        lastApplied = founding.position.index
    }

    mutating func fail(_ what: String) { violation = violation ?? what }

    /// The membership that the last entry applied anywhere left behind.
    var latestConfiguration: ConfigurationState {
        chainAt[lastApplied]?.configuration ?? ConfigurationState()
    }

    // MARK: Votes and elections

    /// Nobody votes twice in a term. A vote that its disk lost is written as one for its owner once
    /// it is restored, and is none.
    mutating func noteVote(of voter: MemberID, _ state: HardState, isRestored: Bool) {
        termOnDisk[voter] = max(termOnDisk[voter] ?? 0, state.term)
        guard state.vote != ReservedMember.none else { return }
        let ballot = Ballot(voter: voter, term: state.term)
        if isRestored { restored.insert(ballot) }
        guard state.vote != voter || !restored.contains(ballot) else { return }
        guard let earlier = votes[ballot] else {
            votes[ballot] = state.vote
            return
        }
        if earlier != state.vote {
            fail("member \(voter) voted for \(earlier) and \(state.vote) in term \(state.term)")
        }
    }

    /// A disk lost the vote that its owner gave itself. If anybody knew of it, that one's answer
    /// tells the term, before the owner votes again; else nobody can win by it any more, since the
    /// candidate is gone with that life.
    mutating func noteLostVote(of voter: MemberID, in term: Term) {
        let ballot = Ballot(voter: voter, term: term)
        if votes[ballot] == voter { votes[ballot] = nil }
    }

    /// A member casts a vote; it answers once its disk knows of it.
    mutating func noteCast(by voter: MemberID, for candidate: MemberID, in term: Term) {
        cast[Ballot(voter: voter, term: term)] = candidate
    }

    /// Whether a member can vote for nobody else any more in a term, whatever it forgets: its disk
    /// knows its vote, or that the term is over.
    private func isBound(_ voter: MemberID, to candidate: MemberID, in term: Term) -> Bool {
        let ballot = Ballot(voter: voter, term: term)
        return votes[ballot] == candidate
            || cast[ballot] == candidate && termOnDisk[voter] ?? 0 > term
    }

    /// At most one leader a term. To be looked into once the call is over.
    mutating func noteLeader(_ id: MemberID, _ term: Term) {
        elections += 1
        // Not even the same member twice: each time it writes entries of its own.
        if let other = leaderOfTerm[term] {
            fail("members \(other) and \(id) were both elected in term \(term)")
        }
        leaderOfTerm[term] = id
        latestTerm = max(latestTerm, term)
        elected.append((id, term))
    }

    /// A leader has the votes of a quorum, its own among them if it is a voter, on their disks.
    mutating func checkElections(_ member: GroupMember) {
        guard !elected.isEmpty else { return }
        for (id, term) in elected {
            let voters = member.node.configuration.voters
            let result = voters.voteResult { voter in
                isBound(voter, to: id, in: term) ? true : nil
            }
            if result != .won {
                let known = voters.voters.map { voter in
                    let vote = votes[Ballot(voter: voter, term: term)]
                    return "\(voter): \(vote.map { "\($0)" } ?? "none")"
                }
                fail(
                    "member \(id) leads term \(term) without the votes of a quorum on their disks;"
                        + " of \(member.node.configuration) \(known.joined(separator: ", "))")
            }
            if voters.contains(id), votes[Ballot(voter: id, term: term)] != id {
                fail("member \(id) leads term \(term), which its own disk does not know")
            }
        }
        elected = []
    }

    // MARK: Committing

    /// What a leader counts as committed is on the disks of a quorum.
    mutating func checkCommit(by leader: GroupMember, _ members: [GroupMember]) throws(Refusal) {
        let index = leader.node.committedIndex
        guard let term = try leader.node.term(at: index) else { return }
        let durable = leader.node.configuration.voters.committedIndex { voter in
            members[Int(voter) - 1].storage.hasOnDisk(term: term, at: index) ? index : 0
        }
        if durable < index {
            fail(
                "leader \(leader.id) counts entry \(index) of term \(term) as committed, which is"
                    + " not on the disks of a quorum")
        }
    }

    /// Whoever applies an index applies the same history.
    mutating func noteApplied(_ state: ChainState, by id: MemberID) {
        let index = state.position.index
        if let known = chainAt[index], known.chain != state.chain {
            fail("member \(id) applied another history up to \(index)")
        }
        chainAt[index] = state
        lastApplied = max(lastApplied, index)
    }

    /// The log of the latest leader holds, in the same terms, everything that was applied anywhere.
    /// Looked at once a term.
    mutating func checkCompleteness(_ member: GroupMember) throws(Refusal) {
        let term = member.node.term
        guard member.node.role == .leader, term > lastTermChecked, term == latestTerm,
            leaderOfTerm[term] == member.id
        else { return }
        lastTermChecked = term
        guard member.node.lastIndex >= lastApplied else {
            fail("leader \(member.id) lacks entries up to \(lastApplied)")
            return
        }
        var index = member.node.firstIndex
        while index <= lastApplied {
            let own = try member.node.term(at: index)
            let isUnknown = own == nil && member.storage.damagedIndexes[index] == false
            if let known = chainAt[index], own != known.position.term, !isUnknown {
                fail("leader \(member.id) has another entry at \(index)")
            }
            index += 1
        }
    }

    // MARK: Reading

    /// A read is asked for: it must see everything that was applied anywhere before.
    mutating func noteRead(_ context: [UInt8]) { readFloor[context] = lastApplied }

    mutating func checkRead(_ read: ReadState) {
        readsAnswered += 1
        if let floor = readFloor[read.context], read.index < floor {
            fail("a read answered at \(read.index) had to see \(floor)")
        }
    }
}
