// What the log is made of.

public import Primitives

/// What an entry's data means to the core.
public enum EntryKind: UInt8, Sendable {
    /// Opaque to consensus; handed to the state machine. Empty data marks the start of a term.
    case normal = 0
    /// One membership change in the form that never uses joint consensus.
    case singleConfigurationChange = 1
    /// Any number of membership changes; empty data leaves a joint configuration.
    case configurationChange = 2
}

/// One record of the replicated log.
public struct Entry: Hashable, Sendable {
    /// The term of the leader that appended it.
    public var term: Term
    /// Where it stands.
    public var index: LogIndex
    /// How its data is to be read.
    public var kind: EntryKind
    /// The command, or an encoded `ConfigurationChange`.
    public var data: [UInt8]

    /// An entry; a proposal leaves `term` and `index` to the leader.
    public init(
        term: Term = 0, index: LogIndex = 0, kind: EntryKind = .normal, data: [UInt8] = []
    ) {
        self.term = term
        self.index = index
        self.kind = kind
        self.data = data
    }

    /// Its term and index.
    public var position: LogPosition { LogPosition(term: term, index: index) }

    /// What it counts against limits in bytes: its data and a fixed share for the rest, so that
    /// endless empty entries are bounded too.
    var footprint: UInt64 { UInt64(data.count) + 16 }

    /// The membership change it carries, or nil for a normal entry.
    ///
    /// Throws `codec.malformed` for data that is not the canonical form of one.
    public func configurationChange() throws(Refusal) -> ConfigurationChange? {
        switch kind {
        case .normal: return nil
        case .singleConfigurationChange, .configurationChange:
            if data.isEmpty { return ConfigurationChange() }
            return try ConfigurationChange(decoding: data)
        }
    }
}

/// Kind, term, index, data: in this order, on disk and between members.
extension Entry: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(kind.rawValue)
        encoder.number(term)
        encoder.number(index)
        encoder.data(data)
    }

    /// Reads the canonical form; refuses unknown kinds and data past `WireLimit.entryBytes`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let code = try decoder.byte()
        guard let kind = EntryKind(rawValue: code) else {
            throw Refusal("codec.malformed", "\(code) is no kind of log entry")
        }
        self.kind = kind
        term = try decoder.number()
        index = try decoder.number()
        data = try decoder.data(limit: WireLimit.entryBytes)
    }
}

extension [Entry] {
    /// The bytes of data, which bound what is uncommitted and in flight.
    var dataBytes: UInt64 { reduce(0) { $0 + UInt64($1.data.count) } }

    /// The sum of footprints, which bounds what is being applied.
    var footprint: UInt64 { reduce(0) { $0 + $1.footprint } }

    /// The longest prefix within `maximumBytes`, but at least one entry where there is any: a
    /// single oversized entry must not stop the log.
    public func prefix(maximumBytes: UInt64) -> [Entry] {
        var total: UInt64 = 0
        for (count, entry) in enumerated() {
            total += entry.footprint
            if total > maximumBytes && count > 0 { return Array(self[..<count]) }
        }
        return self
    }
}
