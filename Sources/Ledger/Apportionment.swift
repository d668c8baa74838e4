// Sharing whole units out by weights, exactly.
//
// `largestRemainder` (Hamilton) is right for one sharing-out. It is wrong for repeated ones: a
// small share's remainder loses every time and is never paid, and applied to cumulative totals it
// can take back what was already paid (the Alabama paradox). `RemainderAccumulators` is right for
// repeated sharing-out by the same weights; `RevenueCarry` for weights that change.

public import Primitives

/// Sharing-out in one go.
public enum Apportionment {
    /// Shares `total` by `weights`: whole quotas first, then one unit each to the largest
    /// remainders.
    ///
    /// The parts add up to `total`, each is within one unit of its exact quota, and a zero weight
    /// gets nothing. Equal remainders are served in list order from `firstInTies` on, around the
    /// end: a caller who shares often passes a number that changes, so that ties do not always
    /// favour the same. Throws `apportionment.weights` when no weight is positive or their sum
    /// passes 2^128-1.
    public static func largestRemainder(
        _ total: Amount, weights: [UInt128], firstInTies: Int = 0
    ) throws(Refusal) -> [Amount] {
        let sum = try sum(of: weights)
        var parts: [UInt128] = []
        var remainders: [(remainder: UInt128, rank: Int, index: Int)] = []
        var left = total.units
        let start = firstInTies.magnitude % UInt(weights.count)
        for (index, weight) in weights.enumerated() {
            // total x weight / sum <= total, so the quotient fits and `left` stays above zero.
            let product = total.units.multipliedFullWidth(by: weight)
            let (quotient, remainder) = sum.dividingFullWidth(product)
            parts.append(quotient)
            left -= quotient
            let rank = (index + weights.count - Int(start)) % weights.count
            if remainder > 0 { remainders.append((remainder, rank, index)) }
        }
        // What is left is the sum of the remainders over `sum`, so fewer units than remainders.
        remainders.sort { ($1.remainder, $0.rank) < ($0.remainder, $1.rank) }
        for winner in remainders.prefix(Int(left)) { parts[winner.index] += 1 }
        return parts.map(Amount.init)
    }

    /// The sum of weights; throws `apportionment.weights` when it is zero or passes 2^128-1.
    static func sum(of weights: [UInt128]) throws(Refusal) -> UInt128 {
        var sum: UInt128 = 0
        for weight in weights {
            let (next, overflow) = sum.addingReportingOverflow(weight)
            guard !overflow else {
                throw Refusal("apportionment.weights", "the weights add up to more than 2^128-1")
            }
            sum = next
        }
        guard sum > 0 else { throw Refusal("apportionment.weights", "no weight is above zero") }
        return sum
    }
}

/// Repeated sharing-out by fixed weights: what a part could not be paid in whole units is kept and
/// counts the next time. At every moment each part has been paid its exact entitlement, rounded
/// down.
public struct RemainderAccumulators: Sendable {
    private let weights: [UInt128]
    private let sum: UInt128
    /// Unpaid fractions, in units of 1/sum, each below `sum`.
    private var remainders: [UInt128]

    /// Starts with nothing carried; throws `apportionment.weights`.
    public init(weights: [UInt128]) throws(Refusal) {
        sum = try Apportionment.sum(of: weights)
        self.weights = weights
        remainders = weights.map { _ in 0 }
    }

    /// Shares `amount` out and returns what each part is paid now.
    ///
    /// The payments may differ from `amount` by what was carried before and is carried on. Throws
    /// `amount.overflow` when a part with all the weight would be paid more than 2^128-1 at once.
    public mutating func distribute(_ amount: Amount) throws(Refusal) -> [Amount] {
        var paid: [Amount] = []
        var next = remainders
        for index in weights.indices {
            let product = amount.units.multipliedFullWidth(by: weights[index])
            let (low, carry) = product.low.addingReportingOverflow(remainders[index])
            let high = product.high + (carry ? 1 : 0)
            guard high < sum else {
                throw Refusal("amount.overflow", "a part of \(amount) does not fit in 128 bits")
            }
            let (quotient, remainder) = sum.dividingFullWidth((high, low))
            paid.append(Amount(quotient))
            next[index] = remainder
        }
        remainders = next
        return paid
    }

    /// The whole units that were received and are not paid yet: fewer than there are parts.
    public var carried: Amount {
        var units: UInt128 = 0
        var partial: UInt128 = 0
        for remainder in remainders {
            // Added modulo `sum`: the plain sum could pass 128 bits.
            if partial >= sum - remainder {
                units += 1
                partial -= sum - remainder
            } else {
                partial += remainder
            }
        }
        return Amount(units)
    }
}
