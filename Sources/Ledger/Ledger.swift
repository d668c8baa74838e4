// The double-entry ledger: every transfer takes from one account what it gives to another.
//
// The ledger is a view of an overlay of the state; it holds nothing itself, so any number of views
// of one overlay agree. A refused operation has written nothing. Several operations succeed or fail
// together when they run in `group`, which is a nested overlay that is adopted only as a whole.
//
// Assumed: positions never go back in time, and what is due at an entry's time is expired (see
// `expire`) before the entry's commands run, as the state machine does.
//
// Refusals follow the meanings and the order of TigerBeetle's create_transfers: first what is wrong
// with the request itself, then unknown things, then overflow, then lack of funds.
//
// | code | meaning |
// |---|---|
// | `ledger.same-account` | debit and credit are one account |
// | `ledger.zero-amount` | nothing to move |
// | `ledger.asset-mismatch` | debit and credit hold different assets |
// | `ledger.asset-unknown` | the asset is not registered |
// | `ledger.account-unknown` | nothing ever came to the debited account |
// | `ledger.overflow` | an account would pass 2^128-1 units |
// | `ledger.insufficient-funds` | the debited account has less available |
// | `ledger.excess-redemption` | more came back to issuance than is outstanding |
// | `ledger.reservation-unknown` | no reservation has this number |
// | `ledger.already-posted`, `ledger.already-voided`, `ledger.reservation-expired` | it is resolved
// |
// | `ledger.exceeds-reservation` | more was posted than was reserved |
// | `ledger.expiry-past` | a reservation would be over before it begins |

public import Primitives

/// Accounts, transfers and reservations in an overlay of the state.
public struct Ledger {
    /// The overlay read from and written to.
    public let state: StateOverlay

    /// A view of `state`.
    public init(_ state: StateOverlay) { self.state = state }

    // MARK: Assets

    /// Makes an asset known; throws `ledger.asset-exists`.
    public func register(_ asset: Asset) throws(Refusal) {
        let key = LedgerKeys.asset(asset.symbol)
        guard LedgerTables.assets.record(key, in: state) == nil else {
            throw Refusal("ledger.asset-exists", "the asset \(asset.symbol) is already registered")
        }
        LedgerTables.assets.set(key, to: asset, in: state)
    }

    // MARK: Moving

    /// Moves `amount` at once and returns the record.
    @discardableResult
    public func transfer(
        from debit: AccountID, to credit: AccountID, amount: Amount, memo: Memo,
        at position: LogPosition
    ) throws(Refusal) -> Transfer {
        var (giver, taker) = try parties(debit, credit, amount)
        try giver.post(debit: amount, as: debit)
        try taker.post(credit: amount, as: credit)
        set(debit, to: giver)
        set(credit, to: taker)
        return record(
            debit: debit, credit: credit, amount: amount, memo: memo, reservation: nil, at: position
        )
    }

    /// Brings new units into being on `account`.
    @discardableResult
    public func issue(
        _ amount: Amount, to account: AccountID, reference: LedgerReference = .none,
        at position: LogPosition
    ) throws(Refusal) -> Transfer {
        try transfer(
            from: .issuance(account.asset), to: account, amount: amount,
            memo: Memo(.issue, reference), at: position)
    }

    /// Takes units of `account` out of being.
    @discardableResult
    public func redeem(
        _ amount: Amount, from account: AccountID, reference: LedgerReference = .none,
        at position: LogPosition
    ) throws(Refusal) -> Transfer {
        try transfer(
            from: account, to: .issuance(account.asset), amount: amount,
            memo: Memo(.redeem, reference), at: position)
    }

    /// Runs several operations that succeed or fail together.
    public func group<Result>(_ operations: (Ledger) throws(Refusal) -> Result) throws(Refusal)
        -> Result
    {
        let inner = StateOverlay(state)
        let result = try operations(Ledger(inner))
        state.adopt(inner)
        return result
    }

    // MARK: The path every movement takes

    /// Checks a request and fetches both accounts.
    func parties(_ debit: AccountID, _ credit: AccountID, _ amount: Amount) throws(Refusal)
        -> (Account, Account)
    {
        guard debit != credit else {
            throw Refusal("ledger.same-account", "\(debit) would pay itself")
        }
        guard !amount.isZero else {
            throw Refusal("ledger.zero-amount", "a transfer moves at least one unit")
        }
        guard debit.asset == credit.asset else {
            throw Refusal(
                "ledger.asset-mismatch", "\(debit) and \(credit) do not hold the same asset")
        }
        guard LedgerTables.assets.record(LedgerKeys.asset(debit.asset), in: state) != nil else {
            throw Refusal("ledger.asset-unknown", "the asset \(debit.asset) is not registered")
        }
        let giver = LedgerTables.accounts.record(debit.key, in: state)
        guard giver != nil || debit.kind == .issuance else {
            throw Refusal("ledger.account-unknown", "nothing ever came to \(debit)")
        }
        let taker = LedgerTables.accounts.record(credit.key, in: state)
        return (giver ?? .empty, taker ?? .empty)
    }

    func set(_ id: AccountID, to account: Account) {
        LedgerTables.accounts.set(id.key, to: account, in: state)
    }

    func record(
        debit: AccountID, credit: AccountID, amount: Amount, memo: Memo, reservation: UInt64?,
        at position: LogPosition
    ) -> Transfer {
        let transfer = Transfer(
            id: next(LedgerKeys.lastTransfer), position: position, debit: debit, credit: credit,
            amount: amount, memo: memo, reservation: reservation)
        let key = LedgerKeys.number(transfer.id)
        LedgerTables.transfers.set(key, to: transfer, in: state)
        LedgerTables.history.set(debit.key + key, to: Nothing(), in: state)
        LedgerTables.history.set(credit.key + key, to: Nothing(), in: state)
        return transfer
    }

    /// The next number of a sequence. 2^64 transfers take longer than there is time for.
    func next(_ counter: [UInt8]) -> UInt64 {
        let number = (LedgerTables.counters.record(counter, in: state)?.value ?? 0) + 1
        LedgerTables.counters.set(counter, to: Counter(number), in: state)
        return number
    }
}
