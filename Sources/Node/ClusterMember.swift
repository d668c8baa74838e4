// One member: the engine with its surroundings, driven from one inbox.
//
// Every input is worked off in the order it arrived; then what the engine asks is done: send, write
// to the log (on the log's own thread), tell who watches. Nothing here waits for a disk or a
// network.

public import ControlPlane
import Cryptography
import LogStore
import Logging
import Platform
public import Primitives
import Raft
import Transport

/// What a member knows about the cluster right now.
public struct MemberStatus: Sendable {
    /// The seat.
    public var member: UInt64
    /// `leader`, `follower`, `candidate`, ...
    public var role: String
    /// The leader's seat, as far as known.
    public var leader: UInt64?
    /// The consensus term.
    public var term: UInt64
    /// How far the log is committed.
    public var committedIndex: UInt64
    /// How far it is applied.
    public var appliedIndex: UInt64
    /// The last entry's time.
    public var now: Timestamp
    /// A digest of the whole state.
    public var stateDigest: Digest
    /// How often a leader was elected since this member started.
    public var leaderChanges: UInt64
    /// The first entry that the log holds.
    public var firstIndex: UInt64
    /// The last entry of the newest durable snapshot; 0 when there is none.
    public var snapshotIndex: UInt64
    /// The last entry that the history holds.
    public var historyIndex: UInt64
}

