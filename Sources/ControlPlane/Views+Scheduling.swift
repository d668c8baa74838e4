// What the leader plans on, and what agents are told: offers, open tasks, leases.

import Benchmarking
import Governance
import Ledger
public import Primitives
import Scheduling
import Verification

/// A lease that runs.
public struct ActiveLease: Sendable {
    /// The lease.
    public let id: UInt64
    /// Its task.
    public let task: UInt64
    /// The agent that holds it.
    public let provider: Address
}

extension Views {
    /// Every lease that runs.
    public func activeLeases() -> [ActiveLease] {
        Tables.openLeases.records(in: state).compactMap { _, record in
            Tables.leases.record(Key.number(record.value), in: state).map {
                ActiveLease(id: record.value, task: $0.task, provider: $0.provider)
            }
        }
    }

    /// What an agent should be running: one object a lease.
    public func assignments(of agent: Address) -> [JSON] {
        activeLeases().filter { $0.provider == agent }.compactMap { assignment($0) }
    }

    private func assignment(_ lease: ActiveLease) -> JSON? {
        guard let task = Tables.tasks.record(Key.number(lease.task), in: state),
            let job = Tables.jobs.record(Key.number(task.job), in: state),
            let record = Tables.leases.record(Key.number(lease.id), in: state)
        else { return nil }
        let round = Tables.rounds.record(Key.numbers(task.job, task.round), in: state)
        return [
            "lease": .int(lease.id), "task": .int(lease.task), "kind": .string(task.kind.word),
            "job": .int(task.job), "round": .int(task.round), "ordinal": .int(task.ordinal),
            "deadline": .int(record.deadline.milliseconds),
            "plan": .string(Hex.encode(job.plan.encoded)),
            "parameters": .string((round?.parameters ?? job.parameters).hex),
            "momentum": .string((round?.momentum ?? job.momentum).hex),
            "final_parameters": .string(job.parameters.hex),
            "deltas": .array((round?.deltas ?? []).map { .string($0.hex) }),
            "data": .array(job.plan.data.map { .string($0.digest.hex) }),
        ]
    }

    // MARK: Planning

    /// Placements for the tasks that can run now on the machines that are there.
    public func plan(present: Set<Address>, at time: Timestamp) throws(Refusal) -> [Placement] {
        let snapshot = try snapshot(present: present, at: time)
        guard !snapshot.tasks.isEmpty, !snapshot.offers.isEmpty else { return [] }
        let scheduler = Scheduler(policy: try PolicyBook.scheduling(state))
        return scheduler.plan(snapshot).placements.map {
            Placement(task: $0.task, provider: $0.provider)
        }
    }

    /// Why each waiting task of a job waits; throws `job.unknown`.
    public func waiting(job id: UInt64, present: Set<Address>, at time: Timestamp) throws(Refusal)
        -> JSON
    {
        let job = try JobRules.job(id, in: state)
        let snapshot = try snapshot(present: present, at: time)
        let plan = Scheduler(policy: try PolicyBook.scheduling(state)).plan(snapshot)
        let mine = Set(snapshot.tasks.filter { $0.job == id }.map(\.id))
        return [
            "job": .int(id), "status": .string(job.status.word),
            "running": .array(
                activeLeases().filter {
                    Tables.tasks.record(Key.number($0.task), in: state)?.job == id
                }.map { ["task": .int($0.task), "provider": .string($0.provider.hex)] }),
            "waiting": .array(
                plan.waiting.filter { mine.contains($0.task) }.map { explanation in
                    [
                        "task": .int(explanation.task), "code": .string(explanation.code),
                        "message": .string(explanation.message),
                    ]
                }),
        ]
    }

