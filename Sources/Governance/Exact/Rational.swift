// Exact non-negative fractions of any size, always in lowest terms.

/// A non-negative rational number.
public struct Rational: Hashable, Sendable, CustomStringConvertible {
    /// Above the line.
    public let numerator: Natural
    /// Below the line; never zero.
    public let denominator: Natural

    /// Nothing.
    public static let zero = Rational(lowest: .zero, .one)
    /// One.
    public static let one = Rational(lowest: .one, .one)

    private init(lowest numerator: Natural, _ denominator: Natural) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Makes a fraction in lowest terms; nil for a zero denominator.
    public init?(_ numerator: Natural, over denominator: Natural) {
        guard !denominator.isZero else { return nil }
        self.init(reducing: numerator, denominator)
    }

    /// Makes a whole number.
    public init(_ value: UInt128) { self.init(lowest: Natural(value), .one) }

    private init(reducing numerator: Natural, _ denominator: Natural) {
        let divisor = Natural.greatestCommonDivisor(denominator, numerator)
        guard divisor != .one, let above = numerator.divided(by: divisor)?.quotient,
            let below = denominator.divided(by: divisor)?.quotient
        else {
            self.init(lowest: numerator, denominator)
            return
        }
        self.init(lowest: above, below)
    }

    /// Reads a decimal such as `0.9`, a fraction such as `7/13`, or a percentage.
    public init?(_ text: String) {
        guard let fraction = Fraction(text) else { return nil }
        self.init(fraction)
    }

    /// The same number as a fraction of 128 bits.
    public init(_ fraction: Fraction) {
        self.init(reducing: Natural(fraction.numerator), Natural(fraction.denominator))
    }

    /// Whether it is zero.
    public var isZero: Bool { numerator.isZero }

    /// The sum.
    public static func + (left: Rational, right: Rational) -> Rational {
        Rational(
            reducing: left.numerator * right.denominator + right.numerator * left.denominator,
            left.denominator * right.denominator)
    }

    /// The difference, held at zero.
    public func subtracting(_ other: Rational) -> Rational {
        let left = numerator * other.denominator
        guard let difference = left.subtracting(other.numerator * denominator) else {
            return .zero
        }
        return Rational(reducing: difference, denominator * other.denominator)
    }

    /// The product.
    public static func * (left: Rational, right: Rational) -> Rational {
        Rational(
            reducing: left.numerator * right.numerator, left.denominator * right.denominator)
    }

    /// The quotient; nil for a zero divisor.
    public func divided(by divisor: Rational) -> Rational? {
        guard !divisor.isZero else { return nil }
        return Rational(
            reducing: numerator * divisor.denominator, denominator * divisor.numerator)
    }

    /// The largest whole number not above it.
    public var floor: Natural { numerator.divided(by: denominator)?.quotient ?? .zero }

    /// `numerator/denominator`, or the whole number.
    public var description: String {
        denominator == .one ? numerator.description : "\(numerator)/\(denominator)"
    }
}

extension Rational: Comparable {
    /// Orders by value.
    public static func < (left: Rational, right: Rational) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }
}

extension Rational {
    /// The square root rounded down to a multiple of 2^-precision.
    public func squareRoot(precision: Int) -> Rational {
        // floor(sqrt(n/d) x 2^p) = floor(sqrt(floor(n x 4^p / d)))
        var scale = Natural.one
        for _ in 0..<precision { scale = scale + scale }
        let scaled = (numerator * scale * scale).divided(by: denominator)?.quotient ?? .zero
        return Rational(reducing: scaled.squareRoot, scale)
    }
}

extension Natural {
    /// The largest number whose square is not above this (Newton's method from above).
    public var squareRoot: Natural {
        guard !isZero else { return .zero }
        var guess = Natural.one
        for _ in 0..<(bitWidth / 2 + 1) { guess = guess + guess }
        while true {
            let sum = guess + (divided(by: guess)?.quotient ?? .zero)
            let next = sum.divided(by: Natural(2))?.quotient ?? .zero
            guard next < guess else { return guess }
            guess = next
        }
    }
}
