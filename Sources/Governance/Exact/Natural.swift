// Whole numbers of any size. Equal shares need them: on real elections the exact fractions of what
// a voter has left grow past 300 bits, and a rounding rule would have to be defended in public.
//
// Schoolbook algorithms on 64-bit limbs: the numbers are a few limbs long.

/// A non-negative whole number of any size.
///
/// What fits in 128 bits, which is nearly everything nearly always, is kept without an allocation.
public struct Natural: Hashable, Sendable {
    private let low: UInt128
    /// The limbs above the lowest 128 bits, least first, without zeros at the end.
    private let high: [UInt64]

    /// Nothing.
    public static let zero = Natural(0)
    /// One.
    public static let one = Natural(1)

    /// Makes a number of 128 bits at most.
    public init(_ value: UInt128) {
        low = value
        high = []
    }

    /// Makes a number of limbs, least first; zeros at the end are dropped.
    private init(limbs: [UInt64]) {
        var count = limbs.count
        while count > 0, limbs[count - 1] == 0 { count -= 1 }
        let first = count > 0 ? UInt128(limbs[0]) : 0
        let second = count > 1 ? UInt128(limbs[1]) : 0
        low = second << 64 | first
        high = count > 2 ? Array(limbs[2..<count]) : []
    }

    /// All limbs, least first, without zeros at the end.
    private var limbs: [UInt64] {
        let words = [UInt64(truncatingIfNeeded: low), UInt64(truncatingIfNeeded: low >> 64)]
        guard high.isEmpty else { return words + high }
        return low == 0 ? [] : (words[1] == 0 ? [words[0]] : words)
    }

    /// Whether it is zero.
    public var isZero: Bool { low == 0 && high.isEmpty }

    /// How many bits it has without leading zeros.
    public var bitWidth: Int {
        guard let last = high.last else { return 128 - low.leadingZeroBitCount }
        return 128 + high.count * 64 - last.leadingZeroBitCount
    }

    /// The value in 128 bits, or nil when it does not fit.
    public var asUInt128: UInt128? { high.isEmpty ? low : nil }

    // MARK: Arithmetic

    /// The sum.
    public static func + (left: Natural, right: Natural) -> Natural {
        if left.high.isEmpty, right.high.isEmpty {
            let (sum, overflow) = left.low.addingReportingOverflow(right.low)
            if !overflow { return Natural(sum) }
        }
        var (long, short) = (left.limbs, right.limbs)
        if long.count < short.count { swap(&long, &short) }
        var sum = long
        var carry = false
        for index in long.indices {
            guard index < short.count || carry else { break }
            let addend = index < short.count ? short[index] : 0
            let (partial, first) = sum[index].addingReportingOverflow(addend)
            let (total, second) = partial.addingReportingOverflow(carry ? 1 : 0)
            sum[index] = total
            carry = first || second
        }
        if carry { sum.append(1) }
        return Natural(limbs: sum)
    }

    /// The difference, or nil when it would be below zero.
    public func subtracting(_ other: Natural) -> Natural? {
        guard self >= other else { return nil }
        if high.isEmpty { return Natural(low - other.low) }
        var difference = limbs
        let subtrahends = other.limbs
        var borrow = false
        for index in difference.indices {
            guard index < subtrahends.count || borrow else { break }
            let subtrahend = index < subtrahends.count ? subtrahends[index] : 0
            let (partial, first) = difference[index].subtractingReportingOverflow(subtrahend)
            let (total, second) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
            difference[index] = total
            borrow = first || second
        }
        return Natural(limbs: difference)
    }

