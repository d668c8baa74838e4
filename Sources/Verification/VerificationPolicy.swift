// How much is checked, and what a wrong answer costs: Policies/verification.yaml.

public import Primitives

/// The rules of verification in force.
public struct VerificationPolicy: Equatable, Sendable {
    /// How many equal answers of different owners settle a task that is computed more than once.
    public let quorum: UInt64
    /// The most answers one task is given before it is disputed.
    public let resultLimit: UInt64
    /// Checked answers without a fault after which a provider's answers are no longer all repeated.
    public let trustedAfter: UInt64
    /// The least share of a trusted provider's answers that is repeated, in millionths.
    public let auditFloor: UInt64
    /// How many unchecked answers of a provider are computed again when it is caught.
    public let recheckLimit: UInt64
    /// How long earnings of unchecked answers are held back at most, in milliseconds.
    public let provisionalWindow: UInt64
    /// What a wrong answer costs, in millionths of the stake.
    public let slashShare: UInt64
    /// What a wrong answer costs at least, in minimal units, as far as the stake goes.
    public let slashFloor: Amount
    /// Timeouts in a row after which a provider is no longer trusted.
    public let timeoutLimit: UInt64

    /// Reads the policy; refusals carry the file and the line.
    public init(parsing text: String, name: String = "Policies/verification.yaml") throws(Refusal) {
        var root = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        _ = try root.number("version", in: 1...1)

        var replication = try root.mapping("replication")
        quorum = try replication.number("quorum", in: 2...5)
        resultLimit = try replication.number("result-limit", in: 3...15)
        guard resultLimit >= 2 * quorum - 1 else {
            throw replication.refusal(
                "verification.bounds",
                "`result-limit` must be at least 2 x quorum - 1, or one liar forces a dispute",
                key: "result-limit")
        }
        try replication.finish()

        var trust = try root.mapping("trust")
        trustedAfter = try trust.number("trusted-after", in: 1...1000)
        auditFloor = try trust.share("audit-floor", in: 10_000...1_000_000)
        timeoutLimit = try trust.number("timeout-limit", in: 1...100)
        try trust.finish()

        var provisional = try root.mapping("provisional")
        provisionalWindow = try provisional.duration("hold")
        recheckLimit = try provisional.number("recheck", in: 0...1000)
        try provisional.finish()

        var slashing = try root.mapping("slashing")
        slashShare = try slashing.share("share-of-stake")
        slashFloor = try slashing.amount("floor")
        try slashing.finish()
        try root.finish()
    }

    /// What a wrong answer costs a provider with this stake; never more than the stake.
    public func slash(stake: Amount) -> Amount {
        // A share of at most all of the stake cannot overflow.
        let share = (try? stake.scaled(UInt128(slashShare), over: 1_000_000)) ?? stake
        return Amount.min(stake, max(share, slashFloor))
    }
}
