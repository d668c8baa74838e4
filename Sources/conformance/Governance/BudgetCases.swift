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
            let utility: ApprovalUtility = rule.key.contains("cardinality") ? .cardinality : .cost
            var election = try election(item, utility: utility)
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
        switch rule {
        case "greedy_cost": return election.greedy(byCost: false)
        case "greedy_cardinality": return election.greedy(byCost: true)
        case "mes_cost", "mes_cardinality", "mes_additive": return election.equalShares()
        case "mes_cost_add1", "mes_cardinality_add1", "mes_additive_add1",
            "mes_cost_add1_recommended_ties", "mes_cardinality_add1_recommended_ties":
            return election.equalSharesRaised(by: .one)
        case "mes_cost_then_greedy_cost", "mes_cardinality_then_greedy_cost":
            return election.equalSharesThenGreedy()
        case "phragmen": return election.phragmen()
        default: throw mismatch("the rule \(rule) is not known")
        }
    }

    // MARK: Every tied outcome

    private static func checkTiedOutcomes(_ item: JSON) throws(Refusal) {
        for rule in try item.field("expected").members ?? [] {
            let parts = rule.key.split(separator: "/").map(String.init)
            let utility: ApprovalUtility = parts.last == "cardinality" ? .cardinality : .cost
            let election = try election(item, utility: utility)
            guard let ours = try tiedOutcomes(parts.first ?? "", election) else {
                throw mismatch("\(rule.key): too many ties")
            }
            let names = Set(ours.map { $0.map { election.projects[$0].name }.sorted() })
            let theirs = try rule.value.items("allTiedOutcomes").map {
                ($0.elements ?? []).compactMap(\.text).sorted()
            }
            try expectEqual(names, Set(theirs), rule.key)
        }
    }

    private static func tiedOutcomes(_ rule: String, _ election: BudgetElection) throws(Refusal)
        -> Set<[Int]>?
    {
        if rule.hasPrefix("mes_add_"), let step = Rational(String(rule.dropFirst(8))) {
            return election.allEqualSharesRaised(by: step)
        }
        switch rule {
        case "mes": return election.allEqualShares()
        case "phragmen": return election.allPhragmen()
        case "greedy", "greedy_utilitarian_welfare":
            // By the utility of a unit of cost: with utility = cost that is the order of votes.
            let byCost =
                election.ballots.first?.utilities.allSatisfy { $0.utility == .one } ?? false
            return election.allGreedy(byCost: byCost)
        default: throw mismatch("the rule \(rule) is not known")
        }
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

    private static func election(_ item: JSON, utility: ApprovalUtility) throws(Refusal)
        -> BudgetElection
    {
        var projects: [BudgetProject] = []
        var positions: [String: Int] = [:]
        for member in try item.field("projects").members ?? [] {
            guard let cost = member.value.rational else { throw mismatch("a cost is no number") }
            positions[member.key] = projects.count
            projects.append(BudgetProject(name: member.key, cost: cost))
        }
        var approvals: [(projects: [Int], weight: UInt128)] = []
        for ballot in try item.items("ballots") {
            let named =
                ballot["approve"]?.elements?.compactMap(\.text)
                ?? (ballot["scores"] ?? ballot["points"])?.members?.map(\.key) ?? []
            approvals.append(
                (named.compactMap { positions[$0] }, UInt128(ballot["count"]?.unsigned ?? 1)))
        }
        return BudgetElection(
            budget: try item.exact("budget"), projects: projects, approvals: approvals,
            utility: utility)
    }
}
