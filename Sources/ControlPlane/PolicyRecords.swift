// The policies in force, with their whole history.

import Cryptography
public import Primitives

/// A policy's text and since when it holds.
public struct PolicyRecord: BinaryCodable, Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Its text.
    public var text: String
    /// The entry since which it holds.
    public var since: UInt64
    /// The proposal that changed it, zero for the genesis.
    public var proposal: UInt64

    /// SHA-256 of the text.
    public var digest: Digest { SHA256.hash(Array(text.utf8)) }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.text(text)
        encoder.number(since)
        encoder.number(proposal)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: 64)
        text = try decoder.text(limit: YAML.byteLimit)
        since = try decoder.number()
        proposal = try decoder.number()
    }

    init(name: String, text: String, since: UInt64, proposal: UInt64) {
        self.name = name
        self.text = text
        self.since = since
        self.proposal = proposal
    }
}
