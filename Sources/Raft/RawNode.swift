// One member of a consensus group, without input, output, clock or threads.

public import Primitives

/// One member of a Raft group.
///
/// The caller owns it, from one thread at a time, and drives it:
///
/// 1. Call `tick()` at a fixed pace, `step(_:)` with every message that arrives, `propose(_:)`
///    and `readIndex(_:)` for clients.
/// 2. When `hasReady`, take `ready()`. Store `entries`, `hardState` and `snapshot`, and flush
///    them if `needsFlush`.
/// 3. *Then* send `messages`: some promise what was stored. Those that do not
///    (`Message.mayPrecedeFlush`: appends, heartbeats) may leave while the disk still works.
///    After a `.snapshot` message, tell how it fared with `reportSnapshot`.
/// 4. Apply `snapshot`, then `committedEntries`, in order. An entry whose kind is not `.normal`
///    is a membership change: pass it to `applyConfigurationChange(_:)` and store the membership
///    that this returns with the applied state.
/// 5. Call `advance()`, then start over. Ready, storage, advance never overlap.
///
/// What is flushed must come back after a crash, a commit index that was flushed together with
/// entries included: by it a member knows which membership counts. Only a `hardState` that came
/// without need of a flush, and the applied state, may be lost.
///
/// With `asynchronousStorageWrites`, steps 2 to 5 run in parallel: send every message of a `Ready`
/// at once, except those addressed to `ReservedMember.appendThread` (store its entries, hard state
/// and snapshot) and `ReservedMember.applyThread` (apply its entries). Each of these two queues is
/// worked off in order; when one of its messages is done (flushed, if it has `responses` or a
/// `repair`), its `responses` are sent, those to this member by `step(_:)`. `advance()` is not
/// called.
///
/// A refusal with code `raft.invariant`, `raft.log-lost` or of storage stops the member for good
/// (`status.failure`): it would otherwise deny what it had promised. Any other refusal leaves it
/// as it was.
public struct RawNode {
    var core: RaftCore
    private var previousSoftState: SoftState
    var previousHardState: HardState
    var stepsOnAdvance: [Message] = []

    /// Starts a member on what `storage` holds.
    ///
    /// To found a group, put a snapshot with the first membership and an index of at least 1 in
    /// every member's storage. `observe` is told of everything that happens; it must not call
    /// back.
    public init(
        options: RaftOptions, storage: any Storage, observe: ((TraceEvent) -> Void)? = nil
    ) throws(Refusal) {
        core = try RaftCore(options: options, storage: storage, observe: observe)
        previousSoftState = core.softState
        previousHardState = core.hardState
    }

    /// This member.
    public var id: MemberID { core.id }
    /// Its role.
    public var role: Role { core.role }
    /// The leader, as far as known.
    public var leader: MemberID? { core.knownLeader }
    /// Its term.
    public var term: Term { core.term }
    /// How far the log is known to be committed.
    public var committedIndex: LogIndex { core.log.committed }
    /// How far the log is applied.
    public var appliedIndex: LogIndex { core.log.applied }
    /// The active membership.
    public var configuration: GroupConfiguration { core.tracker.configuration }
    /// The last entry of the log, durable or not.
    package var lastIndex: LogIndex { core.log.lastIndex }
    /// The first entry of the log, durable or not.
    package var firstIndex: LogIndex { core.log.firstIndex }
    /// The term of an entry of the log, durable or not, nil where it is not known.
    package func term(at index: LogIndex) throws(Refusal) -> Term? {
        try core.log.term(at: index)
    }
    /// Why it stopped for good, if it did.
    package var failure: Refusal? { core.failure }
    /// Whether it has lost something that others still have to supply.
    public var isImpaired: Bool { core.isImpaired }
    /// Everything about it. Copies; not for the hot path.
    public var status: Status { core.status }

