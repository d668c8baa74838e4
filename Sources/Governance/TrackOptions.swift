// What a track may have beside the rules every track has: other ways to count, falling thresholds,
// hidden ballots, a faster way, and the finer points of deposits.

public import Primitives

/// How ballots of a track are counted.
///
/// Whether anything happens at all is always decided by for, against, abstain and veto. Where a
/// proposal offers options, the preferences on the same ballots say which one.
public enum VotingSystem: UInt8, CaseIterable, ByteCodable, Sendable {
    /// For, against, abstain, veto, weighted by tokens; no options.
    case token = 0
    /// As `token` whether there is to be a round; the approved projects share the budget by the
    /// Method of Equal Shares.
    case equalShares = 1
    /// Each ballot splits its power over the options; the most power wins.
    case weighted = 2
    /// Each ballot gives its power to every option it approves; the most power wins.
    case approval = 3
    /// Ballots rank options; the last one drops out until one has more than half.
    case ranked = 4
    /// Ballots rank options; the one that beats every other wins, or who wins most pairs.
    case condorcet = 5
    /// A person's power weighs by its square root; needs somebody who vouches for persons.
    case quadratic = 6
    /// Power weighs by how long its holder locks it; no options.
    case conviction = 7

    /// The word in a policy file.
    public var word: String {
        switch self {
        case .token: "token"
        case .equalShares: "equal-shares"
        case .weighted: "weighted"
        case .approval: "approval"
        case .ranked: "ranked"
        case .condorcet: "condorcet"
        case .quadratic: "quadratic"
        case .conviction: "conviction"
        }
    }

    /// What a ballot may say about options: the first word of its preference; nil for nothing.
    public var preferenceWord: String? {
        switch self {
        case .token, .conviction: nil
        case .equalShares, .approval: "approve"
        case .weighted, .quadratic: "share"
        case .ranked, .condorcet: "rank"
        }
    }
}

/// The finer points of a deposit.
public struct DepositTerms: Hashable, Sendable {
    /// Which part of a forfeited deposit is burned; the rest returns.
    public var burned: Fraction
    /// Which part a proposer loses who withdraws a proposal.
    public var withdrawal: Fraction
    /// By which part of the amount each proposal that is open on the track makes the next dearer.
    public var growth: Fraction

    /// Sets the terms: the whole is burned, withdrawing and crowding cost nothing unless said.
    public init(
        burned: Fraction = .one, withdrawal: Fraction = .zero, growth: Fraction = .zero
    ) {
        self.burned = burned
        self.withdrawal = withdrawal
        self.growth = growth
    }

    /// What is to be put down while `open` proposals are open. Throws `amount.overflow`.
    public func price(of amount: Amount, open: UInt64) throws(Refusal) -> Amount {
        let step = try growth.floor(of: amount)
        return try amount.adding(try step.multiplied(by: UInt128(open)))
    }
}

/// Thresholds that fall while a vote runs: what is clearly wanted passes early.
public struct TrackCurves: Hashable, Sendable {
    /// The share of the decided power that must be for.
    public var approval: ThresholdCurve
    /// The share of the quorum's base that must take part.
    public var support: ThresholdCurve

    /// Sets both.
    public init(approval: ThresholdCurve, support: ThresholdCurve) {
        self.approval = approval
        self.support = support
    }
}

/// Ballots that are committed to while voting runs and revealed after it.
public struct HiddenBallots: Hashable, Sendable {
    /// What a voter puts down with a commitment, and loses by not revealing it.
    public var bond: Amount
    /// How long ballots can be revealed once voting has ended, in milliseconds.
    public var reveal: UInt64

    /// Sets both.
    public init(bond: Amount, reveal: UInt64) {
        self.bond = bond
        self.reveal = reveal
    }
}

/// A shorter vote with a higher threshold. What does not pass it goes on as an ordinary vote.
public struct ExpeditedRules: Hashable, Sendable {
    /// From submission to the opening, in milliseconds.
    public var delay: UInt64
    /// How long the expedited vote is open, in milliseconds.
    public var period: UInt64
    /// From passing to execution, in milliseconds.
    public var timelock: UInt64
    /// The share that must be reached for it to pass early.
    public var threshold: Fraction

    /// Sets the rules.
    public init(delay: UInt64, period: UInt64, timelock: UInt64, threshold: Fraction) {
        self.delay = delay
        self.period = period
        self.timelock = timelock
        self.threshold = threshold
    }
}

// MARK: Canonical forms

extension DepositTerms: BinaryCodable {
    /// Burned, withdrawal, growth.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(burned)
        encoder.value(withdrawal)
        encoder.value(growth)
    }

    /// Reads terms.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        burned = try decoder.value()
        withdrawal = try decoder.value()
        growth = try decoder.value()
    }
}

extension TrackCurves: BinaryCodable {
    /// Approval, support.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(approval)
        encoder.value(support)
    }

    /// Reads curves.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        approval = try decoder.value()
        support = try decoder.value()
    }
}

extension ThresholdCurve: BinaryCodable {
    /// The form, then its points.
    public func encode(into encoder: inout BinaryEncoder) {
        let (form, points): (UInt8, [UInt64]) =
            switch self {
            case .linear(let length, let floor, let ceiling): (0, [length, floor, ceiling])
            case .stepped(let begin, let end, let step, let period):
                (1, [begin, end, step, period])
            case .reciprocal(let delay, let level, let floor, let ceiling):
                (2, [delay, level, floor, ceiling])
            }
        encoder.byte(form)
        for point in points { encoder.number(point) }
    }

    /// Reads a curve.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        switch try decoder.byte() {
        case 0:
            self = .linear(
                length: try decoder.number(), floor: try decoder.number(),
                ceiling: try decoder.number())
        case 1:
            self = .stepped(
                begin: try decoder.number(), end: try decoder.number(),
                step: try decoder.number(), period: try decoder.number())
        case 2:
            self = .reciprocal(
                delay: try decoder.number(), level: try decoder.number(),
                floor: try decoder.number(), ceiling: try decoder.number())
        default: throw Refusal("codec.malformed", "an unknown form of curve")
        }
    }
}

extension HiddenBallots: BinaryCodable {
    /// Bond, reveal.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.amount(bond)
        encoder.number(reveal)
    }

    /// Reads both.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        bond = try decoder.amount()
        reveal = try decoder.number()
    }
}

extension ExpeditedRules: BinaryCodable {
    /// Delay, period, timelock, threshold.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(delay)
        encoder.number(period)
        encoder.number(timelock)
        encoder.value(threshold)
    }

    /// Reads rules.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        delay = try decoder.number()
        period = try decoder.number()
        timelock = try decoder.number()
        threshold = try decoder.value()
    }
}