/// One cluster member.
public actor ClusterMember {
    let settings: MemberSettings
    let logger: Logger
    let engine: MemberEngine
    let log: DurableLog
    let snapshots: SnapshotStore
    let fetcher: SnapshotFetcher
    let history: History
    let caller: PeerCaller
    var isMakingSnapshot = false
    /// Ticks until a snapshot may be made again.
    var snapshotPause = 0
    private var peers: PeerNetwork?
    private var watchers: [UInt64: AsyncStream<AppliedEntry>.Continuation] = [:]
    private var nextWatcher: UInt64 = 1
    let inbox: AsyncStream<MemberInput>.Continuation
    private let inputs: AsyncStream<MemberInput>

    /// Opens the log and the state in the data folder.
    ///
    /// Throws what the log, the state or the core refuse: `storage.*`, `state.*`, `genesis.*`.
    init(settings: MemberSettings, equipment: MemberEquipment, logger: Logger) throws(Refusal) {
        self.settings = settings
        self.logger = logger
        snapshots = equipment.snapshots
        fetcher = equipment.fetcher
        history = equipment.history
        caller = equipment.caller
        try Files.makeFolders(settings.dataFolder)
        let database = try StateDatabase(path: settings.dataFolder + "/state.sqlite")
        let machine = try StateMachine(genesis: settings.genesis, database: database)
        let (inputs, inbox) = AsyncStream.makeStream(of: MemberInput.self)
        self.inputs = inputs
        self.inbox = inbox
        log = try DurableLog(
            folder: settings.dataFolder + "/log", genesis: settings.genesis,
            appliedIndex: machine.appliedIndex, appliedTerm: machine.appliedTerm,
            configuration: try ConfigurationState(
                stored: machine.configuration, seats: settings.genesis.seats.map(\.id)))
        log.newestSnapshot = try snapshots.newest?.snapshot(
            seats: settings.genesis.seats.map(\.id))
        for sentence in log.notes { logger.notice("log", metadata: ["note": "\(sentence)"]) }
        engine = try MemberEngine(
            options: RaftOptions(id: settings.seat.id, seed: try SystemEntropy.seed()),
            clockBoundMilliseconds: settings.clockBoundMilliseconds, machine: machine, log: log)
    }

    /// Works until the task is cancelled or the member fails.
    ///
    /// - Parameter peers: what this member was connected to; messages go out through it.
    public func run(peers: PeerNetwork) async {
        self.peers = peers
        let inbox = inbox
        let interval = Duration.milliseconds(settings.tickMilliseconds)
        let ticker = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                inbox.yield(.tick)
            }
        }
        for await input in inputs {
            work(on: input)
            if engine.failure != nil { break }
        }
        ticker.cancel()
        inbox.finish()
        for await input in inputs { refuse(input) }
        engine.failWaiting(
            engine.failure ?? Refusal("member.stopped", "this member is stopping"))
        for watcher in watchers.values { watcher.finish() }
        log.close()
    }

    /// Answers what came too late.
    private func refuse(_ input: MemberInput) {
        let stopped = engine.failure ?? Refusal("member.stopped", "this member is stopping")
        switch input {
        case .submit(_, let reply): reply.fail(stopped)
        case .readBarrier(let reply): reply.fail(stopped)
        default: break
        }
    }

    /// Why this member stopped by itself, if it did.
    var failure: Refusal? { engine.failure }

    /// Ends `run`.
    public nonisolated func stop() { inbox.finish() }

    /// Takes a message from another member.
    public nonisolated func receive(_ bytes: [UInt8], from member: UInt64) {
        guard let message = try? Message(decoding: bytes), message.from == member else { return }
        guard message.kind != .snapshot else { return offered(message) }
        inbox.yield(.message(message))
    }

    /// Notes that a member cannot be reached.
    public nonisolated func noteUnreachable(_ member: UInt64) {
        inbox.yield(.unreachable(member))
    }

    // MARK: Asking

    /// Puts a command on the log and waits until it is applied.
    ///
    /// Throws `cluster.not-leader`, `cluster.timeout`, `member.stopped`; a refusal by the state
    /// machine is an answer in the receipt.
    public nonisolated func submit(_ envelope: Envelope) async throws(Refusal) -> CommandReceipt {
        let inbox = inbox
        return try await withCheckedContinuation { continuation in
            let reply = Reply<CommandReceipt> { continuation.resume(returning: $0) }
            if case .terminated = inbox.yield(.submit(envelope, reply)) {
                reply.fail(Refusal("member.stopped", "this member is stopping"))
            }
        }.get()
    }

    /// Signs and submits a command of this seat.
    public nonisolated func submit(_ command: MemberCommand) async throws(Refusal) -> CommandReceipt
    {
        let envelope = try MemberEnvelope(
            member: settings.seat.id, command: command, genesis: settings.genesis.digest,
            seed: settings.seed)
        return try await submit(.member(envelope))
    }

    /// Waits until everything that was decided before the call is applied here.
    ///
    /// Throws `cluster.no-leader` when no leader confirms it.
    public nonisolated func readBarrier() async throws(Refusal) {
        let inbox = inbox
        _ = try await withCheckedContinuation { continuation in
            let reply = Reply<UInt64> { continuation.resume(returning: $0) }
            if case .terminated = inbox.yield(.readBarrier(reply)) {
                reply.fail(Refusal("member.stopped", "this member is stopping"))
            }
        }.get()
    }

    /// Reads the state as of the last applied entry.
    public func read<Value: Sendable>(_ body: @Sendable (Views) throws(Refusal) -> Value)
        throws(Refusal) -> Value
    {
        try checkSound()
        let value = try body(Views(state: engine.machine.state, genesis: settings.genesis))
        try checkSound()
        return value
    }

    /// Nothing is served from a damaged state; the member stops and has it again.
    private func checkSound() throws(Refusal) {
        guard let damage = engine.machine.damage else { return }
        inbox.yield(.stateDamaged(damage))
        throw damage
    }

    /// Runs commands on a copy of the state and answers what they would do.
    public func preview<Value: Sendable>(
        _ commands: [Envelope], _ body: @Sendable ([Refusal?], [Event], Views) -> Value
    ) -> Value {
        let (refusals, events, state) = engine.machine.preview(commands, at: SystemClock.now())
        return body(refusals, events, Views(state: state, genesis: settings.genesis))
    }

    /// How things stand.
    public func status() -> MemberStatus {
        let core = engine.core
        let machine = engine.machine
        return MemberStatus(
            member: settings.seat.id, role: "\(core.role)", leader: core.leader, term: core.term,
            committedIndex: core.committedIndex, appliedIndex: machine.appliedIndex,
            now: machine.now, stateDigest: machine.stateDigest,
            leaderChanges: engine.leaderChanges, firstIndex: log.firstIndex,
            snapshotIndex: snapshots.newest?.index ?? 0, historyIndex: history.lastIndex)
    }

    /// Whether this member leads.
    public var isLeader: Bool { engine.isLeader }

    /// When something falls due next, by the state.
    public var nextDue: Timestamp? { engine.machine.nextDue }

    /// Every entry applied from now on.
    public func watch() -> AsyncStream<AppliedEntry> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: AppliedEntry.self, bufferingPolicy: .bufferingNewest(4096))
        let number = nextWatcher
        nextWatcher += 1
        watchers[number] = continuation
        continuation.onTermination = { [weak self] _ in
            Task { await self?.forgetWatcher(number) }
        }
        return stream
    }

    private func forgetWatcher(_ number: UInt64) { watchers[number] = nil }

    // MARK: Working

    private func work(on input: MemberInput) {
        let now = SystemClock.now()
        if case .tick = input { makeSnapshotIfDue() }
        if case .snapshotMade(let outcome) = input { take(outcome) }
        engine.take(input, at: now)
        while let effects = engine.round(at: now) {
            for message in effects.messages {
                peers?.send(message)
                if message.kind == .snapshot { watchSnapshot(to: message.to) }
            }
            for batch in effects.batches {
                do throws(Refusal) {
                    if let snapshot = batch.snapshot { try install(snapshot) }
                    try log.write(batch) { [inbox] in inbox.yield($0) }
                } catch {
                    engine.take(.logFailed(error), at: now)
                }
            }
            for entry in effects.applied {
                for watcher in watchers.values { watcher.yield(entry) }
            }
            for note in effects.notes { report(note) }
        }
    }

    private func report(_ note: MemberNote) {
        switch note {
        case .appendFromTheFuture(let member):
            logger.warning(
                "refused an append stamped too far ahead of this clock",
                metadata: ["from": "\(member)"])
        case .refused(let refusal):
            logger.debug("refused", metadata: ["code": "\(refusal.code)"])
        case .leaderElected(let leader, let term):
            logger.info("leader elected", metadata: ["leader": "\(leader)", "term": "\(term)"])
        case .stopped(let refusal):
            logger.critical(
                "this member stops",
                metadata: ["code": "\(refusal.code)", "why": "\(refusal.message)"])
        }
    }
}
