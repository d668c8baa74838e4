// Votes over several options: one of them, several, or shares of one's power. Scores are exact
// fractions, but for square roots, which are cut at 2^-64.

/// A ballot over options and the power behind it.
public struct ChoiceBallot<Choice: Sendable>: Sendable {
    /// What it says.
    public var choice: Choice
    /// The voter's power.
    public var power: Rational

    /// Makes a ballot.
    public init(_ choice: Choice, power: Rational) {
        self.choice = choice
        self.power = power
    }
}

/// Scores of options numbered from zero.
public enum ChoiceVoting {
    /// Each ballot names one option; others are invalid and count for nothing.
    public static func single(_ ballots: [ChoiceBallot<Int>], options: Int) -> [Rational] {
        var scores = [Rational](repeating: .zero, count: options)
        for ballot in ballots where scores.indices.contains(ballot.choice) {
            scores[ballot.choice] = scores[ballot.choice] + ballot.power
        }
        return scores
    }

    /// Each ballot gives its full power to every option it names; a ballot with an option that is
    /// not there, or twice there, is invalid.
    public static func approval(_ ballots: [ChoiceBallot<[Int]>], options: Int) -> [Rational] {
        var scores = [Rational](repeating: .zero, count: options)
        for ballot in ballots where isSelection(ballot.choice, options: options) {
            for option in ballot.choice { scores[option] = scores[option] + ballot.power }
        }
        return scores
    }

    private static func isSelection(_ choice: [Int], options: Int) -> Bool {
        Set(choice).count == choice.count && choice.allSatisfy { (0..<options).contains($0) }
    }

    /// Each ballot splits its power in proportion to the weights it gives.
    public static func weighted(
        _ ballots: [ChoiceBallot<[(option: Int, weight: Rational)]>], options: Int
    ) -> [Rational] {
        var scores = [Rational](repeating: .zero, count: options)
        for ballot in ballots {
            for (option, part) in parts(of: ballot, options: options) {
                scores[option] = scores[option] + part
            }
        }
        return scores
    }

    /// As `weighted`, but an option's score is the square of the sum of square roots, scaled so
    /// that all scores together are the power cast.
    ///
    /// Splitting oneself over many accounts multiplies one's score: this needs an identity source.
    public static func quadratic(
        _ ballots: [ChoiceBallot<[(option: Int, weight: Rational)]>], options: Int
    ) -> [Rational] {
        var roots = [Rational](repeating: .zero, count: options)
        var power = Rational.zero
        for ballot in ballots {
            let parts = parts(of: ballot, options: options)
            if !parts.isEmpty { power = power + ballot.power }
            for (option, part) in parts {
                roots[option] = roots[option] + part.squareRoot(precision: 64)
            }
        }
        let squares = roots.map { $0 * $0 }
        let sum = squares.reduce(Rational.zero, +)
        return squares.map { ($0 * power).divided(by: sum) ?? .zero }
    }

    private static func parts(
        of ballot: ChoiceBallot<[(option: Int, weight: Rational)]>, options: Int
    ) -> [(option: Int, part: Rational)] {
        let whole = ballot.choice.reduce(Rational.zero) { $0 + $1.weight }
        guard !whole.isZero, isSelection(ballot.choice.map(\.option), options: options) else {
            return []
        }
        return ballot.choice.map { entry in
            (entry.option, (ballot.power * entry.weight).divided(by: whole) ?? .zero)
        }
    }
}
