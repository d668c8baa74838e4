// A newer program comes to the members one by one, while the cluster works and everything else goes
// wrong. What the log may hold is decided by the log: nobody may come to apply what the program it
// runs does not know, and in the end the new kinds of entries are open.

import ControlPlane
import Node
import Primitives
import Raft
import Synchronization

extension Simulation {
    /// Every member begins on the oldest program of the plan.
    func beginUpgrades() {
        guard let upgrades else { return }
        for member in members { member.knownLevel = upgrades.oldestLevel }
        queue.plan(.upgrade, at: upgradeRandom.pick(upgrades.pace))
    }

    /// A member is stopped, and comes back with the next program, or with the one before.
    func upgrade() {
        guard isFaulty, let upgrades else { return }
        queue.plan(.upgrade, at: now + upgradeRandom.pick(upgrades.pace))
        let member = members[upgradeRandom.position(members.count)]
        let goesBack = upgradeRandom.happens(upgrades.downgradeChance)
        if goesBack {
            // Nobody goes back behind what the own log holds.
            let held = member.current?.engine.machine.featureLevel ?? FeatureLevel.first
            guard member.knownLevel > max(upgrades.oldestLevel, held) else { return }
            member.knownLevel -= 1
            member.mayMeetNewerLog = true
            probes.reach(.programDowngraded)
        } else {
            guard member.knownLevel < FeatureLevel.supported else { return }
            member.knownLevel += 1
            probes.reach(.programUpgraded)
        }
        tell("member \(member.number + 1) is given a program of level \(member.knownLevel)")
        trace.add(member.knownLevel)
        stop([member.number], power: false)
    }

    /// Nobody is left behind once nothing breaks any more.
    func finishUpgrades() {
        guard upgrades != nil else { return }
        for member in members where member.knownLevel < FeatureLevel.supported {
            member.knownLevel = FeatureLevel.supported
            probes.reach(.programUpgraded)
            member.kill(&diskRandom)
        }
    }

    /// Whether the log is open to all that the newest program knows, everywhere.
    var isUpgradeDone: Bool {
        upgrades == nil
            || members.allSatisfy {
                $0.current?.engine.machine.featureLevel == FeatureLevel.supported
            }
    }

    // MARK: What a leader does

    /// A leader opens what every member knows, as `MembershipKeeper` does; and asks for something
    /// new whether it is open or not.
    func tendLevel(of number: Int) throws(Refusal) {
        guard upgrades != nil, let engine = members[number].current?.engine, engine.isLeader
        else { return }
        if let known = knownToAll(askedBy: number), known > engine.machine.featureLevel {
            let envelope = try blueprint.envelope(of: number, .raiseLevel(known))
            tell("member \(number + 1) raises the level to \(known)")
            try feed(number, .submit(envelope, Reply { _ in }))
        }
        if upgradeRandom.happens(200) { try askForNews(number) }
    }

    /// The level that every seat in consensus knows; nil when one of them does not answer.
    private func knownToAll(askedBy number: Int) -> UInt64? {
        guard let state = members[number].current?.engine.core.configuration.state else {
            return nil
        }
        let seats = Set(state.voters + state.votersOutgoing + state.learners + state.learnersNext)
        var known = members[number].knownLevel
        // Planted: it opens what it knows itself.
        if flaw == .raisesLevelUnasked { return known }
        for other in members where other.number != number {
            guard seats.contains(other.id) else {
                // Who joins later with an older program is told to get the newer one.
                other.mayMeetNewerLog = true
                continue
            }
            guard other.current != nil, other.held == nil,
                !network.isCut(from: number, to: other.number),
                !network.isCut(from: other.number, to: number)
            else { return nil }
            known = min(known, other.knownLevel)
        }
        return known
    }

    /// A command of a kind that the first program did not know: the own seat is held out.
    private func askForNews(_ number: Int) throws(Refusal) {
        let member = members[number]
        guard let engine = member.current?.engine else { return }
        let roll = Views(state: engine.machine.state, genesis: blueprint.genesis).seatRoll()
        let act = 1 + (roll.first { $0.seat.id == member.id }?.course.acts ?? 0)
        var key = [UInt8](repeating: 0x77, count: 32)
        key[0] = UInt8(truncatingIfNeeded: number)
        let offer = SeatOffer(
            act: act, key: key, expires: member.clock(at: now).advanced(by: 3_600_000))
        let envelope = try blueprint.envelope(of: number, .offerSeat(offer))
        // A program does not ask for what it does not know.
        guard envelope.level <= member.knownLevel else { return }
        let answer = RefusalBox()
        try feed(number, .submit(envelope, Reply { answer.put($0) }))
        if answer.code == "level.closed" { probes.reach(.newKindRefused) }
    }

    // MARK: What must hold

    /// Nobody has to apply what the program it runs does not know, not even to refuse it.
    func checkKinds(
        of applied: AppliedEntry, at member: SimulatedMember, _ life: MemberLife
    ) throws(Refusal) {
        guard upgrades != nil else { return }
        for event in applied.events {
            if event.kind == "level.raised" { probes.reach(.levelRaised) }
            if event.kind == "seat.offered" { probes.reach(.newKindApplied) }
        }
        let range = (applied.index, applied.index + 1)
        guard
            let entry = try? life.log.entries(from: range.0, to: range.1, maximumBytes: .max).first,
            let payload = try? EntryPayload(decoding: entry.data),
            let newest = payload.commands.map(\.level).max(), newest > member.knownLevel
        else { return }
        throw Refusal(
            "simulation.unknown-kind",
            "member \(member.number + 1) knows level \(member.knownLevel), and entry"
                + " \(applied.index) holds a command of level \(newest)")
    }

    /// A member met a log of a level that it does not know. Only who went back to an older program,
    /// or was not of the group when the others were asked, may come to that; its operator installs
    /// what the others run.
    func meetNewerLog(_ number: Int) throws(Refusal) {
        let member = members[number]
        guard member.mayMeetNewerLog else {
            throw Refusal(
                "simulation.upgrade",
                "member \(number + 1) knows level \(member.knownLevel), was not asked, and stands"
                    + " before a log of a higher one")
        }
        probes.reach(.newerLogMet)
        tell("member \(number + 1) stops before a log of a higher level, and is given the program")
        member.knownLevel = FeatureLevel.supported
        queue.plan(.start(member: number), at: now + upgradeRandom.pick(200_000...3_000_000))
    }
}

/// Keeps the code of a refusal that was answered at once.
private final class RefusalBox: Sendable {
    private let kept = Mutex<String?>(nil)

    func put(_ result: Result<CommandReceipt, Refusal>) {
        if case .failure(let refusal) = result { kept.withLock { $0 = refusal.code } }
    }

    var code: String? { kept.withLock { $0 } }
}
