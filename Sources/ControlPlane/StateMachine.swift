// The replicated state machine: an entry in, events out. Everything a member knows comes from here.
//
// Assumes that entries arrive in log order, each exactly once, with commands that were admitted
// (form and signature checked). Draws only on the entry and the state: no clock, no randomness, no
// iteration over anything unordered. An entry is kept whole or not: what is due by its time happens
// first, then its commands in order, each whole or not at all.

import Cryptography
public import Primitives
import Transparency

/// What applying an entry brought about.
public struct AppliedEntry: Sendable {
    /// The entry's index.
    public let index: UInt64
    /// The entry's time.
    public let timestamp: Timestamp
    /// One receipt a command, in order.
    public let receipts: [CommandReceipt]
    /// Every event of the entry in order: what fell due, then the commands'.
    public let events: [Event]
}

/// The replicated state machine over one database.
public final class StateMachine {
    /// The log index that the genesis stands for; the first entry comes after it.
    public static let genesisIndex: UInt64 = 1

    /// The consensus core's kind of an entry that carries commands.
    public static let commandKind: UInt8 = 0

    /// The deployment's first state.
    public let genesis: Genesis
    /// The genesis digest: the cluster's id.
    public let genesisDigest: Digest
    private var database: StateDatabase
    /// What entries changed since the database was last written, where that is put together.
    private var gathered: GatheredEntries?

    /// Opens the machine on `database`, installing the genesis when it is empty.
    ///
    /// Throws `genesis.*` or a policy's own code when the genesis does not hold together,
    /// `state.other-deployment` when the database belongs to another one, and `state.damaged` when
    /// it is not whole.
    public init(genesis: Genesis, database: StateDatabase) throws(Refusal) {
        self.genesis = genesis
        genesisDigest = genesis.digest
        self.database = database
        guard database.appliedIndex == 0 else {
            try StateMachine.checkContinues(database, genesisDigest: genesisDigest)
            return
        }
        let overlay = StateOverlay(database)
        let transaction = Transaction(
            state: overlay, genesis: genesis, now: genesis.timestamp,
            index: StateMachine.genesisIndex)
        try GenesisRules.install(transaction)
        Tables.entryChain.set(
            Key.number(StateMachine.genesisIndex), to: DigestRecord(genesisDigest), in: overlay)
        Tables.meta.set(
            ChainPosition.key,
            to: ChainPosition(timestamp: genesis.timestamp, entryChain: genesisDigest), in: overlay)
        try database.commit(overlay.allChanges, appliedIndex: StateMachine.genesisIndex)
    }

    /// Refuses a database that is another deployment's, or whose parts do not belong together.
    private static func checkContinues(_ database: StateDatabase, genesisDigest: Digest)
        throws(Refusal)
    {
        let position = Tables.meta.record(ChainPosition.key, in: database)
        let first = Tables.entryChain.record(Key.number(genesisIndex), in: database)
        let last = Tables.entryChain.record(Key.number(database.appliedIndex), in: database)
        if let key = database.damagedKey { throw StateDatabase.damage(at: key) }
        guard let first, first.value == genesisDigest else {
            throw Refusal(
                "state.other-deployment",
                "this state belongs to another deployment than genesis \(genesisDigest): point the"
                    + " member at its own data folder, or move this one away")
        }
        guard let position, let last, last.value == position.entryChain else {
            throw Refusal(
                "state.damaged", "the chain does not end at entry \(database.appliedIndex)")
        }
    }

    /// The state to read from. Valid until the next `apply`.
    public var state: any StateReader { gathered?.changes ?? database }

    private var progress: StateProgress { gathered?.progress ?? database.progress }

    /// The index of the last entry applied.
    public var appliedIndex: UInt64 { progress.index }

    /// The term of that entry, 0 for the genesis.
    public var appliedTerm: UInt64 { progress.term }

    /// The membership as of that entry, in the core's canonical form; empty while it is the
    /// genesis'.
    public var configuration: [UInt8] { progress.configuration }

    /// The feature level that the log is at; see `FeatureLevel`.
    public var featureLevel: UInt64 { FeatureLevel.current(in: state) }

    // MARK: Writing entries together

    /// From now on entries are applied in memory, and what several of them changed goes to the
    /// database in one transaction, with the index of the last one: at `flush`, and by itself
    /// before it gets large. What a process that ends had not flushed is applied again from the
    /// log, as after a loss of power.
    public func gather() {
        gathered = GatheredEntries(over: database)
    }

    /// Writes what was gathered. When that is refused nothing is written and nothing is lost.
    ///
    /// Throws as `StateDatabase.commit` does.
    public func flush() throws(Refusal) {
        guard let gathered else { return }
        if gathered.isAhead(of: database) {
            let progress = gathered.progress
            try database.commit(
                gathered.changes.allChanges, appliedIndex: progress.index, term: progress.term,
                configuration: progress.configuration)
            gathered.changes.settle(keeping: GatheredEntries.keptBytes)
            self.gathered?.noteWritten()
        } else {
            database.abandon()
        }
        // What was read stays within bounds too, whoever read it.
        if gathered.isStale { gather() }
    }

