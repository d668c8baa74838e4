// DAO DAO's thresholds, revocation and veto life cycle; Aragon's majority formula; DAO DAO's
// Condorcet proposals.

import Governance
import Primitives

enum ThresholdCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        switch try item.string("kind") {
        case "is_passed", "is_rejected": try checkDecision(item)
        case "compare": try checkComparison(item)
        case "condorcet": try checkCondorcet(item)
        case "majority": try checkMajority(item)
        case "status": try VetoCases.check(item)
        case let kind: throw mismatch("the kind \(kind) is not known")
        }
    }

    // MARK: Passed or rejected, before and after the end

    private static func checkDecision(_ item: JSON) throws(Refusal) {
        let votes = try item.field("votes")
        let tally = VoteTally(
            for: try votes.units("yes"), against: try votes.units("no"),
            abstain: try votes.units("abstain"))
        let supply = try item.units("totalPower")
        let expired = item["expired"]?.flag ?? false
        let rules = try rules(try item.field("threshold"))
        let ours: Bool
        if item["allowRevoting"]?.flag == true, !expired {
            // While votes may change nothing is known before the end.
            ours = false
        } else if try item.string("kind") == "is_passed" {
            let blocked = item["minVotingPeriodElapsed"]?.flag == false
            let passes =
                expired
                ? try rules.decide(tally, supply: supply).passes
                : try rules.passesForCertain(tally, supply: supply)
            ours = passes && !blocked
        } else {
            // Only a threshold of the votes cast becomes stricter knowledge when voting has ended.
            let counted = try item.field("threshold").string("kind") == "threshold_quorum"
            ours =
                expired && counted
                ? try !rules.decide(tally, supply: supply).passes
                : try rules.failsForCertain(tally, supply: supply)
        }
        try expectEqual(ours, try item.flag("expected"))
    }

    private static func rules(_ threshold: JSON) throws(Refusal) -> TallyRules {
        switch try threshold.string("kind") {
        case "absolute_count":
            // So many votes for, whatever the others say: a quorum of votes for, and no threshold.
            return TallyRules(
                quorum: .amount(try threshold.units("threshold")), quorumCounts: .for,
                threshold: .zero, thresholdIsStrict: false)
        case "absolute_percentage":
            var rules = TallyRules(quorum: .amount(.zero), quorumCounts: .all)
            (rules.threshold, rules.thresholdIsStrict) = try percentage(
                try threshold.field("percentage"))
            rules.thresholdBase = .nonAbstainingSupply
            return rules
        case "threshold_quorum":
            let quorum = try percentage(try threshold.field("quorum"))
            var rules = TallyRules(
                quorum: quorum.strict ? .moreThanShare(quorum.fraction) : .share(quorum.fraction),
                quorumCounts: .all)
            (rules.threshold, rules.thresholdIsStrict) = try percentage(
                try threshold.field("threshold"))
            return rules
        case let kind: throw mismatch("the threshold \(kind) is not known")
        }
    }

    private static func percentage(_ value: JSON) throws(Refusal) -> (
        fraction: Fraction, strict: Bool
    ) {
        if value["majority"]?.flag == true { return (.half, true) }
        guard let fraction = value["percent"]?.rational?.fraction else {
            throw mismatch("a percentage is not readable")
        }
        return (fraction, false)
    }

    private static func checkComparison(_ item: JSON) throws(Refusal) {
        let share = try item.exact("percent")
        let votes = try item.exact("votes")
        let total = try item.exact("total")
        let (isReached, isExceeded) =
            if let fraction = share.fraction, let part = item["votes"]?.amount,
                let whole = item["total"]?.amount
            {
                (
                    fraction.isReached(by: part, of: whole),
                    fraction.isExceeded(by: part, of: whole)
                )
            } else {
                (votes >= total * share, votes > total * share)
            }
        let ours =
            switch try item.string("cmp") {
            case "Geq": isReached
            case "Greater": isExceeded
            case let comparison: throw mismatch("the comparison \(comparison) is not known")
            }
        try expectEqual(ours, try item.flag("expected"))
    }

    // MARK: Condorcet

    private static func checkCondorcet(_ item: JSON) throws(Refusal) {
        var ballots: [ChoiceBallot<[Int]>] = []
        var cast = Rational.zero
        for ballot in try item.items("ballots") {
            let power = try ballot.exact("power")
            cast = cast + power
            ballots.append(
                ChoiceBallot(try ballot.items("ranking").compactMap(\.integer), power: power))
        }
        let election = RankedElection(options: try item.integer("candidates"), ballots: ballots)
        let outstanding = try item.exact("totalPower").subtracting(cast)
        let expected = try item.field("expected")
        try expectEqual(election.condorcetWinner(), expected["winner"]?.integer, "winner")
        if let undisputed = expected["undisputed"]?.flag {
            try expectEqual(
                election.condorcetWinner(margin: outstanding) != nil, undisputed, "undisputed")
        }
        if let never = expected["never"]?.flag {
            let matrix = election.pairwise()
            let canWin = matrix.indices.contains { option in
                matrix.indices.allSatisfy { other in
                    other == option
                        || matrix[option][other] + outstanding > matrix[other][option]
                }
            }
            try expectEqual(!canWin, never, "never")
        }
    }

    // MARK: Aragon

    private static func millionths(_ item: JSON, _ key: String) throws(Refusal) -> Fraction {
        guard let parts = try item.field(key).unsigned else {
            throw mismatch("`\(key)` is no whole number")
        }
        return .millionths(parts)
    }

    private static func checkMajority(_ item: JSON) throws(Refusal) {
        let tally = VoteTally(
            for: try item.units("yes"), against: try item.units("no"),
            abstain: try item.units("abstain"))
        let supply = try item.units("total")
        let support = try millionths(item, "supportThreshold_ppm")
        let participation = try millionths(item, "minParticipation_ppm")
        let rules = TallyRules(
            quorum: .share(participation), quorumCounts: .all, threshold: support)
        let expected = try item.field("expected")
        let anyTurnout = TallyRules(
            quorum: .amount(.zero), quorumCounts: .all, threshold: support)
        let results = [
            ("supportReached", try anyTurnout.decide(tally, supply: supply).passes),
            ("supportReachedEarly", try anyTurnout.passesForCertain(tally, supply: supply)),
            ("participationReached", try rules.isQuorumReached(tally, supply: supply)),
        ]
        for (name, ours) in results {
            if let theirs = expected[name]?.flag { try expectEqual(ours, theirs, name) }
        }
        if let least = expected["minVotingPower"]?.amount {
            let floor = try participation.floor(of: supply)
            let ours =
                participation.isReached(by: floor, of: supply)
                ? floor : try floor.adding(Amount(1))
            try expectEqual(ours, least, "minVotingPower")
        }
    }
}
