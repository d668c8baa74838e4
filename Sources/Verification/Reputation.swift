// What is known of a provider's answers. Only answers that were checked against another owner's
// count for it; one wrong answer takes all of its standing away.

public import Primitives

/// A provider's record.
public struct Reputation: Equatable, Sendable, BinaryCodable {
    /// Checked answers without a fault since the last fault.
    public internal(set) var consecutiveValid: UInt64 = 0
    /// Checked answers without a fault, ever.
    public internal(set) var valid: UInt64 = 0
    /// Wrong answers, ever.
    public internal(set) var invalid: UInt64 = 0
    /// Answers that were taken unchecked, ever.
    public internal(set) var unchecked: UInt64 = 0
    /// Leases that ended without an answer, in a row.
    public internal(set) var timeoutsInARow: UInt64 = 0

    /// The record of a stranger.
    public init() {}

    /// Whether some of its answers may be taken unchecked.
    public func isTrusted(under policy: VerificationPolicy) -> Bool {
        consecutiveValid >= policy.trustedAfter && timeoutsInARow < policy.timeoutLimit
    }

    /// The share of its answers that is computed again, in millionths.
    ///
    /// One in n after n faultless checks, never below the floor: without a floor a patient liar
    /// could expect as many accepted lies as it has served honestly.
    public func auditShare(under policy: VerificationPolicy) -> UInt64 {
        guard isTrusted(under: policy) else { return 1_000_000 }
        return max(policy.auditFloor, 1_000_000 / max(1, consecutiveValid))
    }

    mutating func recordValid() {
        consecutiveValid += 1
        valid += 1
        timeoutsInARow = 0
    }

    mutating func recordUnchecked() {
        unchecked += 1
        timeoutsInARow = 0
    }

    mutating func recordInvalid() {
        consecutiveValid = 0
        invalid += 1
    }

    mutating func recordTimeout() { timeoutsInARow += 1 }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(consecutiveValid)
        encoder.number(valid)
        encoder.number(invalid)
        encoder.number(unchecked)
        encoder.number(timeoutsInARow)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        consecutiveValid = try decoder.number()
        valid = try decoder.number()
        invalid = try decoder.number()
        unchecked = try decoder.number()
        timeoutsInARow = try decoder.number()
    }
}
