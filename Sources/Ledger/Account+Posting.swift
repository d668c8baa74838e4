// How a debit and a credit change an account's figures: the only place where a balance changes.
//
// Ordinary accounts have a credit balance and may give what is available: posted less reserved. The
// issuance account has a debit balance, may give without limit, and takes back at most what is
// outstanding. For both, posted plus pending must fit 128 bits, so that a reservation, once made,
// can always be posted.

import Primitives

extension Account {
    /// What an ordinary account may still give: posted less reserved.
    var available: Amount {
        Amount(balance.units >= reserved.units ? balance.units - reserved.units : 0)
    }

    mutating func post(debit amount: Amount, as id: AccountID) throws(Refusal) {
        if id.kind == .issuance {
            try Account.checkRoom([balance, reserved, amount], id)
            balance = try balance.adding(amount)
        } else {
            try checkFunds(amount, id)
            balance = try balance.subtracting(amount)
        }
    }

    mutating func post(credit amount: Amount, as id: AccountID) throws(Refusal) {
        if id.kind == .issuance {
            try checkOutstanding(amount, id)
            balance = try balance.subtracting(amount)
        } else {
            try Account.checkRoom([balance, incoming, amount], id)
            balance = try balance.adding(amount)
        }
    }

    mutating func reserve(debit amount: Amount, as id: AccountID) throws(Refusal) {
        if id.kind == .issuance {
            try Account.checkRoom([balance, reserved, amount], id)
        } else {
            try checkFunds(amount, id)
        }
        reserved = try reserved.adding(amount)
    }

    mutating func reserve(credit amount: Amount, as id: AccountID) throws(Refusal) {
        if id.kind == .issuance {
            try checkOutstanding(amount, id)
        } else {
            try Account.checkRoom([balance, incoming, amount], id)
        }
        incoming = try incoming.adding(amount)
    }

    private func checkFunds(_ amount: Amount, _ id: AccountID) throws(Refusal) {
        guard amount <= available else {
            throw Refusal(
                "ledger.insufficient-funds",
                "\(id) has \(available) available (\(balance) less \(reserved) reserved),"
                    + " not \(amount)")
        }
    }

    /// Pending returns count: two reservations may not both count on the same outstanding units.
    private func checkOutstanding(_ amount: Amount, _ id: AccountID) throws(Refusal) {
        guard incoming <= balance, amount.units <= balance.units - incoming.units else {
            throw Refusal(
                "ledger.excess-redemption",
                "\(amount) would come back to \(id), which has \(balance) outstanding and"
                    + " \(incoming) on its way back")
        }
    }

    private static func checkRoom(_ parts: [Amount], _ id: AccountID) throws(Refusal) {
        var sum: UInt128 = 0
        for part in parts {
            let (next, overflow) = sum.addingReportingOverflow(part.units)
            guard !overflow else {
                throw Refusal("ledger.overflow", "\(id) would pass 2^128-1 units")
            }
            sum = next
        }
    }
}
