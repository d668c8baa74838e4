// One member: the engine with its surroundings, driven from one inbox on one event loop, which the
// lines to the other members share.
//
// All that waits is taken at once, in the order it arrived; then what the engine asks is done:
// send, write to the log (on the log's own thread), tell who watches. Nothing here waits for a disk
// or a network, and what arrived together shares its log entry, its flush and its round of
// heartbeats.

public import ControlPlane
import Cryptography
import LogStore
import Logging
import Platform
public import Primitives
import Raft
import Telemetry
import Transport

/// One cluster member.
public actor ClusterMember {
    let settings: MemberSettings
    let logger: Logger
    let metrics: MemberMetrics
    let engine: MemberEngine
    let log: DurableLog
    let snapshots: SnapshotStore
    let fetcher: SnapshotFetcher
    let history: History
    let caller: PeerCaller
    let book: SeatBook
    /// The membership as of the last look, to notice that it changed.
    var membership: GroupConfiguration?
    /// What a leader knows of those that learn.
    var learnerWatch = LearnerWatch()
    /// Looks until the membership may be changed again.
    var membershipPause = 0
    /// Seats that say that this member has no business here any more.
    var shunners: Set<UInt64> = []
    /// Why this member ends by itself, though nothing failed.
    var expulsion: Refusal?
    /// Ends this member in order; set by whoever runs it.
    var endItself: (@Sendable () -> Void)?
    var isMakingSnapshot = false
    /// Ticks until a snapshot may be made again.
    var snapshotPause = 0
    /// Where the member lives, and its lines to the others.
    nonisolated let loop: TransportLoop
    nonisolated let inbox: MemberInbox
    nonisolated let throttle: LogThrottle
    nonisolated let ballast: Ballast
    private var ticks = 0
    var peers: PeerNetwork?
    /// Whether this member is about to stop.
    var isDraining = false
    private var watchers: [UInt64: AsyncStream<AppliedEntry>.Continuation] = [:]
    private var nextWatcher: UInt64 = 1
    private var whenEnded: CheckedContinuation<Void, Never>?
    var stopwatch = EntryStopwatch()
    private var isStalled = false
    var notices = CommitNotices()
    var isWatchingNotices = false

    /// The member's event loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor }

    /// Opens the log and the state in the data folder.
    ///
    /// Throws what the log, the state or the core refuse: `storage.*`, `state.*`, `genesis.*`.
    init(
        settings: MemberSettings, equipment: MemberEquipment, metrics: MemberMetrics,
        logger: Logger
    ) throws(Refusal) {
        self.settings = settings
        self.logger = logger
        self.metrics = metrics
        snapshots = equipment.snapshots
        fetcher = equipment.fetcher
        history = equipment.history
        caller = equipment.caller
        book = equipment.book
        throttle = LogThrottle(logger)
        try Files.makeFolders(settings.dataFolder)
        ballast = Ballast(folder: settings.dataFolder)
        let database = try StateDatabase(path: settings.dataFolder + "/state.sqlite")
        let machine = try StateMachine(genesis: settings.genesis, database: database)
        try FeatureLevel.checkKnown(machine.featureLevel, supported: settings.featureLevel)
        try ClusterMember.checkSeat(settings, machine, equipment.book)
        log = try DurableLog(
            folder: settings.dataFolder + "/log", genesis: settings.genesis,
            appliedIndex: machine.appliedIndex, appliedTerm: machine.appliedTerm,
            configuration: try ConfigurationState(
                stored: machine.configuration, seats: settings.genesis.seats.map(\.id)),
            covered: snapshots.newest.map { CorePosition(term: $0.term, index: $0.index) },
            recentBytes: ClusterMember.recentBytes,
            disk: MeasuredDisk(disk: settings.logDisk, watch: metrics.disk))
        if let newest = snapshots.newest, newest.configuration == machine.configuration {
            log.newestSnapshot = try newest.snapshot(seats: settings.genesis.seats.map(\.id))
        }
        for sentence in log.notes { logger.notice("log", metadata: ["note": "\(sentence)"]) }
        var options = RaftOptions(id: settings.consensusID, seed: try SystemEntropy.seed())
        options.maximumUncommittedBytes = ClusterMember.uncommittedBytes
        options.maximumInflightBytes = ClusterMember.inflightBytes
        engine = try MemberEngine(
            options: options, clockBoundMilliseconds: settings.clockBoundMilliseconds,
            machine: machine, log: log, featureLevel: settings.featureLevel)
        loop = TransportLoop()
        inbox = MemberInbox()
    }

    /// A data folder whose seat goes on elsewhere, or not at all, is not started again.
    private static func checkSeat(
        _ settings: MemberSettings, _ machine: StateMachine, _ book: SeatBook
    ) throws(Refusal) {
        let views = Views(state: machine.state, genesis: settings.genesis)
        _ = book.update(views.seatRoll(), asOf: machine.appliedIndex)
        let life = MemberLife(id: settings.consensusID)
        guard let reason = book.expulsion(life, key: settings.ownKey),
            reason.code != SeatBook.rekeyed
        else { return }
        throw reason
    }

    /// What may wait for a quorum, in bytes; beyond it commands are refused.
    private static let uncommittedBytes: UInt64 = 64 << 20
    /// What of the log's end is kept in memory.
    private static let recentBytes = 4 << 20
    /// What may be under way to one member, in bytes.
    private static let inflightBytes: UInt64 = 16 << 20

    /// Works until the task is cancelled or the member fails.
    ///
    /// - Parameter peers: what this member was connected to; messages go out through it.
    public func run(peers: PeerNetwork) async {
        self.peers = peers
        peers.follow(book)
        let ticker = loop.every(nanoseconds: UInt64(settings.tickMilliseconds) * 1_000_000) {
            [weak self] in self?.assumeIsolated { $0.turn(isTick: true) }
        }
        await withCheckedContinuation { continuation in
            whenEnded = continuation
            inbox.open { [weak self] in self?.callTurn() }
        }
        ticker.cancel()
        self.peers = nil
        for input in inbox.takeAll().inputs { refuse(input) }
        engine.failWaiting(
            engine.failure ?? Refusal("member.stopped", "this member is stopping"))
        for watcher in watchers.values { watcher.finish() }
        // What is not written is applied again from the log.
        try? engine.machine.flush()
        log.close()
    }

    /// Has a turn done soon.
    private nonisolated func callTurn() {
        loop.call { [weak self] in self?.assumeIsolated { $0.turn(isTick: false) } }
    }

    /// How many inputs wait.
    nonisolated var queuedInputs: Int { inbox.count }

    /// Answers what came too late.
    private func refuse(_ input: MemberInput) {
        let stopped = engine.failure ?? Refusal("member.stopped", "this member is stopping")
        switch input {
        case .submit(_, let reply): reply.fail(stopped)
        case .readBarrier(let reply): reply.fail(stopped)
        case .put(_, let reply): reply.fail(stopped)
        case .get(_, let reply): reply.fail(stopped)
        default: break
        }
    }

    /// Why this member stopped by itself, if it did.
    var failure: Refusal? { engine.failure }

    /// Ends `run`.
    public nonisolated func stop() { inbox.close() }

    /// Takes a message from another member. Its key vouches for the seat, and its greeting on this
    /// connection for the life; see `PeerHello`. What is no message, or speaks for another seat,
    /// for another life of this one or to another life of the own, is counted and dropped.
    nonisolated func receive(_ bytes: [UInt8], from peer: PeerIdentity) {
        let member = peer.member
        metrics.peers.receivedBytes.add(UInt64(bytes.count))
        let message: Message
        do throws(Refusal) {
            message = try Message(decoding: bytes)
        } catch {
            metrics.peers.malformed.add()
            return throttle.warn(
                "peer.malformed", "dropped a message that cannot be read",
                metadata: ["from": "\(member)", "why": "\(error.message)"])
        }
        let sender = MemberLife(id: message.from)
        guard sender.seat == member, sender.incarnation == peer.incarnation,
            message.to == settings.consensusID
        else {
            metrics.peers.foreign.add()
            return throttle.warn(
                "peer.foreign", "dropped a message in another member's name or for another member",
                metadata: ["from": "\(member)"])
        }
        guard message.snapshot == nil else { return offered(message) }
        switch inbox.put(message: .message(message), bytes: bytes.count) {
        case .taken: metrics.raft.messagesReceived.add()
        case .full: metrics.peers.overflowed.add()
        case .closed: break
        }
    }

    /// Notes that a connection of a member was ended for what it showed or said.
    public nonisolated func noteFault(_ refusal: Refusal) {
        metrics.peers.refusedConnections.add()
        throttle.warn(
            refusal.code, "ended a connection to the members' port",
            metadata: ["why": "\(refusal.message)"])
    }

    /// Notes that the line to a member stands, or that it does not.
    public nonisolated func note(_ member: UInt64, isConnected: Bool) {
        metrics.peers.note(member, isConnected: isConnected)
        if !isConnected { inbox.put(.unreachable(member)) }
    }

    // MARK: Watching

    /// Who is to be told when this member has to end by itself.
    func whenExpelled(_ end: @escaping @Sendable () -> Void) {
        endItself = end
        if expulsion != nil { end() }
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

    /// One turn: takes what waits and does what follows from it.
    private func turn(isTick: Bool) {
        guard whenEnded != nil else { return }
        let start = SystemClock.monotonicNanoseconds()
        let now = SystemClock.now()
        let (inputs, since) = inbox.takeAll()
        if !inputs.isEmpty { metrics.queueDuration.record(nanoseconds: start &- since) }
        if isTick {
            engine.take(.tick, at: now)
            watchDisk(at: now)
            ticks += 1
            if ticks % ClusterMember.ticksBetweenLooks == 0 { ballast.look() }
            makeSnapshotIfDue()
        }
        for input in inputs {
            if case .snapshotMade(let outcome) = input { take(outcome) }
            if case .stored = input { stopwatch.stored(metrics.raft.appendDuration, at: start) }
            if case .unreachable(let seat) = input {
                // The line is the seat's; consensus knows its lives.
                for id in lives(of: seat) { engine.take(.unreachable(id), at: now) }
            } else {
                engine.take(input, at: now)
            }
        }
        var rounds = 0
        var hasMore = true
        while hasMore, rounds < ClusterMember.roundsInOneTurn {
            hasMore = round(at: now)
            rounds += 1
        }
        stopwatch.committed(
            through: engine.committedIndex, metrics.raft.commitDuration,
            at: SystemClock.monotonicNanoseconds())
        metrics.turnDuration.record(
            nanoseconds: SystemClock.monotonicNanoseconds() &- start)
        guard engine.failure == nil, !inbox.isClosed else {
            inbox.close()
            whenEnded?.resume()
            whenEnded = nil
            return
        }
        if hasMore { callTurn() }
    }

    private static let ticksBetweenLooks = 3

    /// After so many, whoever asks for something else gets a turn.
    private static let roundsInOneTurn = 64

    private func round(at now: Timestamp) -> Bool {
        let start = SystemClock.monotonicNanoseconds()
        guard let effects = engine.round(at: now) else { return false }
        if !effects.applied.isEmpty {
            metrics.state.applyDuration.record(
                nanoseconds: SystemClock.monotonicNanoseconds() &- start)
        }
        for message in effects.messages {
            send(message)
            if message.kind == .snapshot { watchSnapshot(to: message.to) }
        }
        for batch in effects.batches { store(batch, at: now) }
        noteMembership()
        for entry in effects.applied { tell(entry) }
        for note in effects.notes { report(note) }
        return true
    }

    private func tell(_ entry: AppliedEntry) {
        noteSeats(entry)
        metrics.state.entries.add()
        metrics.state.commands.add(UInt64(entry.receipts.count))
        metrics.state.events.add(UInt64(entry.events.count))
        let refused = entry.receipts.count { !$0.accepted }
        if refused > 0 { metrics.state.refusedCommands.add(UInt64(refused)) }
        // Who watches waits for something to have happened.
        guard !entry.receipts.isEmpty || !entry.events.isEmpty else { return }
        for watcher in watchers.values { watcher.yield(entry) }
    }

    /// A leader whose disk is stuck gives the lead away: the others commit without its disk, but it
    /// can no longer answer for what it applies, and would hold up everybody.
    private func watchDisk(at now: Timestamp) {
        guard metrics.disk.isStuck(for: settings.stallMilliseconds) else {
            isStalled = false
            return
        }
        if !isStalled {
            isStalled = true
            metrics.raft.stalls.add()
            logger.warning(
                "the log's disk is stuck", metadata: ["is_full": "\(metrics.disk.isFull)"])
        }
        if engine.isLeader { engine.take(.handOver, at: now) }
    }

    private func report(_ note: MemberNote) {
        switch note {
        case .appendFromTheFuture(let member):
            metrics.raft.appendsFromTheFuture.add()
            throttle.warn(
                "raft.future", "refused an append stamped too far ahead of this clock",
                metadata: ["from": "\(member)"])
        case .refused(let refusal):
            logger.debug("refused", metadata: ["code": "\(refusal.code)"])
        case .leaderElected(let leader, let term):
            metrics.raft.leaderChanges.add()
            logger.info("leader elected", metadata: ["leader": "\(leader)", "term": "\(term)"])
        case .stopped(let refusal):
            logger.critical(
                "this member stops",
                metadata: ["code": "\(refusal.code)", "why": "\(refusal.message)"])
        case .held(let refusal):
            metrics.state.held.set(1)
            let hasSpace = ballast.letGo()
            logger.error(
                "nothing could be applied",
                metadata: ["why": "\(refusal.message)", "lets_go_of_reserve": "\(hasSpace)"])
        case .released:
            metrics.state.held.set(0)
            logger.notice("what waited for space is applied")
        case .handingOver(let member):
            metrics.raft.handOvers.add()
            logger.notice("giving the lead away", metadata: ["to": "\(member)"])
        }
    }
}
