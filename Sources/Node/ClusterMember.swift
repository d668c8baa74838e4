// One member: the consensus core, the log and the state machine, driven from one inbox.
//
// Every input is worked off in the order it arrived; each turn proposes what waits, then does what
// the core asks: write to the log (on the log's own thread), send, apply, answer. Nothing here
// waits for a disk or a network.

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
}

/// One cluster member.
public actor ClusterMember {
    let settings: MemberSettings
    let logger: Logger
    private let machine: StateMachine
    private let log: DurableLog
    private var node: RawNode
    private var peers: PeerNetwork?
    private var pending = PendingReplies()
    private var toPropose: [Envelope] = []
    private var lastStamp = Timestamp.zero
    /// Why this member stopped by itself, if it did.
    private(set) var failure: Refusal?
    private var lastLeader: UInt64?
    private var leaderChanges: UInt64 = 0
    private var watchers: [UInt64: AsyncStream<AppliedEntry>.Continuation] = [:]
    private var nextWatcher: UInt64 = 1
    private let inbox: AsyncStream<MemberInput>.Continuation
    private let inputs: AsyncStream<MemberInput>

    /// Opens the log and the state in the data folder.
    ///
    /// Throws what the log, the state or the core refuse: `storage.*`, `state.*`, `genesis.*`.
    init(settings: MemberSettings, logger: Logger) throws(Refusal) {
        self.settings = settings
        self.logger = logger
        try Files.makeFolders(settings.dataFolder)
        let database = try StateDatabase(path: settings.dataFolder + "/state.sqlite")
        machine = try StateMachine(genesis: settings.genesis, database: database)
        let (inputs, inbox) = AsyncStream.makeStream(of: MemberInput.self)
        self.inputs = inputs
        self.inbox = inbox
        log = try DurableLog(
            folder: settings.dataFolder + "/log", genesis: settings.genesis,
            appliedIndex: machine.appliedIndex
        ) { inbox.yield($0) }
        for sentence in log.notes { logger.notice("log", metadata: ["note": "\(sentence)"]) }
        var options = RaftOptions(id: settings.seat.id, seed: try SystemEntropy.seed())
        options.asynchronousStorageWrites = true
        options.appliedIndex = machine.appliedIndex
        options.forwardsProposals = false
        node = try RawNode(options: options, storage: log)
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
            take(input)
            turn()
            if failure != nil { break }
        }
        ticker.cancel()
        inbox.finish()
        for await input in inputs { refuse(input) }
        pending.failAll(failure ?? Refusal("member.stopped", "this member is stopping"))
        for watcher in watchers.values { watcher.finish() }
        log.close()
    }

    /// Answers what came too late.
    private func refuse(_ input: MemberInput) {
        let stopped = failure ?? Refusal("member.stopped", "this member is stopping")
        switch input {
        case .submit(_, let reply): reply.fail(stopped)
        case .readBarrier(let reply): reply.fail(stopped)
        default: break
        }
    }

    /// Ends `run`.
    public nonisolated func stop() { inbox.finish() }

    /// Takes a message from another member.
    public nonisolated func receive(_ bytes: [UInt8], from member: UInt64) {
        guard let message = try? Message(decoding: bytes), message.from == member else { return }
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
            let reply = Reply<CommandReceipt>(continuation)
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
            let reply = Reply<UInt64>(continuation)
            if case .terminated = inbox.yield(.readBarrier(reply)) {
                reply.fail(Refusal("member.stopped", "this member is stopping"))
            }
        }.get()
    }

    /// Reads the state as of the last applied entry.
    public func read<Value: Sendable>(_ body: @Sendable (Views) throws(Refusal) -> Value)
        throws(Refusal) -> Value
    {
        if let damage = machine.damage { throw damage }
        let value = try body(Views(state: machine.state, genesis: settings.genesis))
        if let damage = machine.damage { throw damage }
        return value
    }

    /// Runs commands on a copy of the state and answers what they would do.
    public func preview<Value: Sendable>(
        _ commands: [Envelope], _ body: @Sendable ([Refusal?], [Event], Views) -> Value
    ) -> Value {
        let (refusals, events, state) = machine.preview(commands, at: SystemClock.now())
        return body(refusals, events, Views(state: state, genesis: settings.genesis))
    }

    /// How things stand.
    public func status() -> MemberStatus {
        MemberStatus(
            member: settings.seat.id, role: "\(node.role)", leader: node.leader, term: node.term,
            committedIndex: node.committedIndex, appliedIndex: machine.appliedIndex,
            now: machine.now, stateDigest: machine.stateDigest, leaderChanges: leaderChanges)
    }

    /// Whether this member leads.
    public var isLeader: Bool { node.role == .leader }

    /// When something falls due next, by the state.
    public var nextDue: Timestamp? { machine.nextDue }

    /// Log entries from `first` on, with the chain's value after each.
    public func entries(from first: UInt64, limit: Int) throws(Refusal) -> [AuditEntry] {
        let last = min(machine.appliedIndex, first &+ UInt64(limit) &- 1)
        guard first > StateMachine.genesisIndex, first <= last else { return [] }
        let entries = try log.entries(from: first, to: last + 1, maximumBytes: 8 << 20)
        let views = Views(state: machine.state, genesis: settings.genesis)
        return entries.map { entry in
            AuditEntry(
                index: entry.index, term: entry.term, kind: entry.kind.rawValue,
                payload: entry.data, chain: views.chain(at: entry.index) ?? .zero)
        }
    }

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

    // MARK: Inputs

    private func take(_ input: MemberInput) {
        do throws(Refusal) {
            switch input {
            case .tick:
                try node.tick()
                pending.tick()
            case .message(let message): try take(message)
            case .stored(let responses):
                for response in responses { try deliver(response) }
            case .logFailed(let refusal): fail(refusal)
            case .submit(let envelope, let reply): take(envelope, reply)
            case .readBarrier(let reply):
                let number = pending.addRead(reply)
                var encoder = BinaryEncoder()
                encoder.sortable(number)
                do throws(Refusal) {
                    try node.readIndex(encoder.bytes)
                } catch {
                    pending.failRead(
                        number, Refusal("cluster.no-leader", "there is no leader to read from"))
                }
            case .unreachable(let member): try node.reportUnreachable(member)
            }
        } catch {
            note(error)
        }
    }

    private func take(_ message: Message) throws(Refusal) {
        let bound = ClockBound(milliseconds: settings.clockBoundMilliseconds)
        if bound.isFromTheFuture(message, now: SystemClock.now()) {
            logger.warning(
                "refused an append stamped too far ahead of this clock",
                metadata: ["from": "\(message.from)"])
            return
        }
        try node.step(message)
    }

    private func take(_ envelope: Envelope, _ reply: Reply<CommandReceipt>) {
        guard node.role == .leader else {
            reply.fail(Refusal("cluster.not-leader", "this member does not lead"))
            return
        }
        if pending.add(envelope.digest, reply) { toPropose.append(envelope) }
    }

    /// A refusal of the core is harmless unless the core says that it stopped for good.
    private func note(_ refusal: Refusal) {
        if node.status.failure != nil {
            fail(refusal)
        } else {
            logger.debug("refused", metadata: ["code": "\(refusal.code)"])
        }
    }

    private func fail(_ refusal: Refusal) {
        guard failure == nil else { return }
        failure = refusal
        logger.critical(
            "this member stops", metadata: ["code": "\(refusal.code)", "why": "\(refusal.message)"])
    }

    // MARK: A turn

    private func turn() {
        do throws(Refusal) {
            try proposeWaiting()
            while failure == nil, node.hasReady {
                let ready = try node.ready()
                for read in ready.readStates {
                    var decoder = BinaryDecoder(read.context)
                    if let number = try? decoder.sortable() {
                        pending.confirm(read: number, at: read.index)
                    }
                }
                if let state = ready.softState { noteLeader(state.leader) }
                for message in ready.messages { try route(message) }
                pending.applied(machine.appliedIndex)
            }
        } catch {
            note(error)
        }
    }

    private func noteLeader(_ leader: UInt64?) {
        guard let leader, leader != lastLeader else { return }
        lastLeader = leader
        leaderChanges += 1
        logger.info(
            "leader elected", metadata: ["leader": "\(leader)", "term": "\(node.term)"])
    }

    private func proposeWaiting() throws(Refusal) {
        guard !toPropose.isEmpty else { return }
        guard node.role == .leader else {
            let lost = Refusal("cluster.not-leader", "this member no longer leads")
            for envelope in toPropose { pending.fail(envelope.digest, lost) }
            toPropose.removeAll()
            return
        }
        let batch = Array(toPropose.prefix(EntryPayload.commandLimit))
        toPropose.removeFirst(batch.count)
        lastStamp = max(lastStamp, machine.now, SystemClock.now())
        let payload = EntryPayload(timestamp: lastStamp, commands: batch)
        do throws(Refusal) {
            try node.propose(payload.encoded)
        } catch {
            for envelope in batch { pending.fail(envelope.digest, error) }
        }
    }

    private func route(_ message: Message) throws(Refusal) {
        switch message.to {
        case ReservedMember.appendThread: try log.write(message)
        case ReservedMember.applyThread:
            for entry in message.entries { try apply(entry) }
            for response in message.responses { try deliver(response) }
        default: try deliver(message)
        }
    }

    private func deliver(_ message: Message) throws(Refusal) {
        if message.to == settings.seat.id {
            try node.step(message)
        } else {
            peers?.send(message)
        }
    }

    // MARK: Applying

    private func apply(_ entry: Entry) throws(Refusal) {
        do throws(Refusal) {
            if let change = try entry.configurationChange() {
                try node.applyConfigurationChange(change)
                try machine.applyEmpty(index: entry.index, payload: entry.data)
            } else if entry.data.isEmpty {
                try machine.applyEmpty(index: entry.index, payload: [])
            } else {
                let payload = try EntryPayload(decoding: entry.data)
                let applied = try machine.apply(index: entry.index, payload: payload)
                for receipt in applied.receipts { pending.answer(receipt) }
                for watcher in watchers.values { watcher.yield(applied) }
            }
        } catch {
            // A committed entry that cannot be applied here would make this member differ.
            fail(error)
            throw error
        }
    }
}
