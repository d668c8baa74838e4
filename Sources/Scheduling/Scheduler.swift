// The plan: turn by turn, the job that has least gets its most urgent task placed where that is
// best.

import Primitives

/// Makes plans.
public struct Scheduler: Sendable {
    /// The policy in force.
    public let policy: SchedulingPolicy

    /// A scheduler under a policy.
    public init(policy: SchedulingPolicy) { self.policy = policy }

    /// Places what can be placed, and explains the rest.
    public func plan(_ snapshot: Snapshot) -> Plan {
        var planning = Planning(snapshot, policy: policy)
        planning.placeAll()
        return planning.finished()
    }

    /// Why a task waits; nil when it would be placed now or is not waiting.
    public func explain(task: UInt64, in snapshot: Snapshot) -> Explanation? {
        plan(snapshot).waiting.first { $0.task == task }
    }
}

/// A plan being made.
struct Planning {
    private let policy: SchedulingPolicy
    private let matching: Matching
    private let tasks: [PendingTask]
    private let needs: [Needs]
    private let names: NameTable
    private let totalSlots: UInt64
    private let totalMemory: UInt64
    private var machines: [Machine]
    /// The machines that can take anything at all, by index.
    private var open: [Int]
    private var queues: [JobQueue]
    private var plan = Plan()
    /// Tasks that were tried and did not fit, and those that were never tried.
    private var unfit: [(task: Int, gang: Bool)] = []
    private var untried: [Int] = []

    init(_ snapshot: Snapshot, policy: SchedulingPolicy) {
        self.policy = policy
        matching = Matching(policy: policy)
        var names = NameTable()
        // The order of the snapshot must not matter: everything is sorted by its number first.
        tasks = snapshot.tasks.sorted { $0.id < $1.id }
        needs = tasks.map { Needs($0, policy: policy, &names) }
        machines = snapshot.offers.sorted { $0.id < $1.id }.map { Machine($0, &names) }
        self.names = names
        open = machines.indices.filter { [machines] in machines[$0].isOpen }
        totalSlots = machines.reduce(0) { $0 &+ $1.slots }
        totalMemory = machines.reduce(0) { $0 &+ $1.memory }
        queues = Planning.queues(tasks, jobs: snapshot.jobs, policy: policy)
    }

    private static func queues(
        _ tasks: [PendingTask], jobs: [JobShare], policy: SchedulingPolicy
    ) -> [JobQueue] {
        var shares: [UInt64: JobShare] = [:]
        for job in jobs { shares[job.id] = job }
        let byJob = tasks.indices.sorted { (tasks[$0].job, $0) < (tasks[$1].job, $1) }
        var queues: [JobQueue] = []
        var start = 0
        while start < byJob.count {
            let job = tasks[byJob[start]].job
            var end = start
            while end < byJob.count, tasks[byJob[end]].job == job { end += 1 }
            let share = shares[job] ?? JobShare(id: job, weight: 1)
            queues.append(
                JobQueue(
                    number: job, weight: share.weight, slots: share.slotsInUse,
                    memory: share.memoryInUse,
                    units: units(byJob[start..<end], tasks: tasks, policy: policy)[...]))
            start = end
        }
        return queues
    }

    /// A job's tasks as units, the most urgent first.
    private static func units(
        _ indices: ArraySlice<Int>, tasks: [PendingTask], policy: SchedulingPolicy
    ) -> [Unit] {
        var units: [Unit] = []
        var gangs: [UInt64: Int] = [:]
        for index in indices {
            let task = tasks[index]
            if let gang = task.gang, let known = gangs[gang] {
                units[known].tasks.append(index)
                continue
            }
            if let gang = task.gang { gangs[gang] = units.count }
            let (priority, overflow) = task.priority.addingReportingOverflow(
                task.age / max(1, policy.agingStep))
            units.append(
                Unit(
                    tasks: [index], priority: overflow ? .max : priority, age: task.age,
                    number: task.id))
        }
        return units.sorted { left, right in
            (right.priority, right.age, left.number) < (left.priority, left.age, right.number)
        }
    }

    private func turn(of job: Int) -> Turn {
        Turn(
            share: queues[job].share(ofSlots: totalSlots, memory: totalMemory),
            number: queues[job].number, job: job)
    }

    /// Gives the jobs their turns until nothing waits, nothing is free, or the plan is full.
    mutating func placeAll() {
        var turns = Heap<Turn>()
        for job in queues.indices { turns.push(turn(of: job)) }
        while let next = turns.pop() {
            guard let unit = queues[next.job].units.popFirst() else { continue }
            if plan.placements.count + unit.tasks.count > policy.placementLimit,
                !plan.placements.isEmpty
            {
                untried += unit.tasks
            } else if !place(unit, job: next.job) {
                unfit += unit.tasks.map { ($0, unit.tasks.count > 1) }
            }
            if !queues[next.job].units.isEmpty { turns.push(turn(of: next.job)) }
        }
    }

    /// Places all tasks of a unit or none.
    private mutating func place(_ unit: Unit, job: Int) -> Bool {
        let placedBefore = plan.placements.count
        var taken: [(machine: Int, memory: UInt64)] = []
        for task in unit.tasks {
            guard let (machine, prediction) = best(needs[task]) else {
                for step in taken { give(step.memory, backTo: step.machine) }
                plan.placements.removeLast(plan.placements.count - placedBefore)
                return false
            }
            machines[machine].freeSlots -= 1
            machines[machine].freeMemory -= needs[task].memory
            taken.append((machine, needs[task].memory))
            if machines[machine].freeSlots == 0 { open.removeAll { $0 == machine } }
            plan.placements.append(
                Placement(
                    task: tasks[task].id, job: tasks[task].job, provider: machines[machine].id,
                    predictedMilliseconds: prediction.time, predictedCost: Amount(prediction.cost)))
        }
        queues[job].slots &+= UInt64(unit.tasks.count)
        for step in taken { queues[job].memory &+= step.memory }
        return true
    }

    private mutating func give(_ memory: UInt64, backTo machine: Int) {
        if machines[machine].freeSlots == 0 {
            let position = open.firstIndex { $0 > machine } ?? open.count
            open.insert(machine, at: position)
        }
        machines[machine].freeSlots += 1
        machines[machine].freeMemory += memory
    }

    /// The machine on which the task is the least burden; of equals the one with the lowest number.
    private func best(_ needs: Needs) -> (machine: Int, prediction: Prediction)? {
        var best: (machine: Int, prediction: Prediction)?
        var least = UInt128.max
        for machine in open {
            guard let prediction = matching.prediction(needs, on: machines[machine]) else {
                continue
            }
            let burden = prediction.burden(policy)
            if best == nil || burden < least {
                best = (machine, prediction)
                least = burden
            }
        }
        return best
    }

    /// The plan, with an explanation for every task that waits.
    consuming func finished() -> Plan {
        let explainer = Explainer(machines: machines, matching: matching, names: names)
        var known: [Needs: Explanation] = [:]
        for (task, isGang) in unfit {
            let explanation = known[needs[task]] ?? explainer.explain(tasks[task], needs[task])
            known[needs[task]] = explanation
            plan.waiting.append(explanation.about(tasks[task].id, gang: isGang))
        }
        for task in untried { plan.waiting.append(Explanation.planFull(tasks[task].id)) }
        plan.waiting.sort { $0.task < $1.task }
        return plan
    }
}
