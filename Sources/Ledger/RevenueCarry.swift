// Exact sharing-out when the weights change every epoch.
//
// A payee's entitlement in an epoch is received x share x weight / (100 % x weights). Summed over
// epochs with ever new denominators it has no bounded exact form, so entitlements are counted in
// 2^-64ths of a unit, rounded down, and what rounding leaves goes to the treasury's part: the parts
// of an epoch add up to exactly what was received. Of each payee's count, whole units are paid and
// the fraction is carried.
//
// Rounding down could hold back a whole unit that an exact count would just have reached (nine
// times a ninth). So every carry starts 2^-40 of a unit ahead, which 2^24 epochs of rounding cannot
// use up, and which 2^40 payees together cannot add up to one unit. Hence, for ever as anyone will
// see it: each payee's payments differ from the exact entitlement by less than one unit, in either
// direction, and no unit is paid that was not received.

import Primitives

/// A number of units with a binary fraction of 64 digits.
struct FineAmount: Equatable {
    /// Whole units.
    var units: UInt128
    /// 2^-64ths of a unit.
    var fraction: UInt64

    static let zero = FineAmount(units: 0, fraction: 0)

    init(units: UInt128, fraction: UInt64) {
        self.units = units
        self.fraction = fraction
    }

    /// `amount x numerator / denominator`, rounded down to a 2^-64th; `numerator <= denominator`.
    init(_ amount: Amount, times numerator: UInt128, over denominator: UInt128) {
        let product = amount.units.multipliedFullWidth(by: numerator)
        let (quotient, remainder) = denominator.dividingFullWidth(product)
        // remainder < denominator, so the next 64 digits are one more exact division.
        let digits = denominator.dividingFullWidth((remainder >> 64, remainder << 64)).quotient
        units = quotient
        fraction = UInt64(truncatingIfNeeded: digits)
    }

    /// The difference of a larger and a smaller one.
    func subtracting(_ other: FineAmount) -> FineAmount {
        let (fraction, borrow) = fraction.subtractingReportingOverflow(other.fraction)
        return FineAmount(units: units - other.units - (borrow ? 1 : 0), fraction: fraction)
    }
}

/// The unpaid fraction of one payee in one role.
struct RevenueCarry: Equatable {
    /// 2^-64ths of a unit, the head start included.
    private(set) var fraction: UInt64

    /// What every carry starts with: 2^-40 of a unit.
    static let headStart: UInt64 = 1 << 24

    init(fraction: UInt64 = RevenueCarry.headStart) { self.fraction = fraction }

    /// Counts an entitlement and returns the whole units to pay now; throws `amount.overflow`.
    mutating func add(_ entitlement: FineAmount) throws(Refusal) -> Amount {
        let (sum, carry) = fraction.addingReportingOverflow(entitlement.fraction)
        let paid = try Amount(entitlement.units).adding(Amount(carry ? 1 : 0))
        fraction = sum
        return paid
    }
}