    /// Gets ready for the next entry, in one lock of the database's file for all of its reads.
    private func begin() throws(Refusal) -> any StateReader {
        if let gathered, gathered.changes.weight >= GatheredEntries.bytesLimit { try flush() }
        try database.begin()
        return state
    }

    /// Keeps what an entry changed: in memory where entries are gathered, else in the database.
    private func keep(
        _ overlay: StateOverlay, index: UInt64, term: UInt64, configuration: [UInt8]? = nil
    ) throws(Refusal) {
        guard gathered != nil else {
            return try database.commit(
                overlay.allChanges, appliedIndex: index, term: term, configuration: configuration)
        }
        // What was worked out from a damaged row is not to be kept.
        if let damage { throw damage }
        gathered?.adopt(overlay, index: index, term: term, configuration: configuration)
    }

    /// Lets go of the database's lock, where the entry's transaction was all it was for.
    private func end() {
        if gathered == nil { database.abandon() }
    }

    /// Puts another membership in force as of the last applied entry, without an entry of the log:
    /// for a recovery, which says so on the log afterwards.
    package func overrideConfiguration(_ configuration: [UInt8]) throws(Refusal) {
        let (index, term) = (appliedIndex, appliedTerm)
        try keep(StateOverlay(state), index: index, term: term, configuration: configuration)
        try flush()
    }

    /// Lets go of the database's files, so that they can be replaced: until `adopt`, the state is
    /// empty and nothing may be read from it.
    public func release() throws(Refusal) { replace(try StateDatabase(path: ":memory:")) }

    private func replace(_ other: StateDatabase) {
        database = other
        if gathered != nil { gather() }
    }

    /// Goes on with another state of the same deployment: a snapshot's.
    ///
    /// Throws as opening does.
    public func adopt(_ other: StateDatabase) throws(Refusal) {
        try StateMachine.checkContinues(other, genesisDigest: genesisDigest)
        replace(other)
    }

    /// A digest of the whole state: equal on members that applied the same entries.
    public var stateDigest: Digest {
        guard let gathered else { return database.stateDigest }
        return database.digest(after: gathered.changes.allChanges)
    }

    /// The time of the last entry.
    public var now: Timestamp { position.timestamp }

    private var position: ChainPosition {
        Tables.meta.record(ChainPosition.key, in: state)
            ?? ChainPosition(timestamp: genesis.timestamp, entryChain: genesisDigest)
    }

    /// Why nothing may be served from here, if a stored row was found damaged.
    public var damage: Refusal? {
        database.damagedKey.map { StateDatabase.damage(at: $0) }
    }

    /// The earliest time at which something falls due.
    public var nextDue: Timestamp? { DueRules.next(in: state, genesis: genesis) }

    /// Applies an entry without commands (a leader's first entry, a membership change).
    ///
    /// - Parameter configuration: the membership from this entry on, in the core's canonical form.
    public func applyEmpty(
        index: UInt64, term: UInt64, kind: UInt8, payload: [UInt8], configuration: [UInt8]? = nil
    ) throws(Refusal) {
        try checkNext(index)
        let overlay = StateOverlay(try begin())
        defer { end() }
        var position = position
        chain(&position, index: index, term: term, kind: kind, payload: payload, in: overlay)
        SeatRules.note(kind: kind, payload: payload, in: overlay)
        Tables.meta.set(ChainPosition.key, to: position, in: overlay)
        try keep(overlay, index: index, term: term, configuration: configuration)
    }

    /// Applies an entry whose bytes only `change` understands, in one transaction.
    func applyOpaque(
        index: UInt64, term: UInt64, timestamp: Timestamp, payload: [UInt8],
        _ change: (StateOverlay) -> Void
    ) throws(Refusal) {
        try checkNext(index)
        let overlay = StateOverlay(try begin())
        defer { end() }
        var position = position
        position.timestamp = max(position.timestamp, timestamp)
        chain(
            &position, index: index, term: term, kind: StateMachine.commandKind, payload: payload,
            in: overlay)
        change(overlay)
        Tables.meta.set(ChainPosition.key, to: position, in: overlay)
        try keep(overlay, index: index, term: term)
    }

