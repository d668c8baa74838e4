// Paying for what was done: each voter says what a project should have got, the median counts, and
// the medians are scaled to the pool.

/// Ballots over projects by amount.
public struct RetroFunding: Sendable {
    /// How many ballots must name a project for it to be paid.
    public var quorum: Int
    /// The least payout: below it a project gets nothing.
    public var minimum: Rational
    /// What is shared out in all.
    public var pool: Rational

    /// Makes a round.
    public init(quorum: Int, minimum: Rational, pool: Rational) {
        self.quorum = quorum
        self.minimum = minimum
        self.pool = pool
    }

    /// The median of some amounts; the mean of the two middle ones when their number is even.
    public static func median(_ amounts: [Rational]) -> Rational? {
        guard !amounts.isEmpty else { return nil }
        let sorted = amounts.sorted()
        let middle = sorted.count / 2
        if !sorted.count.isMultiple(of: 2) { return sorted[middle] }
        return (sorted[middle - 1] + sorted[middle]).divided(by: Rational(2))
    }

    /// The median of each project named on enough ballots, ascending by name.
    public func medians(
        _ ballots: [[(project: String, amount: Rational)]]
    ) -> [(project: String, median: Rational)] {
        var amounts: [String: [Rational]] = [:]
        for ballot in ballots {
            for entry in ballot { amounts[entry.project, default: []].append(entry.amount) }
        }
        var medians: [(project: String, median: Rational)] = []
        for project in amounts.keys.sorted() {
            guard let named = amounts[project], named.count >= quorum,
                let median = Self.median(named)
            else { continue }
            medians.append((project, median))
        }
        return medians
    }

    /// What each project is paid: medians scaled to the pool. While somebody would get less than
    /// the minimum, the one with the least (the last by name among equals) is dropped and the rest
    /// scaled again.
    public func payouts(
        _ medians: [(project: String, median: Rational)]
    ) -> [(project: String, amount: Rational)] {
        var left = medians.filter { !$0.median.isZero }
        while true {
            let sum = left.reduce(Rational.zero) { $0 + $1.median }
            guard let scale = pool.divided(by: sum) else { return [] }
            let paid = left.map { (project: $0.project, amount: $0.median * scale) }
            var least: Int?
            for (position, payout) in paid.enumerated() where payout.amount < minimum {
                if let known = least, paid[known].amount < payout.amount { continue }
                least = position
            }
            guard let least else { return paid }
            left.remove(at: least)
        }
    }
}
