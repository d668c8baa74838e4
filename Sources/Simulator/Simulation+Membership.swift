// Members come and go, save their state and let go of their logs, and take each other's states in.

import ControlPlane
import LogStore
import Node
import Primitives
import Raft

extension Simulation {
    // MARK: Membership

    /// The next change of membership, if somebody leads who may be asked for one.
    func churn() throws(Refusal) {
        guard isFaulty else { return }
        queue.plan(.churn, at: now + faultRandom.pick(plan.churnPace...2 * plan.churnPace))
        guard let leader = leader(), members[leader].held == nil,
            let configuration = members[leader].current?.engine.core.configuration
        else { return }
        guard !configuration.isJoint else {
            // One that is to be left by hand is left some time.
            if !configuration.autoLeave { try propose(ConfigurationChange(), at: leader) }
            return
        }
        let transition = [
            ConfigurationChange.Transition.automatic, .jointImplicit, .jointExplicit,
        ][faultRandom.position(3)]
        let changes = drawChanges(configuration.voters.incoming.voters)
        try propose(ConfigurationChange(changes, transition: transition), at: leader)
    }

    /// A member out, in, to the learners, or one in another's place.
    private func drawChanges(_ voters: MemberSet) -> [MemberChange] {
        let id = UInt64(faultRandom.position(members.count)) + 1
        let missing = members.map(\.id).filter { !voters.contains($0) }
        guard voters.contains(id) else {
            return [MemberChange(faultRandom.happens(300) ? .addLearner : .addVoter, id)]
        }
        var changes: [MemberChange] = []
        if let newcomer = missing.first, faultRandom.happens(500) {
            changes.append(MemberChange(.addVoter, newcomer))
        }
        // Never fewer than two: one alone survives nothing.
        guard voters.count + changes.count > 2 else {
            return missing.first.map { [MemberChange(.addVoter, $0)] } ?? []
        }
        changes.append(MemberChange(faultRandom.happens(300) ? .addLearner : .remove, id))
        return changes
    }

    private func propose(_ change: ConfigurationChange, at number: Int) throws(Refusal) {
        tell("member \(number + 1) is asked to change the membership: \(change)")
        try work(number) { engine, _ in _ = try? engine.propose(change) }
    }

    /// In the end everybody votes again.
    func restoreMembership() throws(Refusal) {
        guard plan.churnPace > 0, !isMembershipWhole, let leader = leader(),
            let configuration = members[leader].current?.engine.core.configuration
        else { return }
        if configuration.isJoint {
            if !configuration.autoLeave { try propose(ConfigurationChange(), at: leader) }
            return
        }
        let missing = members.map(\.id).filter { !configuration.voters.contains($0) }
        let changes = missing.map { MemberChange(.addVoter, $0) }
        try propose(ConfigurationChange(changes), at: leader)
    }

    /// Whether every member votes, as whoever leads knows.
    var isMembershipWhole: Bool {
        guard let leader = leader(),
            let configuration = members[leader].current?.engine.core.configuration
        else { return false }
        return !configuration.isJoint && configuration.voters.voters.count == members.count
    }

    // MARK: Snapshots

    /// A member saves its state when enough was applied since it last did.
    func saveIfDue(_ member: SimulatedMember, _ life: MemberLife) {
        guard plan.snapshotEntries > 0, !life.isSaving else { return }
        let newest = member.saved?.descriptor.index ?? StateMachine.genesisIndex
        let applied = life.engine.machine.appliedIndex
        guard
            applied >= newest + plan.snapshotEntries
                // Came by another member's: whoever lags behind this one needs its own.
                || (newest + 1 < life.log.firstIndex && applied > newest)
                // A newcomer takes no snapshot from before its time.
                || (member.saved.map {
                    $0.descriptor.configuration != life.engine.machine.configuration
                } ?? false)
        else { return }
        life.isSaving = true
        queue.plan(
            .saved(member: member.number, life: member.life),
            at: now + diskRandom.pick(1_000...80_000))
    }

    /// The copy is durable; what it covers may leave the log.
    func saved(_ number: Int, _ lifeNumber: UInt64) throws(Refusal) {
        let member = members[number]
        guard member.life == lifeNumber, let life = member.current else { return }
        life.isSaving = false
        let saved: SavedState
        do throws(Refusal) {
            saved = try member.save()
        } catch {
            guard error.code == "state.damaged" else { throw error }
            return try feed(number, .stateDamaged(error))
        }
        probes.reach(.snapshotMade)
        trace.add(saved.descriptor.index)
        tell("member \(number + 1) saved its state as of entry \(saved.descriptor.index)")
        life.log.newestSnapshot = try saved.descriptor.snapshot(seats: blueprint.seatIDs)
        guard saved.descriptor.index > plan.trailingEntries else { return }
        let last = saved.descriptor.index - plan.trailingEntries
        // What it cannot write now it writes the next time; a failed disk shows itself.
        try? life.log.compact(through: last, covered: saved.position)
    }

    /// A snapshot is offered: it has to be fetched before the message counts.
    func offered(_ bytes: [UInt8], from: Int, to: Int) {
        probes.reach(.snapshotOffered)
        queue.plan(
            .fetched(from: from, to: to, life: members[to].life, bytes: bytes),
            at: now + diskRandom.pick(1_000...400_000))
    }

    /// What was offered is here, if whoever offered it still has it and can be reached.
    func fetched(_ bytes: [UInt8], from: Int, to: Int, life: UInt64) throws(Refusal) {
        let member = members[to]
        guard member.life == life, member.current != nil, members[from].current != nil,
            !network.isCut(from: from, to: to), !network.isCut(from: to, to: from)
        else { return }
        let message = try Message(decoding: bytes)
        guard let snapshot = message.snapshot, let saved = members[from].saved,
            saved.descriptor.index == snapshot.index
        else { return }
        member.fetched[snapshot.index] = saved
        try feed(to, .message(message))
    }

    /// Puts a snapshot that was fetched in the state's place.
    func install(
        _ snapshot: Snapshot, at member: SimulatedMember, _ life: MemberLife
    ) throws(Refusal) {
        guard let fetched = member.fetched[snapshot.index] else {
            throw Refusal(
                "simulation.snapshot", "member \(member.number + 1) takes what it did not fetch")
        }
        probes.reach(.snapshotInstalled)
        tell("member \(member.number + 1) takes the state of entry \(snapshot.index)")
        try member.adopt(fetched, life)
        member.fetched = member.fetched.filter { $0.key > snapshot.index }
        try checks.noteInstalled(member, life)
    }

    /// If a snapshot that was offered is still under way, it is offered again.
    func lookAfterSnapshot(_ number: Int, _ life: UInt64, _ peer: Int) throws(Refusal) {
        guard members[number].life == life, let current = members[number].current,
            current.engine.core.status.progress[UInt64(peer) + 1]?.state == .snapshot
        else { return }
        try feed(number, .snapshotStatus(UInt64(peer) + 1, isDelivered: false))
    }

    /// A member whose log begins after all the states it has takes another's; nil when nobody who
    /// runs can give one.
    func stateOfPeer(for number: Int) -> SavedState? {
        let others = members.filter { $0.number != number && $0.current != nil }
        let newest = others.compactMap(\.saved).max { $0.descriptor.index < $1.descriptor.index }
        if newest != nil { probes.reach(.stateFromPeer) }
        return newest
    }
}
