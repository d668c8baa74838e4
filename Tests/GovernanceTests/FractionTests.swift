// Exact numbers: fractions, numbers of any size, roots.

import Governance
import Primitives
import Testing

@Suite("Exact numbers")
struct FractionTests {
    @Test(
        "fractions are read as written and shown as read",
        arguments: [
            ("40%", "40%"), ("12.5%", "12.5%"), ("2/3", "2/3"), ("0.1%", "0.1%"),
            ("0.334", "33.4%"), ("100%", "100%"),
        ])
    func reading(text: String, shown: String) {
        #expect(Fraction(text)?.description == shown)
    }

    @Test(
        "what is no fraction is refused", arguments: ["", "%", "1/0", "-1%", "1/2/3", "1e3", "a"])
    func refusing(text: String) { #expect(Fraction(text) == nil) }

    @Test("comparisons are exact at the edge and past 128 bits")
    func comparing() {
        let third = Fraction("1/3") ?? .zero
        #expect(third.isReached(by: Amount(1), of: Amount(3)))
        #expect(!third.isExceeded(by: Amount(1), of: Amount(3)))
        #expect(!third.isReached(by: Amount(UInt128.max / 3 - 1), of: Amount.max))
        #expect(third.isReached(by: Amount(UInt128.max / 3), of: Amount.max))
    }

    @Test("division undoes multiplication, whatever the sizes")
    func division() throws {
        var random = SplitMix64(seed: 5)
        func natural(_ limbs: Int) -> Natural {
            var value = Natural.zero
            for _ in 0..<limbs {
                // Limbs of all ones and of zero are where carries go wrong.
                let limb: UInt64 = [.max, 0, random.next()][Int(random.next(below: 3))]
                value = value * Natural(1 << 64) + Natural(UInt128(limb))
            }
            return value
        }
        for _ in 0..<3000 {
            let quotient = natural(1 + Int(random.next(below: 5)))
            let divisor = natural(1 + Int(random.next(below: 5))) + .one
            let rest = natural(Int(random.next(below: 5)))
            let remainder = try #require(rest.divided(by: divisor)).remainder
            let whole = quotient * divisor + remainder
            let result = try #require(whole.divided(by: divisor))
            #expect(result.quotient == quotient)
            #expect(result.remainder == remainder)
            #expect(whole.subtracting(remainder) == quotient * divisor)
        }
    }

    @Test("fractions of any size stay in lowest terms")
    func rationals() {
        var sum = Rational.zero
        for denominator in 1...40 {
            sum = sum + (Rational(1).divided(by: Rational(UInt128(denominator))) ?? .zero)
        }
        #expect(sum.description == "2078178381193813/485721041551200")
        #expect(Rational(2).squareRoot(precision: 64) < Rational("1.414213562373095049") ?? .zero)
        #expect(Rational(2).squareRoot(precision: 64) > Rational("1.414213562373095048") ?? .zero)
    }
}
