// Draws from a seed, in the words of the simulation.

import Primitives

extension SplitMix64 {
    /// True in `chance` of 1000 cases.
    mutating func happens(_ chance: UInt64) -> Bool { next(below: 1000) < chance }

    /// A number from the range.
    mutating func pick(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + next(below: range.upperBound - range.lowerBound + 1)
    }

    /// A position in a collection of `count` elements.
    mutating func position(_ count: Int) -> Int { Int(next(below: UInt64(count))) }

    /// A generator of its own for one purpose, so that what one part draws moves no other's draws.
    static func stream(_ seed: UInt64, _ purpose: UInt64) -> SplitMix64 {
        var mixer = SplitMix64(seed: seed ^ (purpose &* 0xD6E8_FEB8_6659_FD93))
        return SplitMix64(seed: mixer.next())
    }
}
