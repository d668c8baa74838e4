// How long a leader may be sure, without asking, that nobody else leads.
//
// A member that hears from a leader refuses votes for an election timeout. So when a quorum has
// answered heartbeats that were *sent* at tick T, no other leader can arise before T plus an
// election timeout: the lease counts from sending, never from receiving.

/// When the members last answered, by the leader's own ticks.
struct LeaderLease {
    private var answered: [(member: MemberID, tick: UInt64)] = []
    /// Ticks since the term of leadership began; starts at 1 so that 0 means "never".
    private(set) var now: UInt64 = 1

    mutating func tick() { now += 1 }

    mutating func answer(to tick: UInt64, from member: MemberID) {
        guard tick > 0, tick <= now else { return }
        if let place = answered.firstIndex(where: { $0.member == member }) {
            answered[place].tick = max(answered[place].tick, tick)
        } else {
            answered.append((member, tick))
        }
    }

    /// Whether the lease holds: a quorum, this member included, answered within `ticks`.
    func holds(for ticks: Int, leader: MemberID, voters: JointConfiguration) -> Bool {
        let since = voters.committedIndex { id in
            id == leader ? now : answered.first { $0.member == id }?.tick
        }
        return since > 0 && now < min(since, now) + UInt64(max(ticks, 0))
    }
}
