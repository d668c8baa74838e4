// When a tally passes. One rule with explicit parameters instead of a rule for each tradition:
// which choices make the quorum, what the threshold is a share of, and whether a comparison is > or
// >=. Every comparison multiplies both sides out (256 bits), so that no rounding decides a vote.

public import Primitives

/// The parameters that turn a tally into an outcome.
public struct TallyRules: Hashable, Sendable {
    /// How much must take part.
    public enum Quorum: Hashable, Sendable {
        /// At least this share of the supply at the snapshot.
        case share(Fraction)
        /// At least the whole units in this share: `floor(fraction x supply)`, as OpenZeppelin.
        case flooredShare(Fraction)
        /// More than this share of the supply at the snapshot.
        case moreThanShare(Fraction)
        /// At least this much power.
        case amount(Amount)
    }

    /// What the approval threshold is a share of.
    public enum Base: UInt8, CaseIterable, ByteCodable, Sendable {
        /// Power for, against and veto: abstaining does not weigh.
        case decided = 0
        /// All power cast, abstentions included.
        case cast = 1
        /// The supply at the snapshot.
        case supply = 2
        /// The supply at the snapshot without the power that abstained.
        case nonAbstainingSupply = 3

        /// The word in a policy file.
        public var word: String {
            switch self {
            case .decided: "decided"
            case .cast: "cast"
            case .supply: "supply"
            case .nonAbstainingSupply: "supply-without-abstentions"
            }
        }
    }

    /// What the quorum is a share of.
    public enum QuorumBase: UInt8, CaseIterable, ByteCodable, Sendable {
        /// The whole supply.
        case supply = 0
        /// What accounts hold: the supply without what the treasury keeps and nobody can vote with.
        case held = 1
        /// What holders lend to delegates at the snapshot.
        case delegated = 2

        /// The word in a policy file.
        public var word: String {
            switch self {
            case .supply: "supply"
            case .held: "held"
            case .delegated: "delegated"
            }
        }
    }

    /// How much must take part.
    public var quorum: Quorum
    /// What `quorum` is a share of.
    public var quorumBase: QuorumBase
    /// The choices that count towards the quorum.
    public var quorumCounts: ChoiceSet
    /// The share that must be for.
    public var threshold: Fraction
    /// What `threshold` is a share of.
    public var thresholdBase: Base
    /// Whether exactly the threshold is not enough.
    public var thresholdIsStrict: Bool
    /// The share of all power cast above which vetoes decide; nil where nobody may veto.
    public var veto: Fraction?

    /// Sets the parameters.
    public init(
        quorum: Quorum, quorumCounts: ChoiceSet, threshold: Fraction = .half,
        thresholdBase: Base = .decided, thresholdIsStrict: Bool = true, veto: Fraction? = nil,
        quorumBase: QuorumBase = .supply
    ) {
        self.quorum = quorum
        self.quorumBase = quorumBase
        self.quorumCounts = quorumCounts
        self.threshold = threshold
        self.thresholdBase = thresholdBase
        self.thresholdIsStrict = thresholdIsStrict
        self.veto = veto
    }
}

/// What a tally came to.
public enum Outcome: UInt8, ByteCodable, Sendable {
    /// Quorum and threshold were reached.
    case passed = 0
    /// Too little power took part.
    case quorumMissed = 1
    /// Enough took part, too little was for.
    case rejected = 2
    /// Vetoes passed their threshold.
    case vetoed = 3
}

/// An outcome with the arithmetic that led to it.
public struct Verdict: Hashable, Sendable {
    /// What the tally came to.
    public let outcome: Outcome
    /// Each comparison made, as a line a person can check with a pocket calculator.
    public let explanation: [String]

    /// Whether the proposal passes.
    public var passes: Bool { outcome == .passed }
}

