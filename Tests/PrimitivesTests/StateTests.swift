// The ordered map under the rules: an overlay of overlays against a plain dictionary.

import Primitives
import Testing

/// What an overlay should be: all of it, sorted anew each time.
private struct Model {
    var values: [[UInt8]: [UInt8]] = [:]

    func entries(_ lower: [UInt8], _ upper: [UInt8], _ limit: Int) -> [StateEntry] {
        values.keys.sorted { $0.lexicographicallyPrecedes($1) }
            .filter {
                !$0.lexicographicallyPrecedes(lower) && $0.lexicographicallyPrecedes(upper)
            }
            .prefix(limit).map { StateEntry(key: $0, value: values[$0] ?? []) }
    }
}

@Suite struct StateTests {
    /// Few keys, many of them beginnings of others.
    private func key(_ random: inout SplitMix64) -> [UInt8] {
        (0..<random.next(below: 4)).map { _ in
            [0, 1, 0x7F, 0xFE, 0xFF][Int(random.next(below: 5))]
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `overlays read like a dictionary, whatever is written, removed, adopted, dropped`(
        seed: UInt64
    ) {
        var random = SplitMix64(seed: seed)
        let base = MemoryState()
        var committed = Model()
        for _ in 0..<30 {
            let outer = StateOverlay(base)
            var outerModel = committed
            for _ in 0..<4 {
                let inner = StateOverlay(outer)
                var innerModel = outerModel
                for _ in 0..<8 {
                    let key = key(&random)
                    if random.next(below: 3) == 0 {
                        inner.remove(key)
                        innerModel.values[key] = nil
                    } else {
                        let value = random.bytes(2)
                        inner.set(key, to: value)
                        innerModel.values[key] = value
                    }
                    check(inner, innerModel, &random)
                }
                if random.next(below: 2) == 0 {
                    outer.adopt(inner)
                    outerModel = innerModel
                } else {
                    inner.removeAllChanges()
                    #expect(inner.isEmpty)
                    check(inner, outerModel, &random)
                }
                check(outer, outerModel, &random)
            }
            check(base, committed, &random)
            let changes = outer.allChanges
            for (before, after) in zip(changes, changes.dropFirst()) {
                #expect(before.key.lexicographicallyPrecedes(after.key))
            }
            base.commit(changes)
            committed = outerModel
            check(base, committed, &random)
        }
    }

    private func check(_ state: any StateReader, _ model: Model, _ random: inout SplitMix64) {
        let (lower, upper) = (key(&random), key(&random))
        let limit = Int(random.next(below: 6))
        #expect(
            state.entries(from: lower, to: upper, limit: limit)
                == model.entries(lower, upper, limit))
        #expect(
            state.entries(from: [], to: [0xFF, 0xFF, 0xFF, 0xFF], limit: .max)
                == model.entries([], [0xFF, 0xFF, 0xFF, 0xFF], .max))
        let key = key(&random)
        #expect(state.value(for: key) == model.values[key])
    }

    private struct Record: BinaryCodable, Equatable {
        let number: UInt64
        init(number: UInt64) { self.number = number }
        func encode(into encoder: inout BinaryEncoder) { encoder.number(number) }
        init(from decoder: inout BinaryDecoder) throws(Refusal) { number = try decoder.number() }
    }

    @Test func `a table sees its own records, also at the end of the keys`() {
        let state = StateOverlay(MemoryState())
        let tables = [0, 7, 254, 255].map { Table<Record>(prefix: $0) }
        for (number, table) in tables.enumerated() {
            for key in [[], [0], [0, 1], [0xFF], [0xFF, 0xFF], [0xFF, 0xFF, 0xFF]] as [[UInt8]] {
                table.set(key, to: Record(number: UInt64(number)), in: state)
            }
        }
        for (number, table) in tables.enumerated() {
            #expect(table.records(in: state).count == 6)
            #expect(table.records(in: state).allSatisfy { $0.record.number == UInt64(number) })
            #expect(table.records(withPrefix: [0xFF], in: state).count == 3)
            #expect(table.records(withPrefix: [0], in: state).map(\.key) == [[0], [0, 1]])
            #expect(table.records(from: [0, 1], in: state).count == 4)
            #expect(table.records(limit: 2, in: state).count == 2)
            table.remove([0xFF], in: state)
            #expect(table.record([0xFF], in: state) == nil)
            #expect(table.records(withPrefix: [0xFF], in: state).count == 2)
        }
    }
}
