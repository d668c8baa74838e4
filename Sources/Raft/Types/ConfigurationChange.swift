// How the membership of the group is changed: by entries of the log itself.

public import Primitives

/// One step of a configuration change.
public struct MemberChange: Hashable, Sendable {
    /// What happens to a member.
    public enum Kind: UInt8, Sendable {
        /// Becomes a voter.
        case addVoter = 0
        /// Leaves the group.
        case remove = 1
        /// Nothing: a note to the application (a new address, say).
        case update = 2
        /// Becomes a learner: receives the log, does not count in quorums.
        case addLearner = 3
    }

    /// What happens.
    public var kind: Kind
    /// To whom. A change of member 0 is ignored: the application struck it out.
    public var member: MemberID

    /// A step.
    public init(_ kind: Kind, _ member: MemberID) {
        self.kind = kind
        self.member = member
    }
}

/// A change of configuration, the data of a configuration-change entry.
///
/// The empty change leaves a joint configuration.
public struct ConfigurationChange: Hashable, Sendable {
    /// How a joint configuration is entered and left.
    public enum Transition: UInt8, Sendable {
        /// Simple for one change, joint for more; the leader leaves the joint state by itself.
        case automatic = 0
        /// Joint even for one change; the leader leaves the joint state by itself.
        case jointImplicit = 1
        /// Joint even for one change; the application proposes to leave.
        case jointExplicit = 2
    }

    /// How to get there.
    public var transition: Transition
    /// The steps, applied in order.
    public var changes: [MemberChange]
    /// Opaque to consensus.
    public var context: [UInt8]

    /// A change; without arguments, the one that leaves a joint configuration.
    public init(
        _ changes: [MemberChange] = [], transition: Transition = .automatic, context: [UInt8] = []
    ) {
        self.changes = changes
        self.transition = transition
        self.context = context
    }

    /// Whether this change leaves a joint configuration.
    public var leavesJoint: Bool { transition == .automatic && changes.isEmpty }

    /// Whether this change goes through a joint configuration.
    public var entersJoint: Bool { transition != .automatic || changes.count > 1 }

    /// Whether the leader is to leave the joint configuration without being asked.
    public var leavesAutomatically: Bool { entersJoint && transition != .jointExplicit }
}

/// Transition, changes (kind, member), context.
extension ConfigurationChange: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(transition.rawValue)
        encoder.array(changes) { encoder, change in
            encoder.byte(change.kind.rawValue)
            encoder.number(change.member)
        }
        encoder.data(context)
    }

    /// Reads the canonical form; refuses unknown transitions and kinds, and counts past their
    /// limits.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let code = try decoder.byte()
        guard let transition = Transition(rawValue: code) else {
            throw Refusal("codec.malformed", "\(code) is no transition between configurations")
        }
        self.transition = transition
        changes = try decoder.array(limit: WireLimit.members) {
            (decoder) throws(Refusal) -> MemberChange in
            let code = try decoder.byte()
            guard let kind = MemberChange.Kind(rawValue: code) else {
                throw Refusal("codec.malformed", "\(code) is no kind of member change")
            }
            return MemberChange(kind, try decoder.number())
        }
        context = try decoder.data(limit: WireLimit.contextBytes)
    }
}
