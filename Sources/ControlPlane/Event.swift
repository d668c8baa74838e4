// What happened, in a form that is stored, hashed, streamed and shown.

public import Primitives

/// One thing that applying a command, or the passing of time, brought about.
public struct Event: BinaryCodable, Sendable, Equatable {
    /// A named fact of the event.
    public struct Field: Sendable, Equatable {
        /// The name, in snake case.
        public let name: String
        /// The value as text; numbers in decimal, digests and addresses in hexadecimal.
        public let value: String
    }

    /// What happened: `noun.verb`, stable.
    public let kind: String
    /// The facts, in a fixed order for each kind.
    public let fields: [Field]

    /// Makes an event.
    public init(_ kind: String, _ fields: KeyValuePairs<String, String>) {
        self.kind = kind
        self.fields = fields.map { Field(name: $0.key, value: $0.value) }
    }

    init(_ kind: String, fields: [Field]) {
        self.kind = kind
        self.fields = fields
    }

    /// The value of a field, or nil.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(kind)
        encoder.array(fields) {
            $0.text($1.name)
            $0.text($1.value)
        }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        kind = try decoder.text(limit: 64)
        fields = try decoder.array(limit: 64) { decoder throws(Refusal) in
            Field(name: try decoder.text(limit: 64), value: try decoder.text())
        }
    }

    /// The event as an object: its kind and its facts.
    public var json: JSON {
        .object(
            [JSON.Member("kind", .string(kind))]
                + fields.map { JSON.Member($0.name, .string($0.value)) })
    }
}

/// An event with its place in the log.
public struct RecordedEvent: BinaryCodable, Sendable, Equatable {
    /// The entry's index.
    public let index: UInt64
    /// The entry's time.
    public let timestamp: Timestamp
    /// The event.
    public let event: Event

    init(index: UInt64, timestamp: Timestamp, event: Event) {
        self.index = index
        self.timestamp = timestamp
        self.event = event
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(index)
        encoder.timestamp(timestamp)
        encoder.value(event)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        index = try decoder.number()
        timestamp = try decoder.timestamp()
        event = try decoder.value()
    }

    /// The event as an object, with `index` and `time` first.
    public var json: JSON {
        .object(
            [
                JSON.Member("index", .int(index)),
                JSON.Member("time", .string(timestamp.description)),
            ] + (event.json.members ?? []))
    }
}
