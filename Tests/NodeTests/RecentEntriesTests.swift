// The log's end in memory: whole ranges or nothing, and never what was replaced.

import Raft
import Testing

@testable import Node

@Suite struct RecentEntriesTests {
    private func entries(_ range: ClosedRange<UInt64>, term: UInt64 = 1, size: Int = 8) -> [Entry] {
        range.map {
            Entry(term: term, index: $0, data: [UInt8](repeating: UInt8(term), count: size))
        }
    }

    @Test func `a range is given whole or not at all`() {
        var recent = RecentEntries(limit: 10_000)
        recent.append(entries(5...9))
        #expect(recent.slice(from: 5, to: 10).map(Array.init) == entries(5...9))
        #expect(recent.slice(from: 7, to: 8).map(Array.init) == entries(7...7))
        #expect(recent.slice(from: 4, to: 8) == nil)
        #expect(recent.slice(from: 8, to: 11) == nil)
        #expect(recent.slice(from: 8, to: 8) == nil)
    }

    @Test func `what is replaced is gone, and a gap starts over`() {
        var recent = RecentEntries(limit: 10_000)
        recent.append(entries(5...9))
        recent.append(entries(7...8, term: 2))
        #expect(
            recent.slice(from: 5, to: 9).map(Array.init) == entries(5...6) + entries(7...8, term: 2)
        )
        #expect(recent.slice(from: 9, to: 10) == nil)
        recent.append(entries(20...21))
        #expect(recent.slice(from: 7, to: 8) == nil)
        #expect(recent.slice(from: 20, to: 22).map(Array.init) == entries(20...21))
    }

    @Test func `it stays within its bound and keeps the newest`() {
        var recent = RecentEntries(limit: 1000)
        for index in 1...200 as ClosedRange<UInt64> {
            recent.append(entries(index...index, size: 100))
        }
        #expect(recent.slice(from: 200, to: 201) != nil)
        #expect(recent.slice(from: 180, to: 201) == nil)
        var none = RecentEntries(limit: 0)
        none.append(entries(1...3))
        #expect(none.slice(from: 1, to: 2) == nil)
    }
}