    /// Applies an entry.
    ///
    /// Throws only when the store fails or is damaged, or the entry is not the next one; a refused
    /// command is an answer in its receipt.
    ///
    /// - Parameter encoded: the payload's canonical form, where the caller has it at hand.
    public func apply(
        index: UInt64, term: UInt64, payload: EntryPayload, encoded: [UInt8]? = nil
    ) throws(Refusal) -> AppliedEntry {
        try checkNext(index)
        let ground = try begin()
        defer { end() }
        let overlay = StateOverlay(
            ground, remembersReads: true,
            expectedChanges: payload.commands.count * StateMachine.changesOfCommand)
        var position = position
        let last = position.timestamp
        position.timestamp = max(position.timestamp, payload.timestamp)
        chain(
            &position, index: index, term: term, kind: StateMachine.commandKind,
            payload: encoded ?? payload.encoded, in: overlay)
        let transaction = Transaction(
            state: overlay, genesis: genesis, now: position.timestamp, index: index)
        DueRules.run(transaction, since: last)
        var outcomes = EntryOutcomes(
            index: index, timestamp: position.timestamp, events: transaction.events,
            capacity: payload.commands.count)
        var log = MerkleLog.Appending(overlay)
        var receipts: [CommandReceipt] = []
        for (number, envelope) in payload.commands.enumerated() {
            let signer = NonceRules.signer(of: envelope, in: overlay)
            if let earlier = NonceRules.earlierAnswer(to: envelope, signer, in: overlay, outcomes) {
                // It happened when it was first asked for; nothing happens now.
                receipts.append(earlier)
                continue
            }
            let (receipt, encodedEvents) = try apply(
                envelope, by: signer, number: UInt64(number), on: overlay, position: position,
                index: index, log: &log)
            NonceRules.record(envelope, signer, at: outcomes.nextPlace, in: overlay)
            outcomes.append(receipt, encodedEvents)
            receipts.append(receipt)
        }
        log.finish()
        outcomes.store(in: overlay)
        position.eventChain = outcomes.chain(after: position.eventChain)
        Tables.meta.set(ChainPosition.key, to: position, in: overlay)
        try keep(overlay, index: index, term: term)
        return AppliedEntry(
            index: index, timestamp: position.timestamp, receipts: receipts,
            events: outcomes.events)
    }

    /// About how many rows a command changes.
    private static let changesOfCommand = 6

    private func checkNext(_ index: UInt64) throws(Refusal) {
        guard index == appliedIndex + 1 else {
            throw Refusal("state.out-of-order", "entry \(index) after \(appliedIndex)")
        }
    }

    private func chain(
        _ position: inout ChainPosition, index: UInt64, term: UInt64, kind: UInt8,
        payload: [UInt8], in overlay: StateOverlay
    ) {
        position.entryChain = StateMachine.chained(
            position.entryChain, index: index, term: term, kind: kind, payload: payload)
        Tables.entryChain.set(
            Key.number(index), to: DigestRecord(position.entryChain), in: overlay)
    }

    /// The chain's next value: SHA-256 over the previous one, everything consensus says about the
    /// entry, and the payload's digest. An auditor's copy has no byte that this does not cover.
    public static func chained(
        _ previous: Digest, index: UInt64, term: UInt64, kind: UInt8, payload: [UInt8]
    ) -> Digest {
        var encoder = BinaryEncoder()
        encoder.digest(previous)
        encoder.number(index)
        encoder.number(term)
        encoder.byte(kind)
        encoder.digest(SHA256.hash(payload))
        return SHA256.hash(encoder.bytes)
    }

    private func apply(
        _ envelope: Envelope, by signer: SignerRecord?, number: UInt64, on overlay: StateOverlay,
        position: ChainPosition, index: UInt64, log: inout MerkleLog.Appending
    ) throws(Refusal) -> (CommandReceipt, encodedEvents: [[UInt8]]) {
        let digests = envelope.digests
        let transaction = Transaction(
            state: overlay, genesis: genesis, now: position.timestamp, index: index)
        var refusal: Refusal?
        do throws(Refusal) {
            try NonceRules.check(envelope, signer, in: overlay)
            try NonceRules.checkTime(envelope, at: transaction.now)
            try transaction.attempt { transaction throws(Refusal) in
                try CommandRules.apply(envelope, transaction)
            }
        } catch {
            refusal = error
        }
        let receipt = CommandReceipt(
            envelope: digests.envelope, request: digests.request, index: index, position: number,
            refusal: refusal,
            leaf: log.size, events: transaction.events)
        let encodedEvents = receipt.events.map { $0.encoded }
        let leaf = MerkleLog.leaf(
            index: index, position: number, envelope: digests.envelope,
            outcome: SHA256.hash(receipt.encoded(events: encodedEvents)),
            chain: position.entryChain)
        try log.append(leaf)
        return (receipt, encodedEvents)
    }

    /// Runs commands as if they stood in the next entry, and forgets what they did.
    ///
    /// - Returns: each command's refusal (nil when it would be accepted) and the state after them.
    public func preview(_ commands: [Envelope], at time: Timestamp) -> (
        refusals: [Refusal?], events: [Event], state: StateOverlay
    ) {
        let overlay = StateOverlay(state)
        var refusals: [Refusal?] = []
        var events: [Event] = []
        for command in commands {
            let transaction = Transaction(
                state: overlay, genesis: genesis, now: max(now, time), index: appliedIndex + 1)
            do throws(Refusal) {
                let signer = NonceRules.signer(of: command, in: overlay)
                try NonceRules.check(command, signer, in: overlay)
                NonceRules.use(command, in: overlay)
                try NonceRules.checkTime(command, at: transaction.now)
                try transaction.attempt { transaction throws(Refusal) in
                    try CommandRules.apply(command, transaction)
                }
                refusals.append(nil)
            } catch {
                refusals.append(error)
            }
            events.append(contentsOf: transaction.events)
        }
        return (refusals, events, overlay)
    }
}
