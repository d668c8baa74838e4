// Transfers, prepaid balances and API keys.

import Ledger
import Primitives

enum AccountRules {
    static func transfer(
        _ signer: Address, asset: String, to: Address, amount: Amount, _ transaction: Transaction
    ) throws(Refusal) {
        let symbol = try transaction.asset(asset)
        try transaction.pay(
            from: .wallet(signer, symbol), to: .wallet(to, symbol), amount: amount, .payment)
        transaction.emit(
            "account.transferred",
            [
                "from": signer.hex, "to": to.hex, "asset": asset, "amount": amount.description,
            ])
    }

    static func fundPrepaid(_ signer: Address, amount: Amount, _ transaction: Transaction)
        throws(Refusal)
    {
        let currency = transaction.currency
        try transaction.pay(
            from: .wallet(signer, currency), to: .prepaid(signer, currency), amount: amount,
            .prepay)
        let balance = transaction.ledger.available(of: .prepaid(signer, currency))
        transaction.emit(
            "account.prepaid",
            [
                "account": signer.hex, "amount": amount.description,
                "available": balance.description,
            ])
    }

    static func createKey(
        _ signer: Address, keyDigest: Digest, label: String, _ transaction: Transaction
    ) throws(Refusal) {
        guard Tables.keys.record(keyDigest.bytes, in: transaction.state) == nil else {
            throw Refusal("key.exists", "this API key is already registered")
        }
        Tables.keys.set(
            keyDigest.bytes, to: KeyRecord(owner: signer, label: label), in: transaction.state)
        transaction.emit(
            "key.created", ["owner": signer.hex, "key": keyDigest.hex, "label": label])
    }

    static func revokeKey(_ signer: Address, keyDigest: Digest, _ transaction: Transaction)
        throws(Refusal)
    {
        guard var record = Tables.keys.record(keyDigest.bytes, in: transaction.state),
            record.owner == signer
        else { throw Refusal("key.unknown", "this account has no such API key") }
        guard !record.revoked else {
            throw Refusal("key.revoked", "this API key is already withdrawn")
        }
        record.revoked = true
        Tables.keys.set(keyDigest.bytes, to: record, in: transaction.state)
        transaction.emit("key.revoked", ["owner": signer.hex, "key": keyDigest.hex])
    }
}
