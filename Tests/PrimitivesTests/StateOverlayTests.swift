// An overlay reads like the map it stands for, however writes, removals and scans alternate.

import Primitives
import Testing

@Suite("State overlay")
struct StateOverlayTests {
    @Test("scans between writes see every key once, in order")
    func scansBetweenWrites() {
        var random = SplitMix64(seed: 5)
        let base = MemoryState()
        var model: [[UInt8]: [UInt8]] = [:]
        func key() -> [UInt8] { [UInt8(random.next(below: 4)), UInt8(random.next(below: 200))] }
        for _ in 0..<100 {
            let key = key()
            base.commit([StateChange(key: key, value: [1])])
            model[key] = [1]
        }
        let overlay = StateOverlay(base)
        for step in 0..<3000 {
            // Sometimes many writes come between two scans, sometimes one; some in a child.
            let writer = random.next(below: 3) == 0 ? StateOverlay(overlay) : overlay
            for _ in 0..<(random.next(below: 20) == 0 ? 50 : 1) {
                let key = key()
                if random.next(below: 4) == 0 {
                    writer.remove(key)
                    model[key] = nil
                } else {
                    let value = [UInt8(truncatingIfNeeded: step)]
                    writer.set(key, to: value)
                    model[key] = value
                }
            }
            if writer !== overlay { overlay.adopt(writer) }
            let (first, second) = (key(), key())
            let (lower, upper) =
                first.lexicographicallyPrecedes(second) ? (first, second) : (second, first)
            let limit = 1 + Int(random.next(below: 30))
            let expected = model.filter {
                !$0.key.lexicographicallyPrecedes(lower) && $0.key.lexicographicallyPrecedes(upper)
            }.sorted { $0.key.lexicographicallyPrecedes($1.key) }.prefix(limit)
            let seen = overlay.entries(from: lower, to: upper, limit: limit)
            #expect(seen == expected.map { StateEntry(key: $0.key, value: $0.value) })
        }
        base.commit(overlay.allChanges)
        let all = base.entries(from: [], to: [255], limit: .max)
        #expect(
            all
                == model.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
                    StateEntry(key: $0.key, value: $0.value)
                })
        overlay.removeAllChanges()
        #expect(overlay.isEmpty)
    }
}
