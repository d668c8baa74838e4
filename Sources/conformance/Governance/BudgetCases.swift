// Participatory budgeting: elections of real cities, unit elections with all tied outcomes, ties.

import Governance
import Primitives

enum BudgetCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        switch try item.string("kind") {
        case "pb": try checkOutcomes(item)
        case "pb_irresolute": try checkTiedOutcomes(item)
        case "tie": try checkTie(item)
        case let kind: throw mismatch("the kind \(kind) is not known")
        }
    }

    // MARK: One outcome a rule

    private static func checkOutcomes(_ item: JSON) throws(Refusal) {
        for rule in try item.field("expected").members ?? [] {
            let satisfaction = ["cardinality", "additive", "effort", "cost_sqrt"].first {
                rule.key.hasPrefix("mes_\($0)")
            }
            var election = try election(item, satisfaction: satisfaction ?? "cost")
            if rule.key.hasSuffix("recommended_ties") { election.preferCheapThenPopular() }
            let ours = try outcome(rule.key, election)
            let names = ours.order.map { election.projects[$0].name }
            let winners = (rule.value["winners"]?.elements ?? []).compactMap(\.text)
            try expectEqual(names.sorted(), winners.sorted(), rule.key)
            if let order = rule.value["order"]?.elements {
                try expectEqual(names, order.compactMap(\.text), "\(rule.key) order")
            }
            if let cost = rule.value["cost"]?.rational {
                try expectEqual(election.cost(of: ours.order), cost, "\(rule.key) cost")
            }
        }
    }

    private static func outcome(_ rule: String, _ election: BudgetElection) throws(Refusal)
        -> BudgetOutcome
    {
        if rule == "greedy_cost" { return election.greedy(byCost: false) }
        if rule == "greedy_cardinality" { return election.greedy(byCost: true) }
        if rule == "phragmen" { return election.phragmen() }
        // mes_<utility>[_<completion>][_recommended_ties]
        var completion = rule[...]
        guard completion.hasPrefix("mes_") else { throw mismatch("the rule \(rule) is not known") }
        completion = completion.dropFirst(4)
        for utility in ["cost_sqrt", "cost", "cardinality", "additive", "effort"]
        where completion == utility || completion.hasPrefix("\(utility)_") {
            completion = completion.dropFirst(utility.count)
            break
        }
        if completion.hasSuffix("_recommended_ties") { completion = completion.dropLast(17) }
        switch completion {
        case "": return election.equalShares()
        case "_add1": return election.equalSharesRaised(by: .one)
        case "_add1u", "_add1_then_greedy", "_add1_then_greedy_cost":
            let raised = election.equalSharesRaised(by: .one)
            return election.greedy(after: raised.order, byCost: false)
        case "_then_greedy_cost": return election.equalSharesThenGreedy()
        case "_then_greedy_cardinality":
            return election.greedy(after: election.equalShares().order, byCost: true)
        default: throw mismatch("the rule \(rule) is not known")
        }
    }

    // MARK: Every tied outcome

    private static func checkTiedOutcomes(_ item: JSON) throws(Refusal) {
        for rule in try item.field("expected").members ?? [] {
            let parts = rule.key.split(separator: "/").map(String.init)
            let election = try election(item, satisfaction: parts.last ?? "-")
            let start = (item.members ?? []).first { $0.key.hasPrefix("initial") }
            let given = (start?.value.elements ?? []).compactMap(\.text)
            let bought = election.projects.indices.filter {
                given.contains(election.projects[$0].name)
            }
            guard
                let ours = try tiedOutcomes(
                    parts.first ?? "", parts.last ?? "-", election, after: bought)
            else { throw mismatch("\(rule.key): too many ties") }
            let names = Set(
                ours.map { Set($0.map { election.projects[$0].name } + given).sorted() })
            let theirs = try rule.value.items("allTiedOutcomes").map {
                ($0.elements ?? []).compactMap(\.text).sorted()
            }
            try expectEqual(names, Set(theirs), rule.key)
        }
    }

    private static func tiedOutcomes(
        _ rule: String, _ satisfaction: String, _ election: BudgetElection, after bought: [Int]
    ) throws(Refusal) -> Set<[Int]>? {
        if rule.hasPrefix("mes_add_"), let step = Rational(String(rule.dropFirst(8))) {
            return election.allEqualSharesRaised(by: step)
        }
        switch rule {
        case "mes": return election.allEqualShares()
        case "phragmen": return election.allPhragmen(after: bought)
        case "greedy", "greedy_utilitarian_welfare":
            // By the utility of a unit of cost: with utility = cost that is the order of votes.
            return election.allGreedy(byCost: satisfaction.hasPrefix("card"))
        case "max", "max_welfare", "max_additive_utilitarian_welfare", "maxwelfare":
            return allOfMostUtility(election)
        default: throw mismatch("the rule \(rule) is not known")
        }
    }

    /// Every affordable set of the most utility; nil for more than 16 projects.
    private static func allOfMostUtility(_ election: BudgetElection) -> Set<[Int]>? {
        guard election.projects.count <= 16 else { return nil }
        var best: (utility: Rational, sets: Set<[Int]>) = (.zero, [])
        for subset in 0..<(1 << election.projects.count) {
            let set = election.projects.indices.filter { subset & (1 << $0) != 0 }
            guard election.cost(of: set) <= election.budget else { continue }
            var utility = Rational.zero
            for ballot in election.ballots {
                for entry in ballot.utilities where set.contains(entry.project) {
                    utility = utility + entry.utility * Rational(ballot.weight)
                }
            }
            if utility > best.utility { best = (utility, []) }
            if utility == best.utility { best.sets.insert(set) }
        }
        return best.sets
    }

    // MARK: Ties

    private static func checkTie(_ item: JSON) throws(Refusal) {
        var best: (name: String, effective: Rational, cost: Rational, votes: Rational)?
        for project in try item.items("projects") {
            let entry = (
                name: try project.field("id").scalar ?? "",
                effective: try project.exact("effectiveVotes"),
                cost: try project.exact("cost"), votes: try project.exact("initialVotes")
            )
            if let known = best {
                guard entry.effective >= known.effective else { continue }
                if entry.effective == known.effective {
                    guard entry.cost <= known.cost else { continue }
                    if entry.cost == known.cost, entry.votes <= known.votes { continue }
                }
            }
            best = entry
        }
        let theirs = try item.field("expected").field("selected").scalar
        try expectEqual(best?.name, theirs, "selected")
    }

    // MARK: Reading

    /// The election, where an approved project is worth what `satisfaction` says: its cost, one
    /// (`cardinality`), the voter's points (`additive`), its cost a vote (`effort`).
    private static func election(_ item: JSON, satisfaction: String) throws(Refusal)
        -> BudgetElection
    {
        var projects: [BudgetProject] = []
        var positions: [String: Int] = [:]
        for member in try item.field("projects").members ?? [] {
            guard let cost = (member.value["cost"] ?? member.value).rational else {
                throw mismatch("a cost is no number")
            }
            positions[member.key] = projects.count
            projects.append(BudgetProject(name: member.key, cost: cost))
        }
        var ballots: [(points: [(project: Int, points: Rational)], weight: UInt128)] = []
        for ballot in try item.items("ballots") {
            let approved = ballot["approve"]?.elements?.compactMap(\.text)
            let scored = (ballot["scores"] ?? ballot["points"])?.members ?? []
            let points =
                approved?.compactMap { name in positions[name].map { ($0, Rational.one) } }
                ?? scored.compactMap { member in
                    positions[member.key].map { ($0, member.value.rational ?? .zero) }
                }
            ballots.append(
                (
                    points.filter { !$0.1.isZero }.sorted { $0.0 < $1.0 },
                    UInt128(ballot["count"]?.unsigned ?? 1)
                ))
        }
        var votes = [UInt128](repeating: 0, count: projects.count)
        for ballot in ballots {
            for entry in ballot.points { votes[entry.project] += ballot.weight }
        }
        let worth = projects.indices.map { project -> Rational in
            let cost = projects[project].cost
            switch satisfaction {
            case let word where word.hasPrefix("card"): return .one
            case "effort": return cost.divided(by: Rational(votes[project])) ?? .zero
            case "cost_sqrt", "additive_cost_sqrt": return cost.squareRoot(precision: 64)
            default: return cost
            }
        }
        return BudgetElection(
            budget: try item.exact("budget"), projects: projects,
            ballots: ballots.map { ballot in
                BudgetBallot(
                    utilities: ballot.points.map { entry in
                        (
                            entry.project,
                            satisfaction == "additive" ? entry.points : worth[entry.project]
                        )
                    }, weight: ballot.weight)
            })
    }
}
