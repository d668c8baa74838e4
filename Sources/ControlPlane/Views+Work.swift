// Providers, jobs, tasks and models.

import Benchmarking
import Governance
import Ledger
public import Primitives

extension Views {
    // MARK: Providers

    /// Every machine.
    public func providers() -> JSON {
        .array(
            Tables.providers.records(in: state).compactMap { key, record in
                Address(key).map { provider($0, record) }
            })
    }

    /// One machine with its samples; throws `provider.unknown`.
    public func provider(_ agent: Address) throws(Refusal) -> JSON {
        let record = try ProviderRules.provider(agent, in: state)
        let samples = Tables.samples.records(withPrefix: agent.bytes, in: state).map(\.record)
        return .object(
            (provider(agent, record).members ?? []) + [
                JSON.Member(
                    "samples",
                    .array(
                        samples.map { sample in
                            [
                                "kernel": .string(sample.record.kernel),
                                "passed": .bool(sample.record.passed),
                                "code": .string(sample.record.code),
                                "rate": .int(sample.rate), "work": .int(sample.record.work),
                                "nanoseconds": .int(sample.record.nanoseconds),
                                "time": .string(sample.timestamp.description),
                                "time_milliseconds": .int(sample.timestamp.milliseconds),
                                "version": .int(sample.record.version),
                                "member": .int(sample.member),
                                "evidence": .string(sample.record.evidence.hex),
                            ]
                        }))
            ])
    }

    private func provider(_ agent: Address, _ record: ProviderRecord) -> JSON {
        let facts: JSON = [
            "agent": .string(agent.hex), "owner": .string(record.owner.hex),
            "name": .string(record.machine.name), "cores": .int(record.machine.cores),
            "memory_bytes": .int(record.machine.memoryBytes),
            "isolation": .string(record.machine.isolation), "draining": .bool(record.draining),
            "quarantine": .string(record.quarantineReason),
            "quarantined_until": .string(record.quarantinedUntil.description),
            "verified_results": .int(record.verified), "wrong_results": .int(record.wrong),
            "lost_leases": .int(record.lost),
            "stake": .amount(ledger.balance(of: .stake(agent, currency))),
        ]
        return .object((facts.members ?? []) + proved(agent))
    }

    /// What it proved, how its jobs compare with that, and against which machine points are given.
    private func proved(_ agent: Address) -> [JSON.Member] {
        guard let policy = try? PolicyBook.benchmarks(state),
            let measured = try? challengePolicy()
        else { return [] }
        let scores = ProvedScores(of: agent, in: state)
        return [
            JSON.Member("scores", scores.json(at: now, policy: policy)),
            JSON.Member(
                "points",
                scores.points(
                    policy.reference.restricted(to: measured.countedKernels(scores.scores)))),
            JSON.Member("pace", PaceRules.pace(of: agent, in: state).json),
        ]
    }

    // MARK: Jobs

    /// Every job, newest first.
    public func jobs() -> JSON {
        .array(
            Tables.jobs.records(in: state).reversed().map { key, record in
                job(Views.number(key), record)
            })
    }

