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
    /// Somebody wants to put opaque bytes, where the deployment is for measuring; the answer is
    /// the entry's index.
    case put([UInt8], Reply<UInt64>)
    /// Somebody wants to read what was put under a key before now.
    case get([UInt8], Reply<[UInt8]?>)
    /// This member's disk keeps it from leading well: another shall lead.
    case handOver
    /// The membership shall change.
    case changeMembership(ConfigurationChange)
    /// Another member shall lead.
    case transferLeadership(to: UInt64)
    /// How the sending of a snapshot ended.
    case snapshotStatus(UInt64, isDelivered: Bool)
    /// A snapshot of the own state is durable, or could not be made.
    case snapshotMade(Result<Snapshot, Refusal>)
    /// The state was found damaged.
    case stateDamaged(Refusal)

    /// Whether a client asks for something that has to be stored.
    var isWrite: Bool {
        switch self {
        case .submit, .put: true
        default: false
        }
    }
}

/// Who waits for a linearizable read, and for what.
enum WaitingRead: Sendable {
    /// For the index up to which the state is applied.
    case barrier(Reply<UInt64>)
    /// For the value under a key.
    case value([UInt8], Reply<[UInt8]?>)

    func fail(_ refusal: Refusal) {
        switch self {
        case .barrier(let reply): reply.fail(refusal)
        case .value(_, let reply): reply.fail(refusal)
        }
    }
}

/// Where an answer goes that somebody waits for; given exactly once.
package struct Reply<Value: Sendable>: Sendable {
    let give: @Sendable (Result<Value, Refusal>) -> Void

    /// An answer goes to `give`.
    package init(_ give: @escaping @Sendable (Result<Value, Refusal>) -> Void) {
        self.give = give
    }

    func succeed(_ value: Value) { give(.success(value)) }

    func fail(_ refusal: Refusal) { give(.failure(refusal)) }
}
