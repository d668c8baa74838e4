// What must hold of every plan, over random houses.

import Primitives
import Scheduling
import Testing

@Suite struct SchedulingPropertyTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `no plan promises what is not there`(seed: UInt64) throws {
        let scheduler = try House.scheduler()
        var lots = SplitMix64(seed: seed)
        var snapshot = House.random(&lots, offers: 12, tasks: 40)
        for index in 0..<6 { snapshot.tasks[index].gang = 1 + UInt64(index % 2) }
        for index in 0..<6 { snapshot.tasks[index].job = 1 + UInt64(index % 2) }
        let plan = scheduler.plan(snapshot)
        let named = plan.placements.map(\.task) + plan.waiting.map(\.task)
        #expect(named.sorted() == snapshot.tasks.map(\.id))
        for offer in snapshot.offers {
            let placed = plan.placements.filter { $0.provider == offer.id }
            #expect(placed.count <= offer.freeSlots)
            let tasks = placed.compactMap { placement in
                snapshot.tasks.first { $0.id == placement.task }
            }
            #expect(tasks.reduce(0) { $0 + $1.memory } <= offer.freeMemory)
            #expect(tasks.isEmpty || (!offer.isQuarantined && !offer.isDraining))
            for task in tasks {
                #expect(offer.kinds.contains(task.kind) && offer.tier >= task.minimumTier)
                #expect(!task.excludedOwners.contains(offer.owner))
                #expect(!task.excludedProviders.contains(offer.id))
                #expect(task.hardwareClass ?? offer.hardwareClass == offer.hardwareClass)
            }
        }
        for placement in plan.placements {
            let task = try #require(snapshot.tasks.first { $0.id == placement.task })
            #expect(placement.predictedMilliseconds <= task.runTimeLimit ?? .max)
            #expect(placement.predictedCost <= task.costLimit ?? .max)
        }
        for gang in 1...2 as ClosedRange<UInt64> {
            let members = Set(snapshot.tasks.filter { $0.gang == gang }.map(\.id))
            let started = plan.placements.count { members.contains($0.task) }
            #expect(started == 0 || started == members.count)
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `the order of the snapshot does not matter`(seed: UInt64) throws {
        let scheduler = try House.scheduler()
        var lots = SplitMix64(seed: 100 + seed)
        let snapshot = House.random(&lots, offers: 10, tasks: 30)
        var shuffled = snapshot
        shuffled.offers.shuffle(using: &lots)
        shuffled.tasks.shuffle(using: &lots)
        #expect(scheduler.plan(snapshot) == scheduler.plan(shuffled))
    }

    @Test func `nothing that would still fit is left waiting`() throws {
        let scheduler = try House.scheduler()
        for seed in 1...12 as ClosedRange<UInt64> {
            var lots = SplitMix64(seed: 200 + seed)
            let snapshot = House.random(&lots, offers: 10, tasks: 30)
            let plan = scheduler.plan(snapshot)
            var rest = snapshot
            rest.tasks.removeAll { task in plan.placements.contains { $0.task == task.id } }
            for placement in plan.placements {
                let task = try #require(snapshot.tasks.first { $0.id == placement.task })
                for index in rest.offers.indices where rest.offers[index].id == placement.provider {
                    rest.offers[index].freeSlots -= 1
                    rest.offers[index].freeMemory -= task.memory
                }
            }
            #expect(scheduler.plan(rest).placements.isEmpty)
        }
    }

    @Test func `an empty house gives an empty plan, and numbers at their ends do not trap`() throws
    {
        let scheduler = try House.scheduler()
        let empty = scheduler.plan(Snapshot(offers: [], tasks: []))
        #expect(empty.placements.isEmpty && empty.waiting.isEmpty)
        var offer = House.offer(1)
        offer.slots = .max
        offer.freeSlots = .max
        offer.memory = .max
        offer.freeMemory = .max
        offer.pricePerHour = .max
        offer.correction = .max
        var task = House.task(1)
        task.floatingPointOperations = .max
        task.bytes = .max
        task.memory = .max
        task.age = .max
        task.priority = .max
        let plan = scheduler.plan(
            Snapshot(
                offers: [offer], tasks: [task],
                jobs: [JobShare(id: 1, weight: .max, slotsInUse: .max, memoryInUse: .max)]))
        #expect(plan.waiting.map(\.code) == ["pending.run-time"])
    }
}
