// Who leads: giving the lead away when this member cannot lead well, and looking for a successor as
// soon as the leader is seen to have gone.

import ControlPlane
package import Primitives
package import Raft

extension MemberEngine {
    /// How many ticks apart members stand for election after a leader that was seen to go: enough
    /// for one to be elected before the next stands, so that votes do not split.
    private static let successionTicks = 3

    /// The line to a member broke. When it led, its process has gone or cannot be reached: this
    /// member no longer refuses votes for its sake, and stands for election soon, the first in
    /// order of seats first. A pre-vote comes before, so if the leader does lead on, nothing is
    /// disturbed: the others hear from it and refuse.
    func noteUnreachable(_ member: UInt64) throws(Refusal) {
        try node.reportUnreachable(member)
        guard node.role == .follower, node.leader == member else { return }
        let voters = node.configuration.voters.voters.ids.filter { $0 != member }
        guard let rank = voters.firstIndex(of: node.id) else { return }
        try node.forgetLeader()
        node.overrideElectionTimeout(ticks: 1 + MemberEngine.successionTicks * rank)
        isSuccessionOpen = true
        successionRank = rank
        successionAttempts = 0
    }

    /// Another stands for election after the leader that was seen to go, and has less of the log
    /// than this member, who must refuse it: then it is this member's turn.
    func noteRival(_ rival: Message) throws(Refusal) {
        guard isSuccessionOpen, rival.kind == .preVote, node.role == .follower, node.leader == nil
        else { return }
        let last = node.lastIndex
        guard let term = try node.term(at: last),
            (term, last) > (rival.logTerm, rival.index)
        else { return }
        node.overrideElectionTimeout(ticks: 1)
    }

    /// This member stood and was not elected: another knew more, or had not seen the leader go. It
    /// stands again soon, a few times; then elections are timed as usual.
    func standAgain() {
        guard isSuccessionOpen else { return }
        successionAttempts += 1
        guard successionAttempts <= 4 else { return closeSuccession() }
        node.overrideElectionTimeout(
            ticks: 2 + MemberEngine.successionTicks * successionRank + successionAttempts)
    }

    /// A leader was heard of: elections are timed as usual again.
    func closeSuccession() {
        guard isSuccessionOpen else { return }
        isSuccessionOpen = false
        let extra = Int(successionRandom.next() % UInt64(electionTicks))
        if node.role == .follower { node.overrideElectionTimeout(ticks: electionTicks + extra) }
    }

    /// Proposes a change of membership, where this member leads.
    package func propose(_ change: ConfigurationChange) throws(Refusal) {
        try node.propose(change)
    }

    /// Gives leadership to the voter that has most of the log and was heard from lately.
    func handOver() throws(Refusal) {
        let status = node.status
        guard node.role == .leader, status.transferTarget == nil else { return }
        let others = status.progress.ids.filter { id in
            guard id != node.id, let progress = status.progress[id] else { return false }
            return !progress.isLearner && progress.isRecentlyActive
        }
        let best = others.max { left, right in
            (status.progress[left]?.match ?? 0) < (status.progress[right]?.match ?? 0)
        }
        guard let best else { return }
        note(.handingOver(to: best))
        try node.transferLeadership(to: best)
    }
}
