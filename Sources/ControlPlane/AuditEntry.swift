// A log entry as an auditor gets it: what was written, and the chain's value after it.

public import Primitives

/// One entry of the log, for audit.
public struct AuditEntry: BinaryCodable, Sendable, Equatable {
    /// The entry's index.
    public var index: UInt64
    /// The consensus term it was proposed in.
    public var term: UInt64
    /// The consensus core's kind: 0 for commands, others for membership.
    public var kind: UInt8
    /// The bytes as committed.
    public var payload: [UInt8]
    /// The entry chain's value after this entry.
    public var chain: Digest

    /// Makes an entry.
    public init(index: UInt64, term: UInt64, kind: UInt8, payload: [UInt8], chain: Digest) {
        self.index = index
        self.term = term
        self.kind = kind
        self.payload = payload
        self.chain = chain
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(index)
        encoder.number(term)
        encoder.byte(kind)
        encoder.data(payload)
        encoder.digest(chain)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        index = try decoder.number()
        term = try decoder.number()
        kind = try decoder.byte()
        payload = try decoder.data()
        chain = try decoder.digest()
    }
}
