// Answers to tasks, and what is stored of a task while its answers are compared.

public import Primitives

/// One provider's answer to a task.
public struct TaskResult: Equatable, Sendable, BinaryCodable {
    /// The task's number.
    public let task: UInt64
    /// Who computed it.
    public let provider: Address
    /// Who owns that provider; its answers count once, however many machines it has.
    public let owner: Address
    /// The digest of the output.
    public let output: Digest
    /// Which processors give the same bytes; empty when all do.
    public let hardwareClass: String
    /// What the answer earns once it is accepted.
    public let earnings: Amount

    /// Makes an answer.
    public init(
        task: UInt64, provider: Address, owner: Address, output: Digest, hardwareClass: String = "",
        earnings: Amount = .zero
    ) {
        self.task = task
        self.provider = provider
        self.owner = owner
        self.output = output
        self.hardwareClass = hardwareClass
        self.earnings = earnings
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(task)
        encoder.address(provider)
        encoder.address(owner)
        encoder.digest(output)
        encoder.text(hardwareClass)
        encoder.amount(earnings)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        task = try decoder.number()
        provider = try decoder.address()
        owner = try decoder.address()
        output = try decoder.digest()
        hardwareClass = try decoder.text(limit: 128)
        earnings = try decoder.amount()
    }
}

/// Where a task stands.
public enum TaskVerificationState: UInt8, Sendable {
    /// Answers are awaited.
    case open = 0
    /// An answer was taken from a trusted provider, unchecked; it may be opened again.
    case provisional = 1
    /// An answer is accepted for good.
    case accepted = 2
    /// The answers differ and no quorum can be had: a referee must compute it.
    case disputed = 3
}

/// Why a task is computed as often as it is.
public enum ReplicationReason: UInt8, Sendable {
    /// No answer yet.
    case none = 0
    /// The provider is trusted and the draw spared it.
    case trusted = 1
    /// The provider is not trusted yet, or no more.
    case untrusted = 2
    /// The draw took it.
    case audit = 3
    /// Two answers differ.
    case mismatch = 4
    /// The provider was caught elsewhere.
    case recheck = 5
}

/// A task whose answers are compared.
public struct TaskVerification: Equatable, Sendable, BinaryCodable {
    /// Where it stands.
    public internal(set) var state = TaskVerificationState.open
    /// How many equal answers of different owners are needed.
    public internal(set) var needed: UInt64 = 1
    /// Why.
    public internal(set) var reason = ReplicationReason.none
    /// The answers, in the order they came; at most one an owner.
    public internal(set) var results: [TaskResult] = []
    /// The accepted digest.
    public internal(set) var accepted: Digest?

    /// The owners that have answered: they compute it no more.
    public var owners: [Address] { results.map(\.owner) }

    /// The class that further answers must have; nil before the first.
    public var hardwareClass: String? { results.first?.hardwareClass }

    init() {}

    /// How many more owners must answer, as far as is known now.
    public var replicasMissing: UInt64 {
        guard state == .open else { return 0 }
        let most = agreement?.count ?? 0
        return needed > most ? needed - most : 0
    }

    /// The digest that most owners gave, the earliest of equals, with their number.
    var agreement: (digest: Digest, count: UInt64)? {
        var best: (digest: Digest, count: UInt64)?
        for result in results {
            let count = UInt64(results.count { $0.output == result.output })
            if count > best?.count ?? 0 { best = (result.output, count) }
        }
        return best
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(state.rawValue)
        encoder.number(needed)
        encoder.byte(reason.rawValue)
        encoder.array(results) { $0.value($1) }
        encoder.optional(accepted) { $0.digest($1) }
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard let state = TaskVerificationState(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "this state of a task is not known")
        }
        self.state = state
        needed = try decoder.number()
        guard let reason = ReplicationReason(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "this reason for replication is not known")
        }
        self.reason = reason
        results = try decoder.array(limit: 64) { decoder throws(Refusal) in try decoder.value() }
        accepted = try decoder.optional { decoder throws(Refusal) in try decoder.digest() }
    }
}
