// The numbers that everything in consensus is named by.

/// Names one member of the group for ever; 0 names nobody.
///
/// A machine that lost its disk comes back under a new identifier: what the old one had promised
/// (votes, acknowledged entries) must not be denied under the same name.
public typealias MemberID = UInt64

/// An election period. It only grows, and has at most one leader.
public typealias Term = UInt64

/// A position in the log; the first entry has index 1.
public typealias LogIndex = UInt64

/// The identifiers that are not members.
public enum ReservedMember {
    /// Nobody: no leader known, no vote given.
    public static let none: MemberID = 0
    /// The local task that makes entries, votes and snapshots durable.
    public static let appendThread = MemberID.max
    /// The local task that applies committed entries to the state machine.
    public static let applyThread = MemberID.max - 1

    /// Whether `id` is one of the two local tasks.
    public static func isLocalThread(_ id: MemberID) -> Bool { id >= applyThread }
}

/// The term and index of an entry, which together identify its content and everything before it.
public struct LogPosition: Hashable, Sendable {
    /// The term in which the entry was proposed.
    public var term: Term
    /// Where it stands.
    public var index: LogIndex

    /// Names a position.
    public init(term: Term, index: LogIndex) {
        self.term = term
        self.index = index
    }
}

/// The most that one value received from another member may hold.
public enum WireLimit {
    /// Bytes of one entry's data.
    public static let entryBytes = 32 << 20
    /// Entries in one message.
    public static let entries = 1 << 16
    /// Bytes of a snapshot's descriptor. The state itself streams outside of messages.
    public static let snapshotBytes = 32 << 20
    /// Bytes of the context of a read or of a configuration change.
    public static let contextBytes = 4096
    /// Members in one half of a configuration, and changes in one configuration change.
    public static let members = 1024
}
