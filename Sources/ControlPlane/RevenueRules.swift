// Revenue: what models earn is divided each epoch by the policy in force, for facts on record.

import Governance
import Ledger
import Primitives
import Transparency
import Wallet

enum RevenueRules {
    private static let epochCounter = "epochs"

    // MARK: Facts

    /// Notes tokens served and what they earned.
    static func addServed(
        by owner: Address, model: String, tokens: UInt128, revenue: Amount,
        _ transaction: Transaction
    ) throws(Refusal) {
        let epoch = transaction.state.lastNumber(epochCounter)
        let role = RevenueRole.servingProviders
        let key = Key.number(epoch) + [role.rawValue] + owner.bytes + Key.text(model)
        var fact =
            Tables.facts.record(key, in: transaction.state)
            ?? FactRecord(
                role: role.rawValue, payee: owner, weight: 0, reference: "tokens:\(model)")
        let (weight, overflow) = fact.weight.addingReportingOverflow(tokens)
        guard !overflow else { throw Refusal("amount.overflow", "too many tokens") }
        fact.weight = weight
        Tables.facts.set(key, to: fact, in: transaction.state)
        let modelKey = Key.number(epoch) + Key.text(model)
        let earned = Tables.modelRevenue.record(modelKey, in: transaction.state)?.value ?? .zero
        Tables.modelRevenue.set(
            modelKey, to: AmountRecord(try earned.adding(revenue)), in: transaction.state)
    }

    /// Everything that counts in an epoch: tokens served; for each model that earned, the work that
    /// trained it and the people who proposed it; and the voting tokens held at the close.
    static func facts(of epoch: UInt64, in state: any StateReader) -> [RevenueFact] {
        var facts = Tables.facts.records(withPrefix: Key.number(epoch), in: state).compactMap {
            _, record in
            RevenueRole(rawValue: record.role).map {
                RevenueFact(
                    role: $0, payee: record.payee, weight: record.weight,
                    reference: record.reference)
            }
        }
        for (key, earned) in Tables.modelRevenue.records(withPrefix: Key.number(epoch), in: state) {
            let name = String(decoding: key.dropFirst(8), as: UTF8.self)
            facts += factsOfOrigin(name, earned: earned.value, in: state)
        }
        for (key, held) in Tables.holders.records(in: state) {
            guard let holder = Address(key), !held.value.isZero else { continue }
            facts.append(
                RevenueFact(
                    role: .tokenHolders, payee: holder, weight: held.value.units,
                    reference: "tokens-held"))
        }
        return facts
    }

    private static func factsOfOrigin(
        _ model: String, earned: Amount, in state: any StateReader
    ) -> [RevenueFact] {
        guard let record = Tables.models.record(Key.text(model), in: state) else { return [] }
        var facts: [RevenueFact] = []
        let shares = Tables.trainers.record(Key.text(model), in: state)?.shares ?? []
        let total = shares.reduce(UInt128(0)) { $0 + UInt128($1.tasks) }
        for share in shares {
            // A model that earned more weighs more; among its trainers verified tasks decide.
            let weight = try? Amount(earned.units).scaled(
                UInt128(share.tasks) * 1_000_000, over: max(total, 1))
            facts.append(
                RevenueFact(
                    role: .trainingProviders, payee: share.payee, weight: weight?.units ?? 0,
                    reference: "job:\(record.job):tasks:\(share.tasks)"))
        }
        if let proposal = GovernanceEngine.proposal(record.trainingProposal, in: state) {
            facts.append(
                RevenueFact(
                    role: .maintainers, payee: proposal.proposer, weight: earned.units,
                    reference: "proposal:\(record.trainingProposal)"))
        }
        return facts
    }

    // MARK: Epochs

    private static let startKey = "epoch-start"

    static func openEpoch(_ number: UInt64, at time: Timestamp, _ transaction: Transaction) {
        Tables.counters.set(
            Key.text(epochCounter), to: NumberRecord(number), in: transaction.state)
        Tables.counters.set(
            Key.text(startKey), to: NumberRecord(time.milliseconds), in: transaction.state)
    }

    static func start(in state: any StateReader) -> Timestamp {
        Timestamp(milliseconds: state.lastNumber(startKey))
    }

    static func nextClose(in state: any StateReader, genesis: Genesis) -> Timestamp? {
        guard let policy = try? PolicyBook.revenue(state) else { return nil }
        return start(in: state).advanced(by: genesis.timings.scaled(policy.epochMilliseconds))
    }

    /// Divides what came in since the last close, once the epoch's length is over.
    static func closeIfDue(_ transaction: Transaction) throws(Refusal) {
        let state = transaction.state
        guard let due = nextClose(in: state, genesis: transaction.genesis),
            due <= transaction.now
        else { return }
        let policy = try PolicyBook.revenue(state)
        let digest = try PolicyBook.record("revenue", in: state).digest
        let epoch = state.lastNumber(epochCounter)
        let received = transaction.ledger.balance(of: .revenue(policy.asset))
        let started = start(in: state)
        openEpoch(epoch + 1, at: transaction.now, transaction)
        // An epoch in which nothing came in leaves no statement behind.
        guard !received.isZero else { return }
        let statement = try transaction.ledger.closeRevenueEpoch(
            epoch, received: received, facts: facts(of: epoch, in: state), policy: policy,
            policyDigest: digest, at: transaction.position)
        let record = EpochRecord(
            number: epoch, started: started, closed: transaction.now, index: transaction.index,
            policy: digest, received: received, paid: Amount(statement.paid),
            carried: statement.carriedOut, claimsRoot: try claims(statement)?.root ?? .zero)
        Tables.epochs.set(Key.number(epoch), to: record, in: state)
        transaction.emit(
            "revenue.epoch-closed",
            [
                "epoch": String(epoch), "received": received.description,
                "paid": record.paid.description, "carried_in": statement.carriedIn.description,
                "carried_out": statement.carriedOut.description,
                "lines": String(statement.lines.count), "claims_root": record.claimsRoot.hex,
            ])
    }

    /// The epoch's payouts as a tree that a contract can pay from; nil when nobody is paid.
    static func claims(_ statement: RevenueStatement) throws(Refusal) -> ClaimsTree? {
        let claims = statement.payouts.map { Claim(account: $0.payee, amount: $0.amount) }
        guard !claims.isEmpty else { return nil }
        return try ClaimsTree(epoch: statement.epoch, token: .zero, claims: claims) {
            $0.checksummed
        }
    }
}
