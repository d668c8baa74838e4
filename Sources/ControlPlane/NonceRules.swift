// Idempotency: a signer's nonce must grow; the same command under the same nonce gets the first
// answer again, another command under it is a conflict.

import Primitives

enum NonceRules {
    private static func receiptKey(_ signer: Address, _ nonce: UInt64) -> [UInt8] {
        signer.bytes + Key.number(nonce)
    }

    /// The answer given before to the same request, addressed to this envelope: a wallet that
    /// signs the same words again may give another signature.
    static func earlierAnswer(to envelope: Envelope, in state: any StateReader)
        -> CommandReceipt?
    {
        guard case .account(let account) = envelope,
            var receipt = Tables.receipts.record(
                receiptKey(account.signer, account.nonce), in: state),
            receipt.request == envelope.requestDigest
        else { return nil }
        receipt.envelope = envelope.digest
        return receipt
    }

    /// Refuses a command whose signer wanted it only until an earlier time (`command.expired`).
    static func checkTime(_ envelope: Envelope, at now: Timestamp) throws(Refusal) {
        guard case .account(let account) = envelope, account.validUntil != .zero,
            now > account.validUntil
        else { return }
        throw Refusal(
            "command.expired", "it was signed to be applied until \(account.validUntil)")
    }

    /// Refuses a nonce that was used or passed over (`nonce.conflict`, `nonce.too-low`).
    static func check(_ envelope: Envelope, in state: any StateReader) throws(Refusal) {
        guard case .account(let account) = envelope else { return }
        let last = lastNonce(of: account.signer, in: state)
        guard account.nonce > last else {
            let answered =
                Tables.receipts.record(receiptKey(account.signer, account.nonce), in: state) != nil
            // A preview keeps no receipts, but the last nonce is used all the same.
            if answered || (account.nonce == last && last > 0) {
                throw Refusal(
                    "nonce.conflict",
                    "nonce \(account.nonce) of \(account.signer) was used for another command")
            }
            throw Refusal(
                "nonce.too-low", "nonce \(account.nonce) is not above \(last), the last one used")
        }
    }

    /// The highest nonce used, zero when none was.
    static func lastNonce(of signer: Address, in state: any StateReader) -> UInt64 {
        Tables.signers.record(signer.bytes, in: state)?.value ?? 0
    }

    /// Remembers the answer. A conflict is not remembered: the first answer stands.
    static func record(_ envelope: Envelope, _ receipt: CommandReceipt, in state: StateOverlay) {
        guard case .account(let account) = envelope,
            account.nonce > lastNonce(of: account.signer, in: state)
        else { return }
        use(envelope, in: state)
        Tables.receipts.set(receiptKey(account.signer, account.nonce), to: receipt, in: state)
    }

    /// Uses a command's nonce up.
    static func use(_ envelope: Envelope, in state: StateOverlay) {
        guard case .account(let account) = envelope else { return }
        Tables.signers.set(account.signer.bytes, to: NumberRecord(account.nonce), in: state)
    }
}
