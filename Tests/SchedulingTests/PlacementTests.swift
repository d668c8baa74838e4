import Primitives
import Scheduling
import Testing

@Suite struct PlacementTests {
    @Test func `a task goes where money and time together are least`() throws {
        let scheduler = try House.scheduler()
        var slow = House.offer(1)
        slow.floatingPointRate /= 10
        slow.pricePerHour = .zero
        let plan = scheduler.plan(Snapshot(offers: [slow, House.offer(2)], tasks: [House.task(1)]))
        // 12 s at 3,600,000 + 1,000,000 an hour is less than 102 s at 1,000,000 an hour.
        #expect(plan.placements.map(\.provider) == [House.name(2)])
        #expect(plan.placements.first?.predictedMilliseconds == 12_000)
        #expect(plan.placements.first?.predictedCost == Amount(12_000))
    }

    @Test func `the slower of two ceilings is the prediction`() throws {
        let scheduler = try House.scheduler()
        var task = House.task(1)
        task.bytes = 400_000_000_000
        var offer = House.offer(1, slots: 2)
        offer.correction = 1_500_000
        let plan = scheduler.plan(Snapshot(offers: [offer], tasks: [task]))
        // 400 GB at half of 20 GB/s, 1.5 times as slow, and 2 s to start.
        #expect(plan.placements.first?.predictedMilliseconds == 62_000)
    }

    @Test func `jobs share by weight`() throws {
        let scheduler = try House.scheduler()
        let tasks = (1...40).map { House.task($0, job: $0 <= 20 ? 1 : 2) }
        let snapshot = Snapshot(
            offers: (1...12).map { House.offer($0) }, tasks: tasks,
            jobs: [JobShare(id: 1, weight: 1), JobShare(id: 2, weight: 3)])
        let plan = scheduler.plan(snapshot)
        #expect(plan.placements.count == 12)
        #expect(plan.placements.count { $0.job == 2 } == 9)
    }

    @Test func `a job that holds much waits for one that holds nothing`() throws {
        let scheduler = try House.scheduler()
        var snapshot = Snapshot(
            offers: [House.offer(1, slots: 4)],
            tasks: [House.task(1, job: 1), House.task(2, job: 2)],
            jobs: [JobShare(id: 1, weight: 1, slotsInUse: 3, memoryInUse: 3 << 30)])
        snapshot.offers[0].freeSlots = 1
        #expect(scheduler.plan(snapshot).placements.map(\.job) == [2])
    }

    @Test func `inside a job priority goes first, and waiting raises it`() throws {
        let scheduler = try House.scheduler()
        var tasks = [House.task(1), House.task(2), House.task(3)]
        tasks[1].priority = 1
        let snapshot = Snapshot(offers: [House.offer(1)], tasks: tasks)
        #expect(scheduler.plan(snapshot).placements.map(\.task) == [2])
        var aged = snapshot
        aged.tasks[2].age = 2 * scheduler.policy.agingStep
        #expect(scheduler.plan(aged).placements.map(\.task) == [3])
    }

    @Test func `a gang starts whole or not at all`() throws {
        let scheduler = try House.scheduler()
        var tasks = (1...4).map { House.task($0, job: $0 == 4 ? 2 : 1) }
        for index in 0..<3 { tasks[index].gang = 9 }
        var snapshot = Snapshot(offers: [House.offer(1, slots: 2)], tasks: tasks)
        let partial = scheduler.plan(snapshot)
        #expect(partial.placements.map(\.task) == [4])
        #expect(partial.waiting.map(\.code) == ["pending.gang", "pending.gang", "pending.gang"])
        snapshot.offers.append(House.offer(2, slots: 2))
        #expect(Set(scheduler.plan(snapshot).placements.map(\.task)) == [1, 2, 3, 4])
    }

    @Test func `owners and machines that are excluded get nothing`() throws {
        let scheduler = try House.scheduler()
        var task = House.task(1)
        task.excludedOwners = [House.name(7)]
        task.excludedProviders = [House.name(3)]
        let offers = [House.offer(1, owner: 7), House.offer(2, owner: 7), House.offer(3)]
        #expect(scheduler.plan(Snapshot(offers: offers, tasks: [task])).placements.isEmpty)
        let more = offers + [House.offer(4)]
        let plan = scheduler.plan(Snapshot(offers: more, tasks: [task]))
        #expect(plan.placements.map(\.provider) == [House.name(4)])
    }

    @Test func `a plan is no longer than the policy allows, and says so`() throws {
        let text = try PolicyFile.text("scheduling.yaml")
        let range = try #require(text.ranges(of: "placement-limit: 500").first)
        let changed = text[..<range.lowerBound] + "placement-limit: 3" + text[range.upperBound...]
        let scheduler = Scheduler(policy: try SchedulingPolicy(parsing: String(changed)))
        let tasks = (1...5).map { House.task($0) }
        let plan = scheduler.plan(Snapshot(offers: [House.offer(1, slots: 9)], tasks: tasks))
        #expect(plan.placements.map(\.task) == [1, 2, 3])
        #expect(plan.waiting.map(\.code) == ["pending.plan-full", "pending.plan-full"])
    }
}
