// Keys are equal where their bytes are, and equal keys hash alike.

import Testing

@testable import Primitives

@Suite struct StateKeyTests {
    @Test func `keys differ by any byte and by their length`() {
        var random = SplitMix64(seed: 4)
        for count in 0...40 {
            let bytes = (0..<count).map { _ in UInt8(random.next(below: 256)) }
            let key = StateKey(bytes)
            #expect(key == StateKey(Array(bytes)))
            #expect(Set([key]).contains(StateKey(Array(bytes))))
            #expect(key != StateKey(bytes + [0]))
            for place in bytes.indices {
                var other = bytes
                other[place] ^= 1
                #expect(key != StateKey(other))
                #expect(!Set([key]).contains(StateKey(other)))
            }
        }
    }
}
