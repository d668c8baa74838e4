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
    /// Stands in the name of every read: a late answer to a read of an earlier life must not pass
    /// for the answer to one of this life.
    private let lifeName: UInt64
    private var node: RawNode
    private var pending = PendingReplies()
    private var toPropose: [Envelope] = []
    private var toApply: [Message] = []
    private var lastStamp = Timestamp.zero
    private var lastLeader: UInt64?
    private var effects = MemberEffects()
    /// Whether the work was refused: it is tried again after the next input, not at once.
    private var isInterrupted = false

    /// Starts a member on what its log and its state hold.
    ///
    /// - Parameters:
    ///   - options: who it is, its seed, and how the core shall work; what the engine relies on is
    ///     set here.
    ///   - clockBoundMilliseconds: how far an entry's time may be ahead of this member's clock.
    ///   - observe: told of everything that happens in the core; it must not call back.
    package init(
        options: RaftOptions, clockBoundMilliseconds: UInt64, machine: StateMachine,
        log: any Storage, observe: ((TraceEvent) -> Void)? = nil
    ) throws(Refusal) {
        self.machine = machine
        self.clockBoundMilliseconds = clockBoundMilliseconds
        var seed = SplitMix64(seed: options.seed)
        lifeName = seed.next()
        var options = options
        options.asynchronousStorageWrites = true
        options.appliedIndex = machine.appliedIndex
        options.forwardsProposals = false
        node = try RawNode(options: options, storage: log, observe: observe)
    }

    /// The core, to look at.
    package var core: RawNode { node }

    /// Whether this member leads.
    package var isLeader: Bool { node.role == .leader }

    // MARK: Inputs

    /// Takes one input.
    package func take(_ input: MemberInput, at now: Timestamp) {
        isInterrupted = false
        do throws(Refusal) {
            switch input {
            case .tick:
                try node.tick()
                pending.tick()
            case .message(let message): try take(message, at: now)
            case .stored(let responses):
                for response in responses { try deliver(response) }
            case .logFailed(let refusal): fail(refusal)
            case .submit(let envelope, let reply): take(envelope, reply)
            case .readBarrier(let reply): takeRead(reply)
            case .unreachable(let member): try node.reportUnreachable(member)
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
    }

    private func take(_ envelope: Envelope, _ reply: Reply<CommandReceipt>) {
        guard node.role == .leader else {
            reply.fail(Refusal("cluster.not-leader", "this member does not lead"))
            return
        }
        if pending.add(envelope.digest, reply) { toPropose.append(envelope) }
    }

    private func takeRead(_ reply: Reply<UInt64>) {
        let number = pending.addRead(reply)
        var name = BinaryEncoder()
        name.sortable(lifeName)
        name.sortable(number)
        do throws(Refusal) {
            try node.readIndex(name.bytes)
        } catch {
            pending.failRead(
                number, Refusal("cluster.no-leader", "there is no leader to read from"))
        }
    }

    /// A refusal of the core is harmless unless the core says that it stopped for good.
    private func note(_ refusal: Refusal) {
        if node.status.failure != nil {
            fail(refusal)
        } else {
            effects.notes.append(.refused(refusal))
        }
    }

    private func fail(_ refusal: Refusal) {
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
        if !toApply.isEmpty {
            let message = toApply.removeFirst()
            for entry in message.entries { try apply(entry) }
            for response in message.responses { try deliver(response) }
            pending.applied(machine.appliedIndex)
            return true
        }
        try proposeWaiting(at: now)
        guard node.hasReady else { return false }
        let ready = try node.ready()
        for read in ready.readStates { confirm(read) }
        if let state = ready.softState { noteLeader(state.leader) }
        for message in ready.messages { try route(message) }
        pending.applied(machine.appliedIndex)
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

    private func apply(_ entry: Entry) throws(Refusal) {
        do throws(Refusal) {
            if let change = try entry.configurationChange() {
                let configuration = try node.applyConfigurationChange(change)
                try machine.applyEmpty(
                    index: entry.index, term: entry.term, kind: entry.kind.rawValue,
                    payload: entry.data, configuration: configuration.encoded)
            } else if entry.data.isEmpty {
                try machine.applyEmpty(
                    index: entry.index, term: entry.term, kind: entry.kind.rawValue, payload: [])
            } else {
                let payload = try EntryPayload(decoding: entry.data)
                let applied = try machine.apply(
                    index: entry.index, term: entry.term, payload: payload)
                for receipt in applied.receipts { pending.answer(receipt) }
                effects.applied.append(applied)
            }
        } catch {
            // A committed entry that cannot be applied here would make this member differ.
            fail(error)
            throw error
        }
    }
}
