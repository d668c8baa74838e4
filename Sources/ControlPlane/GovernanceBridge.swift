// The control plane as Governance sees it: who holds deposits, what effects do.

import Governance
import Ledger
import Primitives

struct GovernanceBridge: GovernanceHost {
    let genesis: Genesis
    let now: Timestamp
    let index: UInt64

    private func transaction(_ state: StateOverlay) -> Transaction {
        Transaction(state: state, genesis: genesis, now: now, index: index)
    }

    func constitution(in state: any StateReader) throws(Refusal) -> Constitution {
        try PolicyBook.constitution(state, genesis: genesis)
    }

    // MARK: Effects

    func check(_ effect: Effect, in state: any StateReader) throws(Refusal) {
        switch effect {
        case .changePolicy(let change): try check(change, in: state)
        case .trainModel(let plan):
            guard plan.recipe.segmentsPerRound <= RoundRecord.segmentLimit else {
                throw Refusal(
                    "plan.recipe",
                    "this version runs at most \(RoundRecord.segmentLimit) segments a round")
            }
            guard Tables.models.record(Key.text(plan.model), in: state) == nil else {
                throw Refusal("model.exists", "there is already a model `\(plan.model)`")
            }
            let symbol = try transaction(StateOverlay(state)).asset(plan.budget.asset)
            let treasury = treasuryBalance(of: symbol.description, in: state)
            guard treasury >= plan.budget.amount else {
                throw Refusal(
                    "treasury.too-small",
                    "the treasury has \(treasury) \(symbol), less than the budget of"
                        + " \(plan.budget.amount)")
            }
        case .releaseModel(let release):
            // The whole gate, on a copy: a release that cannot execute is refused at submission.
            let trial = transaction(StateOverlay(state))
            try ModelRules.release(release, proposal: 0, trial)
        case .retireModel(let name): _ = try ModelRules.model(name, in: state)
        case .treasurySpend(let spend):
            _ = try transaction(StateOverlay(state)).asset(spend.asset)
        case .slashProvider(let slash):
            _ = try ProviderRules.provider(slash.provider, in: state)
        case .changeMembers:
            throw Refusal(
                "effect.not-covered",
                "changing the cluster's seats by proposal is not covered by this version")
        case .fundingRound:
            throw Refusal(
                "effect.not-covered",
                "funding rounds are counted but not yet paid out by this version")
        case .signal: break
        }
    }

    private func check(_ change: PolicyChange, in state: any StateReader) throws(Refusal) {
        let current = try PolicyBook.record(change.policy, in: state)
        guard current.digest == change.base else {
            throw Refusal(
                "policy.stale-base",
                "the change was written against \(change.base), but \(current.digest) is in force")
        }
        try PolicyBook.check(change.policy, text: change.text, genesis: genesis)
    }

    func execute(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) {
        let transaction = transaction(state)
        for effect in effects {
            try execute(effect, of: proposal, transaction)
        }
        GovernanceBridge.note(transaction.events, in: state)
    }

    private func execute(
        _ effect: Effect, of proposal: ProposalRecord, _ transaction: Transaction
    ) throws(Refusal) {
        switch effect {
        case .trainModel(let plan):
            try JobRules.start(
                plan, proposal: proposal.number, proposer: proposal.proposer, transaction)
        case .releaseModel(let release):
            try ModelRules.release(release, proposal: proposal.number, transaction)
        case .retireModel(let name): try ModelRules.retire(name, transaction)
        case .changePolicy(let change):
            try check(change, in: transaction.state)
            PolicyBook.set(
                change.policy, text: change.text, proposal: proposal.number, transaction)
        case .treasurySpend(let spend):
            let asset = try transaction.asset(spend.asset)
            try transaction.pay(
                from: .treasury(asset), to: .wallet(spend.to, asset), amount: spend.amount,
                .treasurySpend, .number(proposal.number))
        case .slashProvider(let slash):
            try ProviderRules.slash(
                slash.provider, amount: slash.amount,
                reason: "proposal \(proposal.number): \(slash.reason)", transaction)
        case .signal(let text):
            transaction.emit(
                "signal.recorded", ["proposal": String(proposal.number), "text": text])
        case .changeMembers, .fundingRound: try check(effect, in: transaction.state)
        }
    }

    // MARK: Notes

    // Governance answers with its own events only; what its effects brought about waits in the
    // state until the caller collects it, so that a rolled-back execution leaves no event behind.
    private static func note(_ events: [Event], in state: StateOverlay) {
        var number = UInt64(Tables.notes.records(in: state).count)
        for event in events {
            let record = RecordedEvent(index: 0, timestamp: .zero, event: event)
            Tables.notes.set(Key.number(number), to: record, in: state)
            number += 1
        }
    }

    static func takeNotes(from state: StateOverlay) -> [Event] {
        let notes = Tables.notes.records(in: state)
        for (key, _) in notes { Tables.notes.remove(key, in: state) }
        return notes.map(\.record.event)
    }

    // MARK: Deposits

    func holdDeposit(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {
        let transaction = transaction(state)
        try transaction.pay(
            from: .wallet(account, transaction.currency),
            to: Money.deposit(proposal: proposal, transaction.currency), amount: amount, .deposit,
            .number(proposal))
    }

    func settleDeposit(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {
        let transaction = transaction(state)
        let currency = transaction.currency
        let target: AccountID = fate == .returned ? .wallet(account, currency) : .issuance(currency)
        do throws(Refusal) {
            try transaction.pay(
                from: Money.deposit(proposal: proposal, currency), to: target, amount: amount,
                fate == .returned ? .depositReturn : .depositForfeit, .number(proposal))
        } catch {
            // It was held, so only a damaged state, which is never committed, can come here.
            GovernanceBridge.note(
                [
                    Event(
                        "deposit.settlement-failed",
                        ["proposal": String(proposal), "code": error.code])
                ], in: state)
        }
    }

    // MARK: Facts

    func treasuryBalance(of asset: String, in state: any StateReader) -> Amount {
        guard let symbol = AssetSymbol(asset) else { return .zero }
        return Ledger(StateOverlay(state)).available(of: .treasury(symbol))
    }

    func memberNames(in state: any StateReader) -> [String] {
        Tables.seats.records(in: state).map { "member-\($0.record.id)" }
    }
}
