// The control plane as Governance sees it: who holds deposits, what effects do.

import Cryptography
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
            try check(plan, in: state)
            try checkTreasury(plan.budget.amount, of: plan.budget.asset, in: state)
        case .releaseModel(let release):
            // The whole gate, on a copy: a release that cannot execute is refused at submission.
            let trial = transaction(StateOverlay(state))
            try ModelRules.release(release, proposal: 0, trial)
        case .retireModel(let name): _ = try ModelRules.model(name, in: state)
        case .treasurySpend(let spend):
            _ = try transaction(StateOverlay(state)).asset(spend.asset)
        case .slashProvider(let slash):
            _ = try ProviderRules.provider(slash.provider, in: state)
        case .changeMembers(let change): try SeatRules.check(change, in: state)
        case .fundingRound(let round):
            for plan in round.projects.compactMap(\.plan) { try check(plan, in: state) }
            try checkTreasury(round.budget, of: round.asset, in: state)
        case .signal: break
        }
    }

    private func check(_ plan: TrainingPlan, in state: any StateReader) throws(Refusal) {
        guard plan.recipe.segmentsPerRound <= RoundRecord.segmentLimit else {
            throw Refusal(
                "plan.recipe",
                "this version runs at most \(RoundRecord.segmentLimit) segments a round")
        }
        guard Tables.models.record(Key.text(plan.model), in: state) == nil else {
            throw Refusal("model.exists", "there is already a model `\(plan.model)`")
        }
    }

    private func checkTreasury(
        _ budget: Amount, of asset: String, in state: any StateReader
    ) throws(Refusal) {
        let symbol = try transaction(StateOverlay(state)).asset(asset)
        let treasury = treasuryBalance(of: symbol.description, in: state)
        guard treasury >= budget else {
            throw Refusal(
                "treasury.too-small",
                "the treasury has \(treasury) \(symbol), less than the budget of \(budget)")
        }
    }

    /// Since which level of the log payments must be in the treasury; see `FeatureLevel`.
    private static let fundsLevel: UInt64 = 3

    func checksFunds(in state: any StateReader) -> Bool {
        FeatureLevel.current(in: state) >= GovernanceBridge.fundsLevel
    }

    private func check(_ change: PolicyChange, in state: any StateReader) throws(Refusal) {
        let current = try PolicyBook.record(change.policy, in: state)
        guard current.digest == change.base else {
            throw Refusal(
                "policy.stale-base",
                "the change was written against \(change.base), but \(current.digest) is in force")
        }
        try PolicyBook.check(change.policy, text: change.text, genesis: genesis)
        if change.policy == "constitution" {
            try PolicyBook.checkUsable(change.text, genesis: genesis, in: state)
        }
    }

    func execute(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) {
        let transaction = transaction(state)
        try execute(effects, of: proposal, transaction)
        GovernanceBridge.note(transaction.events, in: state)
    }

    private func execute(
        _ effects: [Effect], of proposal: ProposalRecord, _ transaction: Transaction
    ) throws(Refusal) {
        for (position, effect) in effects.enumerated() {
            do throws(Refusal) {
                try execute(effect, of: proposal, transaction)
            } catch {
                throw error.naming(effect, position, of: effects.count)
            }
        }
    }

    /// Runs the effects on a copy and hashes what they bring about. Numbers given out on the way
    /// depend on what else was started and are left out.
    func plan(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: any StateReader
    ) -> Digest? {
        let trial = transaction(StateOverlay(state))
        var encoder = BinaryEncoder()
        do throws(Refusal) {
            try execute(effects, of: proposal, trial)
            for event in trial.events {
                encoder.text(event.kind)
                for field in event.fields where field.name != "job" && field.name != "task" {
                    encoder.text(field.name)
                    encoder.text(field.value)
                }
            }
        } catch {
            encoder.text("refused")
            encoder.text(error.code)
        }
        return SHA256.hash(encoder.bytes)
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
            transaction.emit(
                "treasury.spent",
                [
                    "proposal": String(proposal.number), "asset": spend.asset, "to": spend.to.hex,
                    "amount": spend.amount.description,
                ])
        case .slashProvider(let slash):
            try ProviderRules.slash(
                slash.provider, amount: slash.amount,
                reason: "proposal \(proposal.number): \(slash.reason)", transaction)
        case .signal(let text):
            transaction.emit(
                "signal.recorded", ["proposal": String(proposal.number), "text": text])
        case .changeMembers(let change):
            try SeatRules.decide(change, proposal: proposal.number, transaction)
        case .fundingRound(let round): try fund(round, of: proposal, transaction)
        }
    }

    /// Pays for the projects of a round, each whole: a payment to its payee, or the budget of a
    /// training into escrow and its first task opened.
    private func fund(
        _ round: FundingRound, of proposal: ProposalRecord, _ transaction: Transaction
    ) throws(Refusal) {
        let asset = try transaction.asset(round.asset)
        var spent = Amount.zero
        for project in round.projects {
            if let plan = project.plan {
                try JobRules.start(
                    plan, proposal: proposal.number, proposer: proposal.proposer, transaction)
            } else {
                try transaction.pay(
                    from: .treasury(asset), to: .wallet(project.to, asset), amount: project.cost,
                    .treasurySpend, .number(proposal.number))
            }
            spent = try spent.adding(project.cost)
            transaction.emit(
                "round.funded",
                [
                    "proposal": String(proposal.number), "project": project.name,
                    "amount": project.cost.description,
                    "to": project.plan == nil ? project.to.hex : "",
                ])
        }
        guard spent <= round.budget else {
            throw Refusal(
                "round.over-budget", "\(spent) is more than the round's \(round.budget)")
        }
        transaction.emit(
            "round.closed",
            [
                "proposal": String(proposal.number), "budget": round.budget.description,
                "spent": spent.description,
                "left": try round.budget.subtracting(spent).description,
            ])
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
        settle(
            amount, from: Money.deposit(proposal: proposal, currency), to: account,
            proposal: proposal, fate: fate, transaction)
    }

    func holdBond(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {
        let transaction = transaction(state)
        try transaction.pay(
            from: .wallet(account, transaction.currency),
            to: Money.bonds(proposal: proposal, transaction.currency), amount: amount, .deposit,
            .number(proposal))
    }

    func settleBond(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {
        let transaction = transaction(state)
        settle(
            amount, from: Money.bonds(proposal: proposal, transaction.currency), to: account,
            proposal: proposal, fate: fate, transaction)
    }

    private func settle(
        _ amount: Amount, from held: AccountID, to account: Address, proposal: UInt64,
        fate: DepositFate, _ transaction: Transaction
    ) {
        let currency = transaction.currency
        let target: AccountID = fate == .returned ? .wallet(account, currency) : .issuance(currency)
        do throws(Refusal) {
            try transaction.pay(
                from: held, to: target, amount: amount,
                fate == .returned ? .depositReturn : .depositForfeit, .number(proposal))
        } catch {
            // It was held, so only a damaged state, which is never committed, can come here.
            GovernanceBridge.note(
                [
                    Event(
                        "deposit.settlement-failed",
                        ["proposal": String(proposal), "code": error.code])
                ], in: transaction.state)
        }
    }

    // MARK: Facts

    func treasuryBalance(of asset: String, in state: any StateReader) -> Amount {
        guard let symbol = AssetSymbol(asset) else { return .zero }
        return Ledger(StateOverlay(state)).available(of: .treasury(symbol))
    }

    func memberNames(in state: any StateReader) -> [String] {
        Tables.seats.records(in: state).map { SeatRules.name($0.record.id) }
    }

    func awaitedNames(in state: any StateReader) -> [String] {
        SeatRules.awaited(in: state).map { SeatRules.name($0.id) }
    }

    func guardian(in state: any StateReader) -> Guardian? {
        genesis.guardian.map { Guardian(account: $0, since: genesis.timestamp) }
    }

    /// The chain up to and with this entry: nobody could compute it before the entry was written.
    func lot(at moment: LogMoment, in state: any StateReader) -> Digest {
        Tables.entryChain.record(Key.number(moment.index), in: state)?.value ?? .zero
    }
}
