// Models: what was trained, how it measured, what was decided about it, who serves it.

public import Primitives

/// A model, from the job that trained it to its release and retirement.
public struct ModelRecord: BinaryCodable, Sendable, Equatable {
    /// Where a model stands.
    public enum Status: UInt8, Sendable {
        /// Trained and evaluated; nobody decided about it yet.
        case candidate = 1
        /// Released by a vote.
        case released = 2
        /// Retired by a vote.
        case retired = 3

        /// The word on screens.
        public var word: String {
            switch self {
            case .candidate: "candidate"
            case .released: "released"
            case .retired: "retired"
            }
        }
    }

    /// Its name.
    public var name: String
    /// Where it stands.
    public var status: Status
    /// SHA-256 of its checkpoint: the object that holds the weights.
    public var digest: Digest
    /// The job that trained it.
    public var job: UInt64
    /// The proposal that decided to train it.
    public var trainingProposal: UInt64
    /// The proposal that decided to release it, zero while none did.
    public var releaseProposal: UInt64
    /// Held-out bits per byte before training, in millionths.
    public var bitsPerByteStart: UInt64
    /// Held-out bits per byte after training, in millionths.
    public var bitsPerByteEnd: UInt64
    /// A bigram model's held-out bits per byte, in millionths.
    public var bigramBitsPerByte: UInt64
    /// The longest run of training bytes that sampling copied.
    public var verbatimBytes: UInt64
    /// Price of a prompt token, in minimal units.
    public var promptPrice: Amount
    /// Price of a completion token, in minimal units.
    public var completionPrice: Amount

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.byte(status.rawValue)
        encoder.digest(digest)
        for number in [
            job, trainingProposal, releaseProposal, bitsPerByteStart, bitsPerByteEnd,
            bigramBitsPerByte, verbatimBytes,
        ] {
            encoder.number(number)
        }
        encoder.amount(promptPrice)
        encoder.amount(completionPrice)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: 64)
        guard let status = Status(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "a model has no such status")
        }
        self.status = status
        digest = try decoder.digest()
        job = try decoder.number()
        trainingProposal = try decoder.number()
        releaseProposal = try decoder.number()
        bitsPerByteStart = try decoder.number()
        bitsPerByteEnd = try decoder.number()
        bigramBitsPerByte = try decoder.number()
        verbatimBytes = try decoder.number()
        promptPrice = try decoder.amount()
        completionPrice = try decoder.amount()
    }

    init(name: String, digest: Digest, job: UInt64, trainingProposal: UInt64) {
        self.name = name
        status = .candidate
        self.digest = digest
        self.job = job
        self.trainingProposal = trainingProposal
        releaseProposal = 0
        bitsPerByteStart = 0
        bitsPerByteEnd = 0
        bigramBitsPerByte = 0
        verbatimBytes = 0
        promptPrice = .zero
        completionPrice = .zero
    }
}

/// A provider's offer to serve a model.
public struct ServingRecord: BinaryCodable, Sendable, Equatable {
    /// The agent that serves.
    public var provider: Address
    /// Since when.
    public var since: Timestamp

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(provider)
        encoder.timestamp(since)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        provider = try decoder.address()
        since = try decoder.timestamp()
    }

    init(provider: Address, since: Timestamp) {
        self.provider = provider
        self.since = since
    }
}

/// An object that the state refers to: who may upload it and why it is kept.
public struct ObjectRecord: BinaryCodable, Sendable, Equatable {
    /// What it is: `data`, `parameters`, `momentum`, `delta`.
    public var kind: String
    /// The job it belongs to, zero for none.
    public var job: UInt64

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(kind)
        encoder.number(job)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        kind = try decoder.text(limit: 32)
        job = try decoder.number()
    }

    init(kind: String, job: UInt64) {
        self.kind = kind
        self.job = job
    }
}
