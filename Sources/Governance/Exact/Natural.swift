// Whole numbers of any size. Equal shares need them: on real elections the exact fractions of what a
// voter has left grow past 300 bits, and a rounding rule would have to be defended in public.
//
// Schoolbook algorithms on 64-bit limbs: the numbers are a few limbs long.

/// A non-negative whole number of any size.
public struct Natural: Hashable, Sendable {
    /// Limbs, least first, without zeros at the end; none for zero.
    private(set) var limbs: [UInt64]

    /// Nothing.
    public static let zero = Natural(limbs: [])
    /// One.
    public static let one = Natural(1)

    private init(limbs: [UInt64]) { self.limbs = limbs }

    /// Makes a number of 128 bits at most.
    public init(_ value: UInt128) {
        limbs = [
            UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64),
        ]
        trim()
    }

    /// Whether it is zero.
    public var isZero: Bool { limbs.isEmpty }

    /// How many bits it has without leading zeros.
    public var bitWidth: Int {
        guard let last = limbs.last else { return 0 }
        return limbs.count * 64 - last.leadingZeroBitCount
    }

    /// The value in 128 bits, or nil when it does not fit.
    public var asUInt128: UInt128? {
        guard limbs.count <= 2 else { return nil }
        let low = limbs.isEmpty ? 0 : limbs[0]
        let high = limbs.count < 2 ? 0 : limbs[1]
        return UInt128(high) << 64 | UInt128(low)
    }

    private mutating func trim() {
        while limbs.last == 0 { limbs.removeLast() }
    }

    // MARK: Arithmetic

    /// The sum.
    public static func + (left: Natural, right: Natural) -> Natural {
        let (long, short) =
            left.limbs.count >= right.limbs.count
            ? (left.limbs, right.limbs) : (right.limbs, left.limbs)
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
        var difference = limbs
        var borrow = false
        for index in limbs.indices {
            guard index < other.limbs.count || borrow else { break }
            let subtrahend = index < other.limbs.count ? other.limbs[index] : 0
            let (partial, first) = difference[index].subtractingReportingOverflow(subtrahend)
            let (total, second) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
            difference[index] = total
            borrow = first || second
        }
        var result = Natural(limbs: difference)
        result.trim()
        return result
    }

    /// The product.
    public static func * (left: Natural, right: Natural) -> Natural {
        guard !left.isZero, !right.isZero else { return .zero }
        var product = [UInt64](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (offset, factor) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (index, limb) in right.limbs.enumerated() {
                let wide = factor.multipliedFullWidth(by: limb)
                let (first, overflow1) = wide.low.addingReportingOverflow(product[offset + index])
                let (second, overflow2) = first.addingReportingOverflow(carry)
                product[offset + index] = second
                // high <= 2^64 - 2, so two carries cannot overflow it together with the sum's bound.
                carry = wide.high &+ (overflow1 ? 1 : 0) &+ (overflow2 ? 1 : 0)
            }
            product[offset + right.limbs.count] = carry
        }
        var result = Natural(limbs: product)
        result.trim()
        return result
    }

    /// Quotient and remainder; nil for a zero divisor.
    public func divided(by divisor: Natural) -> (quotient: Natural, remainder: Natural)? {
        guard let top = divisor.limbs.last else { return nil }
        guard self >= divisor else { return (.zero, self) }
        if divisor.limbs.count == 1 { return dividedByLimb(top) }
        return dividedLong(by: divisor, shift: top.leadingZeroBitCount)
    }

    private func dividedByLimb(_ divisor: UInt64) -> (quotient: Natural, remainder: Natural) {
        var quotient = limbs
        var rest: UInt64 = 0
        for index in limbs.indices.reversed() {
            (quotient[index], rest) = divisor.dividingFullWidth((rest, limbs[index]))
        }
        var result = Natural(limbs: quotient)
        result.trim()
        return (result, Natural(UInt128(rest)))
    }

    /// Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D.
    private func dividedLong(by divisor: Natural, shift: Int) -> (
        quotient: Natural, remainder: Natural
    ) {
        let divided = divisor.shiftedUp(shift).limbs
        var rest = shiftedUp(shift).limbs
        while rest.count <= limbs.count { rest.append(0) }
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
        var result = Natural(limbs: quotient)
        result.trim()
        var remainder = Natural(limbs: Array(rest[..<size]))
        remainder.trim()
        return (result, remainder.shiftedDown(shift))
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

    private func shiftedUp(_ shift: Int) -> Natural {
        guard shift > 0 else { return self }
        var result = [UInt64](repeating: 0, count: limbs.count + 1)
        for (index, limb) in limbs.enumerated() {
            result[index] |= limb << UInt64(shift)
            result[index + 1] |= limb >> UInt64(64 - shift)
        }
        var shifted = Natural(limbs: result)
        shifted.trim()
        return shifted
    }

    private func shiftedDown(_ shift: Int) -> Natural {
        guard shift > 0 else { return self }
        var result = limbs
        for index in limbs.indices {
            let higher = index + 1 < limbs.count ? limbs[index + 1] << UInt64(64 - shift) : 0
            result[index] = limbs[index] >> UInt64(shift) | higher
        }
        var shifted = Natural(limbs: result)
        shifted.trim()
        return shifted
    }

    /// The greatest common divisor (Euclid); of zero and a number, the number.
    public static func greatestCommonDivisor(_ left: Natural, _ right: Natural) -> Natural {
        var (a, b) = (left, right)
        while let (_, remainder) = a.divided(by: b) {
            if let small = b.asUInt128, let rest = remainder.asUInt128 {
                return Natural(greatestCommonDivisor(small, rest))
            }
            (a, b) = (b, remainder)
        }
        return a
    }

    private static func greatestCommonDivisor(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var (a, b) = (left, right)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}

extension Natural: Comparable {
    /// Orders by value.
    public static func < (left: Natural, right: Natural) -> Bool {
        guard left.limbs.count == right.limbs.count else {
            return left.limbs.count < right.limbs.count
        }
        for index in left.limbs.indices.reversed() where left.limbs[index] != right.limbs[index] {
            return left.limbs[index] < right.limbs[index]
        }
        return false
    }
}

extension Natural: CustomStringConvertible {
    /// Decimal digits.
    public var description: String {
        var rest = self
        var groups: [UInt64] = []
        while !rest.isZero {
            let (quotient, remainder) = rest.dividedByLimb(10_000_000_000_000_000_000)
            groups.append(remainder.limbs.first ?? 0)
            rest = quotient
        }
        guard let first = groups.popLast() else { return "0" }
        return groups.reversed().reduce(String(first)) { text, group in
            let digits = String(group)
            return text + String(repeating: "0", count: 19 - digits.count) + digits
        }
    }
}
