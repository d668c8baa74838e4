// The ledger as the rules of the control plane see it: assets by the names of the genesis.

import Ledger
import Primitives

extension Transaction {
    var ledger: Ledger { Ledger(state) }

    var position: LogPosition { LogPosition(index: index, time: now) }

    /// The asset that votes.
    var governanceAsset: AssetSymbol { Money.symbol(genesis.governanceAsset) }

    /// The asset of budgets, prices, stakes and revenue.
    var currency: AssetSymbol { Money.symbol(genesis.currencyAsset) }

    /// The asset named `text`; throws `asset.unknown`.
    func asset(_ text: String) throws(Refusal) -> AssetSymbol {
        guard let symbol = AssetSymbol(text), genesis.assets.contains(where: { $0.symbol == text })
        else {
            let known = genesis.assets.map(\.symbol).joined(separator: ", ")
            throw Refusal("asset.unknown", "there is no asset `\(text)` (there are \(known))")
        }
        return symbol
    }

    /// Moves money and tells Governance when a wallet's voting tokens changed.
    func pay(
        from debit: AccountID, to credit: AccountID, amount: Amount, _ reason: LedgerReason,
        _ reference: LedgerReference = .none
    ) throws(Refusal) {
        guard !amount.isZero else { return }
        try VotingRules.checkUnlocked(debit, moving: amount, self)
        try ledger.transfer(
            from: debit, to: credit, amount: amount, memo: Memo(reason, reference), at: position)
        for account in [debit, credit] { try VotingRules.balanceChanged(account, self) }
    }
}

enum Money {
    /// A symbol that the genesis was checked to spell well.
    static func symbol(_ text: String) -> AssetSymbol {
        guard let symbol = AssetSymbol(text) else {
            preconditionFailure("the genesis was installed with the malformed asset \(text)")
        }
        return symbol
    }

    /// The account that holds a job's budget.
    static func escrow(job: UInt64, _ asset: AssetSymbol) -> AccountID {
        .escrow(numbered("job", job), asset)
    }

    /// The account that holds a proposal's deposit.
    static func deposit(proposal: UInt64, _ asset: AssetSymbol) -> AccountID {
        .deposit(numbered("proposal", proposal), asset)
    }

    /// The account that holds the bonds of a proposal's hidden ballots.
    static func bonds(proposal: UInt64, _ asset: AssetSymbol) -> AccountID {
        .deposit(numbered("bonds", proposal), asset)
    }

    private static func numbered(_ kind: String, _ number: UInt64) -> Digest {
        var encoder = BinaryEncoder()
        encoder.text(kind)
        encoder.number(number)
        let bytes = encoder.bytes
        let padded = [UInt8](repeating: 0, count: Digest.count - bytes.count) + bytes
        return Digest(padded) ?? .zero
    }
}
