// What a cluster member puts on record: observations, plans and meter readings. Each is signed with
// the seat's Ed25519 key, so that an audit can tell which member said what.

public import Primitives

/// A kernel's verdict after a challenge.
public struct BenchmarkRecord: BinaryCodable, Sendable, Equatable {
    /// The agent that was challenged.
    public var provider: Address
    /// The kernel, as named by the registry.
    public var kernel: String
    /// Its version: rates of different versions are never compared.
    public var version: UInt32
    /// The challenge's session.
    public var session: Digest
    /// Whether the proof held.
    public var passed: Bool
    /// The refusal's code when it did not.
    public var code: String
    /// Work done, in the kernel's unit (FLOP or bytes).
    public var work: UInt64
    /// Time taken on the member's clock, in nanoseconds.
    public var nanoseconds: UInt64
    /// SHA-256 of the transcript: roots, openings, proofs.
    public var evidence: Digest

    /// Makes a record.
    public init(
        provider: Address, kernel: String, version: UInt32 = 1, session: Digest, passed: Bool,
        code: String, work: UInt64, nanoseconds: UInt64, evidence: Digest
    ) {
        self.provider = provider
        self.kernel = kernel
        self.version = version
        self.session = session
        self.passed = passed
        self.code = code
        self.work = work
        self.nanoseconds = nanoseconds
        self.evidence = evidence
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(provider)
        encoder.text(kernel)
        encoder.number(version)
        encoder.digest(session)
        encoder.flag(passed)
        encoder.text(code)
        encoder.number(work)
        encoder.number(nanoseconds)
        encoder.digest(evidence)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        provider = try decoder.address()
        kernel = try decoder.text(limit: 64)
        version = try decoder.number32()
        session = try decoder.digest()
        passed = try decoder.flag()
        code = try decoder.text(limit: 64)
        work = try decoder.number()
        nanoseconds = try decoder.number()
        evidence = try decoder.digest()
    }
}

/// A task given to a provider by the leader's plan. Applying re-checks it.
public struct Placement: BinaryCodable, Sendable, Equatable {
    /// The task.
    public var task: UInt64
    /// The agent that shall run it.
    public var provider: Address

    /// Makes a placement.
    public init(task: UInt64, provider: Address) {
        self.task = task
        self.provider = provider
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(task)
        encoder.address(provider)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        task = try decoder.number()
        provider = try decoder.address()
    }
}

/// What one request of a customer may cost and did use.
public struct UsageReading: BinaryCodable, Sendable, Equatable {
    /// The request.
    public var request: Digest
    /// The agent that served it.
    public var provider: Address
    /// Tokens read from the prompt.
    public var promptTokens: UInt64
    /// Tokens produced.
    public var completionTokens: UInt64
    /// SHA-256 of the completion's bytes; the text itself is never on record.
    public var completion: Digest
    /// The serving agent's signature over the receipt.
    public var signature: [UInt8]

    /// Makes a reading.
    public init(
        request: Digest, provider: Address, promptTokens: UInt64, completionTokens: UInt64,
        completion: Digest, signature: [UInt8]
    ) {
        self.request = request
        self.provider = provider
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.completion = completion
        self.signature = signature
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.digest(request)
        encoder.address(provider)
        encoder.number(promptTokens)
        encoder.number(completionTokens)
        encoder.digest(completion)
        encoder.data(signature)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        request = try decoder.digest()
        provider = try decoder.address()
        promptTokens = try decoder.number()
        completionTokens = try decoder.number()
        completion = try decoder.digest()
        signature = try decoder.data(limit: 65)
    }
}

