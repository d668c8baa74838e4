// Metered use: the most a request can cost is held before it runs, what it did cost is charged
// after. However many requests run at once, no balance goes below zero.

import Cryptography
import Ledger
import Primitives

enum UsageRules {
    /// Holds the highest cost. Refusals: `key.unknown`, `model.unknown`, `usage.exists`,
    /// `usage.too-long`, `ledger.insufficient-funds` (a gateway answers 402).
    static func reserve(
        request: Digest, key: Digest, model name: String, promptTokens: UInt64,
        maximumTokens: UInt64, _ transaction: Transaction
    ) throws(Refusal) {
        let state = transaction.state
        guard let keyRecord = Tables.keys.record(key.bytes, in: state), !keyRecord.revoked else {
            throw Refusal("key.unknown", "this API key is not registered or was withdrawn")
        }
        guard let model = Tables.models.record(Key.text(name), in: state),
            model.status == .released
        else { throw Refusal("model.unknown", "there is no released model `\(name)`") }
        guard Tables.requests.record(request.bytes, in: state) == nil else {
            throw Refusal("usage.exists", "this request is already on record")
        }
        let pricing = try PolicyBook.pricing(state)
        guard promptTokens <= pricing.maximumInputTokens,
            maximumTokens <= pricing.maximumOutputTokens
        else {
            throw Refusal(
                "usage.too-long",
                "a request has at most \(pricing.maximumInputTokens) prompt tokens and"
                    + " \(pricing.maximumOutputTokens) completion tokens")
        }
        var record = RequestRecord(
            payer: keyRecord.owner, model: name, reservation: 0, promptPrice: model.promptPrice,
            completionPrice: model.completionPrice, promptTokens: promptTokens,
            maximumTokens: maximumTokens)
        let cost = try record.cost(prompt: promptTokens, completion: maximumTokens)
        guard !cost.isZero else {
            throw Refusal("usage.nothing", "a request has at least one token")
        }
        let expires = transaction.now.advanced(by: pricing.reservationMilliseconds)
        record.reservation = try hold(cost, of: keyRecord.owner, request, expires, transaction)
        Tables.requests.set(request.bytes, to: record, in: state)
        transaction.emit(
            "usage.reserved",
            [
                "request": request.hex, "payer": keyRecord.owner.hex, "model": name,
                "held": cost.description,
            ])
    }

    private static func hold(
        _ cost: Amount, of payer: Address, _ request: Digest, _ expires: Timestamp,
        _ transaction: Transaction
    ) throws(Refusal) -> UInt64 {
        let currency = transaction.currency
        do throws(Refusal) {
            return try transaction.ledger.reserve(
                from: .prepaid(payer, currency), to: .revenue(currency), amount: cost,
                memo: Memo(.usage, .digest(request)), expires: expires, at: transaction.position
            ).id
        } catch {
            guard error.code == "ledger.account-unknown" else { throw error }
            throw Refusal("ledger.insufficient-funds", "the prepaid balance of \(payer) is empty")
        }
    }

    /// Charges what the receipt says, at most what was held, and records who earned it.
    static func post(_ reading: UsageReading, _ transaction: Transaction) throws(Refusal) {
        let state = transaction.state
        var record = try open(reading.request, in: state)
        let provider = try ProviderRules.provider(reading.provider, in: state)
        guard reading.completionTokens <= record.maximumTokens,
            reading.promptTokens <= record.promptTokens
        else {
            throw Refusal(
                "usage.exceeds-reservation", "the receipt claims more tokens than were reserved")
        }
        let cost = try record.cost(
            prompt: reading.promptTokens, completion: reading.completionTokens)
        try transaction.ledger.post(record.reservation, amount: cost, at: transaction.position)
        record.status = .posted
        record.charged = cost
        record.completionTokens = reading.completionTokens
        Tables.requests.set(reading.request.bytes, to: record, in: state)
        try RevenueRules.addServed(
            by: provider.owner, model: record.model,
            tokens: UInt128(reading.promptTokens) + UInt128(reading.completionTokens),
            revenue: cost, transaction)
        transaction.emit(
            "usage.posted",
            [
                "request": reading.request.hex, "payer": record.payer.hex, "model": record.model,
                "provider": reading.provider.hex, "prompt_tokens": String(reading.promptTokens),
                "completion_tokens": String(reading.completionTokens),
                "charged": cost.description,
            ])
    }

    /// Releases the hold.
    static func void(request: Digest, reason: String, _ transaction: Transaction) throws(Refusal) {
        var record = try open(request, in: transaction.state)
        try transaction.ledger.void(record.reservation, at: transaction.position)
        record.status = .voided
        Tables.requests.set(request.bytes, to: record, in: transaction.state)
        transaction.emit("usage.voided", ["request": request.hex, "reason": reason])
    }

    private static func open(_ request: Digest, in state: any StateReader) throws(Refusal)
        -> RequestRecord
    {
        guard let record = Tables.requests.record(request.bytes, in: state) else {
            throw Refusal("usage.unknown", "there is no request \(request)")
        }
        guard record.status == .reserved else {
            throw Refusal("usage.settled", "the request \(request) is already settled")
        }
        return record
    }

    /// Marks requests whose hold ran out as not charged.
    static func expired(_ reservations: [Reservation], _ transaction: Transaction) {
        for reservation in reservations {
            guard case .digest(let request) = reservation.memo.reference,
                var record = Tables.requests.record(request.bytes, in: transaction.state),
                record.status == .reserved
            else { continue }
            record.status = .voided
            Tables.requests.set(request.bytes, to: record, in: transaction.state)
            transaction.emit(
                "usage.voided", ["request": request.hex, "reason": "the reservation ran out"])
        }
    }
}
