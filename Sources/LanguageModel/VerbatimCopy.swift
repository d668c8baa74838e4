// Whether a model recites its training text.

/// The longest stretch that samples share with a corpus.
public enum VerbatimCopy {
    /// A stretch found in both.
    public struct Match: Sendable, Equatable {
        /// How many bytes it has.
        public let length: Int
        /// Which sample it is in.
        public let sample: Int
        /// Where it starts in the sample.
        public let sampleOffset: Int
        /// Where it starts in the corpus.
        public let corpusOffset: Int
    }

    /// Finds the longest stretch of any sample that stands in the corpus byte for byte, or nil when
    /// they share no byte.
    ///
    /// If a stretch of some length is shared then so is one of every smaller length, so the length
    /// is found by bisection; each step looks the corpus's rolling hashes up among the samples' and
    /// compares bytes where they agree.
    public static func longest(samples: [[UInt8]], corpus: [UInt8]) -> Match? {
        var low = 0
        var high = min(samples.map(\.count).max() ?? 0, corpus.count)
        var best: Match?
        while low < high {
            let length = (low + high + 1) / 2
            if let match = match(length, samples, corpus) {
                best = match
                low = length
            } else {
                high = length - 1
            }
        }
        return best
    }

    /// The hash of a stretch: a polynomial modulo 2^64 whose multiplier is odd.
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

    private static func match(_ length: Int, _ samples: [[UInt8]], _ corpus: [UInt8]) -> Match? {
        var places: [UInt64: [(sample: Int, offset: Int)]] = [:]
        for (index, sample) in samples.enumerated() {
            roll(length, sample) { hash, offset in
                places[hash, default: []].append((index, offset))
                return true
            }
        }
        guard !places.isEmpty else { return nil }
        var found: Match?
        roll(length, corpus) { hash, offset in
            guard let candidates = places[hash] else { return true }
            for place in candidates
            where samples[place.sample][place.offset..<place.offset + length].elementsEqual(
                corpus[offset..<offset + length])
            {
                found = Match(
                    length: length, sample: place.sample, sampleOffset: place.offset,
                    corpusOffset: offset)
                return false
            }
            return true
        }
        return found
    }

    /// Calls `visit` with the hash and the offset of each stretch until it returns false.
    private static func roll(_ length: Int, _ text: [UInt8], _ visit: (UInt64, Int) -> Bool) {
        guard text.count >= length else { return }
        var leaving: UInt64 = 1
        for _ in 0..<length { leaving = leaving &* multiplier }
        var hash: UInt64 = 0
        for index in text.indices {
            hash = hash &* multiplier &+ UInt64(text[index]) &+ 1
            if index >= length { hash = hash &- leaving &* (UInt64(text[index - length]) &+ 1) }
            if index >= length - 1 {
                guard visit(hash, index - length + 1) else { return }
            }
        }
    }
}
