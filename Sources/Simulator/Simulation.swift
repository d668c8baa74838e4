// A whole cluster in one thread and in virtual time, from one seed: members, their disks and
// clocks, the network between them, clients, and faults. First a phase in which anything may break
// and nothing may go wrong; then one in which nothing breaks and everything must come to an end.

import ControlPlane
import LogStore
import Node
import Primitives
import Raft

/// How long a run lasts.
public struct SimulationLengths: Sendable {
    /// The phase with faults, in virtual milliseconds.
    public var safetyMilliseconds: UInt64 = 20_000
    /// How long the cluster may take to come to rest afterwards, in virtual milliseconds.
    public var livenessMilliseconds: UInt64 = 60_000
    /// Whether it is rot that the runs are about.
    public var isCorruption = false
    /// How many operations each client must complete in the second phase.
    public var finalOperations = 4

    /// Twenty seconds of faults, then at most a minute.
    public init() {}

    /// Eight seconds in which what one disk holds rots all the time, then at most a minute.
    public static let corruption: SimulationLengths = {
        var lengths = SimulationLengths()
        (lengths.safetyMilliseconds, lengths.isCorruption) = (8_000, true)
        return lengths
    }()
}

/// One run of one seed.
public final class Simulation {
    let blueprint: Blueprint
    let seed: UInt64
    let lengths: SimulationLengths
    let flaw: Flaw?
    let plan: FaultPlan
    /// How a newer program comes to the members, where they begin on an older one.
    let upgrades: UpgradePlan?
    var members: [SimulatedMember] = []
    var clients: [SimulatedClient] = []
    var queue = EventQueue()
    var now: VirtualTime = 0
    var trace = TraceHash()
    var probes = ProbeCounts()
    var history = History()
    var checks = ClusterChecks()
    var network: SimulatedNetwork
    var diskRandom: SplitMix64
    var faultRandom: SplitMix64
    var upgradeRandom: SplitMix64
    /// The member whose disk rots: nothing survives when every copy does.
    let rotVictim: Int
    var isFaulty = true
    var isAtRest = false
    var partitionNumber: UInt64 = 0
    var undecidedHistories = 0
    /// Requests that members hold, by number.
    var requests: [Int: ClientRequest] = [:]
    var nextRequest = 0
    let replies = ReplyBox()
    /// What happened, in words; kept only when asked for.
    var story: [String]?

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - flaw: a bug to plant.
    ///   - tells: whether what happens is kept in words.
    public init(
        blueprint: Blueprint, seed: UInt64, lengths: SimulationLengths = SimulationLengths(),
        flaw: Flaw? = nil, tells: Bool = false
    ) {
        self.blueprint = blueprint
        self.seed = seed
        self.lengths = lengths
        self.flaw = flaw
        story = tells ? [] : nil
        var random = SplitMix64.stream(seed, 1)
        plan = FaultPlan(&random, isCorruption: lengths.isCorruption)
        network = SimulatedNetwork(
            members: blueprint.genesis.seats.count, plan: plan,
            random: SplitMix64.stream(seed, 2))
        diskRandom = SplitMix64.stream(seed, 3)
        faultRandom = SplitMix64.stream(seed, 4)
        upgrades = UpgradePlan(seed: seed)
        upgradeRandom = SplitMix64.stream(seed, 6)
        rotVictim = Int(seed % UInt64(blueprint.genesis.seats.count))
        for number in blueprint.genesis.seats.indices {
            let member = SimulatedMember(
                number: number, seed: SplitMix64.stream(seed, 0x100 + UInt64(number)).seed,
                blueprint: blueprint, segmentBytes: plan.segmentBytes, flaw: flaw)
            member.tickLength = random.pick(95_000...105_000)
            members.append(member)
        }
        for number in 0..<Blueprint.clientCount {
            clients.append(SimulatedClient(number: number, seed: seed))
        }
    }

    // MARK: The run

