// Votes that rank options: instant run-off, Condorcet's comparison of pairs, and Copeland's count
// of it. Every round and the whole matrix are part of the result, so that nobody has to believe it.

/// A round of an instant run-off.
public struct RunoffRound: Hashable, Sendable {
    /// The options still in, with the power that ranks each first among them.
    public let scores: [(option: Int, power: Rational)]
    /// The option that leaves after this round; nil after the last.
    public let eliminated: Int?

    /// Equal by content.
    public static func == (left: RunoffRound, right: RunoffRound) -> Bool {
        left.eliminated == right.eliminated && left.scores.count == right.scores.count
            && zip(left.scores, right.scores).allSatisfy {
                $0.option == $1.option && $0.power == $1.power
            }
    }

    /// Hashes the options.
    public func hash(into hasher: inout Hasher) {
        for score in scores { hasher.combine(score.option) }
    }
}

/// Ballots that rank options numbered from zero, best first.
public struct RankedElection: Sendable {
    /// How many options there are.
    public let options: Int
    /// The rankings that count.
    public let ballots: [ChoiceBallot<[Int]>]

    /// Takes ballots; one that names an option twice, or one that is not there, is left out, and so
    /// is a partial ranking unless `allowsPartial`.
    public init(options: Int, ballots: [ChoiceBallot<[Int]>], allowsPartial: Bool = false) {
        self.options = options
        self.ballots = ballots.filter { ballot in
            let ranking = ballot.choice
            return Set(ranking).count == ranking.count
                && ranking.allSatisfy { (0..<options).contains($0) }
                && (allowsPartial || ranking.count == options)
        }
    }

    /// Instant run-off: the option with the least first preferences leaves, until one has more than
    /// half of the power still counted or fewer than three are left. Among equals the one that
    /// comes first in `elimination` leaves (by default the lowest number).
    ///
    /// Not monotone: raising an option on some ballots can make it lose.
    public func instantRunoff(elimination: [Int]? = nil) -> [RunoffRound] {
        var live = Array(0..<options)
        let order = elimination ?? live
        var rounds: [RunoffRound] = []
        while !live.isEmpty {
            let scores = firstPreferences(live)
            let total = scores.reduce(Rational.zero) { $0 + $1.power }
            let top = scores.map(\.power).max() ?? .zero
            guard live.count >= 3, top + top <= total else {
                rounds.append(RunoffRound(scores: scores, eliminated: nil))
                break
            }
            let least = scores.map(\.power).min() ?? .zero
            let tied = scores.filter { $0.power == least }.map(\.option)
            let leaves = order.first { tied.contains($0) } ?? tied[0]
            rounds.append(RunoffRound(scores: scores, eliminated: leaves))
            live.removeAll { $0 == leaves }
        }
        return rounds
    }

    private func firstPreferences(_ live: [Int]) -> [(option: Int, power: Rational)] {
        var powers = [Rational](repeating: .zero, count: options)
        for ballot in ballots {
            guard let first = ballot.choice.first(where: { live.contains($0) }) else { continue }
            powers[first] = powers[first] + ballot.power
        }
        return live.map { ($0, powers[$0]) }
    }

    /// `matrix[a][b]`: the power that prefers `a` to `b`.
    public func pairwise() -> [[Rational]] {
        var matrix = [[Rational]](
            repeating: [Rational](repeating: .zero, count: options), count: options)
        for ballot in ballots {
            var places = [Int](repeating: options, count: options)
            for (place, option) in ballot.choice.enumerated() { places[option] = place }
            for left in 0..<options {
                for right in 0..<options where places[left] < places[right] {
                    matrix[left][right] = matrix[left][right] + ballot.power
                }
            }
        }
        return matrix
    }

    /// The option that beats every other by more than `margin`; nil when there is none.
    public func condorcetWinner(margin: Rational = .zero) -> Int? {
        let matrix = pairwise()
        return (0..<options).first { option in
            (0..<options).allSatisfy { other in
                other == option || matrix[option][other] > matrix[other][option] + margin
            }
        }
    }

    /// How an option stands in Copeland's count.
    public struct Standing: Hashable, Sendable {
        /// The option.
        public let option: Int
        /// How many others it beats.
        public let wins: Int
        /// With how many it ties.
        public let ties: Int
        /// The mean share of the power that prefers it, over the others.
        public let support: Rational
        /// 2 a win, 1 a tie and half the mean support, scaled to the power counted.
        public let score: Rational
    }

    /// Copeland's count; ties by mean support. In the order of the options.
    public func copeland() -> [Standing] {
        let matrix = pairwise()
        let total = ballots.reduce(Rational.zero) { $0 + $1.power }
        let others = Rational(UInt128(Swift.max(1, options - 1)))
        let raw = (0..<options).map { option -> (wins: Int, ties: Int, support: Rational) in
            var wins = 0
            var ties = 0
            var preferred = Rational.zero
            for other in 0..<options where other != option {
                if matrix[option][other] > matrix[other][option] { wins += 1 }
                if matrix[option][other] == matrix[other][option] { ties += 1 }
                preferred = preferred + matrix[option][other]
            }
            return (wins, ties, preferred.divided(by: others * total) ?? .zero)
        }
        let half = Rational(.half)
        let points = raw.map {
            Rational(UInt128($0.wins * 2 + $0.ties)) + half * $0.support
        }
        let sum = points.reduce(Rational.zero, +)
        return raw.indices.map { option in
            Standing(
                option: option, wins: raw[option].wins, ties: raw[option].ties,
                support: raw[option].support,
                score: (points[option] * total).divided(by: sum) ?? .zero)
        }
    }
}
