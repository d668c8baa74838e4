// Properties of the ways to count: order and grouping of ballots never matter, budgets are kept.

import Primitives
import Testing

@testable import Governance

@Suite("Ways to count")
struct VotingSystemTests {
    private struct Instance {
        var election: BudgetElection
        var approvals: [(projects: [Int], weight: UInt128)]
    }

    private func instance(_ random: inout SplitMix64) -> Instance {
        let count = 2 + Int(random.next(below: 5))
        let projects = (0..<count).map {
            BudgetProject(name: "p\($0)", cost: Rational(UInt128(1 + random.next(below: 50))))
        }
        let approvals = (0..<(1 + Int(random.next(below: 12)))).map { _ in
            (
                projects: projects.indices.filter { _ in random.next(below: 2) == 0 },
                weight: UInt128(1 + random.next(below: 9))
            )
        }
        let election = BudgetElection(
            budget: Rational(UInt128(20 + random.next(below: 80))), projects: projects,
            approvals: approvals, utility: random.next(below: 2) == 0 ? .cost : .cardinality)
        return Instance(election: election, approvals: approvals)
    }

    /// The rule as it is written: no purses, no bounds, no order of evaluation.
    private func plainEqualShares(_ election: BudgetElection) -> [Int] {
        var money = [Rational](
            repeating: election.budget.divided(by: Rational(election.totalWeight)) ?? .zero,
            count: election.ballots.count)
        var bought: [Int] = []
        while true {
            var best: (price: Rational, project: Int)?
            for project in election.projects.indices where !bought.contains(project) {
                let payers = election.ballots.enumerated().compactMap { position, ballot in
                    ballot.utilities.first { $0.project == project }.map { (position, $0.utility) }
                }
                // The least price is among those at which some payer is just able to pay.
                let limits = payers.compactMap { money[$0.0].divided(by: $0.1) }.sorted()
                var missing = election.projects[project].cost
                var utility = payers.reduce(Rational.zero) {
                    $0 + $1.1 * Rational(election.ballots[$1.0].weight)
                }
                for limit in limits {
                    guard let price = missing.divided(by: utility) else { break }
                    if price <= limit {
                        if best.map({ price < $0.price }) ?? true { best = (price, project) }
                        break
                    }
                    // Who cannot pay this price gives all they have.
                    missing = payers.filter { (money[$0.0].divided(by: $0.1) ?? .zero) <= limit }
                        .reduce(election.projects[project].cost) {
                            $0.subtracting(
                                money[$1.0] * Rational(election.ballots[$1.0].weight))
                        }
                    utility = payers.filter { (money[$0.0].divided(by: $0.1) ?? .zero) > limit }
                        .reduce(.zero) { $0 + $1.1 * Rational(election.ballots[$1.0].weight) }
                }
            }
            guard let best else { return bought }
            bought.append(best.project)
            for (position, ballot) in election.ballots.enumerated() {
                guard let entry = ballot.utilities.first(where: { $0.project == best.project })
                else { continue }
                money[position] = money[position].subtracting(best.price * entry.utility)
            }
        }
    }

    @Test("equal shares are those of the rule as written, whatever the weights and utilities")
    func equalSharesAsWritten() {
        var random = SplitMix64(seed: 99)
        for round in 0..<200 {
            var election = instance(&random).election
            for position in election.ballots.indices {
                // Weights of tokens are large, and so are sums over them.
                let scale: UInt128 = round.isMultiple(of: 3) ? 1_000_000_000_000_000_000_000_000 : 1
                election.ballots[position].weight *= scale
                guard round.isMultiple(of: 2) else { continue }
                for entry in election.ballots[position].utilities.indices {
                    election.ballots[position].utilities[entry].utility =
                        Rational(UInt128(1 + random.next(below: 7)))
                }
            }
            let ours = election.equalShares().order
            #expect(ours == plainEqualShares(election))
            #expect(election.merged().equalShares().order == ours)
        }
    }

    @Test("equal shares keep the budget, and a weight is as many voters who agree")
    func equalShares() {
        var random = SplitMix64(seed: 17)
        for _ in 0..<150 {
            let instance = instance(&random)
            let outcome = instance.election.equalShares()
            #expect(instance.election.cost(of: outcome.order) <= instance.election.budget)
            var split = instance.election
            split.ballots = instance.election.ballots.flatMap { ballot in
                (0..<Int(ballot.weight)).map { _ in
                    BudgetBallot(utilities: ballot.utilities, weight: 1)
                }
            }
            split.ballots.shuffle(using: &random)
            #expect(split.equalShares().order == outcome.order)
            let all = instance.election.allEqualShares() ?? []
            #expect(all.contains(outcome.winners))
        }
    }

