// Choosing a committee by approvals (Lackner, Skowron: "Multi-Winner Voting with Approval
// Preferences", 2023). A committee is a budget of as many seats, each at the price of one.

/// Approval ballots over candidates, and how many seats there are.
public struct ApprovalCommittee: Sendable {
    /// How many candidates stand.
    public let candidates: Int
    /// How many are elected.
    public let seats: Int
    /// Who each voter approves of, by position.
    public let approvals: [[Int]]

    /// The most committees that `proportionalApproval` looks at.
    public static let searchLimit = 1_000_000

    /// Makes an election.
    public init(candidates: Int, seats: Int, approvals: [[Int]]) {
        self.candidates = candidates
        self.seats = Swift.min(seats, candidates)
        self.approvals = approvals
    }

    private var asBudget: BudgetElection {
        var election = BudgetElection(
            budget: Rational(UInt128(seats)),
            projects: (0..<candidates).map { BudgetProject(name: String($0), cost: .one) },
            approvals: approvals.map { ($0, 1) }, utility: .cardinality)
        election.precedence = Array(0..<candidates)
        return election
    }

    /// The candidates with the most approvals.
    public func approvalVoting() -> [Int] {
        Array(asBudget.greedy(byCost: false).order.prefix(seats)).sorted()
    }

    /// Phragmen's sequential rule.
    public func sequentialPhragmen() -> [Int] { fill(PhragmenRun(asBudget)) }

    private func fill(_ start: PhragmenRun) -> [Int] {
        var run = start
        while run.bought.count < seats, let best = run.best(), let next = best.projects.min() {
            run.buy(next, load: best.load)
        }
        return run.bought.sorted()
    }

    /// Equal shares, the seats left over filled by Phragmen's rule from what was paid.
    public func equalSharesThenPhragmen() -> [Int] {
        let election = asBudget
        let share = Rational(UInt128(seats)).divided(by: Rational(UInt128(approvals.count)))
        let run = equalSharesRun(election, share: share ?? .zero)
        let paid = run.money.map { (share ?? .zero).subtracting($0) }
        return fill(PhragmenRun(election, loads: paid, bought: run.bought))
    }

    /// Equal shares, the seats left over filled by approvals.
    public func equalSharesThenApproval() -> [Int] {
        let election = asBudget
        let share = Rational(UInt128(seats)).divided(by: Rational(UInt128(approvals.count)))
        let run = equalSharesRun(election, share: share ?? .zero)
        return Array(election.greedy(after: run.bought, byCost: false).order.prefix(seats)).sorted()
    }

    /// Equal shares with a virtual seat more at a time until all real seats are filled.
    public func equalSharesRaised() -> [Int] {
        let election = asBudget
        guard election.votes.count(where: { $0 > 0 }) >= seats else { return approvalVoting() }
        for virtual in seats...(Swift.max(seats, seats * approvals.count) + 1) {
            let share = Rational(UInt128(virtual)).divided(by: Rational(UInt128(approvals.count)))
            let run = equalSharesRun(election, share: share ?? .zero)
            if run.bought.count == seats { return run.bought.sorted() }
        }
        return approvalVoting()
    }

    private func equalSharesRun(_ election: BudgetElection, share: Rational) -> EqualSharesRun {
        var run = EqualSharesRun(election, share: share)
        while run.bought.count < seats, let best = run.best(), let next = best.projects.min() {
            run.buy(next, price: best.price)
        }
        return run
    }

    /// Adds, seat by seat, the candidate for whom the seats' cost can be spread most evenly; nil
    /// for more than 20 seats, whose subsets would be too many.
    public func maximinSupport() -> [Int]? {
        guard seats <= 20 else { return nil }
        var elected: [Int] = []
        while elected.count < seats {
            var best: (candidate: Int, load: Rational?)?
            for candidate in 0..<candidates where !elected.contains(candidate) {
                let load = evenestLoad(elected + [candidate])
                if let known = best {
                    guard let load, known.load.map({ load < $0 }) ?? true else { continue }
                }
                best = (candidate, load)
            }
            guard let best else { break }
            elected.append(best.candidate)
        }
        return elected.sorted()
    }

    /// The least maximal load: by Hall's condition, the most crowded subset decides it.
    private func evenestLoad(_ committee: [Int]) -> Rational? {
        var worst = Rational.zero
        for subset in 1..<(1 << committee.count) {
            let members = committee.indices.filter { subset & (1 << $0) != 0 }.map { committee[$0] }
            let supporters = approvals.count { ballot in members.contains { ballot.contains($0) } }
            guard supporters > 0,
                let load = Rational(UInt128(members.count)).divided(
                    by: Rational(UInt128(supporters)))
            else { return nil }
            worst = Swift.max(worst, load)
        }
        return worst
    }

    /// The committee of greatest proportional approval: a voter's n-th representative counts 1/n.
    /// Looks at every committee; nil when there are more than `searchLimit`.
    public func proportionalApproval() -> [Int]? {
        var count = 1
        for seat in 0..<seats {
            count = count * (candidates - seat) / (seat + 1)
            guard count <= Self.searchLimit else { return nil }
        }
        var best: (committee: [Int], score: Rational)?
        var committee = Array(0..<seats)
        while true {
            let score = harmonicScore(committee)
            if best.map({ score > $0.score }) ?? true { best = (committee, score) }
            guard let next = Self.successor(of: committee, below: candidates) else { break }
            committee = next
        }
        return best?.committee
    }

    private func harmonicScore(_ committee: [Int]) -> Rational {
        var score = Rational.zero
        for ballot in approvals {
            let represented = committee.count { ballot.contains($0) }
            for place in 0..<represented {
                score = score + (Rational.one.divided(by: Rational(UInt128(place + 1))) ?? .zero)
            }
        }
        return score
    }

    /// The next combination in lexicographic order.
    private static func successor(of combination: [Int], below limit: Int) -> [Int]? {
        var next = combination
        for position in next.indices.reversed() {
            guard next[position] < limit - (next.count - position) else { continue }
            next[position] += 1
            for later in (position + 1)..<next.endIndex { next[later] = next[later - 1] + 1 }
            return next
        }
        return nil
    }
}
