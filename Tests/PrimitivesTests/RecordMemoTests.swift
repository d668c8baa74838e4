// Records that are remembered beside their bytes are those bytes' records, whoever writes between.

import Primitives
import Testing

@Suite struct RecordMemoTests {
    private struct Note: BinaryCodable, Equatable {
        var text: String
        init(_ text: String) { self.text = text }
        func encode(into encoder: inout BinaryEncoder) { encoder.text(text) }
        init(from decoder: inout BinaryDecoder) throws(Refusal) { text = try decoder.text() }
    }

    private let notes = Table<Note>(prefix: 0x7F, isMemoized: true)
    /// The same records, decoded each time.
    private let plain = Table<Note>(prefix: 0x7F)

    @Test func `what a dropped overlay wrote is not remembered as the parent's`() {
        let outer = StateOverlay(MemoryState())
        notes.set([1], to: Note("first"), in: outer)
        let dropped = StateOverlay(outer)
        notes.set([1], to: Note("dropped"), in: dropped)
        #expect(notes.record([1], in: dropped) == Note("dropped"))
        #expect(notes.record([1], in: outer) == Note("first"))
        let adopted = StateOverlay(outer)
        notes.set([1], to: Note("second"), in: adopted)
        outer.adopt(adopted)
        #expect(notes.record([1], in: outer) == Note("second"))
        notes.remove([1], in: outer)
        #expect(notes.record([1], in: outer) == nil)
    }

    @Test func `reading with and without memory is the same`() {
        var random = SplitMix64(seed: 11)
        let base = MemoryState()
        for _ in 0..<30 {
            let outer = StateOverlay(base, remembersReads: true)
            for _ in 0..<20 {
                let inner = StateOverlay(outer)
                for _ in 0..<10 {
                    // More keys than are remembered.
                    let key = [UInt8(random.next(below: 2)), UInt8(random.next(below: 200))]
                    switch random.next(below: 4) {
                    case 0: notes.set(key, to: Note("\(random.next(below: 5))"), in: inner)
                    case 1: plain.set(key, to: Note("\(random.next(below: 5))"), in: inner)
                    case 2: notes.remove(key, in: inner)
                    default: break
                    }
                    #expect(notes.record(key, in: inner) == plain.record(key, in: inner))
                    #expect(notes.record(key, in: outer) == plain.record(key, in: outer))
                }
                if random.next(below: 2) == 0 { outer.adopt(inner) }
            }
            for change in outer.allChanges {
                // What is said of the value before is what was there.
                switch change.before {
                case .unknown: break
                case .absent: #expect(base.value(for: change.key) == nil)
                case .present(let value): #expect(base.value(for: change.key) == value)
                }
            }
            base.commit(outer.allChanges)
        }
    }
}
