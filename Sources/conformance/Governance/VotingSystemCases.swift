// Snapshot's voting systems: scores, rounds and orders.

import Governance
import Primitives

enum VotingSystemCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        let options = try item.items("choices").count
        let expected = try item.field("expected")
        let (scores, rounds) = try result(item, options: options)
        let tolerance = item["tolerance"]?.rational ?? .zero
        if let theirs = expected["scores"]?.elements {
            try expectEqual(scores.count, theirs.count, "scores")
            for (position, theirs) in theirs.enumerated() {
                let theirs = theirs.rational ?? .zero
                try expect(
                    isSame(scores[position], theirs, tolerance),
                    "score \(position + 1): ours \(scores[position]), expected \(theirs)")
            }
        }
        if let total = expected["scoresTotal"]?.rational {
            let ours = try power(item)
            try expect(
                isSame(ours, total, tolerance), "scoresTotal: ours \(ours), expected \(total)")
        }
        if let theirs = expected["rounds"]?.elements {
            try compare(rounds, theirs, tolerance)
        }
        if let order = expected["order"]?.elements {
            try expectEqual(
                ranking(scores, item), order.compactMap(\.integer), "order")
        }
        if let winner = expected["winner"] {
            let choices = try item.items("choices").compactMap(\.text)
            let named = winner.text.flatMap { name in choices.firstIndex(of: name).map { $0 + 1 } }
            let order = ranking(scores, item)
            // Nobody wins where two are level at the top.
            let isTied = order.count > 1 && scores[order[0] - 1] == scores[order[1] - 1]
            let ours = winner == .null && isTied ? nil : order.first
            try expectEqual(ours, winner.integer ?? named, "winner")
        }
    }

    /// Whether a number printed from a float is ours: within the tolerance, or within what a float
    /// of that size can tell apart after a few roundings.
    private static func isSame(_ ours: Rational, _ theirs: Rational, _ tolerance: Rational) -> Bool
    {
        let precision = Rational(.one, over: Natural(1 << 44)) ?? .zero
        return ours.distance(to: theirs) <= tolerance + theirs * precision
    }

    private static func result(_ item: JSON, options: Int) throws(Refusal) -> (
        [Rational], [RunoffRound]
    ) {
        switch try item.string("system") {
        case "single-choice", "basic":
            return (
                ChoiceVoting.single(
                    try ballots(item) { ($0.integer ?? 0) &- 1 }, options: options), []
            )
        case "approval":
            return (
                ChoiceVoting.approval(try ballots(item, list), options: options), []
            )
        case "weighted":
            return (
                ChoiceVoting.weighted(try ballots(item, weights), options: options), []
            )
        case "quadratic":
            return (
                ChoiceVoting.quadratic(try ballots(item, weights), options: options), []
            )
        case "ranked-choice":
            let election = RankedElection(options: options, ballots: try ballots(item, list))
            let rounds = election.instantRunoff()
            var scores = [Rational](repeating: .zero, count: options)
            for score in rounds.last?.scores ?? [] { scores[score.option] = score.power }
            return (scores, rounds)
        case "copeland":
            let election = RankedElection(options: options, ballots: try ballots(item, list))
            return (election.copeland().map(\.score), [])
        case let system: throw mismatch("the system \(system) is not known")
        }
    }

    private static let ballotLimit = 1_000_000

    private static func ballots<Choice: Sendable>(
        _ item: JSON, _ read: (JSON) -> Choice
    ) throws(Refusal) -> [ChoiceBallot<Choice>] {
        var ballots: [ChoiceBallot<Choice>] = []
        for ballot in try item.items("ballots") {
            let one = ChoiceBallot(
                read(try ballot.field("choice")), power: try ballot.exact("balance"))
            // Identical ballots are given as one and a number; the systems take each by itself.
            guard let count = ballot["count"] == nil ? 1 : ballot["count"]?.integer, count >= 0,
                count <= ballotLimit - ballots.count
            else { throw mismatch("more than \(ballotLimit) ballots, or a count that is none") }
            ballots.append(contentsOf: repeatElement(one, count: count))
        }
        return ballots
    }

    private static func list(_ choice: JSON) -> [Int] {
        // What is no list of options is an option that is not there: an invalid ballot.
        (choice.elements ?? [.null]).map { ($0.integer ?? 0) &- 1 }
    }

    private static func weights(_ choice: JSON) -> [(option: Int, weight: Rational)] {
        (choice.members ?? []).map { member in
            // A weight that is no number, or below zero, makes the ballot invalid.
            guard case .number = member.value, let weight = member.value.rational,
                let option = Int(member.key), String(option) == member.key
            else { return (-1, .one) }
            return (option &- 1, weight)
        }
    }

    private static func power(_ item: JSON) throws(Refusal) -> Rational {
        var power = Rational.zero
        for ballot in try item.items("ballots") {
            power =
                power
                + (try ballot.exact("balance"))
                * Rational(UInt128(ballot["count"]?.unsigned ?? 1))
        }
        return power
    }

    private static func ranking(_ scores: [Rational], _ item: JSON) -> [Int] {
        scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
            .map { $0 + 1 }
    }

    private static func compare(
        _ ours: [RunoffRound], _ theirs: [JSON], _ tolerance: Rational
    ) throws(Refusal) {
        try expectEqual(ours.count, theirs.count, "rounds")
        for (number, (round, expected)) in zip(ours, theirs).enumerated() {
            let members = expected.members ?? []
            try expectEqual(round.scores.count, members.count, "options in round \(number + 1)")
            for score in round.scores {
                let power = expected[String(score.option + 1)]?.rational ?? .zero
                try expect(
                    isSame(score.power, power, tolerance),
                    "round \(number + 1), option \(score.option + 1): ours \(score.power),"
                        + " expected \(power)")
            }
        }
    }
}
