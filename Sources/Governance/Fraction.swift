// Exact fractions. A vote is never decided by a division: both sides are multiplied out.

public import Primitives

/// A fraction of two whole numbers, kept as it was written: `40%` is 40 over 100.
public struct Fraction: Hashable, Sendable, CustomStringConvertible {
    /// Above the line.
    public let numerator: UInt128
    /// Below the line; never zero.
    public let denominator: UInt128

    /// Makes a fraction; nil for a zero denominator.
    public init?(_ numerator: UInt128, over denominator: UInt128) {
        guard denominator != 0 else { return nil }
        self.numerator = numerator
        self.denominator = denominator
    }

    private init(checked numerator: UInt128, _ denominator: UInt128) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// No part at all.
    public static let zero = Fraction(checked: 0, 1)
    /// The whole.
    public static let one = Fraction(checked: 1, 1)
    /// One half.
    public static let half = Fraction(checked: 1, 2)

    /// `percent` parts of a hundred.
    public static func percent(_ percent: UInt128) -> Fraction { Fraction(checked: percent, 100) }

    /// `parts` parts of a million.
    public static func millionths(_ parts: UInt64) -> Fraction {
        Fraction(checked: UInt128(parts), 1_000_000)
    }

    /// Reads `40%`, `12.5%`, `2/3` or a decimal such as `0.334`; at most 18 digits a number.
    public init?(_ text: some StringProtocol) {
        if let slash = text.firstIndex(of: "/") {
            guard let above = Fraction.digits(text[..<slash]),
                let below = Fraction.digits(text[text.index(after: slash)...])
            else { return nil }
            self.init(above, over: below)
            return
        }
        let percent = text.hasSuffix("%")
        let parts = text.dropLast(percent ? 1 : 0)
            .split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ Fraction.digits($0) }), parts.count <= 2 else {
            return nil
        }
        var above = whole
        var below: UInt128 = percent ? 100 : 1
        if parts.count == 2 {
            guard let decimals = Fraction.digits(parts[1]) else { return nil }
            for _ in parts[1].utf8 {
                above *= 10
                below *= 10
            }
            above += decimals
        }
        self.init(above, over: below)
    }

    private static func digits(_ text: some StringProtocol) -> UInt128? {
        guard !text.isEmpty, text.utf8.count <= 18,
            text.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        return UInt128(text)
    }

    /// Whether `part >= self x whole`.
    public func isReached(by part: Amount, of whole: Amount) -> Bool {
        WideProduct(part.units, denominator) >= WideProduct(numerator, whole.units)
    }

    /// Whether `part > self x whole`.
    public func isExceeded(by part: Amount, of whole: Amount) -> Bool {
        WideProduct(part.units, denominator) > WideProduct(numerator, whole.units)
    }

    /// `floor(self x whole)`; throws `amount.overflow`.
    public func floor(of whole: Amount) throws(Refusal) -> Amount {
        try whole.scaled(numerator, over: denominator)
    }

    /// What is missing to the whole, or zero for more than the whole.
    public var complement: Fraction {
        Fraction(checked: denominator > numerator ? denominator - numerator : 0, denominator)
    }

    /// Whether both stand for the same number, however written.
    public func isSameNumber(as other: Fraction) -> Bool {
        WideProduct(numerator, other.denominator) == WideProduct(other.numerator, denominator)
    }

    /// `12.5%` where the denominator is a hundred or a power of ten above it, `2/3` otherwise.
    public var description: String {
        var scale: UInt128 = 100
        var decimals = 0
        while scale < denominator, decimals < 16 {
            scale *= 10
            decimals += 1
        }
        guard scale == denominator else { return "\(numerator)/\(denominator)" }
        var unit: UInt128 = 1
        for _ in 0..<decimals { unit *= 10 }
        guard decimals > 0, numerator % unit != 0 else { return "\(numerator / unit)%" }
        var fraction = String(numerator % unit)
        fraction = String(repeating: "0", count: decimals - fraction.count) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        return "\(numerator / unit).\(fraction)%"
    }
}

extension Fraction: Comparable {
    /// Orders by value; fractions of equal value written differently are neither less.
    public static func < (left: Fraction, right: Fraction) -> Bool {
        WideProduct(left.numerator, right.denominator)
            < WideProduct(right.numerator, left.denominator)
    }
}

extension Fraction: BinaryCodable {
    /// Numerator, then denominator.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(numerator)
        encoder.number(denominator)
    }

    /// Reads a fraction; a zero denominator is malformed.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let numerator = try decoder.number128()
        let denominator = try decoder.number128()
        guard denominator != 0 else {
            throw Refusal("codec.malformed", "a fraction's denominator is zero")
        }
        self.init(checked: numerator, denominator)
    }
}

/// The 256-bit product of two 128-bit numbers, for comparing.
struct WideProduct: Comparable {
    private let high: UInt128
    private let low: UInt128

    init(_ left: UInt128, _ right: UInt128) {
        let product = left.multipliedFullWidth(by: right)
        high = product.high
        low = product.low
    }

    static func < (left: WideProduct, right: WideProduct) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
