// Logarithms without floating point, so that every member and every auditor gets the same points.

/// Numbers with 32 binary places.
enum FixedPoint {
    static let one: Int64 = 1 << 32

    /// The logarithm to base two of a positive number, rounded down to 32 binary places.
    static func log2(_ value: UInt64) -> Int64 {
        precondition(value > 0)
        let whole = 63 - value.leadingZeroBitCount
        // The mantissa in [1, 2) with 63 binary places; squaring it yields one more binary digit.
        var mantissa = value << UInt64(63 - whole)
        var fraction: Int64 = 0
        for _ in 0..<32 {
            let square = mantissa.multipliedFullWidth(by: mantissa)
            fraction <<= 1
            if square.high >= 1 << 63 {
                fraction |= 1
                mantissa = square.high
            } else {
                mantissa = square.high << 1 | square.low >> 63
            }
        }
        return Int64(whole) << 32 | fraction
    }

    /// Two to a power with 32 binary places, rounded to a whole number; clamped to 0...2^63.
    static func exp2(_ power: Int64) -> UInt64 {
        let whole = power >> 32
        guard whole < 63 else { return 1 << 63 }
        guard whole >= -2 else { return 0 }
        // 2^(2^-k) by repeated square roots of two, with 62 binary places.
        var result: UInt64 = 1 << 62
        var root = squareRoot(of: UInt128(1) << 125)
        for place in stride(from: 31, through: 0, by: -1) {
            if power >> Int64(place) & 1 == 1 {
                result = UInt64(truncatingIfNeeded: (UInt128(result) * UInt128(root)) >> 62)
            }
            root = squareRoot(of: UInt128(root) << 62)
        }
        let shift = 62 - whole
        guard shift > 0 else { return result << UInt64(-shift) }
        guard shift < 64 else { return 0 }
        return (result >> UInt64(shift - 1) + 1) >> 1
    }

    /// The whole part of a square root.
    static func squareRoot(of value: UInt128) -> UInt64 {
        guard value > 0 else { return 0 }
        // Newton's iteration from above falls until it is done.
        var guess = UInt128(1) << UInt128((129 - value.leadingZeroBitCount) / 2)
        while true {
            let next = (guess + value / guess) >> 1
            guard next < guess else { return UInt64(clamping: guess) }
            guess = next
        }
    }

    /// The least whole number whose square is at least `value`.
    static func squareRootRoundedUp(of value: UInt128) -> UInt64 {
        let root = squareRoot(of: value)
        return UInt128(root) * UInt128(root) == value ? root : root + 1
    }
}
