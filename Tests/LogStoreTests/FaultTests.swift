// What the log promises while everything is wrong with the disk: nothing acknowledged is lost or
// wrong without being reported.

import LogStore
import Primitives
import Testing

@Suite(.timeLimit(.minutes(2))) struct FaultTests {
    private func entry(_ index: UInt64, term: UInt64 = 1, _ text: String = "x") -> LogRecord {
        .entry(LogEntry(index: index, term: term, payload: Array(text.utf8)))
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `after a crash at any moment, what was acknowledged is there`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var subject = try Subject()
        for round in 0..<5 {
            try subject.work(Int(random.next(below: 25)), &random)
            // The crash comes in the middle of a write: part of it may have reached the disk.
            let acknowledged = subject.model
            let attempt = subject.model.nextBatch(&random)
            subject.disk.failFlushes(5)
            #expect(throws: Refusal.self) {
                try subject.store.commit(attempt + [.truncate(from: UInt64(acknowledged.last + 1))])
            }
            let model = acknowledged
            subject = try Subject(subject.disk.afterCrash(&random))
            let recovery = subject.store.recovery
            #expect(recovery.damaged.isEmpty, "seed \(seed), round \(round)")
            #expect(recovery.isVoteCertain)
            // The unacknowledged batch may be there in part; all before it must be.
            for index in model.first..<model.last + 1 where index <= subject.store.lastIndex {
                guard index < lowestTouched(by: attempt, model) else { break }
                #expect(
                    try subject.store.entries(from: index, to: index).first
                        == model.entries[index], "seed \(seed), round \(round), entry \(index)")
            }
            #expect(subject.store.lastIndex + 1 >= lowestTouched(by: attempt, model))
            #expect(subject.store.hardState.term >= model.hardState.term)
            subject.model = try adopt(subject.store, model)
        }
    }

    /// The first entry that a batch changes.
    private func lowestTouched(by batch: [LogRecord], _ model: LogModel) -> UInt64 {
        var lowest = model.last + 1
        for record in batch {
            if case .truncate(let from) = record { lowest = min(lowest, from) }
        }
        return lowest
    }

    /// The model as the store now is, where both were allowed.
    private func adopt(_ store: LogStore, _ model: LogModel) throws -> LogModel {
        var adopted = LogModel()
        adopted.first = store.firstIndex
        adopted.last = store.lastIndex
        adopted.hardState = store.hardState
        adopted.snapshot = store.snapshot
        for index in store.firstIndex..<store.lastIndex + 1 {
            adopted.entries[index] = try store.entries(from: index, to: index).first
        }
        return adopted
    }

    /// A kind of damage to one file.
    enum Damage: CaseIterable {
        case flippedBit, zeroedSector, zeroedTail, swappedSectors, lostFile, noise

        func apply(to disk: MemoryDisk, _ path: String, _ random: inout SplitMix64) {
            if self == .lostFile { return disk.lose(path) }
            let count = disk.bytes(of: path).count
            guard count > 1024 else { return }
            let place = Int(random.next(below: UInt64(count)))
            let bit = UInt8(1) << UInt8(random.next(below: 8))
            let sector = place / 512 * 512
            let other = Int(random.next(below: UInt64(count / 512))) * 512
            let noise = random.bytes(64)
            disk.damage(path) { bytes in
                switch self {
                case .flippedBit: bytes[place] ^= bit
                case .zeroedSector: for i in sector..<min(sector + 512, count) { bytes[i] = 0 }
                case .zeroedTail: for i in place..<count { bytes[i] = 0 }
                case .swappedSectors:
                    for i in 0..<512 { bytes.swapAt(sector + i, other + i) }
                case .noise: for i in 0..<min(64, count - place) { bytes[place + i] = noise[i] }
                case .lostFile: break
                }
            }
        }
    }

    @Test(arguments: Damage.allCases)
    func `damage is reported, never served, and heals`(damage: Damage) throws {
        for seed in 0..<60 as Range<UInt64> {
            var random = SplitMix64(seed: seed &* 977 &+ 5)
            var subject = try Subject()
            try subject.work(10 + Int(random.next(below: 30)), &random)
            let model = subject.model
            subject.store.close()
            let victims = subject.segments
            let victim = victims[Int(random.next(below: UInt64(victims.count)))]
            damage.apply(to: subject.disk, victim, &random)

            subject = try Subject(subject.disk)
            let store = subject.store
            expectHonest(store, model, "\(damage), seed \(seed)")
            try repair(store, model)
            store.close()
            subject = try Subject(subject.disk)
            expectHealed(subject.store, model, "\(damage), seed \(seed), healed")
        }
    }

    /// Each entry is right or reported; the end and the vote are known.
    private func expectHonest(_ store: LogStore, _ model: LogModel, _ comment: Comment) {
        #expect(store.lastIndex >= model.last, comment)
        if store.recovery.isVoteCertain {
            #expect(store.hardState.term == model.hardState.term, comment)
            #expect(store.hardState.vote == model.hardState.vote, comment)
        }
        for index in model.first..<model.last + 1 {
            guard index >= store.firstIndex else { continue }
            do throws(Refusal) {
                let found = try store.entries(from: index, to: index)
                #expect(found.first == model.entries[index], comment)
            } catch {
                #expect(error.code == "log.damaged", comment)
                #expect(store.damaged.contains { $0.contains(index) }, comment)
            }
        }
    }

    /// What a member does: fetches from others what is damaged, and appends it again.
    private func repair(_ store: LogStore, _ model: LogModel) throws {
        for range in store.damaged {
            for index in range {
                if let entry = model.entries[index] { try store.commit([.entry(entry)]) }
            }
        }
    }

    private func expectHealed(_ store: LogStore, _ model: LogModel, _ comment: Comment) {
        for index in model.first..<model.last + 1 where index >= store.firstIndex {
            #expect(
                (try? store.entries(from: index, to: index))?.first == model.entries[index],
                comment)
        }
    }

    @Test func `a kind byte that flips does not turn an entry into something else`() throws {
        for bit in 0..<8 as Range<UInt8> {
            var subject = try Subject()
            try subject.store.commit([entry(1, "first")])
            try subject.store.commit([entry(2, "second")])
            subject.store.close()
            subject.disk.damage(subject.segments[0]) { $0[64 + 44] ^= 1 << bit }
            subject = try Subject(subject.disk)
            #expect(subject.store.damaged == [1...1])
            #expect(try subject.store.entries(from: 2, to: 2).count == 1)
            #expect(throws: Refusal("log.damaged", "")) {
                try subject.store.entries(from: 1, to: 2)
            }
        }
    }

    @Test func `a flush that was reported and did not happen is found by the mark`() throws {
        var random = SplitMix64(seed: 3)
        var subject = try Subject()
        try subject.store.commit([entry(1, "kept")])
        subject.disk.loseFlushes(1)
        try subject.store.commit([entry(2, String(repeating: "lost", count: 200))])
        subject.store.close()
        var found = false
        for _ in 0..<20 where !found {
            subject = try Subject(subject.disk.afterCrash(&random))
            found = subject.store.damaged == [2...2]
            #expect(subject.store.lastIndex == 2)
        }
        #expect(found)
    }

    @Test func `a failed flush is final`() throws {
        let subject = try Subject()
        try subject.store.commit([entry(1)])
        subject.disk.failFlushes(5)
        #expect(throws: Refusal("log.failed", "")) { try subject.store.commit([entry(2)]) }
        subject.disk.failFlushes(nil)
        #expect(throws: Refusal("log.failed", "")) { try subject.store.commit([entry(2)]) }
        #expect(subject.store.failure?.code == "log.failed")
        #expect(subject.store.lastIndex == 1)
        #expect(try subject.store.entries(from: 1, to: 1).count == 1)
    }

    @Test func `a write that fails half done is final, and dropped at the next start`() throws {
        var subject = try Subject()
        try subject.store.commit([entry(1)])
        subject.disk.failWrite(after: 0)
        #expect(throws: Refusal("log.failed", "")) {
            try subject.store.commit([entry(2, String(repeating: "h", count: 900))])
        }
        subject = try Subject(subject.disk)
        #expect(subject.store.lastIndex == 1)
        #expect(subject.store.damaged.isEmpty)
        try subject.store.commit([entry(2)])
    }

    @Test func `a full disk refuses, and the log goes on when there is room`() throws {
        let subject = try Subject()
        subject.disk.setCapacity(4096 * 2 + 1024)
        let large = String(repeating: "f", count: 1500)
        var index: UInt64 = 1
        #expect(throws: Refusal("file.no-space", "")) {
            while true {
                try subject.store.commit([entry(index, large)])
                index += 1
            }
        }
        #expect(subject.store.lastIndex == index - 1)
        subject.disk.setCapacity(.max)
        try subject.store.commit([entry(index, large)])
        #expect(subject.store.lastIndex == index)
    }

    /// The flush mark is not flushed with each batch, but who it belongs to stands in it from the
    /// first moment on.
    @Test func `after a loss of power a first segment without its header is known all the same`()
        throws
    {
        for seed in 0..<20 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let subject = try Subject()
            for index in 1...5 as ClosedRange<UInt64> { try subject.store.commit([entry(index)]) }
            let disk = subject.disk.afterCrash(&random)
            let segment = try #require(disk.names.first { $0.hasSuffix(".log") })
            disk.damage(segment) { for i in 0..<64 { $0[i] = 0xEE } }
            let again = try Subject(disk)
            #expect(again.store.identity == subject.store.identity)
            #expect(try again.store.entries(from: 1, to: 5).count == 5)
        }
    }

    @Test func `files that say of no log that they belong to it are refused`() throws {
        let subject = try Subject()
        try subject.store.commit([entry(1)])
        subject.store.close()
        for name in subject.disk.names {
            subject.disk.damage(name) { for i in 0..<min(1024, $0.count) { $0[i] = 0xEE } }
        }
        #expect(throws: Refusal("log.unreadable", "")) { _ = try Subject(subject.disk) }
    }
}
