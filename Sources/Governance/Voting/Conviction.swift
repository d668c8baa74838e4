// Voting with a lock: who keeps their tokens still for longer weighs more.

public import Primitives

/// How long a voter locks, and for what weight (as Polkadot's OpenGov).
public struct Conviction: Hashable, Sendable {
    /// From 0, no lock and a tenth of the weight, to 6, 32 periods and six times the weight.
    public let level: UInt8

    /// The strongest conviction.
    public static let strongest: UInt8 = 6

    /// Takes a level from 0 to 6.
    public init?(_ level: UInt8) {
        guard level <= Conviction.strongest else { return nil }
        self.level = level
    }

    init(unchecked level: UInt8) { self.level = level }

    /// What each token weighs, over its capital.
    public var multiplier: Fraction {
        level == 0 ? Fraction("1/10") ?? .zero : Fraction(UInt128(level), over: 1) ?? .zero
    }

    /// For how many periods tokens stay locked after a vote that their side won.
    public var lockPeriods: UInt64 { level == 0 ? 0 : 1 << UInt64(level - 1) }

    /// The votes that `capital` casts; a tenth rounds down. Throws `amount.overflow`.
    public func votes(of capital: Amount) throws(Refusal) -> Amount {
        try multiplier.floor(of: capital)
    }
}
