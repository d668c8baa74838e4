// Tasks are leased, run, handed in, compared and settled.

import Cryptography
import Governance
import Primitives
import Scheduling
import Verification

enum TaskRules {
    /// Results that do not agree, at most, before the job gives up.
    static let executionLimit = 24

    static func task(_ id: UInt64, in state: any StateReader) throws(Refusal) -> TaskRecord {
        guard let task = Tables.tasks.record(Key.number(id), in: state) else {
            throw Refusal("task.unknown", "there is no task \(id)")
        }
        return task
    }

    static func set(_ id: UInt64, to task: TaskRecord, in state: StateOverlay) {
        Tables.tasks.set(Key.number(id), to: task, in: state)
        if task.status == .open {
            Tables.openTasks.set(Key.number(id), to: NumberRecord(id), in: state)
        } else {
            Tables.openTasks.remove(Key.number(id), in: state)
        }
    }

    /// Opens a task of a job.
    static func open(
        job: UInt64, kind: TaskKind, round: UInt64, ordinal: UInt64, owners: UInt64,
        _ transaction: Transaction
    ) {
        let id = transaction.nextNumber("tasks")
        let task = TaskRecord(job: job, kind: kind, round: round, ordinal: ordinal, owners: owners)
        set(id, to: task, in: transaction.state)
        transaction.emit(
            "task.opened",
            [
                "task": String(id), "job": String(job), "task_kind": kind.word,
                "round": String(round), "ordinal": String(ordinal),
            ])
    }

    // MARK: Leases

    /// Gives tasks to providers; a placement that no longer fits is an event, not a failure.
    static func place(_ placements: [Placement], _ transaction: Transaction) {
        for placement in placements {
            do throws(Refusal) {
                try transaction.attempt { transaction throws(Refusal) in
                    try place(placement, transaction)
                }
            } catch {
                transaction.emit(
                    "task.not-placed",
                    [
                        "task": String(placement.task), "provider": placement.provider.hex,
                        "code": error.code,
                    ])
            }
        }
    }

    private static func place(_ placement: Placement, _ transaction: Transaction) throws(Refusal) {
        let state = transaction.state
        var task = try task(placement.task, in: state)
        let provider = try ProviderRules.provider(placement.provider, in: state)
        let demand = TaskDemand(task, in: state)
        guard demand.isOpen else { throw Refusal("task.not-open", "the task needs no lease now") }
        if let objection = demand.objection(
            to: placement.provider, of: provider.owner, at: transaction.now)
        {
            throw objection
        }
        guard !provider.draining, provider.quarantinedUntil <= transaction.now else {
            throw Refusal("provider.unavailable", "the machine takes no work now")
        }
        guard activeLeases(of: placement.provider, in: state).count < 1 else {
            throw Refusal("provider.busy", "the machine is running another task")
        }
        let plan = try JobRules.job(task.job, in: state).plan
        let id = transaction.nextNumber("leases")
        let deadline = transaction.now.advanced(by: plan.timeout(of: task.kind))
        let lease = LeaseRecord(
            task: placement.task, provider: placement.provider, deadline: deadline,
            since: transaction.now,
            predicted: try predicted(task, plan, on: placement.provider, transaction))
        Tables.leases.set(Key.number(id), to: lease, in: state)
        Tables.openLeases.set(
            Key.numbers(deadline.milliseconds, id), to: NumberRecord(id), in: state)
        task.leases.append(id)
        task.attempts += 1
        let policy = try PolicyBook.verification(state)
        if task.kind == .segment, !isTrusted(provider, policy) {
            // An unproved machine's work is always compared, from the start.
            task.owners = max(task.owners, policy.quorum)
        }
        set(placement.task, to: task, in: state)
        transaction.emit(
            "task.leased",
            [
                "task": String(placement.task), "lease": String(id),
                "provider": placement.provider.hex, "deadline": deadline.description,
            ])
    }

    /// How long a task should take on a machine by its bare scores; zero where nothing is proved.
    private static func predicted(
        _ task: TaskRecord, _ plan: TrainingPlan, on agent: Address, _ transaction: Transaction
    ) throws(Refusal) -> UInt64 {
        let work = plan.work(of: task.kind)
        let scores = ProvedScores(of: agent, in: transaction.state)
        let policy = try PolicyBook.benchmarks(transaction.state)
        func bound(_ kernel: String) -> UInt64 {
            scores.bound(kernel, at: transaction.now, policy: policy)
        }
        return try PolicyBook.scheduling(transaction.state).predictedTime(
            floatingPointOperations: work.operations, bytes: work.bytes,
            floatingPointRate: bound("cpu.sgemm.1t"), memoryRate: bound("mem.stream-chain.mt")) ?? 0
    }

