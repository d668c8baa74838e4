// The state machine at one index, in place of the log before it.

public import Primitives

/// The membership as it is stored: in snapshots, and with the applied state.
public struct ConfigurationState: Hashable, Sendable {
    /// Voters of the configuration, or of the incoming half of a joint one.
    public var voters: [MemberID]
    /// Voters of the outgoing half; empty unless joint.
    public var votersOutgoing: [MemberID]
    /// Members that receive the log without voting.
    public var learners: [MemberID]
    /// Outgoing voters that turn learners when the joint configuration is left.
    public var learnersNext: [MemberID]
    /// Whether the leader leaves the joint configuration by itself.
    public var autoLeave: Bool

    /// A membership; lists are kept in ascending order.
    public init(
        voters: [MemberID] = [], votersOutgoing: [MemberID] = [], learners: [MemberID] = [],
        learnersNext: [MemberID] = [], autoLeave: Bool = false
    ) {
        self.voters = voters.sorted()
        self.votersOutgoing = votersOutgoing.sorted()
        self.learners = learners.sorted()
        self.learnersNext = learnersNext.sorted()
        self.autoLeave = autoLeave
    }

    /// Whether `id` receives the log under this membership.
    public func contains(_ id: MemberID) -> Bool {
        voters.contains(id) || learners.contains(id) || votersOutgoing.contains(id)
    }
}

/// Four ascending lists and a flag.
extension ConfigurationState: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        for list in [voters, votersOutgoing, learners, learnersNext] {
            encoder.array(list) { $0.number($1) }
        }
        encoder.flag(autoLeave)
    }

    /// Reads the canonical form; refuses lists that do not strictly ascend.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        func list(_ decoder: inout BinaryDecoder) throws(Refusal) -> [MemberID] {
            let ids = try decoder.array(limit: WireLimit.members) {
                (decoder) throws(Refusal) -> MemberID in try decoder.number()
            }
            for (low, high) in zip(ids, ids.dropFirst()) where low >= high {
                throw Refusal("codec.malformed", "a list of members does not ascend")
            }
            return ids
        }
        voters = try list(&decoder)
        votersOutgoing = try list(&decoder)
        learners = try list(&decoder)
        learnersNext = try list(&decoder)
        autoLeave = try decoder.flag()
    }
}

/// A snapshot: what it covers, and a descriptor by which the application finds the state.
public struct Snapshot: Hashable, Sendable {
    /// The last entry it covers.
    public var position: LogPosition
    /// The membership at that entry.
    public var configuration: ConfigurationState
    /// The application's: the state itself where it is small, else its digest and where to get it.
    public var data: [UInt8]

    /// A snapshot.
    public init(
        position: LogPosition = LogPosition(term: 0, index: 0),
        configuration: ConfigurationState = ConfigurationState(), data: [UInt8] = []
    ) {
        self.position = position
        self.configuration = configuration
        self.data = data
    }

    /// The index of the last entry it covers.
    public var index: LogIndex { position.index }
    /// The term of the last entry it covers.
    public var term: Term { position.term }
    /// Whether it covers nothing.
    public var isEmpty: Bool { position.index == 0 }
}

/// Term, index, membership, descriptor.
extension Snapshot: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(position.term)
        encoder.number(position.index)
        encoder.value(configuration)
        encoder.data(data)
    }

    /// Reads the canonical form; refuses descriptors past `WireLimit.snapshotBytes`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let term = try decoder.number()
        position = LogPosition(term: term, index: try decoder.number())
        configuration = try decoder.value()
        data = try decoder.data(limit: WireLimit.snapshotBytes)
    }
}
