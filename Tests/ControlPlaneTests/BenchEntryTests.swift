// Entries of opaque puts, and a state that has no room.

import Cryptography
import Primitives
import Testing

@testable import ControlPlane

@Suite struct BenchEntryTests {
    private let entry = BenchEntry(
        timestamp: Timestamp(milliseconds: 9), life: 1, batch: 2,
        puts: [Array("benchkeyone".utf8), Array("benchkeytwo".utf8)])

    @Test func `an entry has one form`() throws {
        #expect(try BenchEntry(decoding: entry.encoded) == entry)
        #expect(BenchEntry.isForm(of: entry.encoded))
        #expect(!BenchEntry.isForm(of: EntryPayload(timestamp: .zero, commands: []).encoded))
        #expect(EntryPayload.timestamp(of: entry.encoded) == entry.timestamp)
        var short = entry
        short.puts = [[1, 2]]
        #expect(throws: Refusal.self) { try BenchEntry(decoding: short.encoded) }
    }

    @Test func `a database without room says so, keeps what it had, and goes on with room`() throws
    {
        let database = try StateDatabase(path: ":memory:")
        try database.commit([StateChange(key: [1], value: [1])], appliedIndex: 2)
        try database.execute("PRAGMA max_page_count = 8")
        let large = StateChange(key: [2], value: [UInt8](repeating: 7, count: 1 << 20))
        let refused = #expect(throws: Refusal.self) {
            try database.commit([StateChange(key: [1], value: [9]), large], appliedIndex: 3)
        }
        #expect(refused?.code == "disk.full")
        #expect(database.value(for: [1]) == [1])
        #expect(database.appliedIndex == 2)
        try database.execute("PRAGMA max_page_count = 100000")
        try database.commit([StateChange(key: [1], value: [9]), large], appliedIndex: 3)
        #expect(database.value(for: [1]) == [9])
        #expect(database.appliedIndex == 3)
    }
}
