// A funding round is decided twice: the vote says whether there is one, the approvals on the
// ballots say what it pays for.

import Cryptography
public import Primitives

extension GovernanceEngine {
    /// In how many steps equal shares are raised to twice the budget at most: each runs the method
    /// anew, inside one log entry.
    static let roundStepLimit = 100
    /// How many approvals on different ballots are gone through at most, all steps together. A
    /// member answers nobody while an entry is applied, so a very large round takes fewer and
    /// longer steps: above 5,000 approvals fewer than a hundred, above half a million one. What
    /// that costs is in `benchmarks tally`.
    static let roundWorkLimit = 500_000

    /// In how many steps the shares of an election are raised.
    static func roundSteps(of election: BudgetElection) -> Int {
        let approvals = election.ballots.reduce(0) { $0 + $1.utilities.count }
        return Swift.max(1, Swift.min(roundStepLimit, roundWorkLimit / Swift.max(1, approvals)))
    }

    /// The effects as they are executed: those of the winning option; of a funding round, the
    /// projects it pays for.
    func resolved(_ document: ProposalDocument, of record: ProposalRecord) throws(Refusal)
        -> [Effect]
    {
        if !document.options.isEmpty {
            guard let winner = record.winners.first, Int(winner) < document.options.count else {
                throw Refusal("proposal.no-winner", "no option won")
            }
            return document.options[Int(winner)].effects
        }
        guard case .fundingRound(var round) = document.effects.first,
            record.rules.system == .equalShares
        else { return document.effects }
        round.projects = record.winners.map { round.projects[Int($0)] }
        return [.fundingRound(round)]
    }

    /// The projects a round pays for as its ballots stand, with the reasons.
    static func fundedProjects(
        of round: FundingRound, _ record: ProposalRecord, in state: any StateReader
    ) -> OptionOutcome {
        let election = election(of: round, record, in: state)
        let winners = funded(by: election)
        let votes = election.votes
        let spent = winners.reduce(UInt128(0)) { $0 + round.projects[$1].cost.units }
        var lines = winners.map { position in
            "funded: \(round.projects[position].name) for \(round.projects[position].cost),"
                + " approved by \(votes[position])"
        }
        for position in round.projects.indices where !winners.contains(position) {
            lines.append(
                "not funded: \(round.projects[position].name) for"
                    + " \(round.projects[position].cost), approved by \(votes[position])")
        }
        lines.append("equal-shares: \(spent) of \(round.budget) is spent")
        return OptionOutcome(winners: winners, lines: lines)
    }

    /// The projects a round pays for as its ballots stand, in ballot order.
    public static func winners(
        of round: FundingRound, on number: UInt64, in state: any StateReader
    ) -> [FundingProject] {
        guard let record = proposal(number, in: state) else { return [] }
        return funded(by: election(of: round, record, in: state)).map { round.projects[$0] }
    }

    /// Everyone who approved something, ties to the cheapest, then the most approved, then by lot.
    private static func election(
        of round: FundingRound, _ record: ProposalRecord, in state: any StateReader
    ) -> BudgetElection {
        // Equal ballots vote as one of their weights together, which changes nothing but the time.
        var weights: [[UInt16]: UInt128] = [:]
        for (_, ballot) in ballots(on: record.number, in: state) {
            guard case .approve(let approved) = ballot.preference else { continue }
            weights[approved.sorted(), default: 0] += ballot.own.units &+ ballot.lent.units
        }
        let approvals = weights.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { approved in
            (projects: approved.map(Int.init), weight: weights[approved] ?? 0)
        }
        var election = BudgetElection(
            budget: Rational(round.budget.units),
            projects: round.projects.map {
                BudgetProject(name: $0.name, cost: Rational($0.cost.units))
            }, approvals: approvals, utility: .cost)
        let draws = round.projects.indices.map { position in
            SHA256.hash(record.lot.bytes + [UInt8(truncatingIfNeeded: position)])
        }
        election.preferCheapThenPopular { draws[$0] < draws[$1] }
        return election
    }

    /// The Method of Equal Shares. Shares are raised by hundredths of the budget, or by as many
    /// parts as `roundSteps` says, until nothing else fits, which for tokens takes the place of
    /// "one unit a voter", and to twice the budget at most; what then still fits is bought in the
    /// order of votes.
    public static func funded(by election: BudgetElection) -> [Int] {
        guard election.totalWeight > 0 else { return [] }
        let total = Rational(election.totalWeight)
        let steps = roundSteps(of: election)
        let step = election.budget.divided(by: total * Rational(UInt128(steps))) ?? .zero
        let shared = election.equalSharesRaised(by: step, rounds: steps)
        let votes = election.votes
        let bought = election.greedy(after: shared.order, byCost: false).winners
        return bought.filter { votes[$0] > 0 }
    }
}
