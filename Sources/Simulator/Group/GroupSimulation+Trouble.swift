// What goes wrong in a group, and how it is put right.

package import Primitives
import Raft

extension GroupSimulation {
    /// The trouble of one step.
    func misbehave() throws(Refusal) {
        try meetFates()
        let member = anyMember()
        if !member.isUp {
            if chance(100) || hostility.crash == 0 { try member.restart(seed: random.next()) }
        } else if chance(hostility.crash) {
            try crash(member, voteChance: 250)
        } else if chance(hostility.compaction) {
            try member.compact(keeping: random.next(below: 8))
        }
        if chance(hostility.partition) { divide() }
        if hostility.pause > 0, chance(hostility.pause) {
            member.pausedUntil = clock + 10 + Int(random.next(below: 150))
        }
        if hostility.slowDisk > 0, chance(hostility.slowDisk) {
            member.diskBusyUntil = clock + 10 + Int(random.next(below: 200))
        }
        if hostility.unrest > 0, chance(hostility.unrest), member.isUp { unsettle(member) }
        if chance(hostility.membershipChange), member.isUp { proposeChange(at: member) }
    }

    /// Deaths and returns that are due.
    private func meetFates() throws(Refusal) {
        guard fates.contains(where: { $0.due <= clock }) else { return }
        let due = fates.filter { $0.due <= clock }
        fates.removeAll { $0.due <= clock }
        for fate in due {
            let member = members[Int(fate.member) - 1]
            if fate.dies, member.isUp {
                try crash(member, voteChance: 500)
            } else if !fate.dies, !member.isUp {
                try member.restart(seed: random.next())
            }
        }
    }

    private func crash(_ member: GroupMember, voteChance: UInt64) throws(Refusal) {
        member.crash(losesState: chance(500))
        try member.storage.forget()
        if member.id == victim, chance(hostility.damage) {
            damage(member, voteChance: voteChance)
        }
    }

    /// Cuts some members off from the others, and keeps leaders busy: those of the larger side
    /// commit what they take, those of the other do not.
    private func divide() {
        isolated = []
        for member in members where chance(300) { isolated.insert(member.id) }
        guard hostility.burst > 0 else { return }
        for member in members where member.node.role == .leader && chance(hostility.burst) {
            for _ in 0..<5 + random.next(below: 30) { propose(at: member) }
        }
    }

    /// Leadership is moved; or a member learns that the line to another broke, and takes a leader
    /// for gone, as members' drivers do.
    private func unsettle(_ member: GroupMember) {
        let other = anyMember().id
        if chance(300) {
            try? member.node.transferLeadership(to: other)
            return
        }
        try? member.node.reportUnreachable(other)
        guard member.node.role == .follower, member.node.leader == other else { return }
        try? member.node.forgetLeader()
        member.node.overrideElectionTimeout(ticks: 1 + Int(random.next(below: 6)))
    }

    /// What is committed stays readable on another member's disk: no log survives the loss of the
    /// only copy.
    private func damage(_ member: GroupMember, voteChance: UInt64) {
        let voters = member.node.configuration.voters
        guard voters.incoming.voters.count > 1, !voters.isJoint else { return }
        let before = member.storage.damagedIndexes.count
        let lastApplied = oracle.lastApplied
        let members = members
        let known = member.storage.hardState
        defer {
            if known.term > member.storage.hardState.term {
                oracle.noteLostVote(of: member.id, in: known.term)
            }
        }
        member.storage.damage(&random, voteChance: voteChance) { index in
            guard index <= lastApplied, let term = try? member.storage.memory.term(at: index)
            else { return true }
            return members.contains { other in
                other.id != member.id && other.storage.hasOnDisk(term: term, at: index)
            }
        }
        damagedEntries += member.storage.damagedIndexes.count - before
    }

