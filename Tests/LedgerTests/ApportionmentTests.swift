import Ledger
import Primitives
import Testing

struct ApportionmentTests {
    private func units(_ amounts: [Amount]) -> [UInt128] { amounts.map(\.units) }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `Parts add up, stay within a unit of the quota, and zero weights get nothing`(seed: UInt64)
        throws
    {
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let weights = (0..<1 + random.next(below: 9)).map { _ in
                UInt128(random.next(below: 3) == 0 ? 0 : random.next(below: 1000))
            }
            let total = UInt128(random.next(below: 100_000))
            let sum = weights.reduce(0, +)
            guard sum > 0 else {
                #expect(
                    code { _ = try Apportionment.largestRemainder(Amount(total), weights: weights) }
                        == "apportionment.weights")
                continue
            }
            let parts = units(
                try Apportionment.largestRemainder(
                    Amount(total), weights: weights, firstInTies: Int(random.next(below: 20))))
            #expect(parts.reduce(0, +) == total)
            for (part, weight) in zip(parts, weights) {
                let floor = total * weight / sum
                #expect(part == floor || (part == floor + 1 && total * weight % sum != 0))
            }
        }
    }

    @Test func `Ties rotate`() throws {
        func winner(_ first: Int) throws -> [UInt128] {
            units(
                try Apportionment.largestRemainder(
                    Amount(1), weights: [1, 1, 1], firstInTies: first))
        }
        #expect(try winner(0) == [1, 0, 0])
        #expect(try winner(1) == [0, 1, 0])
        #expect(try winner(5) == [0, 0, 1])
    }

    @Test func `The largest numbers are exact or refused`() throws {
        #expect(
            units(try Apportionment.largestRemainder(.max, weights: [.max])) == [.max])
        let halves = units(
            try Apportionment.largestRemainder(.max, weights: [UInt128.max / 2, UInt128.max / 2]))
        #expect(halves == [UInt128.max / 2 + 1, UInt128.max / 2])
        #expect(
            code { _ = try Apportionment.largestRemainder(.max, weights: [.max, 1]) }
                == "apportionment.weights")
        #expect(code { _ = try RemainderAccumulators(weights: [0, 0]) } == "apportionment.weights")
        #expect(code { _ = try RemainderAccumulators(weights: []) } == "apportionment.weights")
        var whole = try RemainderAccumulators(weights: [.max - 1, 1])
        for _ in 0..<3 { _ = try whole.distribute(.max) }
        #expect(whole.carried.units <= 1)
    }

    @Test func `Ninety, five and five percent of nine units add up over a hundred thousand times`()
        throws
    {
        var accumulators = try RemainderAccumulators(weights: [900, 50, 50])
        var paid: [UInt128] = [0, 0, 0]
        for _ in 0..<100_000 {
            for (index, amount) in try accumulators.distribute(Amount(9)).enumerated() {
                paid[index] += amount.units
            }
        }
        #expect(paid == [810_000, 45_000, 45_000])
        #expect(accumulators.carried.isZero)
    }
}
