// The whole ledger against itself: per asset, debit balances equal credit balances, and every unit
// reserved is reserved by a pending reservation.

public import Primitives

/// The sums over all accounts of one asset.
public struct TrialBalance: Hashable, Sendable {
    /// The asset.
    public let asset: AssetSymbol
    /// The sum of debit balances: what was issued and is outstanding.
    public internal(set) var debits: Amount = .zero
    /// The sum of credit balances: what everybody has.
    public internal(set) var credits: Amount = .zero
    /// The sum of what accounts have reserved.
    public internal(set) var reserved: Amount = .zero
    /// The sum of what accounts expect.
    public internal(set) var incoming: Amount = .zero
    /// The sum of the pending reservations.
    public internal(set) var pending: Amount = .zero
}

extension Ledger {
    /// Goes through every account and every pending reservation; one line an asset, by symbol.
    ///
    /// Throws `ledger.invariant` with what does not hold. This reads the whole ledger: it is for
    /// tests, audits and the doctor, not for a command.
    @discardableResult
    public func checkInvariants() throws(Refusal) -> [TrialBalance] {
        var lines: [TrialBalance] = assets.map { TrialBalance(asset: $0.symbol) }
        for (key, account) in LedgerTables.accounts.records(in: state) {
            guard let id = AccountID(key: key),
                let line = lines.firstIndex(where: { $0.asset == id.asset })
            else { throw Refusal("ledger.invariant", "an account has no name or no asset") }
            try lines[line].add(account, id)
        }
        for (key, _) in LedgerTables.expiries.records(in: state) {
            guard let reservation = reservation(LedgerKeys.lastNumber(of: key)),
                reservation.status == .pending,
                let line = lines.firstIndex(where: { $0.asset == reservation.debit.asset })
            else {
                throw Refusal("ledger.invariant", "a resolved reservation waits for its expiry")
            }
            lines[line].pending = try lines[line].pending.adding(reservation.amount)
        }
        for line in lines { try line.check() }
        return lines
    }
}

extension TrialBalance {
    fileprivate init(asset: AssetSymbol) { self.asset = asset }

    fileprivate mutating func add(_ account: Account, _ id: AccountID) throws(Refusal) {
        if id.kind == .issuance {
            debits = try debits.adding(account.balance)
        } else {
            credits = try credits.adding(account.balance)
            guard account.reserved <= account.balance else {
                throw Refusal(
                    "ledger.invariant",
                    "\(id) has \(account.reserved) reserved of a balance of \(account.balance)")
            }
        }
        reserved = try reserved.adding(account.reserved)
        incoming = try incoming.adding(account.incoming)
    }

    fileprivate func check() throws(Refusal) {
        guard debits == credits else {
            throw Refusal(
                "ledger.invariant", "\(asset): \(debits) issued, but accounts hold \(credits)")
        }
        guard reserved == incoming, reserved == pending else {
            throw Refusal(
                "ledger.invariant",
                "\(asset): \(reserved) reserved, \(incoming) incoming, \(pending) pending")
        }
    }
}