    private func proposeChange(at member: GroupMember) {
        var changes: [MemberChange] = []
        for _ in 0...random.next(below: 3) {
            let kinds: [MemberChange.Kind] = [.addVoter, .addVoter, .addLearner, .remove]
            changes.append(
                MemberChange(
                    kinds[Int(random.next(below: 4))],
                    1 + random.next(below: UInt64(members.count))))
        }
        let transitions: [ConfigurationChange.Transition] = [
            .automatic, .jointImplicit, .jointExplicit,
        ]
        let transition = transitions[Int(random.next(below: 3))]
        try? member.node.propose(ConfigurationChange(changes, transition: transition))
        // Leave an explicit joint configuration, if this happens to be the leader of one.
        if chance(500) { try? member.node.propose(ConfigurationChange()) }
    }

    // MARK: Recovery

    /// Ends all trouble and lets the group come to rest; answers whether it serves again.
    package func heal(steps: Int = 12_000) throws(Refusal) -> Bool {
        hostility = .calm
        isCalm = true
        isolated = []
        fates = []
        for member in members {
            (member.pausedUntil, member.diskBusyUntil) = (clock, clock)
            if !member.isUp { try member.restart(seed: random.next()) }
        }
        let floor = lastApplied
        for _ in 0..<steps where violation == nil {
            try step()
            leaveExplicitJoint()
            if isConverged(past: floor + 20) { return true }
        }
        return false
    }

    private func leaveExplicitJoint() {
        for member in members where member.node.role == .leader {
            let configuration = member.node.configuration
            if configuration.isJoint, !configuration.autoLeave, chance(20) {
                try? member.node.propose(ConfigurationChange())
            }
        }
    }

    /// Where every member stands, in words.
    var standing: String {
        members.map { member in
            let voters = member.node.configuration.voters
            return "\(member.id) \(member.node.role) of term \(member.node.term), applied"
                + " \(member.storage.state.position.index) of \(member.node.lastIndex), voters"
                + " \(Array(voters.incoming.voters)) \(Array(voters.outgoing.voters))"
                + (member.node.isImpaired
                    ? ", impaired, unreadable \(member.storage.damagedIndexes.keys.sorted())" : "")
        }.joined(separator: "; ")
    }

    /// Whether every voter of the leader's configuration has applied past `index`.
    private func isConverged(past index: LogIndex) -> Bool {
        let leaders = members.filter { $0.node.role == .leader }
        guard let leader = leaders.max(by: { $0.node.term < $1.node.term }) else { return false }
        return leader.node.configuration.voters.voters.allSatisfy { id in
            let member = members[Int(id) - 1]
            return member.storage.state.position.index > index
                && isHealed(member, among: leader.node.configuration.voters.voters)
        }
    }

    /// Whether a member has back all that it needs, and whatever else of it is in a voter's log.
    private func isHealed(_ member: GroupMember, among voters: MemberSet) -> Bool {
        guard member.node.isImpaired else { return true }
        return member.storage.isVoteCertain
            && member.storage.damagedIndexes.keys.allSatisfy { index in
                index <= member.node.appliedIndex
                    && !voters.contains { id in
                        let storage = members[Int(id) - 1].storage
                        return id != member.id && index >= storage.firstIndex
                            && index <= storage.lastIndex
                    }
            }
    }

    /// Whether a member that was voted out, and has not heard of it, stands for election: without
    /// pre-vote it raises the term each time, and nothing forbids that (Ongaro 2014, section
    /// 4.2.3).
    var isDisturbed: Bool {
        let present = oracle.latestConfiguration
        return members.contains { member in
            !member.options.preVote && !present.voters.contains(member.id)
                && !present.votersOutgoing.contains(member.id)
                && member.node.configuration.voters.contains(member.id)
        }
    }

    /// Whether so few disks of the present voters are whole that the group must wait for one to be
    /// replaced: as long as it is not known what stood in an entry that may have been committed,
    /// only a quorum of others can tell.
    package var waitsForDisk: Bool {
        let configuration = oracle.latestConfiguration
        return [configuration.voters, configuration.votersOutgoing].contains { half in
            let whole = half.count { id in
                let member = members[Int(id) - 1]
                let last = member.storage.damagedIndexes.keys.max() ?? 0
                return last <= member.node.committedIndex
            }
            return !half.isEmpty && whole < half.count / 2 + 1
        }
    }
}