    /// Does `work` unless the member has failed, and notes a failure.
    private mutating func guarded<Value>(
        _ work: (inout RaftCore) throws(Refusal) -> Value
    ) throws(Refusal) -> Value {
        if let failure = core.failure { throw failure }
        do throws(Refusal) {
            let value = try work(&core)
            if core.noteDamageAfterStep {
                core.noteDamageAfterStep = false
                core.refreshDamage()
            }
            return value
        } catch {
            let isFatal =
                error.code == "raft.invariant" || error.code == "raft.log-lost"
                || error.code.hasPrefix("storage.")
            if isFatal { core.failure = error }
            throw error
        }
    }
}

// MARK: Input

extension RawNode {
    /// Lets one tick of time pass.
    public mutating func tick() throws(Refusal) {
        try guarded { (core) throws(Refusal) in try core.tick() }
    }

    /// Takes a message from another member, or a response from a storage task.
    ///
    /// Refuses messages for another member (`raft.misdirected`), of local kinds
    /// (`raft.local-message`), answers from strangers (`raft.unknown-member`) and messages that
    /// contradict themselves (`raft.malformed-message`): all harmless.
    public mutating func step(_ message: Message) throws(Refusal) {
        let isFromThread = ReservedMember.isLocalThread(message.from)
        guard message.to == core.id else {
            throw Refusal(
                "raft.misdirected", "the message is for member \(message.to), not \(core.id)")
        }
        guard !message.kind.isLocal || isFromThread else {
            throw Refusal("raft.local-message", "a \(message.kind) message does not travel")
        }
        // A leader may have joined by an entry that is unreadable here, and supplies it.
        let isRepair = message.kind == .repairResponse && message.from == core.leader
        let isStranger =
            core.tracker.progress.position(of: message.from) == nil && !isRepair
        guard !message.kind.isResponse || isFromThread || !isStranger else {
            throw Refusal(
                "raft.unknown-member", "member \(message.from) is not of this configuration")
        }
        try message.checkForm()
        try guarded { (core) throws(Refusal) in try core.step(message) }
    }

    /// Stands for election now.
    public mutating func campaign() throws(Refusal) { try local(Message(.campaign)) }

    /// Proposes an entry; followers pass it on.
    ///
    /// Throws `raft.proposal-dropped` or `raft.too-much-uncommitted`. Not being refused is no
    /// promise: the entry counts when it comes back in `committedEntries`.
    public mutating func propose(_ data: [UInt8]) throws(Refusal) {
        try propose([Entry(data: data)])
    }

    /// Proposes entries that stand together, of any kind; their terms and indexes are set here.
    public mutating func propose(_ entries: [Entry]) throws(Refusal) {
        guard !entries.isEmpty else { return }
        try local(Message(.propose, from: core.id, entries: entries))
    }

    /// Proposes a change of membership. One that cannot be made becomes an empty entry.
    public mutating func propose(_ change: ConfigurationChange) throws(Refusal) {
        try propose([Entry(kind: .configurationChange, data: change.encoded)])
    }

    /// Applies a committed change of membership; answers the membership that results.
    @discardableResult
    public mutating func applyConfigurationChange(
        _ change: ConfigurationChange
    ) throws(Refusal) -> ConfigurationState {
        try guarded { (core) throws(Refusal) in try core.applyConfigurationChange(change) }
    }

    /// Asks for a linearizable read; it comes back in `Ready.readStates` with the same `context`,
    /// or never, if leadership changes on the way: ask again after an election timeout.
    public mutating func readIndex(_ context: [UInt8]) throws(Refusal) {
        var message = Message(.readIndex, from: core.id)
        message.context = context
        try local(message)
    }

    /// Makes `member` the leader, if it can catch up within an election timeout.
    public mutating func transferLeadership(to member: MemberID) throws(Refusal) {
        try local(Message(.transferLeader, from: member))
    }

    /// Forgets the leader, so that this member does not refuse votes for its sake.
    public mutating func forgetLeader() throws(Refusal) { try local(Message(.forgetLeader)) }

    /// Tells that the last message to `member` was lost.
    public mutating func reportUnreachable(_ member: MemberID) throws(Refusal) {
        try local(Message(.unreachable, from: member))
    }

    /// Tells how the snapshot to `member` fared.
    public mutating func reportSnapshot(
        to member: MemberID, isDelivered: Bool
    ) throws(Refusal) {
        var message = Message(.snapshotStatus, from: member)
        message.isRejected = !isDelivered
        try local(message)
    }

