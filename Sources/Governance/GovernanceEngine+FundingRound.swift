// A funding round is decided twice: the vote says whether there is one, the approvals on the
// ballots say what it pays for.

public import Primitives

extension GovernanceEngine {
    /// Into how many steps the budget is cut by which equal shares are raised.
    static let roundStepDivisor: UInt128 = 100
    /// How many such steps are taken at most: each runs the method anew, inside one log entry.
    static let roundStepLimit = 100

    /// The effects as they are executed: a funding round is narrowed to the projects it pays for.
    func resolved(
        _ effects: [Effect], of record: ProposalRecord, in state: any StateReader
    ) throws(Refusal) -> [Effect] {
        guard case .fundingRound(var round) = effects.first,
            record.rules.system == .equalShares
        else { return effects }
        round.projects = Self.winners(of: round, on: record.number, in: state)
        return [.fundingRound(round)]
    }

    /// The projects a round pays for as its ballots stand, in ballot order: the Method of Equal
    /// Shares over everyone who approved something, by cost, ties to the cheapest, then the most
    /// approved, then by name. Shares are raised by hundredths of the budget until nothing else
    /// fits, which for tokens takes the place of "one unit a voter", and to twice the budget at
    /// most; what then still fits is bought in the order of votes.
    public static func winners(
        of round: FundingRound, on number: UInt64, in state: any StateReader
    ) -> [FundingProject] {
        // Equal ballots vote as one of their weights together, which changes nothing but the time.
        var weights: [[UInt16]: UInt128] = [:]
        for (_, ballot) in ballots(on: number, in: state) where !ballot.approvals.isEmpty {
            let weight = ballot.own.units &+ ballot.lent.units
            weights[ballot.approvals, default: 0] &+= weight
        }
        let approvals = weights.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { approved in
            (projects: approved.map(Int.init), weight: weights[approved] ?? 0)
        }
        var election = BudgetElection(
            budget: Rational(round.budget.units),
            projects: round.projects.map {
                BudgetProject(name: $0.name, cost: Rational($0.cost.units))
            }, approvals: approvals, utility: .cost)
        election.preferCheapThenPopular()
        let total = Rational(election.totalWeight)
        let step = election.budget.divided(by: total * Rational(roundStepDivisor)) ?? .zero
        let shared = election.equalSharesRaised(by: step, rounds: roundStepLimit)
        let votes = election.votes
        let bought = election.greedy(after: shared.order, byCost: false).winners
        return bought.filter { votes[$0] > 0 }.map { round.projects[$0] }
    }
}
