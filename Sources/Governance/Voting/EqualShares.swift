// The Method of Equal Shares (Peters, Pierczynski, Skowron: "Proportional Participatory Budgeting
// with Additive Utilities", 2021). Every voter starts with an equal share of the budget; a project
// is bought when its supporters can pay for it, each in proportion to what it is worth to them; the
// project with the best price a unit of utility goes first.
//
// Exact: budgets and prices are fractions of any size. A price once computed is a lower bound
// later, because budgets only shrink, so most projects need not be priced again in a round.

/// What a rule that shares a budget bought, in the order bought.
public struct BudgetOutcome: Hashable, Sendable {
    /// The projects by position, in the order bought.
    public var order: [Int]

    /// The projects by position, ascending.
    public var winners: [Int] { order.sorted() }
}

/// Money and prices while the method runs.
///
/// Ballots that bought the same projects have the same left: they share a purse, so that fractions
/// are worked with once a purse and not once a ballot. Sums over purses are first bounded in whole
/// numbers; the exact fractions are only worked out for a project that may be the best.
struct EqualSharesRun {
    let election: BudgetElection
    private let backing: [ProjectBacking]
    private var purses: EqualSharesPurses
    /// The purse of each ballot: what each unit of its weight has left.
    private var purse: [Int]
    /// The least price known for each project that may still be bought.
    private var prices: [(project: Int, price: Rational)]
    private(set) var bought: [Int] = []

    /// Starts with `share` for each unit of weight.
    init(_ election: BudgetElection, share: Rational) {
        self.election = election
        backing = ProjectBacking.all(of: election)
        purses = EqualSharesPurses(share: share, weight: election.totalWeight)
        purse = [Int](repeating: 0, count: election.ballots.count)
        prices = []
        for (project, backing) in backing.enumerated() where !backing.supporters.isEmpty {
            let cost = election.projects[project].cost
            if cost.isZero {
                // What costs nothing and somebody likes is bought at once.
                bought.append(project)
            } else if let price = cost.divided(by: backing.utility) {
                prices.append((project, price))
            }
        }
    }

    /// What each unit of a ballot's weight has left, by ballot.
    var money: [Rational] { purse.map { purses.amount($0) } }

    /// Whether any project that somebody likes is neither bought nor too dear for what is left.
    func isExhaustive(after order: [Int], budget: Rational) -> Bool {
        let left = budget.subtracting(election.cost(of: order))
        return !backing.indices.contains { project in
            !backing[project].supporters.isEmpty && !order.contains(project)
                && election.projects[project].cost <= left
        }
    }

    /// The projects of the best price, and that price; nil when nothing can be paid for any more.
    mutating func best() -> (price: Rational, projects: [Int])? {
        prices.sort { $0.price < $1.price }
        var best: Rational?
        var tied: [Int] = []
        var kept: [(project: Int, price: Rational)] = []
        for (position, entry) in prices.enumerated() {
            if let best, entry.price > best {
                kept.append(contentsOf: prices[position...])
                break
            }
            switch price(of: entry.project, unlessAbove: best) {
            case .unaffordable: continue
            case .atLeast(let bound): kept.append((entry.project, bound))
            case .exactly(let price):
                kept.append((entry.project, price))
                if let known = best, price >= known {
                    if price == known { tied.append(entry.project) }
                } else {
                    best = price
                    tied = [entry.project]
                }
            }
        }
        prices = kept
        return best.map { ($0, tied) }
    }

    private enum Pricing {
        case unaffordable
        /// Dearer than the limit; this much at least.
        case atLeast(Rational)
        case exactly(Rational)
    }

    /// The least price a unit of utility at which supporters can pay.
    private func price(of project: Int, unlessAbove limit: Rational?) -> Pricing {
        let backing = backing[project]
        let cost = election.projects[project].cost
        guard let each = backing.uniformUtility else { return unevenPrice(backing, cost: cost) }
        let payers = purses.groups(backing.supporters, purse)
        guard let split = purses.split(payers, cost: cost) else { return .unaffordable }
        let units = Rational(split.weight) * each
        if let limit, let bound = split.leastMissing?.divided(by: units), bound > limit {
            return .atLeast(bound)
        }
        let missing = purses.missing(payers[..<split.rich], of: cost)
        return missing.divided(by: units).map { .exactly($0) } ?? .unaffordable
    }

