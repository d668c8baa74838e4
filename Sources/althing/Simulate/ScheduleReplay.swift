// A trace played through the scheduler that leaders use, in virtual time. Tasks come, are planned
// at every step in which something changed, run for as long as the trace says, and leave.

import Primitives
import Scheduling

/// What a replay found.
struct ScheduleOutcome: Sendable {
    /// Tasks that were placed, gangs counted once.
    var placed = 0
    /// Tasks that were never placed, by the reason they waited for at the end.
    var unplaced: [(code: String, count: Int)] = []
    /// From the first arrival to the last end, in virtual milliseconds.
    var span: UInt64 = 0
    /// Slots in use times milliseconds, and what there was of it until the last arrival.
    var usedSlotTime: UInt64 = 0
    var offeredSlotTime: UInt64 = 0
    /// How long each placed task waited, in virtual milliseconds, sorted.
    var waits: [UInt64] = []
    /// How many plans were made.
    var plans = 0

    /// The wait that `share` of a hundred placed tasks do not pass.
    func wait(percentile share: Int) -> UInt64 {
        waits.isEmpty ? 0 : waits[min(waits.count - 1, waits.count * share / 100)]
    }

    /// Slots in use until the last arrival, in millionths of all.
    var utilisation: UInt64 {
        guard offeredSlotTime > 0 else { return 0 }
        return UInt64(UInt128(usedSlotTime) * 1_000_000 / UInt128(offeredSlotTime))
    }
}

/// Plays a trace.
struct ScheduleReplay {
    private let trace: ScheduleTrace
    private let scheduler: Scheduler
    private let step: UInt64
    private var offers: [ProviderOffer]
    private var places: [Address: Int] = [:]
    /// Works that came and wait, by their place in the trace.
    private var pending: [Int] = []
    private var running: [Running] = []
    private var outcome = ScheduleOutcome()

    private struct Running {
        let end: UInt64
        let machines: [Int]
        let memory: UInt64
    }

    /// What a slot computes in a second; a task's work is its duration at this rate.
    private static let rate: UInt64 = 1_000_000

    init(_ trace: ScheduleTrace, policy: SchedulingPolicy, step: UInt64) {
        self.trace = trace
        scheduler = Scheduler(policy: policy)
        self.step = max(1, step)
        offers = []
        for (number, machine) in trace.machines.enumerated() {
            let id = ScheduleReplay.address(number)
            places[id] = number
            offers.append(
                ProviderOffer(
                    id: id, owner: id, slots: machine.slots, memory: machine.memory,
                    floatingPointRate: ScheduleReplay.rate * machine.slots, memoryRate: 0,
                    pricePerHour: Amount(1), tier: 0, hardwareClass: machine.model,
                    kinds: ["task"]))
        }
    }

    private static func address(_ number: Int) -> Address {
        var encoder = BinaryEncoder()
        encoder.raw([UInt8](repeating: 0, count: 12))
        encoder.sortable(UInt64(number) + 1)
        return Address(encoder.bytes) ?? .zero
    }

    /// Plays to the end; `progress` hears how many works have come.
    mutating func run(_ progress: (Int) -> Void) -> ScheduleOutcome {
        var next = 0
        var now: UInt64 = 0
        let lastArrival = trace.works.last?.arrival ?? 0
        var reasons: [String: Int] = [:]
        while next < trace.works.count || !running.isEmpty {
            now = nextStep(after: now, next)
            release(until: now)
            while next < trace.works.count, trace.works[next].arrival <= now {
                pending.append(next)
                next += 1
            }
            if !pending.isEmpty { reasons = plan(at: now, lastArrival) }
            progress(next)
        }
        outcome.span = now - (trace.works.first?.arrival ?? 0)
        outcome.waits.sort()
        let slots = trace.machines.reduce(0) { $0 + $1.slots }
        outcome.offeredSlotTime = slots * (lastArrival - (trace.works.first?.arrival ?? 0))
        if !pending.isEmpty {
            outcome.unplaced = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { ($0.key, $0.value) }
        }
        return outcome
    }

    /// The end of the step in which something happens next.
    private func nextStep(after now: UInt64, _ next: Int) -> UInt64 {
        var event = running.map(\.end).min() ?? .max
        if next < trace.works.count { event = min(event, trace.works[next].arrival) }
        return max(now, (event + step - 1) / step * step)
    }

    private mutating func release(until now: UInt64) {
        for run in running where run.end <= now {
            let share = run.memory / UInt64(run.machines.count)
            for machine in run.machines {
                offers[machine].freeSlots += 1
                offers[machine].freeMemory += share
            }
        }
        running.removeAll { $0.end <= now }
    }

    /// Plans, starts what was placed; gives the reasons of what waits, by code.
    private mutating func plan(at now: UInt64, _ lastArrival: UInt64) -> [String: Int] {
        var tasks: [PendingTask] = []
        for number in pending { tasks += self.tasks(of: number, at: now) }
        outcome.plans += 1
        let plan = scheduler.plan(Snapshot(offers: offers, tasks: tasks))
        var chosen: [Int: [Int]] = [:]
        for placement in plan.placements {
            guard let machine = places[placement.provider] else { continue }
            chosen[Int(placement.job), default: []].append(machine)
        }
        for (number, machines) in chosen.sorted(by: { $0.key < $1.key }) {
            start(number, on: machines, at: now, lastArrival)
        }
        pending.removeAll { chosen[$0] != nil }
        var reasons: [String: Int] = [:]
        var counted: Set<UInt64> = []
        for explanation in plan.waiting where counted.insert(explanation.task >> 16).inserted {
            reasons[explanation.code, default: 0] += 1
        }
        return reasons
    }

    private func tasks(of number: Int, at now: UInt64) -> [PendingTask] {
        let work = trace.works[number]
        return (0..<work.slots).map { part in
            var task = PendingTask(
                id: UInt64(number) << 16 | part, job: UInt64(number), kind: "task",
                floatingPointOperations: work.duration / 1000 * ScheduleReplay.rate, bytes: 0,
                memory: work.memory / work.slots)
            task.hardwareClass = work.model
            task.age = now - work.arrival
            task.runTimeLimit = .max
            if work.slots > 1 { task.gang = UInt64(number) }
            return task
        }
    }

    private mutating func start(
        _ number: Int, on machines: [Int], at now: UInt64, _ lastArrival: UInt64
    ) {
        let work = trace.works[number]
        let share = work.memory / work.slots
        for machine in machines {
            offers[machine].freeSlots -= min(1, offers[machine].freeSlots)
            offers[machine].freeMemory -= min(share, offers[machine].freeMemory)
        }
        running.append(
            Running(
                end: now + work.duration, machines: machines,
                memory: share * UInt64(machines.count)))
        outcome.placed += 1
        outcome.waits.append(now - work.arrival)
        if now < lastArrival {
            outcome.usedSlotTime +=
                min(work.duration, lastArrival - now) * UInt64(machines.count)
        }
    }
}