    /// The product.
    public static func * (left: Natural, right: Natural) -> Natural {
        if left.high.isEmpty, right.high.isEmpty {
            let (product, overflow) = left.low.multipliedReportingOverflow(by: right.low)
            if !overflow { return Natural(product) }
        }
        let (factors, limbs) = (left.limbs, right.limbs)
        var product = [UInt64](repeating: 0, count: factors.count + limbs.count)
        for (offset, factor) in factors.enumerated() {
            var carry: UInt64 = 0
            for (index, limb) in limbs.enumerated() {
                let wide = factor.multipliedFullWidth(by: limb)
                let (first, overflow1) = wide.low.addingReportingOverflow(product[offset + index])
                let (second, overflow2) = first.addingReportingOverflow(carry)
                product[offset + index] = second
                // high <= 2^64 - 2, so two carries cannot overflow it together with the sum's
                // bound.
                carry = wide.high &+ (overflow1 ? 1 : 0) &+ (overflow2 ? 1 : 0)
            }
            product[offset + limbs.count] = carry
        }
        return Natural(limbs: product)
    }

    /// Quotient and remainder; nil for a zero divisor.
    public func divided(by divisor: Natural) -> (quotient: Natural, remainder: Natural)? {
        guard !divisor.isZero else { return nil }
        if high.isEmpty, divisor.high.isEmpty {
            let (quotient, remainder) = low.quotientAndRemainder(dividingBy: divisor.low)
            return (Natural(quotient), Natural(remainder))
        }
        guard self >= divisor, let top = divisor.limbs.last else { return (.zero, self) }
        if let limb = UInt64(exactly: divisor.low), divisor.high.isEmpty {
            return dividedByLimb(limb)
        }
        return dividedLong(by: divisor, shift: top.leadingZeroBitCount)
    }

    private func dividedByLimb(_ divisor: UInt64) -> (quotient: Natural, remainder: Natural) {
        var quotient = limbs
        var rest: UInt64 = 0
        for index in quotient.indices.reversed() {
            (quotient[index], rest) = divisor.dividingFullWidth((rest, quotient[index]))
        }
        return (Natural(limbs: quotient), Natural(UInt128(rest)))
    }

    /// Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D.
    private func dividedLong(by divisor: Natural, shift: Int) -> (
        quotient: Natural, remainder: Natural
    ) {
        let divided = divisor.shiftedUp(shift).limbs
        var rest = shiftedUp(shift).limbs
        let count = limbs.count
        while rest.count <= count { rest.append(0) }
        let size = divided.count
        let top = divided[size - 1]
        let next = divided[size - 2]
        var quotient = [UInt64](repeating: 0, count: rest.count - size)
        for position in quotient.indices.reversed() {
            var digit = Natural.estimate(
                (rest[position + size], rest[position + size - 1], rest[position + size - 2]),
                top, next)
            if Natural.subtract(divided, times: digit, from: &rest, at: position) {
                digit -= 1
                Natural.add(divided, to: &rest, at: position)
            }
            quotient[position] = digit
        }
        let remainder = Natural(limbs: Array(rest[..<size]))
        return (Natural(limbs: quotient), remainder.shiftedDown(shift))
    }

    /// A quotient digit from the three highest limbs: right, or one too large.
    private static func estimate(
        _ rest: (UInt64, UInt64, UInt64), _ top: UInt64, _ next: UInt64
    ) -> UInt64 {
        var digit = UInt64.max
        var left: UInt64
        if rest.0 < top {
            (digit, left) = top.dividingFullWidth((rest.0, rest.1))
        } else {
            // The highest limbs are equal: the digit is at most 2^64 - 1, with what is left of it.
            let (sum, overflow) = rest.1.addingReportingOverflow(top)
            guard !overflow else { return digit }
            left = sum
        }
        while true {
            let product = digit.multipliedFullWidth(by: next)
            guard (product.high, product.low) > (left, rest.2) else { return digit }
            digit -= 1
            let (sum, overflow) = left.addingReportingOverflow(top)
            guard !overflow else { return digit }
            left = sum
        }
    }

