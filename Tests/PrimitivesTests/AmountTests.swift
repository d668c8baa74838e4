// Amounts: exact or refused, never wrapped.

import Primitives
import Testing

@Suite struct AmountTests {
    private static let seeds: Range<UInt64> = 0..<4

    @Test(arguments: seeds)
    func `sums and differences are exact or refused`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<5000 {
            let (a, b) = (Amount(random.edgy()), Amount(random.edgy()))
            let fits = b.units <= UInt128.max - a.units
            if fits {
                let sum = try a.adding(b)
                #expect(sum.units - b.units == a.units)
                #expect(try sum.subtracting(b) == a)
                #expect(sum >= a && sum >= b)
            } else {
                #expect(code { _ = try a.adding(b) } == "amount.overflow")
            }
            if a < b { #expect(code { _ = try a.subtracting(b) } == "amount.negative") }
            #expect(Amount.min(a, b) == Amount(Swift.min(a.units, b.units)))
        }
    }

    /// A 256-bit number as two halves, for an independent look at the quotient.
    private func isAtMost(
        _ left: (high: UInt128, low: UInt128), _ right: (high: UInt128, low: UInt128)
    ) -> Bool {
        left.high < right.high || (left.high == right.high && left.low <= right.low)
    }

    @Test(arguments: seeds)
    func `a scaled amount is the floor of the exact quotient`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<5000 {
            let (units, numerator, denominator) = (random.edgy(), random.edgy(), random.edgy())
            let product = units.multipliedFullWidth(by: numerator)
            if denominator == 0 {
                #expect(
                    code { _ = try Amount(units).scaled(numerator, over: 0) } == "amount.division")
                continue
            }
            guard
                let scaled = try? Amount(units).scaled(numerator, over: denominator).units
            else {
                // Refused: the smallest number past 128 bits times the divisor fits below.
                #expect(product.high >= denominator)
                #expect(
                    code { _ = try Amount(units).scaled(numerator, over: denominator) }
                        == "amount.overflow")
                continue
            }
            let low = scaled.multipliedFullWidth(by: denominator)
            #expect(isAtMost((low.high, low.low), (product.high, product.low)))
            // One more would be too much.
            let (next, carry) = low.low.addingReportingOverflow(denominator)
            let above = (high: low.high + (carry ? 1 : 0), low: next)
            #expect(!isAtMost(above, (product.high, product.low)))
        }
    }

    @Test func `products are exact or refused`() throws {
        #expect(try Amount(3).multiplied(by: 4) == Amount(12))
        #expect(try Amount.max.multiplied(by: 1) == .max)
        #expect(try Amount.max.multiplied(by: 0) == .zero)
        #expect(code { _ = try Amount.max.multiplied(by: 2) } == "amount.overflow")
        #expect(code { _ = try Amount(1 << 64).multiplied(by: 1 << 64) } == "amount.overflow")
    }

    @Test(arguments: seeds)
    func `a decimal is read back as it was written`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2000 {
            let amount = Amount(random.edgy())
            #expect(Amount(decimal: amount.description) == amount)
        }
    }

    @Test(arguments: [
        "", "-1", "+1", "01", "00", "1.0", "1e3", " 1", "1 ", "1_000", "0x1", "\u{661}", "１",
        "340282366920938463463374607431768211456", "999999999999999999999999999999999999999",
        "1000000000000000000000000000000000000000",
    ])
    func `what is no canonical decimal is no amount`(_ text: String) {
        #expect(Amount(decimal: text) == nil)
    }

    @Test func `the largest amount can be written`() {
        #expect(Amount(decimal: "340282366920938463463374607431768211455") == .max)
        #expect(Amount(decimal: "0") == .zero)
    }
}
