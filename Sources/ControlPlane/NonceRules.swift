// Idempotency: a signer's nonce must grow; the same command under the same nonce gets the first
// answer again, another command under it is a conflict.

import Primitives

/// Which nonces a signer used last, and where the answers are. When there are many they move on to
/// a row of their own, so that what changes with every command stays small.
struct SignerRecord: BinaryCodable {
    struct Answer: Equatable {
        var nonce: UInt64
        var place: ReceiptPlace
    }

    /// The highest nonce used, zero when none was.
    var last: UInt64 = 0
    /// The answers to the last commands, ascending by nonce.
    var answers: [Answer] = []

    /// How many answers are kept together.
    static let answerLimit = 16

    init() {}

    func encode(into encoder: inout BinaryEncoder) {
        encoder.number(last)
        encoder.array(answers) {
            $0.number($1.nonce)
            $0.number($1.place.index)
            $0.number($1.place.ordinal)
        }
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        last = try decoder.number()
        answers = try decoder.array(limit: SignerRecord.answerLimit) { decoder throws(Refusal) in
            Answer(
                nonce: try decoder.number(),
                place: ReceiptPlace(index: try decoder.number(), ordinal: try decoder.number()))
        }
    }

    fileprivate func place(of nonce: UInt64) -> ReceiptPlace? {
        answers.first { $0.nonce == nonce }?.place
    }
}

enum NonceRules {
    /// What is known of a signer; of somebody who never signed, nothing.
    static func signer(_ address: Address, in state: any StateReader) -> SignerRecord {
        Tables.signers.record(address.bytes, in: state) ?? SignerRecord()
    }

    /// What is known of who asks; nil of a member, whose commands have no nonces. Read once a
    /// command: no command writes it.
    static func signer(of envelope: Envelope, in state: any StateReader) -> SignerRecord? {
        guard case .account(let account) = envelope else { return nil }
        return signer(account.signer, in: state)
    }

    /// Where the answer to a signer's command is, if there is one.
    static func place(
        of nonce: UInt64, by address: Address, _ signer: SignerRecord, in state: any StateReader
    ) -> ReceiptPlace? {
        guard nonce <= signer.last else { return nil }
        if let place = signer.place(of: nonce) { return place }
        // Runs lie under their last nonce: the first from here on is the one.
        return Tables.signerRuns.records(
            withPrefix: address.bytes, from: address.bytes + Key.number(nonce), limit: 1, in: state
        ).first?.record.place(of: nonce)
    }

    /// The answer given before to the same request, addressed to this envelope: a wallet that
    /// signs the same words again may give another signature.
    static func earlierAnswer(
        to envelope: Envelope, _ signer: SignerRecord?, in state: any StateReader,
        _ outcomes: EntryOutcomes
    ) -> CommandReceipt? {
        guard case .account(let account) = envelope, let signer else { return nil }
        guard let place = place(of: account.nonce, by: account.signer, signer, in: state),
            var receipt = outcomes.receipt(at: place, in: state),
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
    static func check(
        _ envelope: Envelope, _ signer: SignerRecord?, in state: any StateReader
    ) throws(Refusal) {
        guard case .account(let account) = envelope, let signer else { return }
        let last = signer.last
        guard account.nonce > last else {
            let answered =
                place(of: account.nonce, by: account.signer, signer, in: state) != nil
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
    static func lastNonce(of address: Address, in state: any StateReader) -> UInt64 {
        signer(address, in: state).last
    }

    /// Remembers where the answer is. A conflict is not remembered: the first answer stands.
    static func record(
        _ envelope: Envelope, _ signer: SignerRecord?, at place: ReceiptPlace,
        in state: StateOverlay
    ) {
        guard case .account(let account) = envelope, var signer, account.nonce > signer.last
        else { return }
        if signer.answers.count == SignerRecord.answerLimit {
            Tables.signerRuns.append(
                account.signer.bytes + Key.number(signer.last), signer, in: state)
            signer.answers = []
        }
        signer.last = account.nonce
        signer.answers.append(SignerRecord.Answer(nonce: account.nonce, place: place))
        Tables.signers.set(account.signer.bytes, to: signer, in: state)
    }

    /// Uses a command's nonce up, where no answer is kept.
    static func use(_ envelope: Envelope, in state: StateOverlay) {
        guard case .account(let account) = envelope else { return }
        var signer = signer(account.signer, in: state)
        signer.last = account.nonce
        Tables.signers.set(account.signer.bytes, to: signer, in: state)
    }
}
