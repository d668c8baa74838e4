// What a verifier asked to see, on its way into the pieces of a proof.

import Primitives

/// Openings that are still to be shown.
struct AskedOpenings: Sendable {
    private let noun: String
    private let rounds: Int
    private let count: Int
    private var left: ArraySlice<ChallengeMessage.Opening> = []

    /// Nothing was asked for yet.
    ///
    /// - Parameters:
    ///   - noun: what is opened, for the refusal.
    ///   - rounds: how many rounds there are.
    ///   - count: how many of them there are in a round.
    init(of noun: String, rounds: Int, count: Int) {
        self.noun = noun
        self.rounds = rounds
        self.count = count
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    mutating func ask(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        guard
            openings.allSatisfy({
                $0.pass >= 1 && $0.pass <= rounds && Int($0.block) < count
            })
        else {
            throw Refusal("challenge.parameters", "an opening names a \(noun) that is not there")
        }
        left = openings[...]
    }

    /// The next ones, at most so many; nil when all were given.
    mutating func next(_ most: Int) -> ArraySlice<ChallengeMessage.Opening>? {
        guard !left.isEmpty else { return nil }
        defer { left = left.dropFirst(most) }
        return left.prefix(most)
    }
}
