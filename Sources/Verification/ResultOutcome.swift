// What submitting an answer leads to.

public import Primitives

/// An answer that was taken unchecked, and what it earned.
public struct ProvisionalResult: Equatable, Sendable, BinaryCodable {
    /// The task.
    public let task: UInt64
    /// Who answered it.
    public let provider: Address
    /// What is held back.
    public let earnings: Amount
    /// Since when.
    public let since: Timestamp

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(task)
        encoder.address(provider)
        encoder.amount(earnings)
        encoder.timestamp(since)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        task = try decoder.number()
        provider = try decoder.address()
        earnings = try decoder.amount()
        since = try decoder.timestamp()
    }

    init(task: UInt64, provider: Address, earnings: Amount, since: Timestamp) {
        self.task = task
        self.provider = provider
        self.earnings = earnings
        self.since = since
    }
}

/// An accepted answer and all that follows from it.
public struct Acceptance: Equatable, Sendable {
    /// The task.
    public let task: UInt64
    /// The accepted output.
    public let digest: Digest
    /// Whether it was taken unchecked: its earnings are held back.
    public internal(set) var provisional = false
    /// The answers that agree with it, to be paid (or held back, when provisional).
    public internal(set) var honest: [TaskResult] = []
    /// The answers that do not: their providers are slashed by the policy.
    public internal(set) var dishonest: [TaskResult] = []
    /// Earlier unchecked answers whose earnings are now free, since their provider passed a check.
    public internal(set) var released: [ProvisionalResult] = []
    /// Earlier unchecked answers of dishonest providers whose earnings are lost for now: their
    /// tasks are open again.
    public internal(set) var reopened: [ProvisionalResult] = []
    /// Unchecked answers of dishonest providers too old to be looked at again: they stand, and
    /// their earnings go back to where they came from.
    public internal(set) var forfeited: [ProvisionalResult] = []

    init(task: UInt64, digest: Digest) {
        self.task = task
        self.digest = digest
    }
}

/// What submitting an answer leads to.
public enum ResultOutcome: Equatable, Sendable {
    /// More owners must compute the task.
    case waiting(replicasMissing: UInt64, reason: ReplicationReason)
    /// The task is settled, or taken provisionally.
    case accepted(Acceptance)
    /// A referee must compute the task.
    case disputed
    /// The task had been settled; the late answer was judged all the same.
    case late(agrees: Bool)
}