    private func snapshot(present: Set<Address>, at now: Timestamp) throws(Refusal) -> Snapshot {
        let busy = activeLeases()
        let policy = try PolicyBook.benchmarks(state)
        var offers: [ProviderOffer] = []
        var machines: [(agent: Address, owner: Address)] = []
        for (key, record) in Tables.providers.records(in: state) {
            guard let agent = Address(key), present.contains(agent) else { continue }
            machines.append((agent, record.owner))
            let isBusy = busy.contains { $0.provider == agent }
            offers.append(offer(agent, record, busy: isBusy, now, policy))
        }
        let tasks = Tables.openTasks.records(in: state).compactMap { _, number -> PendingTask? in
            guard let task = Tables.tasks.record(Key.number(number.value), in: state) else {
                return nil
            }
            return pending(number.value, task, machines: machines, at: now)
        }
        let jobs = Set(tasks.map(\.job)).sorted().map { job in
            JobShare(
                id: job, weight: 1,
                slotsInUse: UInt64(
                    busy.count {
                        Tables.tasks.record(Key.number($0.task), in: state)?.job == job
                    }))
        }
        return Snapshot(offers: offers, tasks: tasks, jobs: jobs)
    }

    private func offer(
        _ agent: Address, _ record: ProviderRecord, busy: Bool, _ now: Timestamp,
        _ policy: BenchmarkPolicy
    ) -> ProviderOffer {
        let scores = ProvedScores(of: agent, in: state)
        func rate(_ kernel: String) -> UInt64 { scores.bound(kernel, at: now, policy: policy) }
        var offer = ProviderOffer(
            id: agent, owner: record.owner, slots: 1, memory: record.machine.memoryBytes,
            floatingPointRate: rate("cpu.sgemm.1t"), memoryRate: rate("mem.stream-chain.mt"),
            pricePerHour: .zero, tier: record.machine.isolation == "process" ? 0 : 1,
            hardwareClass: "", kinds: ["initialise", "segment", "aggregate", "evaluate"])
        offer.freeSlots = busy ? 0 : 1
        offer.correction = PaceRules.pace(of: agent, in: state).correction
        offer.isDraining = record.draining
        offer.isQuarantined = record.quarantinedUntil > now
        return offer
    }

    private func pending(
        _ id: UInt64, _ task: TaskRecord, machines: [(agent: Address, owner: Address)],
        at now: Timestamp
    ) -> PendingTask? {
        let demand = TaskDemand(task, in: state)
        guard demand.isOpen, let job = Tables.jobs.record(Key.number(task.job), in: state) else {
            return nil
        }
        let work = job.plan.work(of: task.kind)
        var pending = PendingTask(
            id: id, job: task.job, kind: task.kind.word,
            floatingPointOperations: work.operations, bytes: work.bytes, memory: work.memory)
        pending.minimumTier = genesis.timings.production ? 1 : 0
        for machine in machines
        where demand.objection(to: machine.agent, of: machine.owner, at: now) != nil {
            pending.excludedProviders.append(machine.agent)
        }
        return pending
    }
}

extension TrainingPlan {
    /// The work of a task in the units that machines are measured in, held at the largest number.
    ///
    /// A plan's bounds allow products of 103 bits, which 128 hold.
    func work(of kind: TaskKind) -> (operations: UInt64, bytes: UInt64, memory: UInt64) {
        let width = UInt128(architecture.width)
        let layers = UInt128(architecture.layers)
        let parameters = 12 * layers * width * width + width * (256 + UInt128(architecture.context))
        let tokens = UInt128(architecture.batch) * UInt128(architecture.context)
        let bytesOfData = data.reduce(UInt128(0)) { $0 + UInt128($1.bytes) }
        let held = bytesOfData * UInt128(heldOutMillionths) / 1_000_000
        let operations =
            switch kind {
            case .segment:
                UInt128(
                    TrainingWork.segment(
                        layers: UInt64(architecture.layers), width: UInt64(architecture.width),
                        context: UInt64(architecture.context), batch: UInt64(architecture.batch),
                        steps: UInt64(recipe.stepsPerSegment)))
            case .aggregate: parameters * 8 * UInt128(recipe.segmentsPerRound)
            case .initialise, .evaluate: 2 * parameters * max(held, 65_536)
            }
        let bytes = parameters * 4 * 8
        let memory = bytes + tokens * width * layers * 64
        return (
            UInt64(clamping: operations), UInt64(clamping: bytes),
            UInt64(clamping: max(memory, 64 << 20))
        )
    }
}