    /// Subtracts a multiple in place; whether it borrowed past the top.
    private static func subtract(
        _ limbs: [UInt64], times factor: UInt64, from rest: inout [UInt64], at position: Int
    ) -> Bool {
        var carry: UInt64 = 0
        var borrow = false
        for index in 0...limbs.count {
            let limb = index < limbs.count ? limbs[index] : 0
            let wide = limb.multipliedFullWidth(by: factor)
            let (low, overflow) = wide.low.addingReportingOverflow(carry)
            carry = wide.high &+ (overflow ? 1 : 0)
            let (partial, first) = rest[position + index].subtractingReportingOverflow(low)
            let (total, second) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
            rest[position + index] = total
            borrow = first || second
        }
        return borrow
    }

    private static func add(_ limbs: [UInt64], to rest: inout [UInt64], at position: Int) {
        var carry = false
        for index in 0...limbs.count {
            let limb = index < limbs.count ? limbs[index] : 0
            let (partial, first) = rest[position + index].addingReportingOverflow(limb)
            let (total, second) = partial.addingReportingOverflow(carry ? 1 : 0)
            rest[position + index] = total
            carry = first || second
        }
    }

    /// The number times two to the power of `shift`.
    static func << (number: Natural, shift: Int) -> Natural {
        guard shift > 0, !number.isZero else { return number }
        let words = [UInt64](repeating: 0, count: shift / 64)
        return Natural(limbs: words + number.shiftedUp(shift % 64).limbs)
    }

    private func shiftedUp(_ shift: Int) -> Natural {
        guard shift > 0 else { return self }
        let words = limbs
        var result = [UInt64](repeating: 0, count: words.count + 1)
        for (index, limb) in words.enumerated() {
            result[index] |= limb << UInt64(shift)
            result[index + 1] |= limb >> UInt64(64 - shift)
        }
        return Natural(limbs: result)
    }

    private func shiftedDown(_ shift: Int) -> Natural {
        guard shift > 0 else { return self }
        let words = limbs
        var result = words
        for index in words.indices {
            let higher = index + 1 < words.count ? words[index + 1] << UInt64(64 - shift) : 0
            result[index] = words[index] >> UInt64(shift) | higher
        }
        return Natural(limbs: result)
    }

    /// The greatest common divisor (Euclid); of zero and a number, the number.
    public static func greatestCommonDivisor(_ left: Natural, _ right: Natural) -> Natural {
        var (a, b) = (left, right)
        while true {
            if let small = a.asUInt128, let rest = b.asUInt128 {
                return Natural(greatestCommonDivisor(small, rest))
            }
            guard let (_, remainder) = a.divided(by: b) else { return a }
            (a, b) = (b, remainder)
        }
    }

    private static func greatestCommonDivisor(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var (a, b) = (left, right)
        while b != 0 {
            if let small = UInt64(exactly: a), let rest = UInt64(exactly: b) {
                return UInt128(greatestCommonDivisor(small, rest))
            }
            (a, b) = (b, a % b)
        }
        return a
    }

    private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var (a, b) = (left, right)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}

extension Natural: Comparable {
    /// Orders by value.
    public static func < (left: Natural, right: Natural) -> Bool {
        guard left.high.count == right.high.count else {
            return left.high.count < right.high.count
        }
        for index in left.high.indices.reversed() where left.high[index] != right.high[index] {
            return left.high[index] < right.high[index]
        }
        return left.low < right.low
    }
}

extension Natural: CustomStringConvertible {
    /// Decimal digits.
    public var description: String {
        var rest = self
        var groups: [UInt64] = []
        while !rest.isZero {
            let (quotient, remainder) = rest.dividedByLimb(10_000_000_000_000_000_000)
            groups.append(UInt64(truncatingIfNeeded: remainder.low))
            rest = quotient
        }
        guard let first = groups.popLast() else { return "0" }
        return groups.reversed().reduce(String(first)) { text, group in
            let digits = String(group)
            return text + String(repeating: "0", count: 19 - digits.count) + digits
        }
    }
}
