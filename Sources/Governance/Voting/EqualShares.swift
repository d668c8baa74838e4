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
struct EqualSharesRun {
    let election: BudgetElection
    private let supporters: [[(ballot: Int, utility: Rational, weight: Rational)]]
    /// What each unit of a ballot's weight has left.
    private(set) var money: [Rational]
    /// The least price known for each project that may still be bought.
    private var prices: [(project: Int, price: Rational)]
    private(set) var bought: [Int] = []

    /// Starts with `share` for each unit of weight.
    init(_ election: BudgetElection, share: Rational) {
        self.election = election
        var supporters = [[(ballot: Int, utility: Rational, weight: Rational)]](
            repeating: [], count: election.projects.count)
        for (position, ballot) in election.ballots.enumerated() where ballot.weight > 0 {
            let weight = Rational(ballot.weight)
            for entry in ballot.utilities {
                supporters[entry.project].append((position, entry.utility, weight))
            }
        }
        self.supporters = supporters
        money = [Rational](repeating: share, count: election.ballots.count)
        prices = []
        for project in supporters.indices where !supporters[project].isEmpty {
            let cost = election.projects[project].cost
            let utility = supporters[project].reduce(Rational.zero) { $0 + $1.utility * $1.weight }
            if cost.isZero {
                // What costs nothing and somebody likes is bought at once.
                bought.append(project)
            } else if let price = cost.divided(by: utility) {
                prices.append((project, price))
            }
        }
    }

    /// Whether any project that somebody likes is neither bought nor too dear for what is left.
    func isExhaustive(after order: [Int], budget: Rational) -> Bool {
        let left = budget.subtracting(election.cost(of: order))
        return !supporters.indices.contains { project in
            !supporters[project].isEmpty && !order.contains(project)
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
            guard let price = price(of: entry.project) else { continue }
            kept.append((entry.project, price))
            if let known = best, price >= known {
                if price == known { tied.append(entry.project) }
            } else {
                best = price
                tied = [entry.project]
            }
        }
        prices = kept
        return best.map { ($0, tied) }
    }

    /// The least price a unit of utility at which supporters can pay; nil when they cannot.
    private func price(of project: Int) -> Rational? {
        let payers = supporters[project].sorted { left, right in
            money[left.ballot] * right.utility < money[right.ballot] * left.utility
        }
        var missing = election.projects[project].cost
        var utility = payers.reduce(Rational.zero) { $0 + $1.utility * $1.weight }
        for payer in payers {
            guard let price = missing.divided(by: utility) else { return nil }
            if price * payer.utility <= money[payer.ballot] { return price }
            // This payer gives all they have, and the rest is shared by the others.
            missing = missing.subtracting(money[payer.ballot] * payer.weight)
            utility = utility.subtracting(payer.utility * payer.weight)
        }
        return nil
    }

    /// Buys a project at a price a unit of utility.
    mutating func buy(_ project: Int, price: Rational) {
        bought.append(project)
        prices.removeAll { $0.project == project }
        for payer in supporters[project] {
            money[payer.ballot] = money[payer.ballot].subtracting(price * payer.utility)
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
