// A training job from its budget to its model: rounds of segments, each combined into the next
// parameters, and a measured end. A provider that lied pays, and what nobody checked of its work in
// this job is done again.

import Cryptography
import Governance
import Ledger
import Primitives
import Verification

enum JobRules {
    static func job(_ id: UInt64, in state: any StateReader) throws(Refusal) -> JobRecord {
        guard let job = Tables.jobs.record(Key.number(id), in: state) else {
            throw Refusal("job.unknown", "there is no job \(id)")
        }
        return job
    }

    private static func set(_ id: UInt64, to job: JobRecord, _ transaction: Transaction) {
        Tables.jobs.set(Key.number(id), to: job, in: transaction.state)
    }

    // MARK: Start

    /// Escrows the budget and opens the first task; called by an executed proposal.
    static func start(
        _ plan: TrainingPlan, proposal: UInt64, proposer: Address, _ transaction: Transaction
    ) throws(Refusal) {
        let asset = try transaction.asset(plan.budget.asset)
        guard Tables.models.record(Key.text(plan.model), in: transaction.state) == nil else {
            throw Refusal("model.exists", "there is already a model `\(plan.model)`")
        }
        let id = transaction.nextNumber("jobs")
        try transaction.pay(
            from: .treasury(asset), to: Money.escrow(job: id, asset), amount: plan.budget.amount,
            .jobBudget, .number(id))
        let job = JobRecord(
            proposal: proposal, proposer: proposer, plan: plan, started: transaction.now)
        set(id, to: job, transaction)
        for data in plan.data {
            ObjectRules.expect(data.digest, kind: "data", job: id, transaction.state)
        }
        transaction.emit(
            "job.started",
            [
                "job": String(id), "proposal": String(proposal), "model": plan.model,
                "budget": plan.budget.amount.description, "rounds": String(plan.recipe.rounds),
                "segments": String(plan.segmentCount),
            ])
        let quorum = try PolicyBook.verification(transaction.state).quorum
        TaskRules.open(
            job: id, kind: .initialise, round: 0, ordinal: 0, owners: quorum, transaction)
    }

    // MARK: Progress

    /// A task's output is settled: what follows from it.
    static func accepted(
        _ task: TaskRecord, _ output: TaskOutput, compared: Bool,
        _ transaction: Transaction
    ) throws(Refusal) {
        var job = try job(task.job, in: transaction.state)
        if compared { job.duplicatesCompared += 1 }
        switch task.kind {
        case .initialise:
            job.parameters = output.objects[0]
            job.momentum = output.objects[1]
            job.firstParameters = output.objects[0]
            job.bitsPerByteStart = output.metrics[0]
            job.bigramBitsPerByte = output.metrics[1]
            set(task.job, to: job, transaction)
            try openRound(task.job, transaction)
        case .segment:
            job.segmentsAccepted += 1
            job.lastTrainingBitsPerByte = output.metrics[1]
            set(task.job, to: job, transaction)
            try collect(output.objects[0], task, transaction)
        case .aggregate:
            job.parameters = output.objects[0]
            job.momentum = output.objects[1]
            job.round += 1
            set(task.job, to: job, transaction)
            transaction.emit(
                "job.round-finished",
                [
                    "job": String(task.job), "round": String(job.round),
                    "parameters": job.parameters.hex,
                    "training_bits_per_byte": String(job.lastTrainingBitsPerByte),
                ])
            try openRound(task.job, transaction)
        case .evaluate:
            job.bitsPerByteEnd = output.metrics[0]
            set(task.job, to: job, transaction)
            try finish(task.job, verbatimBytes: output.metrics[1], transaction)
        }
    }

    private static func openRound(_ id: UInt64, _ transaction: Transaction) throws(Refusal) {
        var job = try job(id, in: transaction.state)
        guard job.round < UInt64(job.plan.recipe.rounds) else {
            job.status = .evaluating
            set(id, to: job, transaction)
            let policy = try PolicyBook.verification(transaction.state)
            let evaluators = try PolicyBook.release(transaction.state).evaluators
            TaskRules.open(
                job: id, kind: .evaluate, round: job.round, ordinal: 0,
                owners: max(policy.quorum, evaluators), transaction)
            return
        }
        job.status = .training
        set(id, to: job, transaction)
        let segments = job.plan.recipe.segmentsPerRound
        let round = RoundRecord(
            parameters: job.parameters, momentum: job.momentum, segments: Int(segments))
        Tables.rounds.set(Key.numbers(id, job.round), to: round, in: transaction.state)
        for ordinal in 0..<segments {
            TaskRules.open(
                job: id, kind: .segment, round: job.round, ordinal: UInt64(ordinal), owners: 1,
                transaction)
        }
    }

