// Which stretches of the corpus a segment sees: a function of its seed, and so of the log.

import Primitives

/// Draws where sequences start, uniformly over a corpus.
public struct BatchSampler: Sendable {
    private var generator: SplitMix64
    private let bound: UInt64

    /// Draws from a corpus of `corpusCount` bytes, which must be longer than the context.
    public init(seed: UInt64, corpusCount: Int, context: Int) {
        generator = SplitMix64(seed: seed)
        bound = UInt64(max(0, corpusCount - context))
    }

    /// Where the next sequence starts; the byte after its last one is still in the corpus.
    public mutating func nextStart() -> Int { Int(generator.next(below: bound)) }
}