    static func isTrusted(_ provider: ProviderRecord, _ policy: VerificationPolicy) -> Bool {
        provider.wrong == 0 && provider.verified >= policy.trustedAfter
    }

    /// The leases a provider is running.
    static func activeLeases(of provider: Address, in state: any StateReader) -> [UInt64] {
        Tables.openLeases.records(in: state).map(\.record.value).filter {
            Tables.leases.record(Key.number($0), in: state)?.provider == provider
        }
    }

    /// Ends leases whose provider stopped answering.
    static func release(_ leases: [UInt64], reason: String, _ transaction: Transaction) {
        for id in leases {
            guard let lease = Tables.leases.record(Key.number(id), in: transaction.state),
                lease.active
            else { continue }
            lose(id, lease, reason: reason, transaction)
        }
    }

    /// Ends leases that are past their deadline.
    static func expireLeases(_ transaction: Transaction) {
        for (_, record) in Tables.openLeases.records(in: transaction.state) {
            guard let lease = Tables.leases.record(Key.number(record.value), in: transaction.state),
                lease.deadline <= transaction.now
            else { break }
            // Giving up a job ends the leases of its other tasks.
            guard lease.active else { continue }
            lose(record.value, lease, reason: "the lease ran out", transaction)
        }
    }

    /// Ends what a machine is running because it is no longer believed.
    static func revoke(from agent: Address, reason: String, _ transaction: Transaction) {
        for id in activeLeases(of: agent, in: transaction.state) {
            guard let lease = Tables.leases.record(Key.number(id), in: transaction.state) else {
                continue
            }
            close(id, lease, transaction)
            transaction.emit(
                "task.lost",
                [
                    "task": String(lease.task), "lease": String(id), "provider": agent.hex,
                    "reason": reason,
                ])
        }
    }

    private static func lose(
        _ id: UInt64, _ lease: LeaseRecord, reason: String, _ transaction: Transaction
    ) {
        close(id, lease, transaction)
        if var provider = Tables.providers.record(lease.provider.bytes, in: transaction.state) {
            provider.lost += 1
            Tables.providers.set(lease.provider.bytes, to: provider, in: transaction.state)
        }
        transaction.emit(
            "task.lost",
            [
                "task": String(lease.task), "lease": String(id), "provider": lease.provider.hex,
                "reason": reason,
            ])
        noteFailure(of: lease, reason: reason, transaction)
    }

    private static func noteFailure(
        of lease: LeaseRecord, reason: String, _ transaction: Transaction
    ) {
        guard var task = Tables.tasks.record(Key.number(lease.task), in: transaction.state) else {
            return
        }
        FailureRules.note(lease.provider, reason: reason, on: &task, transaction)
        set(lease.task, to: task, in: transaction.state)
        giveUpIfHopeless(lease.task, reason: reason, transaction)
    }

    private static func close(_ id: UInt64, _ lease: LeaseRecord, _ transaction: Transaction) {
        let state = transaction.state
        var closed = lease
        closed.active = false
        Tables.leases.set(Key.number(id), to: closed, in: state)
        Tables.openLeases.remove(Key.numbers(lease.deadline.milliseconds, id), in: state)
        guard var task = Tables.tasks.record(Key.number(lease.task), in: state) else { return }
        task.leases.removeAll { $0 == id }
        set(lease.task, to: task, in: state)
    }

    private static func giveUpIfHopeless(
        _ id: UInt64, reason: String, _ transaction: Transaction
    ) {
        guard let task = Tables.tasks.record(Key.number(id), in: transaction.state),
            task.status == .open,
            task.executions.count >= executionLimit
                || FailureRules.isHopeless(task, in: transaction.state)
        else { return }
        JobRules.abandon(
            task.job, reason: "task \(id) failed \(task.attempts) times, at last: \(reason)",
            transaction)
    }

    private static func active(_ id: UInt64, of agent: Address, in state: any StateReader)
        throws(Refusal) -> LeaseRecord
    {
        guard let lease = Tables.leases.record(Key.number(id), in: state),
            lease.provider == agent
        else { throw Refusal("lease.unknown", "this machine has no lease \(id)") }
        guard lease.active else {
            throw Refusal("lease.over", "the lease \(id) is over; its result is not taken")
        }
        return lease
    }

    // MARK: Results

    /// An agent could not run its task: another one may try at once, this one after a rest.
    static func fail(
        _ agent: Address, lease id: UInt64, task: UInt64, reason: String,
        _ transaction: Transaction
    ) throws(Refusal) {
        let lease = try active(id, of: agent, in: transaction.state)
        guard lease.task == task else {
            throw Refusal("lease.other-task", "lease \(id) is for task \(lease.task)")
        }
        close(id, lease, transaction)
        transaction.emit(
            "task.failed",
            [
                "task": String(lease.task), "lease": String(id), "provider": agent.hex,
                "reason": reason,
            ])
        noteFailure(of: lease, reason: reason, transaction)
    }