    private static func collect(
        _ delta: Digest, _ task: TaskRecord, _ transaction: Transaction
    ) throws(Refusal) {
        let key = Key.numbers(task.job, task.round)
        guard var round = Tables.rounds.record(key, in: transaction.state),
            round.deltas.indices.contains(Int(task.ordinal))
        else { throw Refusal("job.round-unknown", "the job has no round \(task.round)") }
        round.deltas[Int(task.ordinal)] = delta
        Tables.rounds.set(key, to: round, in: transaction.state)
        guard !round.deltas.contains(.zero) else { return }
        var job = try job(task.job, in: transaction.state)
        job.status = .aggregating
        set(task.job, to: job, transaction)
        TaskRules.open(
            job: task.job, kind: .aggregate, round: task.round, ordinal: 0,
            owners: try PolicyBook.verification(transaction.state).quorum, transaction)
    }

    // MARK: Money

    /// Earnings of a machine in a job, held back until the job is over.
    static func heldAccount(_ job: UInt64, _ provider: Address, _ asset: AssetSymbol) -> AccountID {
        var encoder = BinaryEncoder()
        encoder.text("held")
        encoder.number(job)
        encoder.address(provider)
        return AccountID(.held, of: .digest(SHA256.hash(encoder.bytes)), in: asset)
    }

    /// Sets aside the price of one verified execution.
    static func reward(
        _ execution: Execution, task id: UInt64, _ task: TaskRecord, compared: Bool,
        _ transaction: Transaction
    ) throws(Refusal) {
        let job = try job(task.job, in: transaction.state)
        let asset = try transaction.asset(job.plan.budget.asset)
        let escrow = Money.escrow(job: task.job, asset)
        let price = Amount.min(
            job.plan.price(of: task.kind), transaction.ledger.available(of: escrow))
        try transaction.pay(
            from: escrow, to: heldAccount(task.job, execution.provider, asset), amount: price,
            .jobPayment, .number(id))
        var provider = try ProviderRules.provider(execution.provider, in: transaction.state)
        if compared { provider.verified += 1 }
        Tables.providers.set(execution.provider.bytes, to: provider, in: transaction.state)
    }

    private static func releaseHeld(_ id: UInt64, _ job: JobRecord, _ transaction: Transaction)
        throws(Refusal)
    {
        let asset = try transaction.asset(job.plan.budget.asset)
        for (key, provider) in Tables.providers.records(in: transaction.state) {
            guard let agent = Address(key) else { continue }
            let held = heldAccount(id, agent, asset)
            let earned = transaction.ledger.balance(of: held)
            guard !earned.isZero else { continue }
            try transaction.pay(
                from: held, to: .wallet(provider.owner, asset), amount: earned, .heldRelease,
                .number(id))
            transaction.emit(
                "job.paid",
                [
                    "job": String(id), "provider": agent.hex, "owner": provider.owner.hex,
                    "amount": earned.description,
                ])
        }
        let escrow = Money.escrow(job: id, asset)
        let left = transaction.ledger.balance(of: escrow)
        try transaction.pay(
            from: escrow, to: .treasury(asset), amount: left, .jobReturn, .number(id))
        transaction.emit("job.budget-returned", ["job": String(id), "amount": left.description])
    }

    // MARK: Liars

    /// A machine handed in something that independent owners refuted.
    ///
    /// - Returns: whether the job went back to an earlier round, so that `task` no longer stands.
    static func punish(
        _ liar: Execution, task id: UInt64, _ task: TaskRecord, _ transaction: Transaction
    ) throws(Refusal) -> Bool {
        let policy = try PolicyBook.verification(transaction.state)
        var provider = try ProviderRules.provider(liar.provider, in: transaction.state)
        provider.wrong += 1
        provider.verified = 0
        Tables.providers.set(liar.provider.bytes, to: provider, in: transaction.state)
        transaction.emit(
            "provider.caught",
            [
                "provider": liar.provider.hex, "owner": liar.owner.hex, "task": String(id),
                "claimed": SHA256.hash(liar.output.encoded).hex,
            ])
        let stake = transaction.ledger.balance(
            of: .stake(liar.provider, transaction.currency))
        try ProviderRules.slash(
            liar.provider, amount: policy.slash(stake: stake),
            reason: "a wrong result for task \(id)", transaction)
        try ProviderRules.quarantine(
            liar.provider, reason: "handed in a wrong result for task \(id)", transaction)
        TaskRules.revoke(
            from: liar.provider, reason: "the machine handed in a wrong result", transaction)
        try forfeit(task.job, liar.provider, transaction)
        return try redoUnchecked(task.job, of: liar.provider, transaction)
    }

    private static func forfeit(
        _ id: UInt64, _ agent: Address, _ transaction: Transaction
    ) throws(Refusal) {
        let job = try job(id, in: transaction.state)
        let asset = try transaction.asset(job.plan.budget.asset)
        let held = heldAccount(id, agent, asset)
        let amount = transaction.ledger.balance(of: held)
        try transaction.pay(
            from: held, to: Money.escrow(job: id, asset), amount: amount, .heldReversal,
            .number(id))
    }

