// Offers and tasks for tests.

import Primitives
import Scheduling

#if canImport(Glibc)
    import Glibc
#endif

/// The policy files of the repository, found from this file's place in it.
enum PolicyFile {
    static func text(_ name: String, from file: String = #filePath) throws -> String {
        let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let path = root.joined(separator: "/") + "/Policies/" + name
        guard let stream = fopen(path, "r") else { throw Refusal("test.file", "no \(path)") }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

enum House {
    static func scheduler() throws -> Scheduler {
        Scheduler(policy: try SchedulingPolicy(parsing: try PolicyFile.text("scheduling.yaml")))
    }

    static func name(_ number: Int) -> Address {
        Address((0..<20).map { $0 < 12 ? 0 : UInt8(truncatingIfNeeded: number >> (8 * (19 - $0))) })
            ?? .zero
    }

    /// A machine of 100 GFLOP/s and 20 GB/s with 8 GiB that runs everything.
    static func offer(_ number: Int, slots: UInt64 = 1, owner: Int? = nil) -> ProviderOffer {
        ProviderOffer(
            id: name(number), owner: name(owner ?? 1000 + number), slots: slots, memory: 8 << 30,
            floatingPointRate: 100_000_000_000, memoryRate: 20_000_000_000,
            pricePerHour: Amount(3_600_000), tier: 2, hardwareClass: "x86",
            kinds: ["train", "verify"]
        )
    }

    /// A task of ten seconds on such a machine.
    static func task(_ id: UInt64, job: UInt64 = 1, kind: String = "train") -> PendingTask {
        PendingTask(
            id: id, job: job, kind: kind, floatingPointOperations: 1_000_000_000_000,
            bytes: 1_000_000_000, memory: 1 << 30)
    }

    /// Offers and tasks of many shapes from a seed.
    static func random(_ lots: inout SplitMix64, offers: Int, tasks: Int) -> Snapshot {
        let kinds = ["train", "verify", "evaluate"]
        let classes = ["x86", "arm"]
        func pick(_ words: [String]) -> String { words[Int(lots.next(below: UInt64(words.count)))] }
        func chance(_ percent: UInt64) -> Bool { lots.next(below: 100) < percent }
        var snapshot = Snapshot(offers: [], tasks: [])
        for number in 1...max(1, offers) where offers > 0 {
            var offer = House.offer(
                number, slots: 1 + lots.next(below: 3), owner: Int(lots.next(below: 8)))
            offer.freeSlots = lots.next(below: offer.slots + 1)
            offer.memory = (1 + lots.next(below: 16)) << 30
            offer.freeMemory = lots.next(below: offer.memory + 1)
            offer.floatingPointRate = chance(10) ? 0 : 1 + lots.next(below: 200_000_000_000)
            offer.memoryRate = chance(10) ? 0 : 1 + lots.next(below: 50_000_000_000)
            offer.pricePerHour = Amount(UInt128(lots.next(below: 9_000_000)))
            offer.tier = lots.next(below: 4)
            offer.hardwareClass = pick(classes)
            offer.kinds = kinds.filter { _ in chance(70) }
            offer.correction = 500_000 + lots.next(below: 1_500_000)
            offer.isQuarantined = chance(8)
            offer.isDraining = chance(8)
            snapshot.offers.append(offer)
        }
        for id in 1...UInt64(tasks) {
            var task = House.task(id, job: 1 + lots.next(below: 5), kind: pick(kinds))
            task.floatingPointOperations = lots.next(below: 1 << 45)
            task.bytes = lots.next(below: 1 << 40)
            task.memory = lots.next(below: 12) << 30
            task.minimumTier = lots.next(below: 3)
            task.hardwareClass = chance(30) ? pick(classes) : nil
            task.priority = lots.next(below: 3)
            task.age = lots.next(below: 3_600_000)
            task.costLimit = chance(30) ? Amount(UInt128(lots.next(below: 100_000))) : nil
            task.runTimeLimit = chance(30) ? lots.next(below: 1_000_000) : nil
            if chance(20) { task.excludedOwners = [name(Int(lots.next(below: 8)))] }
            if chance(10), offers > 0 { task.excludedProviders = [snapshot.offers[0].id] }
            snapshot.tasks.append(task)
        }
        return snapshot
    }
}