    /// Runs both phases; the report says what happened and what was violated, if anything.
    public func run() -> SimulationReport {
        var violation: Refusal?
        do throws(Refusal) {
            beginUpgrades()
            for member in members { try start(member.number) }
            for client in clients.indices { queue.plan(.client(client, step: 0), at: 10_000) }
            queue.plan(.fault, at: faultRandom.pick(500_000...2_000_000))
            queue.plan(.inspect, at: 200_000)
            if plan.churnPace > 0 { queue.plan(.churn, at: 2_000_000) }
            try play(until: lengths.safetyMilliseconds * 1000)
            try healEverything()
            try play(until: now + lengths.livenessMilliseconds * 1000)
            try checkRest()
            try checkOutcome()
        } catch {
            violation = error
        }
        for member in members {
            trace.add(member.current?.engine.machine.stateDigest.bytes ?? [])
        }
        return SimulationReport(
            seed: seed, members: members.count, isCorruption: lengths.isCorruption, flaw: flaw,
            traceHash: trace.value,
            virtualMilliseconds: now / 1000, steps: trace.count, entries: checks.lastApplied,
            operations: UInt64(history.operations.filter { $0.returned != nil }.count),
            undecidedHistories: undecidedHistories, probes: probes, violation: violation,
            story: story ?? [])
    }

    private func play(until end: VirtualTime) throws(Refusal) {
        while !isAtRest, let (time, event) = queue.next() {
            guard time <= end else {
                queue.plan(event, at: time)
                now = end
                return
            }
            now = time
            try handle(event)
        }
    }

    func tell(_ sentence: @autoclosure () -> String) {
        guard story != nil else { return }
        story?.append("\(now / 1000).\(now % 1000 / 100) ms: \(sentence())")
    }

    func handle(_ event: WorldEvent) throws(Refusal) {
        switch event {
        case .tick(let member, let life): try tick(member, life)
        case .deliver(_, let to, _, _), .unreachable(let to, _): try pass(event, to: to)
        case .written(let member, _): try pass(event, to: member)
        case .request(let request): try pass(event, to: request.member)
        case .client(let client, let step): try advance(client, step)
        case .answer(let answer): try take(answer)
        case .fault: try strike()
        case .start(let member): try start(member)
        case .kill(let member, let life, let power):
            if members[member].life == life { stop([member], power: power) }
        case .resume(let member): try resume(member)
        case .heal(let partition): heal(partition)
        case .diskRecovers(let member):
            members[member].diskDelay = 0
            members[member].disk.setCapacity(.max)
            trace.add(UInt64(member))
        case .churn: try churn()
        case .upgrade: upgrade()
        case .saved(let member, let life): try saved(member, life)
        case .fetched(let from, let to, let life, let bytes):
            try fetched(bytes, from: from, to: to, life: life)
        case .snapshotDue(let member, let life, let peer):
            try lookAfterSnapshot(member, life, peer)
        case .inspect: try inspect()
        }
    }

    // MARK: Members

    func start(_ number: Int) throws(Refusal) {
        let member = members[number]
        guard member.current == nil else { return }
        var stream = SplitMix64.stream(seed, 0x200 + UInt64(number) + member.life << 8)
        let notes: [String]
        do throws(Refusal) {
            notes = try member.start { [unowned self] in self.note($0, of: number) }
        } catch {
            if error.code == "state.damaged" {
                probes.reach(.stateRotFound)
                member.dropState()
                return queue.plan(.start(member: number), at: now + 10_000)
            }
            if error.code == "level.newer" { return try meetNewerLog(number) }
            guard error.code == "state.behind-log" else { throw error }
            // It goes on with another member's state, once one has it.
            if let state = stateOfPeer(for: number) { try member.take(state) }
            queue.plan(.start(member: number), at: now + faultRandom.pick(50_000...500_000))
            return
        }
        for sentence in notes {
            if sentence.contains("dropped") { probes.reach(.tornTailDropped) }
            tell("member \(number + 1): \(sentence)")
        }
        if (member.current?.engine.machine.appliedIndex ?? 0) <= 1, member.life > 1 {
            probes.reach(.stateRebuilt)
        }
        tell("member \(number + 1) starts, log up to \(member.current?.log.lastIndex ?? 0)")
        trace.add(member.life)
        queue.plan(
            .tick(member: number, life: member.life),
            at: now + stream.next(below: member.tickLength))
    }

    private func tick(_ number: Int, _ life: UInt64) throws(Refusal) {
        let member = members[number]
        guard member.life == life, let current = member.current else { return }
        queue.plan(.tick(member: number, life: life), at: now + member.tickLength)
        // A process that stands still has no timer that catches up.
        guard member.held == nil else { return }
        member.ticks += 1
        try feed(number, .tick)
        if member.ticks % Simulation.ticksBetweenLevels == 0 { try tendLevel(of: number) }
        guard member.ticks % 5 == 0, current.engine.isLeader,
            let due = current.engine.machine.nextDue, due <= member.clock(at: now)
        else { return }
        probes.reach(.dueActs)
        let envelope = try blueprint.tickEnvelope(of: member.number)
        try feed(number, .submit(envelope, Reply { _ in }))
    }

