// Idempotency: a signer's nonce must grow; the same command under the same nonce gets the first
// answer again, another command under it is a conflict.

import Primitives

enum NonceRules {
    private static func receiptKey(_ signer: Address, _ nonce: UInt64) -> [UInt8] {
        signer.bytes + Key.number(nonce)
    }

    /// The answer given before to exactly this command.
    static func earlierAnswer(to envelope: Envelope, digest: Digest, in state: any StateReader)
        -> CommandReceipt?
    {
        guard case .account(let account) = envelope,
            let receipt = Tables.receipts.record(
                receiptKey(account.signer, account.nonce), in: state),
            receipt.envelope == digest
        else { return nil }
        return receipt
    }

    /// Refuses a nonce that was used or passed over (`nonce.conflict`, `nonce.too-low`).
    static func check(_ envelope: Envelope, digest: Digest, in state: any StateReader)
        throws(Refusal)
    {
        guard case .account(let account) = envelope else { return }
        let last = lastNonce(of: account.signer, in: state)
        guard account.nonce > last else {
            if Tables.receipts.record(receiptKey(account.signer, account.nonce), in: state) != nil {
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
        Tables.signers.set(account.signer.bytes, to: NumberRecord(account.nonce), in: state)
        Tables.receipts.set(receiptKey(account.signer, account.nonce), to: receipt, in: state)
    }
}
