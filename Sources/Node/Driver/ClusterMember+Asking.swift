// What is asked of a member from outside: commands, opaque puts, reads. Each is put in the inbox, and
// answered when the member's turn has come so far; or it reads the state between two turns.

public import ControlPlane
import Cryptography
import Platform
public import Primitives
import Telemetry

extension ClusterMember {
    /// Puts a command on the log and waits until it is applied.
    ///
    /// Throws `cluster.not-leader`, `cluster.timeout`, `member.stopped`; a refusal by the state
    /// machine is an answer in the receipt.
    public nonisolated func submit(_ envelope: Envelope) async throws(Refusal) -> CommandReceipt {
        try await withCheckedContinuation { continuation in
            submit(envelope, Reply { continuation.resume(returning: $0) })
        }.get()
    }

    /// The same; the answer goes to `reply`.
    nonisolated func submit(_ envelope: Envelope, _ answer: Reply<CommandReceipt>) {
        metrics.raft.proposals.add()
        let reply = Reply<CommandReceipt> { [metrics] result in
            metrics.raft.noteOutcome(result)
            answer.give(result)
        }
        ask(.submit(envelope, reply)) { reply.fail($0) }
    }

    /// Puts opaque bytes, where the deployment is for measuring; `answer` is called once, on the
    /// member's thread, with the index of their entry.
    nonisolated func put(
        _ bytes: [UInt8], _ answer: @escaping @Sendable (Result<UInt64, Refusal>) -> Void
    ) {
        metrics.raft.proposals.add()
        let reply = Reply<UInt64> { [metrics] result in
            metrics.raft.noteOutcome(result)
            answer(result)
        }
        ask(.put(bytes, reply)) { reply.fail($0) }
    }

    /// Reads what was put under a key before now; `answer` is called once, on the member's thread.
    nonisolated func get(
        _ key: [UInt8], _ answer: @escaping @Sendable (Result<[UInt8]?, Refusal>) -> Void
    ) {
        metrics.raft.reads.add()
        let reply = Reply<[UInt8]?>(answer)
        ask(.get(key, reply)) { reply.fail($0) }
    }

    private nonisolated func ask(_ input: MemberInput, _ fail: (Refusal) -> Void) {
        if input.isWrite, metrics.disk.isFull || ballast.isLow { return fail(DiskWatch.full) }
        switch inbox.put(request: input) {
        case .taken: return
        case .full:
            metrics.raft.overloaded.add()
            fail(
                Refusal("cluster.overloaded", "too many requests wait here: try again later"))
        case .closed: fail(Refusal("member.stopped", "this member is stopping"))
        }
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
        metrics.raft.reads.add()
        _ = try await withCheckedContinuation { continuation in
            let reply = Reply<UInt64> { continuation.resume(returning: $0) }
            ask(.readBarrier(reply)) { reply.fail($0) }
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
        inbox.put(.stateDamaged(damage))
        throw damage
    }

    /// Runs commands on a copy of the state and answers what they would do.
    public func preview<Value: Sendable>(
        _ commands: [Envelope], _ body: @Sendable ([Refusal?], [Event], Views) -> Value
    ) -> Value {
        let (refusals, events, state) = engine.machine.preview(commands, at: SystemClock.now())
        return body(refusals, events, Views(state: state, genesis: settings.genesis))
    }
}
