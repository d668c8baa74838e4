// Everything that can happen to a member, in the one order in which it is worked off.

import ControlPlane
import Primitives
import Raft

/// One thing that happened.
enum MemberInput: Sendable {
    /// The consensus clock moved.
    case tick
    /// A message came from another member.
    case message(Message)
    /// The log finished writing; these are the answers it owes.
    case stored([Message])
    /// The log can no longer promise anything.
    case logFailed(Refusal)
    /// Somebody asks for a command.
    case submit(Envelope, Reply<CommandReceipt>)
    /// Somebody wants to read what was decided before now.
    case readBarrier(Reply<UInt64>)
    /// Another member cannot be reached.
    case unreachable(UInt64)
}

/// An answer somebody waits for; given exactly once.
final class Reply<Value: Sendable>: Sendable {
    private let continuation: CheckedContinuation<Result<Value, Refusal>, Never>

    init(_ continuation: CheckedContinuation<Result<Value, Refusal>, Never>) {
        self.continuation = continuation
    }

    func succeed(_ value: Value) { continuation.resume(returning: .success(value)) }

    func fail(_ refusal: Refusal) { continuation.resume(returning: .failure(refusal)) }
}
