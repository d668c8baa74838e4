// What goes wrong, and how it is put right.

import ControlPlane
import LogStore
import Node
import Primitives
import Raft

extension Simulation {
    /// The next fault, and when the one after it comes.
    func strike() throws(Refusal) {
        guard isFaulty else { return }
        queue.plan(.fault, at: now + faultRandom.pick(plan.pace))
        guard let kind = plan.draw(&faultRandom) else { return }
        let member = faultRandom.position(members.count)
        tell("fault: \(kind), member \(member + 1)")
        trace.add(UInt64(member))
        switch kind {
        case .killProcess: stop([member], power: false)
        case .crashLoop: crashRepeatedly(member)
        case .losePower: stop([member], power: true)
        case .losePowerEverywhere: stop(Array(members.indices), power: true)
        case .isolateMember: isolate(member)
        case .isolateLeader:
            guard let leader = leader() else { return }
            probes.reach(.leaderIsolated)
            isolate(leader)
        case .splitGroup: split()
        case .cutOneWay: cutOneWay(member)
        case .pauseMember: pause(member)
        case .pauseLeader:
            guard let leader = leader() else { return }
            probes.reach(.leaderPaused)
            pause(leader)
        case .slowDisk, .stallDisk: slowDisk(member, isStalled: kind == .stallDisk)
        case .failFlush:
            guard members[member].current != nil else { return }
            probes.reach(.flushFailed)
            members[member].disk.failFlushes(5)
        case .fillDisk:
            probes.reach(.diskFull)
            members[member].disk.setCapacity(0)
            queue.plan(
                .diskRecovers(member: member), at: now + faultRandom.pick(500_000...4_000_000))
        case .rotDisk: rotDisk()
        case .rotState: rotState()
        case .jumpClock:
            // Two clocks are never further apart than the bound that members allow each other.
            probes.reach(.clockJumped)
            members[member].clockOffset = Int64(faultRandom.next(below: 8_000)) - 4_000
        }
    }

    /// Who leads in the latest term.
    func leader() -> Int? {
        members.indices.filter { members[$0].current?.engine.isLeader == true }.max {
            (members[$0].current?.ledTerm ?? 0) < (members[$1].current?.ledTerm ?? 0)
        }
    }

    /// A member dies again soon after each start.
    private func crashRepeatedly(_ number: Int) {
        probes.reach(.crashLoop)
        let first = members[number].life
        var time = now
        for round in 0..<4 as Range<UInt64> {
            // Each death and each start begins another life.
            queue.plan(.kill(member: number, life: first + 2 * round, power: false), at: time)
            time += 1_000
            queue.plan(.start(member: number), at: time)
            time += faultRandom.pick(50_000...600_000)
        }
    }

    /// A member dies within the next milliseconds, at a moment that matters.
    private func doom(_ number: Int, _ probe: Probe) {
        probes.reach(probe)
        let power = faultRandom.happens(500)
        queue.plan(
            .kill(member: number, life: members[number].life, power: power),
            at: now + faultRandom.next(below: 30_000))
    }

    func stop(_ numbers: [Int], power: Bool) {
        for number in numbers {
            let member = members[number]
            guard member.current != nil else { continue }
            if power {
                probes.reach(.powerLost)
                member.losePower(&diskRandom, probes: &probes)
            } else {
                probes.reach(.processKilled)
                member.kill(&diskRandom)
            }
            let isShort = faultRandom.happens(600)
            let pause = faultRandom.pick(1_000...(isShort ? 100_000 : 6_000_000))
            queue.plan(.start(member: number), at: now + pause)
        }
        let down = members.filter { $0.current == nil }.count
        if down > members.count / 2 { probes.reach(.majorityDown) }
    }

    // MARK: Network

    private func newPartition() -> UInt64 {
        partitionNumber += 1
        queue.plan(
            .heal(partition: partitionNumber), at: now + faultRandom.pick(200_000...5_000_000))
        return partitionNumber
    }

    private func isolate(_ number: Int) {
        probes.reach(.partitionSymmetric)
        let partition = newPartition()
        for other in members.indices where other != number {
            network.cut(from: number, to: other, partition: partition)
            network.cut(from: other, to: number, partition: partition)
        }
    }

    private func split() {
        probes.reach(.partitionSymmetric)
        let partition = newPartition()
        let sides = members.indices.map { _ in faultRandom.happens(500) }
        for from in members.indices {
            for to in members.indices where sides[from] != sides[to] {
                network.cut(from: from, to: to, partition: partition)
            }
        }
    }

    /// A member is heard and hears nothing, or hears and is not heard, by all or by one.
    private func cutOneWay(_ number: Int) {
        probes.reach(.partitionAsymmetric)
        let partition = newPartition()
        let isDeaf = faultRandom.happens(500)
        let isTotal = faultRandom.happens(500)
        let chosen = faultRandom.position(members.count)
        for other in members.indices where other != number && (isTotal || other == chosen) {
            let (from, to) = isDeaf ? (other, number) : (number, other)
            network.cut(from: from, to: to, partition: partition)
        }
    }

    func heal(_ partition: UInt64) {
        network.heal(partition)
        trace.add(partition)
    }

    // MARK: Machines

