// Where money and votes meet: a wallet's voting tokens are its voting power.

import Governance
import Ledger
import Primitives

extension Transaction {
    var moment: LogMoment { LogMoment(index: index, time: now) }

    /// Puts a governance event on record.
    func emit(_ event: GovernanceEvent) {
        // An event as an object says its own kind under `kind`.
        emit(
            Event(
                event.code,
                fields: event.fields.map {
                    Event.Field(
                        name: $0.name == "kind" ? "proposal_kind" : $0.name, value: $0.value)
                }
            ))
    }
}

enum VotingRules {
    /// Notes the new balance of a wallet in the voting token, and a changed supply.
    static func balanceChanged(_ account: AccountID, _ transaction: Transaction) throws(Refusal) {
        guard account.asset == transaction.governanceAsset else { return }
        // Balances of the genesis count as held for ever.
        let time = transaction.index == StateMachine.genesisIndex ? Timestamp.zero : transaction.now
        let moment = LogMoment(index: transaction.index, time: time)
        switch (account.kind, account.owner) {
        case (.wallet, .address(let holder)):
            let balance = transaction.ledger.balance(of: account)
            VotingPower.record(
                holder: holder, balance: balance, at: moment, in: transaction.state)
            let before = Tables.holders.record(holder.bytes, in: transaction.state)?.value ?? .zero
            let held = VotingPower.held(at: transaction.index, in: transaction.state)
            // Out before in: what all hold never falls below what one holds.
            VotingPower.recordHeld(
                try held.subtracting(before).adding(balance), at: moment, in: transaction.state)
            Tables.holders.set(holder.bytes, to: AmountRecord(balance), in: transaction.state)
        case (.issuance, _):
            VotingPower.recordSupply(
                transaction.ledger.balance(of: account), at: moment, in: transaction.state)
        default: break
        }
    }

    static func delegate(
        _ holder: Address, track: String, parts: [DelegationPart], expires: Timestamp?,
        _ transaction: Transaction
    ) throws(Refusal) {
        guard let scope = DelegationScope(word: track.isEmpty ? "all" : track) else {
            throw Refusal("delegation.track", "there is no track `\(track)`")
        }
        var shares: [DelegationShare] = []
        for part in parts {
            guard let count = UInt16(exactly: part.parts) else {
                throw Refusal("delegation.parts", "a part is at most 10000")
            }
            shares.append(DelegationShare(delegate: part.delegate, parts: count))
        }
        let event = try VotingPower.delegate(
            from: holder, scope: scope, try Delegation(shares, expires: expires),
            at: transaction.moment, in: transaction.state)
        transaction.emit(event)
    }

    /// Refuses to move tokens that a vote holds still (`vote.locked`).
    static func checkUnlocked(
        _ account: AccountID, moving amount: Amount, _ transaction: Transaction
    ) throws(Refusal) {
        guard account.asset == transaction.governanceAsset, account.kind == .wallet,
            case .address(let holder) = account.owner,
            let lock = VoteLocks.locked(holder, at: transaction.now, in: transaction.state)
        else { return }
        let balance = transaction.ledger.available(of: account)
        let free = balance > lock.amount ? try balance.subtracting(lock.amount) : .zero
        guard amount <= free else {
            let until = lock.until.map { "until \($0)" } ?? "while the vote runs"
            throw Refusal(
                "vote.locked",
                "\(lock.amount) of \(holder) voted with conviction and stay \(until); \(free)"
                    + " may move")
        }
        VoteLocks.release(holder, at: transaction.now, in: transaction.state)
    }
}