    /// Goes back to the first round whose result rests on an unchecked output of `agent`.
    private static func redoUnchecked(
        _ id: UInt64, of agent: Address, _ transaction: Transaction
    ) throws(Refusal) -> Bool {
        let tasks = Tables.tasks.records(in: transaction.state).filter { $0.record.job == id }
        let doubtful = tasks.filter { _, task in
            task.status == .accepted && task.kind == .segment
                && Set(task.executions.map(\.owner)).count < 2
                && task.executions.contains { $0.provider == agent }
        }
        guard let first = doubtful.map(\.record.round).min(),
            let round = Tables.rounds.record(Key.numbers(id, first), in: transaction.state)
        else { return false }
        for (key, record) in tasks where record.round >= first && record.kind != .initialise {
            cancel(key, record, transaction)
        }
        var job = try job(id, in: transaction.state)
        job.round = first
        job.segmentsAccepted = first * UInt64(job.plan.recipe.segmentsPerRound)
        job.parameters = round.parameters
        job.momentum = round.momentum
        set(id, to: job, transaction)
        transaction.emit(
            "job.rolled-back",
            ["job": String(id), "round": String(first), "because": agent.hex])
        try openRound(id, transaction)
        return true
    }

    private static func cancel(_ key: [UInt8], _ task: TaskRecord, _ transaction: Transaction) {
        var cancelled = task
        cancelled.status = .cancelled
        cancelled.leases = []
        for lease in task.leases {
            guard var record = Tables.leases.record(Key.number(lease), in: transaction.state) else {
                continue
            }
            record.active = false
            Tables.leases.set(Key.number(lease), to: record, in: transaction.state)
            Tables.openLeases.remove(
                Key.numbers(record.deadline.milliseconds, lease), in: transaction.state)
        }
        var decoder = BinaryDecoder(key)
        guard let id = try? decoder.sortable() else { return }
        TaskRules.set(id, to: cancelled, in: transaction.state)
    }

    // MARK: End

    private static func finish(_ id: UInt64, verbatimBytes: UInt64, _ transaction: Transaction)
        throws(Refusal)
    {
        var job = try job(id, in: transaction.state)
        job.status = .finished
        job.finished = transaction.now
        set(id, to: job, transaction)
        try releaseHeld(id, job, transaction)
        transaction.emit(
            "job.finished",
            [
                "job": String(id), "model": job.plan.model, "parameters": job.parameters.hex,
                "bits_per_byte_start": String(job.bitsPerByteStart),
                "bits_per_byte_end": String(job.bitsPerByteEnd),
                "bigram_bits_per_byte": String(job.bigramBitsPerByte),
                "verbatim_bytes": String(verbatimBytes),
            ])
        ModelRules.addCandidate(id, job, verbatimBytes: verbatimBytes, transaction)
        recordTrainers(id, job, transaction)
    }

    /// The proposer stops what the proposal set going: the one who drafted it, put down its
    /// deposit, and would notice first that it goes wrong. What was verified is paid, what is left
    /// of the budget returns to the treasury.
    ///
    /// Throws `job.unknown`, `job.not-yours`, `job.over`.
    static func cancel(
        _ id: UInt64, by account: Address, reason: String, _ transaction: Transaction
    ) throws(Refusal) {
        let job = try job(id, in: transaction.state)
        guard job.proposer == account else {
            throw Refusal(
                "job.not-yours",
                "job \(id) can be cancelled by the proposer of proposal \(job.proposal) only")
        }
        guard !job.status.isOver else {
            throw Refusal("job.over", "job \(id) is \(job.status.word): nothing is left to cancel")
        }
        transaction.emit(
            "job.cancelled", ["job": String(id), "by": account.hex, "reason": reason])
        abandon(id, reason: "cancelled: \(reason)", transaction)
    }

    /// Gives up: what was verified is paid, the rest returns.
    static func abandon(_ id: UInt64, reason: String, _ transaction: Transaction) {
        guard var job = Tables.jobs.record(Key.number(id), in: transaction.state),
            !job.status.isOver
        else { return }
        for (key, record) in Tables.tasks.records(in: transaction.state)
        where record.job == id && record.status == .open {
            cancel(key, record, transaction)
        }
        job.status = .failed
        job.finished = transaction.now
        job.failure = reason.prefix(utf8: JobRecord.failureLimit)
        set(id, to: job, transaction)
        transaction.emit("job.failed", ["job": String(id), "reason": job.failure])
        do throws(Refusal) {
            try transaction.attempt { transaction throws(Refusal) in
                try releaseHeld(id, job, transaction)
            }
        } catch {
            transaction.emit("job.settlement-failed", ["job": String(id), "code": error.code])
        }
    }

    /// Verified work earns a share of what the model will bring in.
    private static func recordTrainers(
        _ id: UInt64, _ job: JobRecord, _ transaction: Transaction
    ) {
        var shares: [TrainersRecord.Share] = []
        for (_, task) in Tables.tasks.records(in: transaction.state)
        where task.job == id && task.status == .accepted {
            let demand = TaskDemand(task, in: transaction.state)
            for execution in demand.settled?.executions ?? [] {
                if let index = shares.firstIndex(where: { $0.payee == execution.owner }) {
                    shares[index].tasks += 1
                } else {
                    shares.append(TrainersRecord.Share(payee: execution.owner, tasks: 1))
                }
            }
        }
        Tables.trainers.set(
            Key.text(job.plan.model), to: TrainersRecord(shares), in: transaction.state)
    }
}