    /// How often a leader asks what the others know.
    private static let ticksBetweenLevels: UInt64 = 10

    /// Hands an event to a member, or keeps it until the member goes on.
    private func pass(_ event: WorldEvent, to number: Int) throws(Refusal) {
        let member = members[number]
        if member.held != nil {
            member.held?.append(event)
            return
        }
        switch event {
        case .deliver(let from, _, let life, let bytes):
            if life != member.life { probes.reach(.messageOutlivedReceiver) }
            try receive(bytes, from: from, at: number)
        case .unreachable(_, let peer): try feed(number, .unreachable(UInt64(peer) + 1))
        case .written(_, let life): try finishWriting(number, life)
        case .request(let request): try ask(request)
        default: break
        }
    }

    private func receive(_ bytes: [UInt8], from: Int, at number: Int) throws(Refusal) {
        guard members[number].current != nil else { return }
        let message = try Message(decoding: bytes)
        trace.add(bytes)
        if let snapshot = message.snapshot, !snapshot.data.isEmpty {
            return offered(bytes, from: from, to: number)
        }
        try feed(number, .message(message))
    }

    /// Gives a member one input and does what it then asks for.
    func feed(_ number: Int, _ input: MemberInput) throws(Refusal) {
        try work(number) { engine, clock in engine.take(input, at: clock) }
    }

    /// Does something with a member's engine, and then what the engine asks for.
    func work(_ number: Int, _ body: (MemberEngine, Timestamp) -> Void) throws(Refusal) {
        let member = members[number]
        guard let life = member.current else { return }
        trace.add(now)
        trace.add(UInt64(number))
        let clock = member.clock(at: now)
        body(life.engine, clock)
        while let effects = life.engine.round(at: clock) {
            for message in effects.messages { send(message, from: number) }
            for batch in effects.batches { try write(batch, of: member, life, clock) }
            for entry in effects.applied { try checkKinds(of: entry, at: member, life) }
        }
        try checks.observe(member)
        saveIfDue(member, life)
        try answerClients(of: number)
        if let failure = life.engine.failure { try fall(number, failure) }
    }

    /// A member that stopped by itself: only a failing disk is a reason.
    private func fall(_ number: Int, _ failure: Refusal) throws(Refusal) {
        if failure.code == "level.newer" {
            members[number].kill(&diskRandom)
            return try meetNewerLog(number)
        }
        let isRotten = failure.code == "state.damaged"
        if isRotten {
            probes.reach(.stateRotFound)
            members[number].dropState()
        }
        guard isRotten || failure.code == "log.failed" else {
            throw Refusal(
                "simulation.member-stopped",
                "member \(number + 1) stopped: \(failure.code): \(failure.message)")
        }
        tell("member \(number + 1) stops: \(failure.message)")
        members[number].kill(&diskRandom)
        queue.plan(.start(member: number), at: now + faultRandom.pick(50_000...2_000_000))
    }

    // MARK: Network

    func send(_ message: Message, from: Int) {
        var message = message
        if flaw == .commitsWithoutQuorum, message.kind == .append, let last = message.entries.last {
            message.commit = max(message.commit, last.index)
        }
        let to = Int(message.to) - 1
        guard members.indices.contains(to) else { return }
        if message.kind == .snapshot {
            queue.plan(
                .snapshotDue(member: from, life: members[from].life, peer: to),
                at: now + 3_000_000)
        }
        let bytes = message.encoded
        let arrivals = network.send(from: from, to: to, at: now, probes: &probes)
        for arrival in arrivals {
            queue.plan(
                .deliver(from: from, to: to, life: members[to].life, bytes: bytes), at: arrival)
        }
        if arrivals.isEmpty, network.noticesLoss() {
            queue.plan(.unreachable(member: from, peer: to), at: now + 1_000)
        }
    }
}

extension SplitMix64 {
    /// One draw as a seed for another generator.
    fileprivate var seed: UInt64 {
        var copy = self
        return copy.next()
    }
}
