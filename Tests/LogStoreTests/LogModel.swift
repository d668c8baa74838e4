// A log that cannot fail, and a generator of work, to compare the real one with.

import LogStore
import Primitives
import Testing

/// What a correct log must say.
struct LogModel {
    var entries: [UInt64: LogEntry] = [:]
    var first: UInt64 = 1
    var last: UInt64 = 0
    var hardState = LogHardState.initial
    var snapshot = LogPosition.zero

    mutating func apply(_ records: [LogRecord]) {
        for record in records {
            switch record {
            case .entry(let entry):
                entries[entry.index] = entry
                last = max(last, entry.index)
            case .hardState(let state), .restoredVote(let state): hardState = state
            case .truncate(let from):
                while last >= from {
                    entries[last] = nil
                    last -= 1
                }
            case .snapshotMark(let position):
                if position.index > last {
                    entries = [:]
                    first = position.index + 1
                    last = position.index
                }
                snapshot = position
            case .boundary, .lost: break
            }
        }
    }

    mutating func compact(through index: UInt64) {
        while first <= index {
            entries[first] = nil
            first += 1
        }
    }

    /// A plausible next batch.
    func nextBatch(_ random: inout SplitMix64) -> [LogRecord] {
        var next = self
        var records: [LogRecord] = []
        func add(_ record: LogRecord) {
            records.append(record)
            next.apply([record])
        }
        switch random.next(below: 10) {
        case 0:
            var state = next.hardState
            state.term += 1 + random.next(below: 2)
            state.vote = random.next(below: 4)
            add(.hardState(state))
        case 1 where next.last > next.hardState.commit && next.last >= next.first:
            let floor = max(next.hardState.commit + 1, next.first)
            add(.truncate(from: floor + random.next(below: next.last - floor + 1)))
        case 2:
            var state = next.hardState
            state.commit = max(state.commit, next.last - min(next.last, random.next(below: 8)))
            add(.hardState(state))
        case 3 where next.hardState.commit >= next.first:
            let index = next.hardState.commit
            if let entry = next.entries[index] { add(.snapshotMark(entry.position)) }
        default: break
        }
        for _ in 0...random.next(below: 4) {
            let size = Int(random.next(below: random.next(below: 8) == 0 ? 1500 : 100))
            let term = max(1, next.hardState.term)
            add(
                .entry(
                    LogEntry(index: next.last + 1, term: term, payload: random.bytes(size))))
        }
        return records
    }
}

/// A store on a disk in memory, with the model beside it.
struct Subject {
    let disk: MemoryDisk
    var store: LogStore
    var model = LogModel()

    static let folder = "/log"

    static var options: LogOptions {
        var options = LogOptions()
        options.segmentBytes = 4096
        options.identity = 0x1234_5678_9ABC_DEF0
        return options
    }

    init(_ disk: MemoryDisk = MemoryDisk()) throws {
        self.disk = disk
        store = try LogStore(folder: Subject.folder, options: Subject.options, disk: disk)
    }

    mutating func work(_ count: Int, _ random: inout SplitMix64, compacts: Bool = true) throws {
        for _ in 0..<count {
            let batch = model.nextBatch(&random)
            try store.commit(batch)
            model.apply(batch)
            guard compacts, random.next(below: 12) == 0, model.snapshot.index >= model.first,
                model.snapshot.index <= model.last
            else { continue }
            try store.compact(through: model.snapshot.index)
            model.compact(through: model.snapshot.index)
        }
    }

    /// Files of the log itself.
    var segments: [String] { disk.names.filter { $0.hasSuffix(".log") } }
}

/// Everything the model knows must be in the store, and nothing else.
func expectSame(_ store: LogStore, _ model: LogModel, _ comment: Comment) {
    #expect(store.firstIndex == model.first, comment)
    #expect(store.lastIndex == model.last, comment)
    #expect(store.hardState == model.hardState, comment)
    #expect(store.snapshot == model.snapshot, comment)
    #expect(store.damaged.isEmpty, comment)
    guard model.first <= model.last else { return }
    var read: [LogEntry] = []
    while read.count < Int(model.last - model.first + 1) {
        let next = model.first + UInt64(read.count)
        guard
            let more = try? store.entries(from: next, to: model.last, byteBudget: 2000),
            !more.isEmpty
        else { break }
        read += more
    }
    #expect(read == (model.first...model.last).compactMap { model.entries[$0] }, comment)
}
