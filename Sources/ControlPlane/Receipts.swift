// What became of a command: kept for ever under its signer and nonce, so that asking twice is
// harmless and asking differently under the same nonce is a conflict.

public import Primitives

/// The state machine's answer to one command.
public struct CommandReceipt: BinaryCodable, Sendable, Equatable {
    /// SHA-256 of the envelope.
    public var envelope: Digest
    /// SHA-256 of what was asked, without the signature.
    public var request: Digest
    /// The entry that carried it.
    public var index: UInt64
    /// Its place within the entry, from 0.
    public var position: UInt64
    /// Whether it was carried out.
    public var accepted: Bool
    /// The refusal's code, empty when accepted.
    public var code: String
    /// The refusal's sentence, empty when accepted.
    public var message: String
    /// Its leaf's number in the Merkle log.
    public var leaf: UInt64
    /// What it brought about.
    public var events: [Event]

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encodeOutcome(into: &encoder)
        encoder.array(events) { $0.value($1) }
    }

    /// The canonical form, of events that are encoded already.
    func encoded(events: [[UInt8]]) -> [UInt8] {
        var encoder = BinaryEncoder()
        encodeOutcome(into: &encoder)
        encoder.array(events) { $0.raw($1) }
        return encoder.bytes
    }

    private func encodeOutcome(into encoder: inout BinaryEncoder) {
        encoder.digest(envelope)
        encoder.digest(request)
        encoder.number(index)
        encoder.number(position)
        encoder.flag(accepted)
        encoder.text(code)
        encoder.text(message)
        encoder.number(leaf)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        envelope = try decoder.digest()
        request = try decoder.digest()
        index = try decoder.number()
        position = try decoder.number()
        accepted = try decoder.flag()
        code = try decoder.text(limit: 128)
        message = try decoder.text()
        leaf = try decoder.number()
        events = try decoder.array { decoder throws(Refusal) in try decoder.value() }
    }

    init(
        envelope: Digest, request: Digest, index: UInt64, position: UInt64, refusal: Refusal?,
        leaf: UInt64, events: [Event]
    ) {
        self.envelope = envelope
        self.request = request
        self.index = index
        self.position = position
        accepted = refusal == nil
        code = refusal?.code ?? ""
        message = refusal?.message ?? ""
        self.leaf = leaf
        self.events = events
    }

    /// The receipt as an object.
    public var json: JSON {
        [
            "envelope": .string(envelope.hex), "index": .int(index), "position": .int(position),
            "leaf": .int(leaf), "accepted": .bool(accepted), "code": .string(code),
            "message": .string(message), "events": .array(events.map(\.json)),
        ]
    }
}

/// Where the log stands: the chains that tie every entry to the one before.
struct ChainPosition: BinaryCodable {
    /// The last entry's time.
    var timestamp: Timestamp
    /// SHA-256 over the previous value and everything about each entry.
    var entryChain: Digest
    /// SHA-256 over the previous value and each event.
    var eventChain: Digest

    func encode(into encoder: inout BinaryEncoder) {
        encoder.timestamp(timestamp)
        encoder.digest(entryChain)
        encoder.digest(eventChain)
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        timestamp = try decoder.timestamp()
        entryChain = try decoder.digest()
        eventChain = try decoder.digest()
    }

    init(timestamp: Timestamp, entryChain: Digest) {
        self.timestamp = timestamp
        self.entryChain = entryChain
        eventChain = .zero
    }

    static let key: [UInt8] = [0]
}
