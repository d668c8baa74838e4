// Everything that can happen to a member, in the one order in which it is worked off.

package import ControlPlane
package import Primitives
package import Raft

/// One thing that happened.
package enum MemberInput: Sendable {
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
    /// How the sending of a snapshot ended.
    case snapshotStatus(UInt64, isDelivered: Bool)
    /// A snapshot of the own state is durable, or could not be made.
    case snapshotMade(Result<Snapshot, Refusal>)
    /// The state was found damaged.
    case stateDamaged(Refusal)
}

/// Where an answer goes that somebody waits for; given exactly once.
package struct Reply<Value: Sendable>: Sendable {
    private let give: @Sendable (Result<Value, Refusal>) -> Void

    /// An answer goes to `give`.
    package init(_ give: @escaping @Sendable (Result<Value, Refusal>) -> Void) {
        self.give = give
    }

    func succeed(_ value: Value) { give(.success(value)) }

    func fail(_ refusal: Refusal) { give(.failure(refusal)) }
}