    static func number(_ key: [UInt8]) -> UInt64 {
        key.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// One job with its tasks; throws `job.unknown`.
    public func job(_ id: UInt64) throws(Refusal) -> JSON {
        let record = try JobRules.job(id, in: state)
        let tasks = Tables.tasks.records(in: state).filter { $0.record.job == id }
        return .object(
            (job(id, record).members ?? []) + [
                JSON.Member(
                    "tasks", .array(tasks.map { task(Views.number($0.key), $0.record) }))
            ])
    }

    private func job(_ id: UInt64, _ record: JobRecord) -> JSON {
        let recipe = record.plan.recipe
        return [
            "id": .int(id), "model": .string(record.plan.model),
            "proposal": .int(record.proposal), "status": .string(record.status.word),
            "round": .int(record.round), "rounds": .int(recipe.rounds),
            "segments_per_round": .int(recipe.segmentsPerRound),
            "segments_accepted": .int(record.segmentsAccepted),
            "duplicates_compared": .int(record.duplicatesCompared),
            "parameters": .string(record.parameters.hex),
            "first_parameters": .string(record.firstParameters.hex),
            "bits_per_byte_start": .string(BitsPerByte.text(record.bitsPerByteStart)),
            "bits_per_byte_end": .string(BitsPerByte.text(record.bitsPerByteEnd)),
            "bigram_bits_per_byte": .string(BitsPerByte.text(record.bigramBitsPerByte)),
            "training_bits_per_byte": .string(BitsPerByte.text(record.lastTrainingBitsPerByte)),
            "budget": .amount(record.plan.budget.amount),
            "started": .string(record.started.description),
            "finished": .string(
                record.finished == .zero ? "" : record.finished.description),
            "failure": .string(record.failure),
            "plan": .string(Hex.encode(record.plan.encoded)),
        ]
    }

    private func task(_ id: UInt64, _ record: TaskRecord) -> JSON {
        [
            "id": .int(id), "kind": .string(record.kind.word), "round": .int(record.round),
            "ordinal": .int(record.ordinal), "status": .string(record.status.word),
            "owners_needed": .int(record.owners), "attempts": .int(record.attempts),
            "leases": .array(
                record.leases.compactMap { lease in
                    Tables.leases.record(Key.number(lease), in: state).map {
                        [
                            "lease": .int(lease), "provider": .string($0.provider.hex),
                            "deadline": .string($0.deadline.description),
                        ]
                    }
                }),
            "failures": .array(
                record.failures.map { failure in
                    [
                        "provider": .string(failure.provider.hex), "count": .int(failure.count),
                        "rests_until": .string(failure.restsUntil.description),
                        "reason": .string(failure.reason),
                    ]
                }),
            "executions": .array(
                record.executions.map { execution in
                    [
                        "provider": .string(execution.provider.hex),
                        "owner": .string(execution.owner.hex),
                        "objects": .array(execution.output.objects.map { .string($0.hex) }),
                        "metrics": .array(execution.output.metrics.map { .int($0) }),
                    ]
                }),
        ]
    }

    // MARK: Models

    /// Every model.
    public func models() -> JSON {
        .array(Tables.models.records(in: state).map { model($0.record) })
    }

    /// One model; throws `model.unknown`.
    public func model(_ name: String) throws(Refusal) -> JSON {
        model(try ModelRules.model(name, in: state))
    }

    private func model(_ record: ModelRecord) -> JSON {
        [
            "name": .string(record.name), "status": .string(record.status.word),
            "digest": .string(record.digest.contentName), "job": .int(record.job),
            "training_proposal": .int(record.trainingProposal),
            "release_proposal": .int(record.releaseProposal),
            "bits_per_byte_start": .string(BitsPerByte.text(record.bitsPerByteStart)),
            "bits_per_byte_end": .string(BitsPerByte.text(record.bitsPerByteEnd)),
            "bigram_bits_per_byte": .string(BitsPerByte.text(record.bigramBitsPerByte)),
            "longest_verbatim_copy_bytes": .int(record.verbatimBytes),
            "prompt_price": .amount(record.promptPrice),
            "completion_price": .amount(record.completionPrice),
            "served_by": .array(
                ModelRules.servings(of: record.name, in: state).map {
                    .string($0.provider.hex)
                }),
        ]
    }

    /// A released model's record, for the gateway.
    public func releasedModel(_ name: String) -> ModelRecord? {
        Tables.models.record(Key.text(name), in: state).flatMap {
            $0.status == .released ? $0 : nil
        }
    }

    /// Every released model's record.
    public func releasedModels() -> [ModelRecord] {
        Tables.models.records(in: state).map(\.record).filter { $0.status == .released }
    }

    /// The agents that offer to serve a model.
    public func servers(of model: String) -> [Address] {
        ModelRules.servings(of: model, in: state).map(\.provider)
    }

    /// The key's owner, if the key may be used.
    public func keyOwner(_ digest: Digest) -> Address? {
        Tables.keys.record(digest.bytes, in: state).flatMap { $0.revoked ? nil : $0.owner }
    }
}
