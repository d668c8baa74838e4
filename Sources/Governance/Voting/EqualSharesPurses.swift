// What equal shares work with: who backs a project, and purses whose sums are bounded in whole
// numbers before they are worked out as fractions.

/// Who supports a project, with what weight, and what it is worth to them.
struct ProjectBacking: Sendable {
    /// A supporting ballot.
    struct Supporter: Sendable {
        let ballot: Int
        let utility: Rational
        let weight: UInt128
    }

    var supporters: [Supporter] = []
    /// What it is worth to all supporters together.
    var utility = Rational.zero
    /// What it is worth to each, when it is the same to all.
    var uniformUtility: Rational?

    /// The backing of every project of an election.
    static func all(of election: BudgetElection) -> [ProjectBacking] {
        var all = [ProjectBacking](repeating: ProjectBacking(), count: election.projects.count)
        for (position, ballot) in election.ballots.enumerated() where ballot.weight > 0 {
            for entry in ballot.utilities {
                all[entry.project].supporters.append(
                    Supporter(ballot: position, utility: entry.utility, weight: ballot.weight))
            }
        }
        for project in all.indices { all[project].sum() }
        return all
    }

    private mutating func sum() {
        guard let first = supporters.first else { return }
        if supporters.allSatisfy({ $0.utility == first.utility }) {
            uniformUtility = first.utility
            utility = first.utility * Rational(supporters.reduce(0) { $0 + $1.weight })
        } else {
            utility = supporters.reduce(.zero) { $0 + $1.utility * Rational($1.weight) }
        }
    }
}

/// The different amounts that units of weight have left, over one common denominator: a sum is then
/// an addition of whole numbers, without a reduction at every step.
struct EqualSharesPurses: Sendable {
    private var numerators: [Natural] = []
    private var denominator: Natural
    /// The amounts times two to the `shift`, rounded down.
    private var floors: [UInt128] = []
    private let shift: Int

    /// Equal purses, one for each unit of `weight`.
    ///
    /// The scale is chosen so that sums over all weight stay within 128 bits.
    init(share: Rational, weight: UInt128) {
        let room = Swift.max(8, Swift.min(60, 118 - Natural(weight).bitWidth))
        shift = Swift.max(0, room - share.numerator.bitWidth + share.denominator.bitWidth)
        denominator = share.denominator
        add(share.numerator)
    }

    /// What a purse holds.
    func amount(_ purse: Int) -> Rational {
        Rational(numerators[purse], over: denominator) ?? .zero
    }

    private mutating func add(_ numerator: Natural) {
        numerators.append(numerator)
        floors.append(floor(numerator, over: denominator) ?? .max)
    }

    private func floor(_ numerator: Natural, over denominator: Natural) -> UInt128? {
        (numerator << shift).divided(by: denominator)?.quotient.asUInt128
    }

    /// A payment out of purses: its numerator over the common denominator.
    struct Payment {
        fileprivate let numerator: Natural
    }

    /// Brings a payment, and with it all purses, to a common denominator.
    mutating func payment(of amount: Rational) -> Payment {
        let common = Natural.greatestCommonDivisor(denominator, amount.denominator)
        let factor = amount.denominator.divided(by: common)?.quotient ?? .one
        if factor != .one {
            for purse in numerators.indices { numerators[purse] = numerators[purse] * factor }
            denominator = denominator * factor
        }
        let scale = denominator.divided(by: amount.denominator)?.quotient ?? .one
        return Payment(numerator: amount.numerator * scale)
    }

    /// A new purse with what a payment leaves of an old one: nothing when that is less.
    mutating func add(after payment: Payment, from purse: Int) -> Int {
        add(numerators[purse].subtracting(payment.numerator) ?? .zero)
        return numerators.count - 1
    }

    /// A purse among a project's supporters, and how much weight pays from it.
    struct Group {
        let purse: Int
        var weight: UInt128
    }

    /// The purses of supporters, the poorest first.
    func groups(_ supporters: [ProjectBacking.Supporter], _ purse: [Int]) -> [Group] {
        var weights = [UInt128](repeating: 0, count: numerators.count)
        for supporter in supporters { weights[purse[supporter.ballot]] += supporter.weight }
        var groups: [Group] = []
        for (purse, weight) in weights.enumerated() where weight > 0 {
            groups.append(Group(purse: purse, weight: weight))
        }
        groups.sort { left, right in
            let (first, second) = (floors[left.purse], floors[right.purse])
            return first != second
                ? first < second : numerators[left.purse] < numerators[right.purse]
        }
        return groups
    }

    /// Who gives all they have, and who shares the rest.
    struct Split {
        /// The first of the groups that share the rest.
        let rich: Int
        /// The weight of those groups.
        let weight: UInt128
        /// The rest that they share is this at least; nil when whole numbers cannot say.
        let leastMissing: Rational?
    }

    /// Splits payers so that each pays the same or all they have; nil when they cannot pay `cost`.
    func split(_ payers: [Group], cost: Rational) -> Split? {
        var weight = payers.reduce(0) { $0 + $1.weight }
        // The rest lies between these two, times two to the shift; none when it does not fit.
        let scaled = floor(cost.numerator, over: cost.denominator).flatMap {
            $0 < 1 << 126 ? Int128($0) : nil
        }
        var bounds = scaled.map { (least: $0, most: $0 + 1) }
        for (position, group) in payers.enumerated() {
            let pays =
                paysRest(group, weight, bounds)
                ?? (missing(payers[..<position], of: cost)
                    <= amount(group.purse) * Rational(weight))
            if pays {
                let least = bounds.flatMap { bound in
                    Rational(
                        Natural(UInt128(Swift.max(0, bound.least))), over: Natural.one << shift)
                }
                return Split(rich: position, weight: weight, leastMissing: least)
            }
            bounds = bounds.flatMap { lessen($0, by: group) }
            weight -= group.weight
        }
        return nil
    }

    /// Whether a group's purse holds an equal part of the rest; nil when the bounds are too wide.
    private func paysRest(
        _ group: Group, _ weight: UInt128, _ bounds: (least: Int128, most: Int128)?
    ) -> Bool? {
        guard let bounds else { return nil }
        let (low, overflow) = floors[group.purse].multipliedReportingOverflow(by: weight)
        guard !overflow, low < 1 << 125, weight < 1 << 125 else { return nil }
        if bounds.most <= Int128(low) { return true }
        return bounds.least > Int128(low + weight) ? false : nil
    }

    private func lessen(
        _ bounds: (least: Int128, most: Int128), by group: Group
    ) -> (least: Int128, most: Int128)? {
        let (low, overflow) = floors[group.purse].multipliedReportingOverflow(by: group.weight)
        guard !overflow, low < 1 << 125, group.weight < 1 << 125 else { return nil }
        let (least, below) = bounds.least.subtractingReportingOverflow(
            Int128(low + group.weight))
        let (most, under) = bounds.most.subtractingReportingOverflow(Int128(low))
        return below || under ? nil : (least, most)
    }

    /// What is left of `cost` when these groups gave all they have, exactly.
    func missing(_ poor: ArraySlice<Group>, of cost: Rational) -> Rational {
        var sum = Natural.zero
        for group in poor { sum = sum + numerators[group.purse] * Natural(group.weight) }
        return cost.subtracting(Rational(sum, over: denominator) ?? .zero)
    }
}
