// Where each entry lies, and what else the log says. The picture in memory that records build.

import Primitives

/// Where an entry's record is.
struct EntryLocation: Equatable {
    /// The segment, 0 when the record is lost.
    var segment: UInt64
    /// The record's place in it.
    var position: UInt32
    /// The payload's length.
    var length: UInt32
    /// The entry's term, 0 when it is lost with the record.
    var term: UInt64
    /// Whether the payload is known to be unreadable.
    var isDamaged: Bool

    static let lost = EntryLocation(
        segment: 0, position: 0, length: 0, term: 0, isDamaged: true)
}

/// What the log says, without the payloads.
struct LogIndex {
    /// Entries up to here are gone.
    private(set) var boundary = LogPosition.zero
    /// The state up to here is in a snapshot.
    private(set) var snapshot = LogPosition.zero
    /// Term, vote and commit hint.
    var hardState = LogHardState.initial
    /// Whether the vote in it is known; see `LogRecovery.isVoteCertain`.
    var isVoteCertain = true
    private var locations: [EntryLocation] = []
    /// How many entries are damaged; to answer "none" at once.
    private(set) var damagedCount = 0

    var firstIndex: UInt64 { boundary.index + 1 }
    var lastIndex: UInt64 { boundary.index + UInt64(locations.count) }

    /// The last place; its term is 0 when the last entry is lost.
    var last: LogPosition {
        LogPosition(index: lastIndex, term: locations.last?.term ?? boundary.term)
    }

    subscript(index: UInt64) -> EntryLocation? {
        guard index >= firstIndex, index <= lastIndex else { return nil }
        return locations[Int(index - firstIndex)]
    }

    /// The term at an index, also at the boundary and at the snapshot; nil when unknown.
    func term(at index: UInt64) -> UInt64? {
        if index == boundary.index { return boundary.term }
        if let location = self[index], location.term != 0 { return location.term }
        return index == snapshot.index ? snapshot.term : nil
    }

    /// The damaged entries, as ranges.
    var damaged: [ClosedRange<UInt64>] {
        guard damagedCount > 0 else { return [] }
        var ranges: [ClosedRange<UInt64>] = []
        for (offset, location) in locations.enumerated() where location.isDamaged {
            let index = firstIndex + UInt64(offset)
            if let open = ranges.last, open.upperBound + 1 == index {
                ranges[ranges.count - 1] = open.lowerBound...index
            } else {
                ranges.append(index...index)
            }
        }
        return ranges
    }

    /// Puts the next entry at the end, or a repaired or lost one in its place.
    mutating func set(_ index: UInt64, _ location: EntryLocation) {
        if index == lastIndex + 1 {
            locations.append(location)
        } else if index >= firstIndex, index <= lastIndex {
            let offset = Int(index - firstIndex)
            if locations[offset].isDamaged { damagedCount -= 1 }
            locations[offset] = location
        } else {
            return
        }
        if location.isDamaged { damagedCount += 1 }
    }

    /// Notes that an entry's payload cannot be read.
    mutating func markDamaged(_ index: UInt64) {
        guard var location = self[index] else { return }
        location.isDamaged = true
        set(index, location)
    }

    /// Gives a lost entry the term that it is known to have had.
    mutating func noteLostTerm(_ position: LogPosition) {
        guard var location = self[position.index], location.isDamaged, location.term == 0
        else { return }
        location.term = position.term
        set(position.index, location)
    }

    /// Forgets entries from `index` on.
    mutating func truncate(from index: UInt64) {
        while lastIndex >= max(index, firstIndex), let gone = locations.popLast() {
            if gone.isDamaged { damagedCount -= 1 }
        }
    }

    /// Notes a snapshot; past the end, or against the log's own term, the log starts over.
    mutating func mark(_ position: LogPosition) {
        let known = term(at: position.index)
        if position.index > lastIndex || (known != nil && known != position.term) {
            locations = []
            damagedCount = 0
            boundary = position
        }
        if position.index >= snapshot.index { snapshot = position }
    }

    /// Forgets entries up to a place.
    mutating func drop(through position: LogPosition) {
        guard position.index > boundary.index else { return }
        let count = Int(min(UInt64(locations.count), position.index - boundary.index))
        for location in locations[..<count] where location.isDamaged { damagedCount -= 1 }
        locations.removeFirst(count)
        boundary = position
    }

    /// Applies a record that was written or read; `location` is its own.
    ///
    /// `number` is the payload of a hard state (the vote) or of a loss (the last index).
    mutating func apply(_ header: RecordHeader, number: UInt64?, at location: EntryLocation) {
        let position = LogPosition(index: header.index, term: header.term)
        switch header.kind {
        case .entry: set(header.index, location)
        case .hardState:
            hardState = LogHardState(
                term: header.term, vote: number ?? hardState.vote, commit: header.index)
        case .truncate: truncate(from: header.index)
        case .snapshotMark: mark(position)
        case .boundary: drop(through: position)
        case .lost:
            truncate(from: header.index)
            lose(from: header.index, through: number ?? 0)
        }
    }

    /// Puts lost entries at the end.
    mutating func lose(from first: UInt64, through last: UInt64) {
        var index = max(first, lastIndex + 1)
        while index <= last {
            set(index, .lost)
            index += 1
        }
    }
}