/// A command of a cluster member.
public enum MemberCommand: Sendable, Equatable {
    /// Nothing but the entry's time: lets what is due happen.
    case tick
    /// Puts a challenge's verdict on record.
    case recordBenchmark(BenchmarkRecord)
    /// Gives tasks to providers.
    case place([Placement])
    /// Takes leases back from a provider that stopped answering.
    case releaseLeases(leases: [UInt64], reason: String)
    /// Holds the most a request can cost on the key owner's prepaid balance.
    case reserveUsage(
        request: Digest, key: Digest, model: String, promptTokens: UInt64, maximumTokens: UInt64)
    /// Charges a request and releases what it did not use.
    case postUsage(UsageReading)
    /// Releases a request's hold without a charge.
    case voidUsage(request: Digest, reason: String)
    /// The cluster carried out what a proposal decided about its seats.
    case settleSeats(proposal: UInt64)
    /// Puts on record that the cluster was restored or recovered, and goes on in a new epoch.
    case openEpoch(epoch: UInt64, reason: String)
    /// From here on the log may hold kinds of entries up to a level; see `FeatureLevel`.
    case raiseLevel(UInt64)
    /// Holds the own seat out to another machine.
    case offerSeat(SeatOffer)
    /// Goes on with the own seat: under another key, at another address, with an empty disk.
    case takeSeat(SeatClaim)

    /// The word in events and logs.
    public var name: String {
        switch self {
        case .tick: "tick"
        case .recordBenchmark: "record-benchmark"
        case .place: "place"
        case .releaseLeases: "release-leases"
        case .reserveUsage: "reserve-usage"
        case .postUsage: "post-usage"
        case .voidUsage: "void-usage"
        case .settleSeats: "settle-seats"
        case .openEpoch: "open-epoch"
        case .raiseLevel: "raise-level"
        case .offerSeat: "offer-seat"
        case .takeSeat: "take-seat"
        }
    }
}

extension MemberCommand: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .tick: encoder.byte(1)
        case .recordBenchmark(let record):
            encoder.byte(2)
            encoder.value(record)
        case .place(let placements):
            encoder.byte(3)
            encoder.array(placements) { $0.value($1) }
        case .releaseLeases(let leases, let reason):
            encoder.byte(4)
            encoder.array(leases) { $0.number($1) }
            encoder.text(reason)
        case .reserveUsage(let request, let key, let model, let promptTokens, let maximumTokens):
            encoder.byte(5)
            encoder.digest(request)
            encoder.digest(key)
            encoder.text(model)
            encoder.number(promptTokens)
            encoder.number(maximumTokens)
        case .postUsage(let reading):
            encoder.byte(6)
            encoder.value(reading)
        case .voidUsage(let request, let reason):
            encoder.byte(7)
            encoder.digest(request)
            encoder.text(reason)
        case .settleSeats(let proposal):
            encoder.byte(8)
            encoder.number(proposal)
        case .openEpoch(let epoch, let reason):
            encoder.byte(9)
            encoder.number(epoch)
            encoder.text(reason)
        case .raiseLevel(let level):
            encoder.byte(10)
            encoder.number(level)
        case .offerSeat(let offer):
            encoder.byte(11)
            encoder.value(offer)
        case .takeSeat(let claim):
            encoder.byte(12)
            encoder.value(claim)
        }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let kind = try decoder.byte()
        switch kind {
        case 1: self = .tick
        case 2: self = .recordBenchmark(try decoder.value())
        case 3:
            self = .place(
                try decoder.array(limit: 4096) { decoder throws(Refusal) in try decoder.value() })
        case 4:
            self = .releaseLeases(
                leases: try decoder.array(limit: 4096) { decoder throws(Refusal) in
                    try decoder.number()
                }, reason: try decoder.text(limit: 256))
        case 5:
            self = .reserveUsage(
                request: try decoder.digest(), key: try decoder.digest(),
                model: try decoder.text(limit: 64), promptTokens: try decoder.number(),
                maximumTokens: try decoder.number())
        case 6: self = .postUsage(try decoder.value())
        case 7:
            self = .voidUsage(
                request: try decoder.digest(), reason: try decoder.text(limit: 256))
        case 8: self = .settleSeats(proposal: try decoder.number())
        case 9:
            self = .openEpoch(
                epoch: try decoder.number(), reason: try decoder.text(limit: 512))
        case 10: self = .raiseLevel(try decoder.number())
        case 11: self = .offerSeat(try decoder.value())
        case 12: self = .takeSeat(try decoder.value())
        default: throw Refusal("codec.malformed", "there is no member command \(kind)")
        }
    }
}