    /// Sets the election timeout until the next change of role, for simulations and transcripts.
    public mutating func overrideElectionTimeout(ticks: Int) { core.electionTimeout = ticks }

    private mutating func local(_ message: Message) throws(Refusal) {
        try guarded { (core) throws(Refusal) in try core.step(message) }
    }
}

// MARK: Output

extension RawNode {
    /// Whether `ready()` has anything.
    public var hasReady: Bool {
        guard core.failure == nil else { return false }
        return !core.messages.isEmpty || !core.messagesAfterAppend.isEmpty
            || core.log.unstable.hasNextEntries || !core.damage.repairs.isEmpty
            || core.damage.restoresVote
            || core.log.hasNextCommittedEntries(allowUnstable: appliesUnstable)
            || !core.readStates.isEmpty || core.log.unstable.nextSnapshot != nil
            || core.softState != previousSoftState || core.hardState != previousHardState
    }

    /// Whether entries may be applied before they are durable here. Where storing and applying
    /// are one round of work, they are durable by then anyway.
    var appliesUnstable: Bool { !core.options.asynchronousStorageWrites }

    /// Takes the work that is due; it must be done.
    ///
    /// Throws `raft.not-advanced` when the last one was not concluded by `advance()`.
    public mutating func ready() throws(Refusal) -> Ready {
        guard stepsOnAdvance.isEmpty else {
            throw Refusal("raft.not-advanced", "the work handed out before is not concluded")
        }
        let allowUnstable = appliesUnstable
        let committed = try guarded { (core) throws(Refusal) -> [Entry] in
            do throws(Refusal) {
                return try core.log.nextCommittedEntries(allowUnstable: allowUnstable)
            } catch {
                guard error.code == "log.damaged" else { throw error }
                core.refreshDamage()
                return []
            }
        }
        var ready = Ready()
        ready.entries = core.log.unstable.nextEntries
        ready.repair = takeRepair()
        ready.committedEntries = committed
        ready.messages = core.messages
        ready.readStates = core.readStates
        ready.snapshot = core.log.unstable.nextSnapshot
        ready.keepsTail = ready.snapshot != nil && core.log.unstable.keepsTail
        let softState = core.softState
        if softState != previousSoftState { ready.softState = softState }
        let hardState = core.hardState
        if hardState != previousHardState { ready.hardState = hardState }
        ready.mustSync =
            !ready.entries.isEmpty || ready.repair != nil
            || hardState.vote != previousHardState.vote
            || hardState.term != previousHardState.term
        if core.options.asynchronousStorageWrites {
            try addStorageMessages(to: &ready)
        } else {
            try deferStorageResponses(of: &ready)
        }
        try accept(ready)
        previousSoftState = softState
        previousHardState = hardState
        return ready
    }

    /// Concludes the last `Ready`: everything in it is stored, sent and applied. Not to be called
    /// with asynchronous storage writes, whose responses take its place.
    public mutating func advance() throws(Refusal) {
        let steps = stepsOnAdvance
        stepsOnAdvance = []
        for message in steps {
            try guarded { (core) throws(Refusal) in try core.step(message) }
        }
    }

    private mutating func takeRepair() -> StorageRepair? {
        let repair = StorageRepair(
            entries: core.damage.repairs, restoresVote: core.damage.restoresVote)
        core.damage.repairs = []
        core.damage.restoresVote = false
        return repair == StorageRepair() ? nil : repair
    }

    /// Marks what `ready` holds as handed out.
    private mutating func accept(_ ready: Ready) throws(Refusal) {
        core.readStates = []
        core.messages = []
        core.messagesAfterAppend = []
        core.log.unstable.acceptInProgress()
        guard let last = ready.committedEntries.last else { return }
        let allowUnstable = appliesUnstable
        try guarded { (core) throws(Refusal) in
            try core.log.acceptApplying(
                through: last.index, bytes: ready.committedEntries.footprint,
                allowUnstable: allowUnstable)
        }
    }
}