    @Test("raised shares keep the real budget and leave no room when they can")
    func raised() {
        var random = SplitMix64(seed: 23)
        for _ in 0..<100 {
            let election = instance(&random).election
            let outcome = election.equalSharesRaised(by: Rational("1/10") ?? .one)
            #expect(election.cost(of: outcome.order) <= election.budget)
            #expect(
                election.cost(of: election.equalSharesThenGreedy().order) <= election.budget)
        }
    }

    @Test("the larger a round, the fewer steps: what one entry works through is bounded")
    func roundWork() {
        func election(_ ballots: Int) -> BudgetElection {
            BudgetElection(
                budget: Rational(1000),
                projects: (0..<4).map { BudgetProject(name: "p\($0)", cost: Rational(300)) },
                approvals: (0..<ballots).map { _ in ([0, 1], 1) }, utility: .cost)
        }
        for ballots in [1, 100, 2500, 2501, 10_000, 250_000, 300_000] {
            let election = election(ballots)
            let steps = GovernanceEngine.roundSteps(of: election)
            #expect((1...GovernanceEngine.roundStepLimit).contains(steps))
            #expect(steps == 1 || steps * ballots * 2 <= GovernanceEngine.roundWorkLimit)
        }
        #expect(GovernanceEngine.roundSteps(of: election(2500)) == 100)
        #expect(GovernanceEngine.roundSteps(of: election(300_000)) == 1)
        // However few the steps, the budget holds and what is bought is liked.
        let outcome = GovernanceEngine.funded(by: election(30_000))
        #expect(outcome == [0, 1])
    }

    @Test("greedy buying by votes a unit of cost is an order: what nobody likes is last, even free")
    func greedyOrder() {
        // Of pabutools' `greedy_utilitarian_welfare`: multiplied out, 0 votes / 0 cost ties with
        // everything, and the result would hang on the order of the projects.
        let costs: [UInt128] = [5, 12, 1, 51, 0, 0, 16, 41]
        let projects = costs.enumerated().map {
            BudgetProject(name: "p\($0)", cost: Rational($1))
        }
        for turn in projects.indices {
            let turned = Array(projects[turn...] + projects[..<turn])
            let liked = (7 + turned.count - turn) % turned.count
            let election = BudgetElection(
                budget: Rational(42), projects: turned, approvals: [([liked], 1)],
                utility: .cardinality)
            let outcome = election.greedy(byCost: true)
            #expect(outcome.order.first == liked)
            #expect(
                outcome.order.map { turned[$0].name }.sorted() == ["p2", "p4", "p5", "p7"])
        }
    }

    @Test("Phragmen's rule goes on after what was bought before")
    func phragmenStart() {
        let projects = [1, 3, 2, 1].enumerated().map {
            BudgetProject(name: "p\($0)", cost: Rational(UInt128($1)))
        }
        let election = BudgetElection(
            budget: Rational(3), projects: projects, approvals: [([], 1)], utility: .cost)
        #expect(election.allPhragmen() == [[0], [1], [2], [3]])
        #expect(election.allPhragmen(after: [0]) == [[0]])
    }

    @Test("a run-off may reject who beats everybody in pairs, and the matrix shows it")
    func runoff() {
        let ballots = [
            ChoiceBallot([0, 1, 2], power: Rational(4)),
            ChoiceBallot([2, 1, 0], power: Rational(4)),
            ChoiceBallot([1, 0, 2], power: Rational(3)),
        ]
        let election = RankedElection(options: 3, ballots: ballots)
        #expect(election.condorcetWinner() == 1)
        #expect(election.instantRunoff().first?.eliminated == 1)
    }

    @Test("quadratic voting rewards wallets: it needs an identity source")
    func quadratic() {
        let whale = [ChoiceBallot([(option: 0, weight: Rational.one)], power: Rational(100))]
        let crowd = (0..<100).map { _ in
            ChoiceBallot([(option: 1, weight: Rational.one)], power: Rational.one)
        }
        let scores = ChoiceVoting.quadratic(whale + crowd, options: 2)
        #expect(scores[1] == scores[0] * Rational(100))
    }

    @Test("liquid delegation does not depend on the order of anything")
    func transitive() throws {
        let weights = [1, 2, 4, 8].map { Amount($0) }
        let circle = TransitiveDelegation(weights: weights, delegates: [1, 2, 3, 0])
        let (behind, uncounted) = try circle.power(voted: [false, true, false, true])
        #expect(behind == [.zero, Amount(3), .zero, Amount(12)])
        #expect(uncounted == .zero)
        #expect(try circle.power(voted: [false, false, false, false]).uncounted == Amount(15))
    }

    @Test("adding a vote for never turns passing into failing")
    func monotone() throws {
        var random = SplitMix64(seed: 31)
        for _ in 0..<2000 {
            let rules = TallyRules(
                quorum: .share(.percent(UInt128(random.next(below: 50)))),
                quorumCounts: random.next(below: 2) == 0 ? [.for, .abstain] : .all,
                threshold: .percent(UInt128(50 + random.next(below: 40))),
                thresholdBase: TallyRules.Base.allCases[Int(random.next(below: 4))],
                thresholdIsStrict: random.next(below: 2) == 0, veto: .percent(33))
            var tally = Tally(
                for: Amount(UInt128(random.next(below: 100))),
                against: Amount(UInt128(random.next(below: 100))),
                abstain: Amount(UInt128(random.next(below: 100))),
                veto: Amount(UInt128(random.next(below: 40))))
            let supply = Amount(1000)
            let before = try rules.decide(tally, supply: supply).passes
            try tally.add(Amount(UInt128(random.next(below: 50))), to: .for)
            if before { #expect(try rules.decide(tally, supply: supply).passes) }
        }
    }
}
