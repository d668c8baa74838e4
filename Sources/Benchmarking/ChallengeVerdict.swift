// How a challenge ended, and what was seen, so that anybody can run the chain again and compare.

import Cryptography
public import Primitives

/// How a challenge ended.
public enum ChallengeOutcome: UInt8, Sendable, CaseIterable {
    /// The answer is right: its rate counts.
    case accepted = 0
    /// The answer is wrong, late or missing after the clock ran: the score is lost.
    case failed = 1
    /// It never started: nothing is known about the machine.
    case void = 2
}

/// One measured rate.
public struct RateSample: Hashable, Sendable, BinaryCodable {
    /// What was done, in the kernel's unit.
    public let work: UInt64
    /// How long it took by the verifier's clock.
    public let nanoseconds: UInt64

    /// Makes a sample.
    public init(work: UInt64, nanoseconds: UInt64) {
        self.work = work
        self.nanoseconds = nanoseconds
    }

    /// Work per second, rounded down.
    public var perSecond: UInt64 {
        let rate = UInt128(work) * 1_000_000_000 / UInt128(max(1, nanoseconds))
        return UInt64(clamping: rate)
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(work)
        encoder.number(nanoseconds)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        work = try decoder.number()
        nanoseconds = try decoder.number()
    }
}

/// The verdict on one challenge.
public struct ChallengeVerdict: Equatable, Sendable, BinaryCodable {
    /// The challenge.
    public let session: Digest
    /// How it ended.
    public let outcome: ChallengeOutcome
    /// `challenge.accepted`, or the code of what was wrong.
    public let code: String
    /// One sentence for a person.
    public let message: String
    /// The measured rate, when accepted.
    public let sample: RateSample?
    /// The digest of the `ChallengeEvidence`.
    public let evidence: Digest

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.digest(session)
        encoder.byte(outcome.rawValue)
        encoder.text(code)
        encoder.text(message)
        encoder.optional(sample) { $0.value($1) }
        encoder.digest(evidence)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        session = try decoder.digest()
        guard let outcome = ChallengeOutcome(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "this outcome of a challenge is not known")
        }
        self.outcome = outcome
        code = try decoder.text(limit: 64)
        message = try decoder.text(limit: 512)
        sample = try decoder.optional { decoder throws(Refusal) in try decoder.value() }
        evidence = try decoder.digest()
    }

    init(
        session: Digest, outcome: ChallengeOutcome, code: String, message: String,
        sample: RateSample?, evidence: Digest
    ) {
        self.session = session
        self.outcome = outcome
        self.code = code
        self.message = message
        self.sample = sample
        self.evidence = evidence
    }
}

/// Everything a verdict rests on but the uploaded data, which the roots pin.
///
/// Whoever holds it can run the chain from the seed and must find the same roots, or the prover
/// lied.
public struct ChallengeEvidence: Equatable, Sendable, BinaryCodable {
    /// The challenge.
    public let session: Digest
    /// Who was challenged.
    public let provider: Address
    /// The kernel, and its version.
    public let kernel: ChallengeMessage.KernelVersion
    /// How large it was.
    public let parameters: ChallengeParameters
    /// The seed.
    public let seed: Digest
    /// The commitment, once there was one.
    public internal(set) var commitment: Digest?
    /// The roots, once they were known.
    public internal(set) var roots: [Digest] = []
    /// The verifier's monotonic clock when the seed left, in nanoseconds.
    public internal(set) var startedAt: UInt64?
    /// The same clock when the commitment came.
    public internal(set) var committedAt: UInt64?
    /// The verdict's code.
    public internal(set) var code = ""

    /// The digest under which a verdict names it.
    public var digest: Digest { SHA256.hash(encoded) }

    init(provider: Address, seed: Digest, specification: ChallengeSpecification, session: Digest) {
        self.session = session
        self.provider = provider
        kernel = specification.kernelVersion
        parameters = specification.parameters
        self.seed = seed
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.digest(session)
        encoder.address(provider)
        encoder.value(kernel)
        encoder.value(parameters)
        encoder.digest(seed)
        encoder.optional(commitment) { $0.digest($1) }
        encoder.array(roots) { $0.digest($1) }
        encoder.optional(startedAt) { $0.number($1) }
        encoder.optional(committedAt) { $0.number($1) }
        encoder.text(code)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        session = try decoder.digest()
        provider = try decoder.address()
        kernel = try decoder.value()
        parameters = try decoder.value()
        seed = try decoder.digest()
        commitment = try decoder.optional { decoder throws(Refusal) in try decoder.digest() }
        let limit = Int(ChallengeParameters.passLimit)
        roots = try decoder.array(limit: limit) { decoder throws(Refusal) in try decoder.digest() }
        startedAt = try decoder.optional { decoder throws(Refusal) in try decoder.number() }
        committedAt = try decoder.optional { decoder throws(Refusal) in try decoder.number() }
        code = try decoder.text(limit: 64)
    }
}