    /// The same where supporters like the project differently.
    private func unevenPrice(_ backing: ProjectBacking, cost: Rational) -> Pricing {
        let payers = backing.supporters.sorted { left, right in
            purses.amount(purse[left.ballot]) * right.utility
                < purses.amount(purse[right.ballot]) * left.utility
        }
        var missing = cost
        var utility = backing.utility
        for payer in payers {
            guard let price = missing.divided(by: utility) else { return .unaffordable }
            let left = purses.amount(purse[payer.ballot])
            if price * payer.utility <= left { return .exactly(price) }
            // This payer gives all they have, and the rest is shared by the others.
            let weight = Rational(payer.weight)
            missing = missing.subtracting(left * weight)
            utility = utility.subtracting(payer.utility * weight)
        }
        return .unaffordable
    }

    /// Buys a project at a price a unit of utility.
    mutating func buy(_ project: Int, price: Rational) {
        bought.append(project)
        prices.removeAll { $0.project == project }
        let backing = backing[project]
        let shared = backing.uniformUtility.map { purses.payment(of: price * $0) }
        // Ballots that paid the same from the same purse go on sharing one.
        var after: [Int: Int] = [:]
        for payer in backing.supporters {
            let before = purse[payer.ballot]
            if shared != nil, let known = after[before] {
                purse[payer.ballot] = known
                continue
            }
            let payment = shared ?? purses.payment(of: price * payer.utility)
            purse[payer.ballot] = purses.add(after: payment, from: before)
            after[before] = purse[payer.ballot]
        }
    }
}

extension BudgetElection {
    /// One unit of weight's part of the budget.
    private var equalShare: Rational { budget.divided(by: Rational(totalWeight)) ?? .zero }

    /// The method by itself: what supporters can pay for, and no more.
    public func equalShares() -> BudgetOutcome { equalShares(share: equalShare) }

    private func equalShares(share: Rational) -> BudgetOutcome {
        var run = EqualSharesRun(self, share: share)
        while let best = run.best(), let project = first(of: best.projects) {
            run.buy(project, price: best.price)
        }
        return BudgetOutcome(order: run.bought)
    }

    /// The method, with everyone's share raised by `step` until the winners leave room for nothing
    /// else that somebody likes, or `rounds` times; the last outcome within the real budget is the
    /// result.
    ///
    /// Without a limit the rounds are bounded only by how few like a project that would still fit.
    public func equalSharesRaised(by step: Rational, rounds: Int = .max) -> BudgetOutcome {
        var share = equalShare
        var last = BudgetOutcome(order: [])
        guard !step.isZero, totalWeight > 0 else { return equalShares() }
        let start = EqualSharesRun(self, share: .zero)
        var round = 0
        while round <= rounds {
            let outcome = equalShares(share: share)
            guard cost(of: outcome.order) <= budget else { return last }
            if start.isExhaustive(after: outcome.order, budget: budget) { return outcome }
            last = outcome
            share = share + step
            round += 1
        }
        return last
    }

    /// The method, completed by buying what still fits in the order of votes.
    public func equalSharesThenGreedy() -> BudgetOutcome {
        greedy(after: equalShares().order, byCost: false)
    }

    /// The project that goes first among tied ones.
    func first(of tied: [Int]) -> Int? { tied.min { precedence[$0] < precedence[$1] } }

    // MARK: Every outcome that some tie-break leads to

    /// All outcomes of the method over all ways to break ties, as sets; refused past `limit` runs.
    public func allEqualShares(limit: Int = 10_000) -> Set<[Int]>? {
        allEqualShares(share: equalShare, limit: limit)
    }

    private func allEqualShares(share: Rational, limit: Int) -> Set<[Int]>? {
        var outcomes: Set<[Int]> = []
        var open = [EqualSharesRun(self, share: share)]
        var steps = 0
        while var run = open.popLast() {
            steps += 1
            guard steps <= limit else { return nil }
            guard let best = run.best() else {
                outcomes.insert(run.bought.sorted())
                continue
            }
            for project in best.projects {
                var next = run
                next.buy(project, price: best.price)
                open.append(next)
            }
        }
        return outcomes
    }

    /// As `equalSharesRaised`, over all ways to break ties.
    public func allEqualSharesRaised(by step: Rational, limit: Int = 10_000) -> Set<[Int]>? {
        var share = equalShare
        var last: Set<[Int]> = [[]]
        guard !step.isZero, totalWeight > 0 else { return allEqualShares(limit: limit) }
        let start = EqualSharesRun(self, share: .zero)
        while true {
            guard let outcomes = allEqualShares(share: share, limit: limit) else { return nil }
            if outcomes.contains(where: { cost(of: $0) > budget }) { return last }
            if outcomes.contains(where: { start.isExhaustive(after: $0, budget: budget) }) {
                return outcomes
            }
            last = outcomes
            share = share + step
        }
    }
}