    /// An agent hands in an output.
    static func complete(
        _ agent: Address, lease id: UInt64, task taskID: UInt64, output: TaskOutput,
        _ transaction: Transaction
    ) throws(Refusal) {
        let state = transaction.state
        let lease = try active(id, of: agent, in: state)
        guard lease.task == taskID else {
            throw Refusal("lease.other-task", "lease \(id) is for task \(lease.task)")
        }
        let provider = try ProviderRules.provider(agent, in: state)
        var record = try task(taskID, in: state)
        try checkForm(output, of: record.kind)
        record.leases.removeAll { $0 == id }
        record.executions.append(
            Execution(provider: agent, owner: provider.owner, output: output))
        if record.kind == .segment, record.executions.count == 1, record.owners == 1,
            try isDrawnForAudit(taskID, record, transaction)
        {
            record.owners = try PolicyBook.verification(state).quorum
        }
        set(taskID, to: record, in: state)
        close(id, lease, transaction)
        try PaceRules.note(lease, transaction)
        for object in output.objects {
            ObjectRules.expect(object, kind: record.kind.word, job: record.job, state)
        }
        transaction.emit(
            "task.executed",
            [
                "task": String(taskID), "lease": String(id), "provider": agent.hex,
                "output": SHA256.hash(output.encoded).hex,
            ])
        try settle(taskID, transaction)
        giveUpIfHopeless(taskID, reason: "its results do not agree", transaction)
    }

    private static func checkForm(_ output: TaskOutput, of kind: TaskKind) throws(Refusal) {
        let expected: (objects: Int, metrics: Int) =
            switch kind {
            case .initialise: (2, 2)
            case .segment: (1, 2)
            case .aggregate: (2, 0)
            case .evaluate: (0, 2)
            }
        guard output.objects.count == expected.objects, output.metrics.count == expected.metrics
        else {
            throw Refusal(
                "task.output-form",
                "a task of kind \(kind.word) gives \(expected.objects) objects and"
                    + " \(expected.metrics) metrics")
        }
        // Zero marks what is not there yet: a round with such a delta would never be full.
        guard !output.objects.contains(.zero) else {
            throw Refusal("task.output-form", "no object has the digest zero")
        }
    }

    /// Draws from what nobody could know while the task ran: the log's chain at its completion.
    private static func isDrawnForAudit(
        _ id: UInt64, _ task: TaskRecord, _ transaction: Transaction
    ) throws(Refusal) -> Bool {
        let policy = try PolicyBook.verification(transaction.state)
        let plan = try JobRules.job(task.job, in: transaction.state).plan
        let chain = Tables.entryChain.record(
            Key.number(transaction.index), in: transaction.state)
        return AuditLottery.draws(
            beacon: chain?.value ?? .zero, task: id,
            provider: task.executions.last?.provider ?? .zero,
            share: max(policy.auditFloor, plan.redundancyMillionths))
    }

    private static func settle(_ id: UInt64, _ transaction: Transaction) throws(Refusal) {
        var record = try task(id, in: transaction.state)
        let demand = TaskDemand(record, in: transaction.state)
        guard let settled = demand.settled else { return }
        record.status = .accepted
        set(id, to: record, in: transaction.state)
        let liars = record.executions.filter { $0.output != settled.output }
        transaction.emit(
            "task.accepted",
            [
                "task": String(id), "job": String(record.job), "task_kind": record.kind.word,
                "round": String(record.round), "ordinal": String(record.ordinal),
                "executions": String(record.executions.count), "owners": String(settled.owners),
                "wrong": String(liars.count),
                "output": SHA256.hash(settled.output.encoded).hex,
            ])
        for execution in settled.executions {
            try JobRules.reward(
                execution, task: id, record, compared: settled.owners > 1, transaction)
        }
        // Liars come first: if what they did before has to be done again, this result falls too,
        // and above all it must not end the job and pay them.
        var stands = true
        for liar in liars {
            if try JobRules.punish(liar, task: id, record, transaction) { stands = false }
        }
        guard stands else { return }
        try JobRules.accepted(record, settled.output, compared: settled.owners > 1, transaction)
    }
}

extension TrainingPlan {
    /// How long a lease of such a task lasts, in milliseconds.
    func timeout(of kind: TaskKind) -> UInt64 {
        switch kind {
        case .segment: timeouts.segment
        case .aggregate: timeouts.aggregation
        case .initialise, .evaluate: timeouts.evaluation
        }
    }

    /// What one verified execution of such a task is paid.
    func price(of kind: TaskKind) -> Amount {
        switch kind {
        case .segment: budget.pricePerSegment
        case .aggregate: budget.pricePerAggregation
        case .initialise, .evaluate: budget.pricePerEvaluation
        }
    }
}
