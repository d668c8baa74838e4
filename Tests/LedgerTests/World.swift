// A ledger over a state in memory, and names for tests.

import Ledger
import Primitives
import Testing

func symbol(_ text: String) throws -> AssetSymbol { try #require(AssetSymbol(text)) }

func address(_ number: UInt8) throws -> Address {
    try #require(Address([UInt8](repeating: 0, count: 19) + [number]))
}

func position(_ index: UInt64, milliseconds: UInt64 = 0) -> LogPosition {
    LogPosition(index: index, time: Timestamp(milliseconds: milliseconds))
}

/// One asset, `CREDIT`, with two decimals, and a few people.
struct World {
    let base = MemoryState()
    let ledger: Ledger
    let credit: AssetSymbol

    /// Moves what was changed into the base, as a state machine does after every entry.
    func commit() {
        base.commit(ledger.state.allChanges)
        ledger.state.removeAllChanges()
    }

    init() throws {
        ledger = Ledger(StateOverlay(base))
        credit = try symbol("CREDIT")
        try ledger.register(try Asset(symbol: credit, scale: 2))
    }

    func wallet(_ number: UInt8) throws -> AccountID { .wallet(try address(number), credit) }

    func pay(_ amount: UInt128, from: AccountID, to: AccountID) throws {
        try ledger.transfer(
            from: from, to: to, amount: Amount(amount), memo: Memo(.payment), at: position(1))
    }

    func reserve(_ amount: UInt128, from: AccountID, to: AccountID, expires: UInt64) throws
        -> Reservation
    {
        try ledger.reserve(
            from: from, to: to, amount: Amount(amount), memo: Memo(.usage),
            expires: Timestamp(milliseconds: expires), at: position(1))
    }
}

/// The code of the refusal that `body` ends with, or nil.
func code(of body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let refusal as Refusal {
        return refusal.code
    } catch {
        return "\(error)"
    }
}
