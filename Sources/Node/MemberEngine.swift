// The synchronous heart of a member: the consensus core, the state machine and who waits for what.
//
// Inputs come in with the time, effects go out. It knows no clock, no thread, no disk and no
// network, so that the actor of a running member and a simulation of a whole cluster drive the same
// code.

package import ControlPlane
package import Primitives
package import Raft

/// What a member wants done, in this order.
package struct MemberEffects {
    /// To other members.
    package var messages: [Message] = []
    /// For the log (`storageAppend`), to be written one after the other; each one's `responses`
    /// come back as `MemberInput.stored` once it is flushed.
    package var batches: [Message] = []
    /// Entries that were applied.
    package var applied: [AppliedEntry] = []
    /// For the operator's log.
    package var notes: [MemberNote] = []

    var isEmpty: Bool {
        messages.isEmpty && batches.isEmpty && applied.isEmpty && notes.isEmpty
    }
}

/// Something an operator may want to know.
package enum MemberNote: Sendable {
    /// An append was stamped too far ahead of this member's clock.
    case appendFromTheFuture(from: UInt64)
    /// An input was refused; harmless.
    case refused(Refusal)
    /// A leader was elected.
    case leaderElected(UInt64, term: UInt64)
    /// The member cannot go on.
    case stopped(Refusal)
    /// The state cannot be written for want of space; it is tried again with each tick.
    case held(Refusal)
    /// What was held goes on.
    case released
    /// Leadership is being given to another member.
    case handingOver(to: UInt64)
}

