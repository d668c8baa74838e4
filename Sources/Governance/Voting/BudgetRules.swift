// The other rules for sharing a budget: greedy by votes, and Phragmen's sequential rule.

extension BudgetElection {
    /// Buys what fits in the order of votes, or of votes a unit of cost.
    ///
    /// By votes alone this is the rule most cities use; a majority may take everything.
    public func greedy(after start: [Int] = [], byCost: Bool) -> BudgetOutcome {
        let votes = votes
        let order = projects.indices.filter { !start.contains($0) }.sorted { left, right in
            let comparison = compareDensity(left, right, votes: votes, byCost: byCost)
            return comparison != 0 ? comparison > 0 : precedence[left] < precedence[right]
        }
        var outcome = BudgetOutcome(order: start)
        var left = budget.subtracting(cost(of: start))
        for project in order where projects[project].cost <= left {
            outcome.order.append(project)
            left = left.subtracting(projects[project].cost)
        }
        return outcome
    }

    /// Positive when `left` is the better buy, negative when `right` is, zero for a tie.
    private func compareDensity(_ left: Int, _ right: Int, votes: [UInt128], byCost: Bool) -> Int {
        guard byCost else {
            return votes[left] == votes[right] ? 0 : (votes[left] > votes[right] ? 1 : -1)
        }
        // votes / cost, multiplied out; what is free and liked goes first, what nobody likes last.
        let free = (
            projects[left].cost.isZero && votes[left] > 0,
            projects[right].cost.isZero && votes[right] > 0
        )
        if free.0 != free.1 { return free.0 ? 1 : -1 }
        if free.0 { return 0 }
        if votes[left] == 0 || votes[right] == 0 {
            return votes[left] == votes[right] ? 0 : (votes[right] == 0 ? 1 : -1)
        }
        let first = Rational(votes[left]) * projects[right].cost
        let second = Rational(votes[right]) * projects[left].cost
        return first == second ? 0 : (first > second ? 1 : -1)
    }

    /// All outcomes of the greedy rule over all ways to break ties, as sets; nil past `limit` runs.
    public func allGreedy(byCost: Bool, limit: Int = 10_000) -> Set<[Int]>? {
        let votes = votes
        var outcomes: Set<[Int]> = []
        var open: [[Int]] = [[]]
        var steps = 0
        while let bought = open.popLast() {
            steps += 1
            guard steps <= limit else { return nil }
            let left = budget.subtracting(cost(of: bought))
            let fitting = projects.indices.filter {
                !bought.contains($0) && projects[$0].cost <= left
            }
            let best = fitting.filter { candidate in
                !fitting.contains {
                    compareDensity($0, candidate, votes: votes, byCost: byCost) > 0
                }
            }
            if best.isEmpty { outcomes.insert(bought.sorted()) }
            for project in best { open.append(bought + [project]) }
        }
        return outcomes
    }

    /// Phragmen's sequential rule: a bought project's cost is a load on its supporters, and the
    /// project that leads to the least load goes next. Ends when a project of least load does not
    /// fit.
    public func phragmen() -> BudgetOutcome {
        var run = PhragmenRun(self)
        while let best = run.best(), best.fits, let project = first(of: best.projects) {
            run.buy(project, load: best.load)
        }
        return BudgetOutcome(order: run.bought)
    }

    /// All outcomes of Phragmen's rule over all ways to break ties, with what was bought before;
    /// nil past `limit` runs.
    public func allPhragmen(after start: [Int] = [], limit: Int = 10_000) -> Set<[Int]>? {
        var outcomes: Set<[Int]> = []
        var open = [PhragmenRun(self, bought: start)]
        var steps = 0
        while let run = open.popLast() {
            steps += 1
            guard steps <= limit else { return nil }
            guard let best = run.best(), best.fits else {
                outcomes.insert(run.bought.sorted())
                continue
            }
            for project in best.projects {
                var next = run
                next.buy(project, load: best.load)
                open.append(next)
            }
        }
        return outcomes
    }
}

/// Loads while Phragmen's rule runs.
struct PhragmenRun {
    private let election: BudgetElection
    private let supporters: [[Int]]
    private let votes: [UInt128]
    /// The load of each unit of a ballot's weight.
    private var loads: [Rational]
    private(set) var bought: [Int] = []
    private var left: Rational

    /// Starts without loads, or with given ones and projects bought before.
    init(_ election: BudgetElection, loads: [Rational]? = nil, bought: [Int] = []) {
        self.election = election
        self.loads = loads ?? [Rational](repeating: .zero, count: election.ballots.count)
        self.bought = bought
        votes = election.votes
        var supporters = [[Int]](repeating: [], count: election.projects.count)
        for (position, ballot) in election.ballots.enumerated() {
            for entry in ballot.utilities { supporters[entry.project].append(position) }
        }
        self.supporters = supporters
        left = election.budget.subtracting(election.cost(of: bought))
    }

    /// The projects that lead to the least load, that load (nil: nobody supports them), and whether
    /// all of them fit; nil when none is left.
    func best() -> (load: Rational?, projects: [Int], fits: Bool)? {
        var least: Rational?
        var tied: [Int] = []
        for project in election.projects.indices
        where !bought.contains(project) && election.projects[project].cost <= election.budget {
            let load = load(after: project)
            switch (load, least) {
            case (let load?, let known?) where load > known: continue
            case (let load?, let known?) where load == known: tied.append(project)
            case (.some, _):
                least = load
                tied = [project]
            case (nil, nil): tied.append(project)
            case (nil, .some): continue
            }
        }
        guard !tied.isEmpty else { return nil }
        return (least, tied, tied.allSatisfy { election.projects[$0].cost <= left })
    }

    private func load(after project: Int) -> Rational? {
        let sum = supporters[project].reduce(election.projects[project].cost) {
            $0 + loads[$1] * Rational(election.ballots[$1].weight)
        }
        return sum.divided(by: Rational(votes[project]))
    }

    mutating func buy(_ project: Int, load: Rational?) {
        bought.append(project)
        left = left.subtracting(election.projects[project].cost)
        guard let load else { return }
        for supporter in supporters[project] { loads[supporter] = load }
    }
}
