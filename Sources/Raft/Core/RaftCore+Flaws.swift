// The longer ones of the planted bugs; see `RaftFlaw`. Without a flaw each does nothing.

import Primitives

extension RaftCore {
    mutating func advanceCommitFlawed() throws(Refusal) -> Bool {
        let voters = tracker.configuration.voters
        var index = tracker.committedIndex
        var requiredTerm = term
        switch options.flaw {
        case .commitsEarlierTerms: requiredTerm = try log.term(at: min(index, log.lastIndex)) ?? 0
        case .commitsOneShort:
            let matches = voters.incoming.voters.compactMap { tracker.progress[$0]?.match }
            let place = max(voters.incoming.quorum - 2, 0)
            let ranked = matches.sorted(by: >)
            if ranked.indices.contains(place) { index = ranked[place] }
        case .removedLeaderCounts where !voters.contains(id):
            let last = log.lastIndex
            let widened = MajorityConfiguration(MemberSet(voters.incoming.voters.ids + [id]))
            index = widened.committedIndex { member in
                member == id ? last : tracker.progress[member]?.match
            }
        default: break
        }
        return try log.commit(upTo: LogPosition(term: requiredTerm, index: index))
    }

    func flawedResult(_ tally: (granted: Int, rejected: Int, result: VoteResult)) -> VoteResult {
        let count = tracker.configuration.voters.incoming.voters.count
        return tally.granted >= max(count / 2, 1) ? .won : tally.result
    }

    func isUpToDateFlawed(_ candidate: LogPosition) -> Bool {
        switch options.flaw {
        case .votesWithoutLogCheck: true
        case .comparesLengthFirst: candidate.index > log.lastIndex
        default: false
        }
    }

    /// Answers whether the append was dealt with, wrongly.
    mutating func appendFlawed(_ message: Message) throws(Refusal) -> Bool {
        switch options.flaw {
        case .takesEmptyAppendUnmatched where message.entries.isEmpty:
            try log.commit(to: min(message.commit, log.lastIndex))
            send(
                Message(.appendResponse, to: message.from, index: min(message.index, log.lastIndex))
            )
            return true
        case .deletesBelowCompaction:
            guard message.index + 1 < log.firstIndex, !message.entries.isEmpty else {
                return false
            }
            try log.append(message.entries)
            return true
        default: return false
        }
    }

    mutating func takeLateFlawed(_ message: Message) throws(Refusal) -> Bool {
        if options.flaw == .trustsReplacedWrites, message.kind == .storageAppendResponse,
            message.index != 0
        {
            log.unstable.stable(
                to: LogPosition(term: durableTerm(of: message), index: message.index))
            return true
        }
        guard options.flaw == .countsLateAcknowledgements, role == .leader,
            message.kind == .appendResponse, !message.isRejected, message.index <= log.lastIndex
        else { return false }
        try stepAsLeader(message)
        return true
    }

    /// The term under which a stored entry counts as durable.
    func durableTerm(of message: Message) -> Term {
        guard options.flaw == .trustsReplacedWrites else { return message.logTerm }
        return log.unstable.term(at: message.index) ?? message.logTerm
    }
}