/// A member without its surroundings. Used from one thread at a time.
///
/// After each `take`, ask for `round` until it answers nil, and do what each one says.
package final class MemberEngine {
    /// The replicated state.
    package let machine: StateMachine
    /// Why the member stopped for good, if it did.
    package private(set) var failure: Refusal?
    /// How often a leader was elected since the start.
    package private(set) var leaderChanges: UInt64 = 0
    private let clockBoundMilliseconds: UInt64
    /// The highest feature level that this member knows.
    private let featureLevel: UInt64
    /// Stands in the name of every read: a late answer to a read of an earlier life must not pass
    /// for the answer to one of this life.
    let lifeName: UInt64
    var node: RawNode
    var pending = PendingReplies()
    private var toPropose: [Envelope] = []
    var toPut: [(put: [UInt8], reply: Reply<UInt64>)] = []
    var toRead: [WaitingRead] = []
    private(set) var toApply: [Message] = []
    /// How many entries of `toApply`'s first message are applied.
    private var appliedOfFirst = 0
    /// Why nothing can be applied for now, if so.
    var heldBy: Refusal?
    /// Whether it was tried since the last tick, and failed.
    var isHeld = false
    /// Ticks until the state's changes are written.
    var ticksUntilWrite = MemberEngine.ticksBetweenWrites
    private var ticksUntilHandOver = 0
    /// The last change of membership that the core was told of.
    private var changed: (index: UInt64, configuration: ConfigurationState)?
    /// Whether a leader was seen to go and none was heard of since.
    var isSuccessionOpen = false
    var successionRank = 0
    var successionAttempts = 0
    var successionRandom: SplitMix64
    let electionTicks: Int
    var lastStamp = Timestamp.zero
    private var lastLeader: UInt64?
    private var lastRole = Role.follower
    private var effects = MemberEffects()
    /// Whether the work was refused: it is tried again after the next input, not at once.
    private var isInterrupted = false

    /// Starts a member on what its log and its state hold.
    ///
    /// - Parameters:
    ///   - options: who it is, its seed, and how the core shall work; what the engine relies on is
    ///     set here.
    ///   - clockBoundMilliseconds: how far an entry's time may be ahead of this member's clock.
    ///   - featureLevel: the highest level that this member knows; see `FeatureLevel`.
    ///   - observe: told of everything that happens in the core; it must not call back.
    package init(
        options: RaftOptions, clockBoundMilliseconds: UInt64, machine: StateMachine,
        log: any Storage, featureLevel: UInt64 = FeatureLevel.supported,
        observe: ((TraceEvent) -> Void)? = nil
    ) throws(Refusal) {
        self.machine = machine
        self.clockBoundMilliseconds = clockBoundMilliseconds
        self.featureLevel = featureLevel
        var seed = SplitMix64(seed: options.seed)
        lifeName = seed.next()
        successionRandom = SplitMix64(seed: seed.next())
        electionTicks = options.electionTicks
        var options = options
        options.asynchronousStorageWrites = true
        options.appliedIndex = machine.appliedIndex
        options.forwardsProposals = false
        node = try RawNode(options: options, storage: log, observe: observe)
        machine.gather()
    }

    /// The core, to look at. A copy: not for the hot path.
    package var core: RawNode { node }

    /// The active membership.
    package var configuration: GroupConfiguration { node.configuration }

    /// Whether somebody waits for the outcome of a command.
    package var hasWaitingCommands: Bool { pending.hasCommands }

    /// How far the log is committed.
    package var committedIndex: UInt64 { node.committedIndex }

    /// Whether this member leads.
    package var isLeader: Bool { node.role == .leader }

    /// The latest term it has seen.
    package var term: UInt64 { node.term }

    // MARK: Inputs

    /// Takes one input.
    package func take(_ input: MemberInput, at now: Timestamp) {
        isInterrupted = false
        do throws(Refusal) {
            switch input {
            case .tick:
                isHeld = false
                try node.tick()
                pending.tick()
                writeIfDue()
                try leaveIfHeld()
            case .message(let message): try take(message, at: now)
            case .stored(let responses):
                for response in responses { try deliver(response) }
            case .logFailed(let refusal): fail(refusal)
            case .submit(let envelope, let reply): take(envelope, reply)
            case .readBarrier(let reply): toRead.append(.barrier(reply))
            case .unreachable(let member): try noteUnreachable(member)
            case .put(let put, let reply): take(put: put, reply)
            case .get(let key, let reply): toRead.append(.value(key, reply))
            case .handOver: try handOver()
            case .changeMembership(let change): try node.propose(change)
            case .transferLeadership(let member): try node.transferLeadership(to: member)
            case .snapshotStatus(let member, let isDelivered):
                try node.reportSnapshot(to: member, isDelivered: isDelivered)
            case .snapshotMade: break
            case .stateDamaged(let refusal): fail(refusal)
            }
        } catch {
            note(error)
        }
    }

    /// Tells everybody who waits that this member stopped.
    package func failWaiting(_ refusal: Refusal) { pending.failAll(refusal) }

    private func take(_ message: Message, at now: Timestamp) throws(Refusal) {
        if ClockBound(milliseconds: clockBoundMilliseconds).isFromTheFuture(message, now: now) {
            effects.notes.append(.appendFromTheFuture(from: message.from))
            return
        }
        try node.step(message)
        try noteRival(message)
    }

    private func take(_ envelope: Envelope, _ reply: Reply<CommandReceipt>) {
        guard node.role == .leader else {
            reply.fail(Refusal("cluster.not-leader", "this member does not lead"))
            return
        }
        if let heldBy { return reply.fail(heldBy) }
        // What some member cannot read must not reach the log at all.
        guard envelope.level <= machine.featureLevel else {
            return reply.fail(FeatureLevel.closed(envelope.level, at: machine.featureLevel))
        }
        if pending.add(envelope.digest, reply) { toPropose.append(envelope) }
    }

    /// A refusal of the core is harmless unless the core says that it stopped for good.
    private func note(_ refusal: Refusal) {
        if node.failure != nil {
            fail(refusal)
        } else {
            effects.notes.append(.refused(refusal))
        }
    }

    func note(_ note: MemberNote) { effects.notes.append(note) }

    func fail(_ refusal: Refusal) {
        guard failure == nil else { return }
        failure = refusal
        effects.notes.append(.stopped(refusal))
    }

    // MARK: Rounds

    /// Does what is due and answers what the surroundings must do; nil when nothing is left.
    ///
    /// What is sent and written goes out before anything is applied: the others and the disk work
    /// meanwhile.
    package func round(at now: Timestamp) -> MemberEffects? {
        var isDone = failure != nil || isInterrupted
        if !isDone {
            do throws(Refusal) {
                isDone = try !work(at: now)
            } catch {
                note(error)
                isInterrupted = true
                isDone = true
            }
        }
        guard !isDone || !effects.isEmpty else { return nil }
        defer { effects = MemberEffects() }
        return effects
    }

    /// One step of work; false when there was none.
    private func work(at now: Timestamp) throws(Refusal) -> Bool {
        if try applyWaiting() { return true }
        try proposeWaiting(at: now)
        try proposePuts(at: now)
        askForReads()
        guard node.hasReady else { return false }
        let ready = try node.ready()
        for read in ready.readStates { confirm(read) }
        if let state = ready.softState {
            if state.leader != nil {
                closeSuccession()
            } else if state.role == .follower, lastRole != .follower {
                standAgain()
            }
            lastRole = state.role
            noteLeader(state.leader)
        }
        for message in ready.messages { try route(message) }
        serveReads()
        return true
    }

    private func confirm(_ read: ReadState) {
        var decoder = BinaryDecoder(read.context)
        guard let life = try? decoder.sortable(), life == lifeName,
            let number = try? decoder.sortable()
        else { return }
        pending.confirm(read: number, at: read.index)
    }

    private func noteLeader(_ leader: UInt64?) {
        guard let leader, leader != lastLeader else { return }
        lastLeader = leader
        // What was asked of the leader before may never be answered: it is asked again, under
        // another name, so that no answer to the one passes for an answer to the other.
        for number in pending.renameReads() { askRead(number) }
        leaderChanges += 1
        effects.notes.append(.leaderElected(leader, term: node.term))
    }

    private func proposeWaiting(at now: Timestamp) throws(Refusal) {
        guard !toPropose.isEmpty else { return }
        guard node.role == .leader else {
            let lost = Refusal("cluster.not-leader", "this member no longer leads")
            for envelope in toPropose { pending.fail(envelope.digest, lost) }
            toPropose.removeAll()
            return
        }
        let batch = Array(toPropose.prefix(EntryPayload.commandLimit))
        toPropose.removeFirst(batch.count)
        lastStamp = max(lastStamp, machine.now, now)
        let payload = EntryPayload(timestamp: lastStamp, commands: batch)
        do throws(Refusal) {
            try node.propose(payload.encoded)
        } catch {
            for envelope in batch { pending.fail(envelope.digest, error) }
        }
    }

    private func route(_ message: Message) throws(Refusal) {
        switch message.to {
        case ReservedMember.appendThread: effects.batches.append(message)
        case ReservedMember.applyThread: toApply.append(message)
        default: try deliver(message)
        }
    }

    private func deliver(_ message: Message) throws(Refusal) {
        if message.to == node.id {
            try node.step(message)
        } else {
            effects.messages.append(message)
        }
    }

    // MARK: Applying

    /// How many entries are applied before the surroundings get their turn: a member that catches
    /// up must still answer heartbeats.
    private static let entriesInOneGo = 32

    /// Applies some of what waits; false when there is nothing, or nothing can be applied now.
    private func applyWaiting() throws(Refusal) -> Bool {
        guard !isHeld, let message = toApply.first else { return false }
        let end = min(message.entries.count, appliedOfFirst + MemberEngine.entriesInOneGo)
        while appliedOfFirst < end {
            guard try apply(message.entries[appliedOfFirst]) else {
                serveReads()
                return false
            }
            appliedOfFirst += 1
        }
        if appliedOfFirst == message.entries.count {
            toApply.removeFirst()
            appliedOfFirst = 0
            for response in message.responses { try deliver(response) }
        }
        serveReads()
        return true
    }

    /// Applies an entry; false when there is no space for what it changes. Then it has changed
    /// nothing, and is tried again with each tick.
    private func apply(_ entry: Entry) throws(Refusal) -> Bool {
        do throws(Refusal) {
            // What a full disk holds back comes first.
            if heldBy != nil { try machine.flush() }
            if let change = try entry.configurationChange() {
                let configuration = try configuration(after: change, at: entry.index)
                try machine.applyEmpty(
                    index: entry.index, term: entry.term, kind: entry.kind.rawValue,
                    payload: entry.data, configuration: configuration.encoded)
                // Who belongs to the group is not to be learned again after a crash.
                writeState()
            } else if entry.data.isEmpty {
                try machine.applyEmpty(
                    index: entry.index, term: entry.term, kind: entry.kind.rawValue, payload: [])
            } else if BenchEntry.isForm(of: entry.data) {
                effects.applied.append(try applyPuts(entry))
            } else {
                let payload = try EntryPayload(decoding: entry.data)
                let applied = try machine.apply(
                    index: entry.index, term: entry.term, payload: payload, encoded: entry.data)
                for receipt in applied.receipts { pending.answer(receipt) }
                effects.applied.append(applied)
                // What comes after is not for this program to read.
                try FeatureLevel.checkKnown(machine.featureLevel, supported: featureLevel)
            }
            noteSpace()
            return true
        } catch {
            if error.code == "disk.full" {
                hold(error)
                return false
            }
            // A committed entry that cannot be applied here would make this member differ.
            fail(error)
            throw error
        }
    }

    /// The membership after a change. What was held back is tried again, and the core must hear of
    /// a change once only.
    private func configuration(
        after change: ConfigurationChange, at index: UInt64
    ) throws(Refusal) -> ConfigurationState {
        if let changed, changed.index == index { return changed.configuration }
        let configuration = try node.applyConfigurationChange(change)
        changed = (index, configuration)
        return configuration
    }

    /// A leader that cannot apply cannot answer: another may have space. Not too often, for all
    /// of them may be full.
    private func leaveIfHeld() throws(Refusal) {
        ticksUntilHandOver = max(0, ticksUntilHandOver - 1)
        guard heldBy != nil, isLeader, ticksUntilHandOver == 0 else { return }
        ticksUntilHandOver = PendingReplies.patienceTicks
        try handOver()
    }
}
