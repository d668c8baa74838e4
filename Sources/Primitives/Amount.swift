// Money and voting power: whole numbers of an asset's smallest unit, never a fraction, never a
// float.

/// A non-negative amount of some asset in its minimal units.
///
/// Arithmetic that could leave 0...2^128-1 throws `amount.overflow` or `amount.negative`; there is
/// no operator that could wrap or trap.
public struct Amount: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number of minimal units.
    public let units: UInt128

    /// Nothing.
    public static let zero = Amount(0)

    /// The largest amount.
    public static let max = Amount(UInt128.max)

    /// Makes an amount of `units` minimal units.
    public init(_ units: UInt128) { self.units = units }

    /// Reads a canonical decimal: digits only, no sign, no leading zero, at most 2^128-1.
    public init?(decimal text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.count <= 39, digits.allSatisfy({ 0x30...0x39 ~= $0 }),
            digits.count == 1 || digits[0] != 0x30
        else { return nil }
        var value: UInt128 = 0
        for digit in digits {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(UInt128(digit - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        self.init(value)
    }

    /// Whether this is nothing.
    public var isZero: Bool { units == 0 }

    /// The sum; throws `amount.overflow`.
    public func adding(_ other: Amount) throws(Refusal) -> Amount {
        let (sum, overflow) = units.addingReportingOverflow(other.units)
        guard !overflow else {
            throw Refusal("amount.overflow", "\(units) + \(other.units) does not fit in 128 bits")
        }
        return Amount(sum)
    }

    /// The difference; throws `amount.negative`.
    public func subtracting(_ other: Amount) throws(Refusal) -> Amount {
        guard units >= other.units else {
            throw Refusal("amount.negative", "\(units) - \(other.units) is below zero")
        }
        return Amount(units - other.units)
    }

    /// The product with a whole number; throws `amount.overflow`.
    public func multiplied(by factor: UInt128) throws(Refusal) -> Amount {
        let (product, overflow) = units.multipliedReportingOverflow(by: factor)
        guard !overflow else {
            throw Refusal("amount.overflow", "\(units) x \(factor) does not fit in 128 bits")
        }
        return Amount(product)
    }

    /// `floor(self x numerator / denominator)`, exact through a 256-bit product.
    ///
    /// Throws `amount.overflow` when the result does not fit, `amount.division` for a zero divisor.
    public func scaled(_ numerator: UInt128, over denominator: UInt128) throws(Refusal) -> Amount {
        guard denominator != 0 else { throw Refusal("amount.division", "division by zero") }
        let product = units.multipliedFullWidth(by: numerator)
        guard product.high < denominator else {
            throw Refusal("amount.overflow", "\(units) x \(numerator) / \(denominator) overflows")
        }
        return Amount(denominator.dividingFullWidth(product).quotient)
    }

    /// The smaller of two.
    public static func min(_ left: Amount, _ right: Amount) -> Amount {
        left < right ? left : right
    }

    /// Decimal digits.
    public var description: String { String(units) }

    /// Orders by units.
    public static func < (left: Amount, right: Amount) -> Bool { left.units < right.units }
}