extension TallyRules {
    /// Applies the rules: quorum, then veto, then threshold. Throws `amount.overflow`.
    ///
    /// - Parameters:
    ///   - tally: the votes, as they weigh.
    ///   - supply: the supply at the snapshot.
    ///   - turnout: the tokens behind the votes where that is not what they weigh; the quorum
    ///     counts tokens.
    ///   - base: what the quorum is a share of where that is not the supply.
    public func decide(
        _ tally: Tally, supply: Amount, turnout: Tally? = nil, base: Amount? = nil
    ) throws(Refusal) -> Verdict {
        var working = Working(isKept: true)
        let outcome = try outcome(
            tally, supply: supply, turnout: turnout ?? tally, base: base ?? supply, &working)
        return Verdict(outcome: outcome, explanation: working.lines)
    }

    /// Whether the tally passes: what `decide` says, without the sentences. Throws
    /// `amount.overflow`.
    public func passes(
        _ tally: Tally, supply: Amount, turnout: Tally, base: Amount
    ) throws(Refusal) -> Bool {
        var working = Working(isKept: false)
        return try outcome(tally, supply: supply, turnout: turnout, base: base, &working)
            == .passed
    }

    private func outcome(
        _ tally: Tally, supply: Amount, turnout: Tally, base: Amount, _ working: inout Working
    ) throws(Refusal) -> Outcome {
        guard try isQuorumReached(turnout, supply: base, &working) else { return .quorumMissed }
        if try isVetoed(tally, &working) { return .vetoed }
        return try isApproved(tally, supply: supply, &working) ? .passed : .rejected
    }

    /// Whether enough power took part. Throws `amount.overflow`.
    public func isQuorumReached(_ tally: Tally, supply: Amount) throws(Refusal) -> Bool {
        var working = Working(isKept: false)
        return try isQuorumReached(tally, supply: supply, &working)
    }

    /// The lines of an explanation. Every vote asks whether the proposal passes now, and nobody
    /// reads why until it is over: sentences that nobody asked for are not made.
    private struct Working {
        let isKept: Bool
        private(set) var lines: [String] = []

        init(isKept: Bool) { self.isKept = isKept }

        mutating func note(_ line: @autoclosure () -> String) {
            if isKept { lines.append(line()) }
        }
    }

    private func isQuorumReached(
        _ tally: Tally, supply: Amount, _ working: inout Working
    ) throws(Refusal) -> Bool {
        let present = try tally.sum(of: quorumCounts)
        let reached =
            switch quorum {
            case .share(let fraction): fraction.isReached(by: present, of: supply)
            case .moreThanShare(let fraction): fraction.isExceeded(by: present, of: supply)
            case .flooredShare(let fraction): present >= (try fraction.floor(of: supply))
            case .amount(let needed): present >= needed
            }
        working.note(
            "quorum: \(Self.words(tally, quorumCounts)) = \(present);"
                + " \(quorumComparison(present, supply: supply, reached)):"
                + " \(reached ? "reached" : "missed")")
        return reached
    }

    private func quorumComparison(_ present: Amount, supply: Amount, _ reached: Bool) -> String {
        switch quorum {
        case .share(let fraction):
            "\(present) x \(fraction.denominator) \(reached ? ">=" : "<")"
                + " \(fraction.numerator) x \(quorumBase.word) \(supply)"
        case .moreThanShare(let fraction):
            "\(present) x \(fraction.denominator) \(reached ? ">" : "<=")"
                + " \(fraction.numerator) x \(quorumBase.word) \(supply)"
        case .flooredShare(let fraction):
            "\(present) \(reached ? ">=" : "<")"
                + " \((try? fraction.floor(of: supply)) ?? .max), the whole units in"
                + " \(fraction) of \(supply)"
        case .amount(let needed): "\(present) \(reached ? ">=" : "<") \(needed)"
        }
    }