    private func pause(_ number: Int) {
        guard members[number].current != nil, members[number].held == nil else { return }
        probes.reach(.memberPaused)
        members[number].held = []
        queue.plan(.resume(member: number), at: now + faultRandom.pick(50_000...5_000_000))
    }

    func resume(_ number: Int) throws(Refusal) {
        guard let held = members[number].held else { return }
        tell("member \(number + 1) goes on")
        members[number].held = nil
        for event in held { try handle(event) }
    }

    private func slowDisk(_ number: Int, isStalled: Bool) {
        probes.reach(isStalled ? .diskStalled : .diskSlow)
        members[number].diskDelay =
            isStalled ? faultRandom.pick(1_000_000...4_000_000) : faultRandom.pick(5_000...200_000)
        queue.plan(
            .diskRecovers(member: number), at: now + faultRandom.pick(200_000...4_000_000))
    }

    /// What was flushed changes by itself, or a write for another place lands on it. Not in the
    /// last pages: at the end of a log nobody can tell rot from a write that was cut short.
    private func rotDisk() {
        let member = members[rotVictim]
        let segments = member.disk.names.filter { $0.hasSuffix(".log") }
        guard members.count > 2, let last = segments.last else { return }
        let path = segments[faultRandom.position(segments.count)]
        let bytes = member.disk.bytes(of: path)
        let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
        let spared = path == last ? 4096 : 0
        guard used > spared + 512 else { return }
        let place = faultRandom.position(used - spared - 64)
        let sector = place / 512 * 512
        let other = faultRandom.position(used / 512) * 512
        let kind = faultRandom.next(below: 4)
        let noise = faultRandom.bytes(64)
        probes.reach(.diskRotted)
        tell("the disk of member \(rotVictim + 1) rots at byte \(place) of \(path)")
        member.disk.damage(path) { bytes in
            for offset in 0..<64 where kind == 0 { bytes[place + offset] = noise[offset] }
            let isWhole = other + 512 <= used && sector + 512 <= used - spared
            for offset in 0..<512 where isWhole {
                if kind == 1 { bytes[sector + offset] = 0 }
                if kind == 2 { bytes[sector + offset] = bytes[other + offset] }
            }
            if kind == 3 { bytes[place] ^= 1 << (noise[0] % 8) }
        }
    }

    /// A row of the state changes by itself.
    private func rotState() {
        guard members.count > 2, members[rotVictim].current != nil else { return }
        probes.reach(.stateRotted)
        tell("the state of member \(rotVictim + 1) rots")
        members[rotVictim].rotState(row: faultRandom.next(), bit: faultRandom.next())
    }

    // MARK: The end of it

    /// From now on nothing breaks.
    func healEverything() throws(Refusal) {
        tell("everything heals")
        isFaulty = false
        network.isFaulty = false
        network.heal(nil)
        finishUpgrades()
        for number in members.indices {
            try resume(number)
            members[number].diskDelay = 0
            members[number].disk.failFlushes(nil)
            members[number].disk.setCapacity(.max)
            // Rot that nobody read yet is found by reading everything.
            if number == rotVictim, probes[.diskRotted] + probes[.stateRotted] > 0 {
                members[number].kill(&diskRandom)
                members[number].disk.failFlushes(nil)
                if probes[.stateRotted] > 0 { members[number].dropState() }
            }
            if members[number].current == nil { try start(number) }
        }
    }

    /// Counts what the cores report.
    func note(_ event: TraceEvent, of number: Int) {
        switch event {
        case .becameLeader(let term):
            probes.reach(.leaderElected)
            members[number].isStanding = false
            members[number].isLeading = true
            if isFaulty, faultRandom.happens(plan.newLeaderDeathChance) {
                doom(number, .killedAsNewLeader)
            }
            tell("member \(number + 1) leads term \(term)")
        case .quorumLost: probes.reach(.leaderLostQuorum)
        case .becamePreCandidate:
            if members[number].isStanding { probes.reach(.electionUndecided) }
        case .becameCandidate(let term):
            members[number].isStanding = true
            tell("member \(number + 1) stands for term \(term)")
        case .becameFollower:
            members[number].isStanding = false
            members[number].isLeading = false
        case .voteCast(let request):
            guard request.kind == .vote, request.candidate != members[number].id, isFaulty,
                faultRandom.happens(plan.voterDeathChance)
            else { return }
            doom(number, .killedAsVoter)
        case .voteRejected: probes.reach(.voteRefused)
        case .voteIgnoredInLease: probes.reach(.voteIgnoredForLeader)
        case .appendRejected: probes.reach(.appendRejected)
        case .conflict: probes.reach(.conflictFound)
        case .configurationSwitched(let configuration):
            probes.reach(configuration.isJoint ? .membershipJoint : .membershipChanged)
            if members[number].isLeading, !configuration.voters.contains(members[number].id) {
                probes.reach(.leaderRemoved)
            }
        case .damageChanged(let ranges):
            probes.reach(ranges.isEmpty ? .damageRepaired : .damageFound)
            tell("member \(number + 1) cannot read \(ranges)")
        case .stableEntryReplaced: probes.reach(.writtenEntryReplaced)
        case .staleStorageAppendIgnored: probes.reach(.staleWriteAnswerIgnored)
        default: break
        }
    }
}
