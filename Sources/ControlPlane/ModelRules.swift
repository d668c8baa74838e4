// Models after training: candidates, the release gate, service and retirement.

import Governance
import Primitives

enum ModelRules {
    static func model(_ name: String, in state: any StateReader) throws(Refusal) -> ModelRecord {
        guard let model = Tables.models.record(Key.text(name), in: state) else {
            throw Refusal("model.unknown", "there is no model `\(name)`")
        }
        return model
    }

    private static func set(_ model: ModelRecord, _ transaction: Transaction) {
        Tables.models.set(Key.text(model.name), to: model, in: transaction.state)
    }

    /// A finished job's result stands as a candidate until a vote decides about it.
    static func addCandidate(
        _ job: UInt64, _ record: JobRecord, verbatimBytes: UInt64, _ transaction: Transaction
    ) {
        var model = ModelRecord(
            name: record.plan.model, digest: record.parameters, job: job,
            trainingProposal: record.proposal)
        model.bitsPerByteStart = record.bitsPerByteStart
        model.bitsPerByteEnd = record.bitsPerByteEnd
        model.bigramBitsPerByte = record.bigramBitsPerByte
        model.verbatimBytes = verbatimBytes
        set(model, transaction)
        transaction.emit(
            "model.candidate",
            ["model": model.name, "digest": model.digest.hex, "job": String(job)])
    }

    /// Releases a model, if the gate of the release policy lets it through.
    static func release(
        _ release: ModelRelease, proposal: UInt64, _ transaction: Transaction
    ) throws(Refusal) {
        var model = try model(release.model, in: transaction.state)
        guard model.status == .candidate else {
            throw Refusal("model.status", "`\(model.name)` is \(model.status.word), no candidate")
        }
        guard model.digest == release.digest else {
            throw Refusal(
                "model.other-digest",
                "`\(model.name)` has the digest \(model.digest), not \(release.digest)")
        }
        guard release.asset == transaction.genesis.currencyAsset else {
            throw Refusal(
                "model.price-asset", "prices are in \(transaction.genesis.currencyAsset)")
        }
        let policy = try PolicyBook.release(transaction.state)
        let job = try JobRules.job(model.job, in: transaction.state)
        if let objection = policy.objection(
            to: model, licences: job.plan.data.map(\.licence))
        {
            throw objection
        }
        model.status = .released
        model.releaseProposal = proposal
        model.promptPrice = release.pricePerInputToken
        model.completionPrice = release.pricePerOutputToken
        set(model, transaction)
        transaction.emit(
            "model.released",
            [
                "model": model.name, "digest": model.digest.hex, "proposal": String(proposal),
                "prompt_price": model.promptPrice.description,
                "completion_price": model.completionPrice.description,
            ])
    }

    /// Takes a model out of service.
    static func retire(_ name: String, _ transaction: Transaction) throws(Refusal) {
        var model = try model(name, in: transaction.state)
        guard model.status == .released else {
            throw Refusal("model.status", "`\(name)` is \(model.status.word), not released")
        }
        model.status = .retired
        set(model, transaction)
        transaction.emit("model.retired", ["model": name])
    }

    private static func servingKey(_ model: String, _ provider: Address) -> [UInt8] {
        Key.text(model) + [0] + provider.bytes
    }

    /// An agent offers to serve, or stops.
    static func offer(
        _ agent: Address, model name: String, offered: Bool, _ transaction: Transaction
    ) throws(Refusal) {
        _ = try ProviderRules.provider(agent, in: transaction.state)
        let model = try model(name, in: transaction.state)
        guard model.status == .released || !offered else {
            throw Refusal("model.status", "`\(name)` is \(model.status.word), not released")
        }
        let key = servingKey(name, agent)
        if offered {
            Tables.servings.set(
                key, to: ServingRecord(provider: agent, since: transaction.now),
                in: transaction.state)
        } else {
            Tables.servings.remove(key, in: transaction.state)
        }
        transaction.emit(
            offered ? "model.served" : "model.withdrawn",
            ["model": name, "provider": agent.hex])
    }

    /// Who offers to serve a model.
    static func servings(of name: String, in state: any StateReader) -> [ServingRecord] {
        Tables.servings.records(withPrefix: Key.text(name) + [0], in: state).map(\.record)
    }
}
