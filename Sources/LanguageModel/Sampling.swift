// How the next byte is chosen from its scores.

import CKernels
public import Primitives

/// The choices of a request for text.
public struct Sampling: Sendable, Hashable {
    /// How much chance flattens the scores, in thousandths; zero always takes the best byte.
    public let temperaturePermille: UInt32
    /// How many of the best bytes are considered.
    public let topK: Int
    /// The smallest set of best bytes with this much probability is considered, in thousandths.
    public let topPPermille: UInt32
    /// What the draws come from.
    public let seed: UInt64

    /// Checks and makes a choice; throws `generation.sampling`.
    public init(
        temperaturePermille: UInt32 = 800, topK: Int = 256, topPPermille: UInt32 = 1000,
        seed: UInt64 = 0
    ) throws(Refusal) {
        guard temperaturePermille <= 100_000, (1...256).contains(topK),
            (1...1000).contains(topPPermille)
        else {
            throw Refusal(
                "generation.sampling",
                "temperature is 0 to 100, top-k 1 to 256, and top-p above 0 and at most 1")
        }
        self.temperaturePermille = temperaturePermille
        self.topK = topK
        self.topPPermille = topPPermille
        self.seed = seed
    }

    /// Always the best byte.
    public static let greedy = Sampling(
        unchecked: (temperaturePermille: 0, topK: 256, topPPermille: 1000, seed: 0))

    private init(
        unchecked parts: (
            temperaturePermille: UInt32, topK: Int, topPPermille: UInt32, seed: UInt64
        )
    ) {
        (temperaturePermille, topK, topPPermille, seed) = parts
    }

    /// Chooses byte number `position` of a text. The draw depends on the seed and the position
    /// only, so that a resumed continuation goes on with the draws it would have had.
    func choose(_ scores: UnsafeMutableBufferPointer<Float>, position: Int) -> UInt8 {
        if temperaturePermille == 0 || topK == 1 { return best(scores) }
        althing_probabilities(
            scores.baseAddress, Int32(scores.count), 1000 / Float(temperaturePermille))
        // Whole weights make the sums below exact. A byte of weight zero is never drawn.
        let weights = scores.map { UInt64($0 * 0x1p40) }
        var order = Array(weights.indices)
        if topK < order.count || topPPermille < 1000 {
            order.sort { (weights[$1], $0) < (weights[$0], $1) }
        }
        let total = weights.reduce(0, +)
        let enough = total / 1000 * UInt64(topPPermille)
        var sum: UInt64 = 0
        var kept: [Int] = []
        for index in order.prefix(topK) {
            kept.append(index)
            sum += weights[index]
            if topPPermille < 1000, sum >= enough { break }
        }
        var generator = SplitMix64(seed: seed &+ UInt64(position) &* 0xD6E8_FEB8_6659_FD93)
        var draw = generator.next(below: sum)
        for index in kept {
            if draw < weights[index] { return UInt8(truncatingIfNeeded: index) }
            draw -= weights[index]
        }
        return best(scores)
    }

    /// The byte with the highest score, the lowest one among equals.
    private func best(_ scores: UnsafeMutableBufferPointer<Float>) -> UInt8 {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return UInt8(truncatingIfNeeded: best)
    }
}
