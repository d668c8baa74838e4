// The power behind each choice.

public import Primitives

/// How much power stands behind each choice.
public struct Tally: Hashable, Sendable {
    /// Power for.
    public var `for`: Amount
    /// Power against.
    public var against: Amount
    /// Power that abstained.
    public var abstain: Amount
    /// Power that vetoed.
    public var veto: Amount

    /// Makes a tally; nothing by default.
    public init(
        for: Amount = .zero, against: Amount = .zero, abstain: Amount = .zero,
        veto: Amount = .zero
    ) {
        self.for = `for`
        self.against = against
        self.abstain = abstain
        self.veto = veto
    }

    /// The power behind one choice.
    public subscript(choice: Choice) -> Amount {
        get {
            switch choice {
            case .for: self.for
            case .against: against
            case .abstain: abstain
            case .veto: veto
            }
        }
        set {
            switch choice {
            case .for: self.for = newValue
            case .against: against = newValue
            case .abstain: abstain = newValue
            case .veto: veto = newValue
            }
        }
    }

    /// Adds power to a choice; throws `amount.overflow`.
    public mutating func add(_ power: Amount, to choice: Choice) throws(Refusal) {
        self[choice] = try self[choice].adding(power)
    }

    /// Takes power from a choice; throws `amount.negative`.
    public mutating func take(_ power: Amount, from choice: Choice) throws(Refusal) {
        self[choice] = try self[choice].subtracting(power)
    }

    /// The power behind the choices in `set`, added up; throws `amount.overflow`.
    public func sum(of set: ChoiceSet) throws(Refusal) -> Amount {
        var sum = Amount.zero
        for choice in Choice.allCases where set.contains(ChoiceSet(choice)) {
            sum = try sum.adding(self[choice])
        }
        return sum
    }
}

extension Tally: BinaryCodable {
    /// For, against, abstain, veto.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.amount(self.for)
        encoder.amount(against)
        encoder.amount(abstain)
        encoder.amount(veto)
    }

    /// Reads a tally.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        self.for = try decoder.amount()
        against = try decoder.amount()
        abstain = try decoder.amount()
        veto = try decoder.amount()
    }
}

/// A set of choices.
public struct ChoiceSet: OptionSet, Hashable, Sendable {
    /// One bit a choice.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// For.
    public static let `for` = ChoiceSet(.for)
    /// Against.
    public static let against = ChoiceSet(.against)
    /// Abstain.
    public static let abstain = ChoiceSet(.abstain)
    /// Veto.
    public static let veto = ChoiceSet(.veto)
    /// Every choice.
    public static let all: ChoiceSet = [.for, .against, .abstain, .veto]
    /// Every choice that takes a side.
    public static let decided: ChoiceSet = [.for, .against, .veto]

    /// The set of one choice.
    public init(_ choice: Choice) { rawValue = 1 << choice.rawValue }

    /// The members, in a fixed order: for, against, abstain, veto.
    public var choices: [Choice] {
        let order: [Choice] = [.for, .against, .abstain, .veto]
        return order.filter { contains(ChoiceSet($0)) }
    }
}
