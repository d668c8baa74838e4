// An account as one machine would keep it.

/// A balance that is never below zero, and the last nonce its owner used.
struct AccountModel: SequentialModel {
    enum Action {
        /// The owner pays; `isAccepted` is nil when nobody was told.
        case debit(UInt64, nonce: UInt64, isAccepted: Bool?)
        /// Somebody pays in.
        case credit(UInt64)
        /// Somebody looks.
        case read(AccountReading)
    }

    let first: AccountReading

    /// The state after an action, or nil where it could not have had its outcome.
    func apply(_ action: Action, to state: AccountReading) -> AccountReading? {
        switch action {
        case .debit(let amount, let nonce, let isAccepted):
            guard nonce == state.nonce + 1 else { return nil }
            let suffices = amount <= state.balance
            if let isAccepted, isAccepted != suffices { return nil }
            return AccountReading(
                balance: suffices ? state.balance - amount : state.balance, nonce: nonce)
        case .credit(let amount):
            return AccountReading(balance: state.balance + amount, nonce: state.nonce)
        case .read(let reading): return reading == state ? state : nil
        }
    }
}
