// Which of the options wins, by the preferences on the ballots. Every round and every comparison is
// a line of the result, and ties go by a lot that was drawn when voting opened: by hashing what
// nobody could know before it with the option's position.

import Cryptography
public import Primitives

/// What a count of preferences came to.
struct OptionOutcome {
    /// The winner, or the funded projects, by position; empty when nobody preferred anything.
    var winners: [Int]
    /// How it came about.
    var lines: [String]
}

/// Preferences and the power behind each, equal ones merged.
struct OptionCount {
    let names: [String]
    let system: VotingSystem
    /// In a fixed order. For square roots each ballot by itself: merging would change them.
    let ballots: [(preference: Preference<UInt16>, power: UInt128)]
    /// The options in the order in which ties go.
    let lots: [Int]

    init(
        names: [String], system: VotingSystem, lot: Digest,
        ballots: [(preference: Preference<UInt16>, power: UInt128)]
    ) {
        self.names = names
        self.system = system
        self.ballots = system == .quadratic ? ballots : OptionCount.merged(ballots)
        lots = OptionCount.order(names.count, lot)
    }

    /// Equal preferences count as one of their powers together, which changes nothing but the time.
    private static func merged(
        _ ballots: [(preference: Preference<UInt16>, power: UInt128)]
    ) -> [(preference: Preference<UInt16>, power: UInt128)] {
        var powers: [[UInt8]: (preference: Preference<UInt16>, power: UInt128)] = [:]
        for (preference, power) in ballots {
            powers[preference.encoded, default: (preference, 0)].power += power
        }
        return powers.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    private static func order(_ count: Int, _ lot: Digest) -> [Int] {
        let draws = (0..<count).map { option in
            SHA256.hash(lot.bytes + [UInt8(truncatingIfNeeded: option >> 8), UInt8(option & 0xFF)])
        }
        return (0..<count).sorted { draws[$0] < draws[$1] }
    }

    /// The outcome under the system.
    func outcome() -> OptionOutcome {
        guard !ballots.isEmpty else {
            return OptionOutcome(winners: [], lines: ["options: no ballot names one"])
        }
        return switch system {
        case .approval: plurality(approvals())
        case .weighted, .quadratic: plurality(shares())
        case .ranked: instantRunoff()
        case .condorcet: condorcet()
        case .token, .conviction, .equalShares: OptionOutcome(winners: [], lines: [])
        }
    }

    private func first(_ tied: [Int]) -> Int { lots.first { tied.contains($0) } ?? tied[0] }

    // MARK: Scores

    private func approvals() -> [Rational] {
        ChoiceVoting.approval(
            ballots.map { ballot in
                ChoiceBallot(
                    ballot.preference.options.map(Int.init), power: Rational(ballot.power))
            }, options: names.count)
    }

    private func shares() -> [Rational] {
        let split = ballots.compactMap {
            ballot -> ChoiceBallot<[(option: Int, weight: Rational)]>? in
            guard case .share(let shares) = ballot.preference else { return nil }
            return ChoiceBallot(
                shares.map { (Int($0.option), Rational(UInt128($0.parts))) },
                power: Rational(ballot.power))
        }
        return system == .quadratic
            ? ChoiceVoting.quadratic(split, options: names.count)
            : ChoiceVoting.weighted(split, options: names.count)
    }

    private func plurality(_ scores: [Rational]) -> OptionOutcome {
        let best = scores.max() ?? .zero
        let tied = scores.indices.filter { scores[$0] == best }
        var lines = [
            "\(system.word): "
                + scores.indices.map { "\(names[$0]) \(scores[$0].floor)" }
                .joined(separator: ", ")
        ]
        let winner = first(tied)
        if tied.count > 1 { lines.append(lotLine(tied, winner)) }
        return OptionOutcome(winners: [winner], lines: lines + ["\(names[winner]) wins"])
    }

    private func lotLine(_ tied: [Int], _ winner: Int) -> String {
        "tie of \(tied.map { names[$0] }.joined(separator: ", ")): by lot \(names[winner])"
    }

    // MARK: Rankings

    private var election: RankedElection {
        RankedElection(
            options: names.count,
            ballots: ballots.map { ballot in
                ChoiceBallot(
                    ballot.preference.options.map(Int.init), power: Rational(ballot.power))
            }, allowsPartial: true)
    }

    private func instantRunoff() -> OptionOutcome {
        // Who goes first in a tie leaves last.
        let rounds = election.instantRunoff(elimination: lots.reversed())
        var lines: [String] = []
        for (number, round) in rounds.enumerated() {
            let scores = round.scores.map { "\(names[$0.option]) \($0.power.floor)" }
            let leaves = round.eliminated.map { "; \(names[$0]) leaves" } ?? ""
            lines.append("round \(number + 1): \(scores.joined(separator: ", "))\(leaves)")
        }
        let last = rounds.last?.scores ?? []
        let best = last.map(\.power).max() ?? .zero
        let tied = last.filter { $0.power == best }.map(\.option)
        guard !tied.isEmpty else { return OptionOutcome(winners: [], lines: lines) }
        let winner = first(tied)
        if tied.count > 1 { lines.append(lotLine(tied, winner)) }
        return OptionOutcome(winners: [winner], lines: lines + ["\(names[winner]) wins"])
    }

    private func condorcet() -> OptionOutcome {
        let election = election
        let matrix = election.pairwise()
        var lines: [String] = []
        for left in names.indices {
            for right in names.indices where left < right {
                lines.append(
                    "\(names[left]) \(matrix[left][right].floor) : \(matrix[right][left].floor)"
                        + " \(names[right])")
            }
        }
        if let winner = election.condorcetWinner() {
            return OptionOutcome(
                winners: [winner], lines: lines + ["\(names[winner]) beats every other: it wins"])
        }
        let standings = election.copeland()
        func isBelow(_ left: RankedElection.Standing, _ right: RankedElection.Standing) -> Bool {
            if left.wins != right.wins { return left.wins < right.wins }
            if left.ties != right.ties { return left.ties < right.ties }
            return left.support < right.support
        }
        let tied = standings.filter { one in !standings.contains { isBelow(one, $0) } }
            .map(\.option)
        let winner = first(tied)
        for standing in standings {
            lines.append("\(names[standing.option]): \(standing.wins) won, \(standing.ties) tied")
        }
        if tied.count > 1 { lines.append(lotLine(tied, winner)) }
        return OptionOutcome(
            winners: [winner], lines: lines + ["\(names[winner]) wins most comparisons"])
    }
}

extension GovernanceEngine {
    /// What the preferences on the ballots come to; nil where a proposal offers nothing to prefer.
    static func optionOutcome(of record: ProposalRecord, in state: any StateReader)
        -> OptionOutcome?
    {
        guard let document = document(record.number, in: state),
            !document.optionNames.isEmpty, record.rules.system.preferenceWord != nil
        else { return nil }
        if case .fundingRound(let round) = document.effects.first {
            return fundedProjects(of: round, record, in: state)
        }
        let ballots = ballots(on: record.number, in: state).compactMap { _, ballot in
            ballot.preference.map { ($0, ballot.own.units &+ ballot.lent.units) }
        }
        return OptionCount(
            names: document.optionNames, system: record.rules.system, lot: record.lot,
            ballots: ballots
        ).outcome()
    }

    /// How the preferences on a proposal's ballots count, as lines; none where there are none.
    public static func optionLines(on number: UInt64, in state: any StateReader) -> [String] {
        guard let record = proposal(number, in: state), record.status != .submitted else {
            return []
        }
        return optionOutcome(of: record, in: state)?.lines ?? []
    }

    /// What ties go by on a proposal: nobody knew it before its voting opened.
    func drawLot(for record: ProposalRecord, at moment: LogMoment, in state: any StateReader)
        -> Digest
    {
        SHA256.hash(record.identity.bytes + host.lot(at: moment, in: state).bytes)
    }
}