    private func isVetoed(_ tally: Tally, _ working: inout Working) throws(Refusal) -> Bool {
        guard let veto else { return false }
        let cast = try tally.sum(of: .all)
        let vetoed = veto.isExceeded(by: tally.veto, of: cast)
        working.note(
            "veto: \(Self.words(tally, .all)) = \(cast) cast; veto \(tally.veto) x"
                + " \(veto.denominator) \(vetoed ? ">" : "<=") \(veto.numerator) x \(cast):"
                + " \(vetoed ? "vetoed" : "not vetoed")")
        return vetoed
    }

    private func isApproved(
        _ tally: Tally, supply: Amount, _ working: inout Working
    ) throws(Refusal) -> Bool {
        let whole: Amount =
            switch thresholdBase {
            case .decided: try tally.sum(of: .decided)
            case .cast: try tally.sum(of: .all)
            case .supply: supply
            case .nonAbstainingSupply:
                supply > tally.abstain ? try supply.subtracting(tally.abstain) : .zero
            }
        // Nothing for is never approval, even where a threshold of `>=` would hold as 0 >= 0.
        let holds =
            thresholdIsStrict
            ? threshold.isExceeded(by: tally.for, of: whole)
            : threshold.isReached(by: tally.for, of: whole)
        let approved = holds && !tally.for.isZero
        let sign = thresholdIsStrict ? (holds ? ">" : "<=") : (holds ? ">=" : "<")
        working.note(
            "threshold: \(thresholdWords(tally, supply: supply)) = \(whole);"
                + " for \(tally.for) x \(threshold.denominator) \(sign)"
                + " \(threshold.numerator) x \(whole): \(approved ? "approved" : "rejected")")
        return approved
    }

    private func thresholdWords(_ tally: Tally, supply: Amount) -> String {
        switch thresholdBase {
        case .decided: Self.words(tally, .decided)
        case .cast: Self.words(tally, .all)
        case .supply: "supply"
        case .nonAbstainingSupply: "supply \(supply) - abstain \(tally.abstain)"
        }
    }

    private static func words(_ tally: Tally, _ set: ChoiceSet) -> String {
        set.choices.map { "\($0.word) \(tally[$0])" }.joined(separator: " + ")
    }
}

extension Outcome {
    /// The word in records and on pages.
    public var word: String {
        switch self {
        case .passed: "passed"
        case .quorumMissed: "quorum-missed"
        case .rejected: "rejected"
        case .vetoed: "vetoed"
        }
    }
}

extension TallyRules: BinaryCodable {
    /// The parameters in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        switch quorum {
        case .share(let fraction):
            encoder.byte(0)
            encoder.value(fraction)
        case .flooredShare(let fraction):
            encoder.byte(1)
            encoder.value(fraction)
        case .amount(let amount):
            encoder.byte(2)
            encoder.amount(amount)
        case .moreThanShare(let fraction):
            encoder.byte(3)
            encoder.value(fraction)
        }
        encoder.byte(quorumCounts.rawValue)
        encoder.value(threshold)
        encoder.value(thresholdBase)
        encoder.flag(thresholdIsStrict)
        encoder.optional(veto) { $0.value($1) }
        encoder.value(quorumBase)
    }

    /// Reads rules.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        switch try decoder.byte() {
        case 0: quorum = .share(try decoder.value())
        case 1: quorum = .flooredShare(try decoder.value())
        case 2: quorum = .amount(try decoder.amount())
        case 3: quorum = .moreThanShare(try decoder.value())
        default: throw Refusal("codec.malformed", "an unknown form of quorum")
        }
        let counts = try decoder.byte()
        guard counts & ~ChoiceSet.all.rawValue == 0 else {
            throw Refusal("codec.malformed", "an unknown choice in a quorum")
        }
        quorumCounts = ChoiceSet(rawValue: counts)
        threshold = try decoder.value()
        thresholdBase = try decoder.value()
        thresholdIsStrict = try decoder.flag()
        veto = try decoder.optional { (decoder) throws(Refusal) in try decoder.value() }
        quorumBase = try decoder.value()
    }
}
