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

    @Test("who reads more than is to be kept in memory gets it all, and not all of it is kept")
    func readingMuch() {
        let base = MemoryState()
        let filling = StateOverlay(base)
        for number in 0..<48 as Range<UInt8> {
            filling.set([number], to: [UInt8](repeating: number, count: 1 << 20))
        }
        base.commit(filling.allChanges)
        let overlay = StateOverlay(base, remembersReads: true)
        for _ in 0..<2 {
            for number in 0..<48 as Range<UInt8> {
                #expect(overlay.value(for: [number])?.last == number)
            }
        }
        #expect(overlay.weight < 34 << 20)
        overlay.set([47], to: [1])
        #expect(overlay.allChanges.map(\.value) == [[1]])
    }

    @Test("changes that were written below are none any more, and what is kept is what is there")
    func settling() {
        var random = SplitMix64(seed: 8)
        let base = MemoryState()
        var model: [[UInt8]: [UInt8]] = [:]
        func key() -> [UInt8] { [UInt8(random.next(below: 3)), UInt8(random.next(below: 40))] }
        let overlay = StateOverlay(base, remembersReads: true)
        for step in 0..<4000 {
            let child = StateOverlay(overlay)
            let key = key()
            switch random.next(below: 6) {
            case 0: child.remove(key)
            case 1: child.set(key, to: [UInt8(truncatingIfNeeded: step)])
            case 2: child.append([7, UInt8(step >> 8), UInt8(step & 255)], [1])
            default: #expect(child.value(for: key) == model[key])
            }
            // Some children are thrown away, and must leave nothing that is not so.
            if random.next(below: 4) > 0 {
                for change in child.allChanges { model[change.key] = change.value }
                overlay.adopt(child)
            }
            guard random.next(below: 10) == 0 else { continue }
            for change in overlay.allChanges {
                switch change.before {
                case .unknown: break
                case .absent: #expect(base.value(for: change.key) == nil)
                case .present(let value): #expect(base.value(for: change.key) == value)
                }
            }
            base.commit(overlay.allChanges)
            overlay.settle(keeping: random.next(below: 4) == 0 ? 0 : 1 << 20)
            #expect(overlay.isEmpty)
            for key in model.keys { #expect(overlay.value(for: key) == model[key]) }
        }
    }
}
