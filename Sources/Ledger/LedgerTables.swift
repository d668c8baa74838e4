// Where the ledger's records lie in the state: prefixes 0x30 to 0x3F.

import Primitives

enum LedgerTables {
    static let assets = Table<Asset>(prefix: 0x30)
    static let accounts = Table<Account>(prefix: 0x31)
    /// By number.
    static let transfers = Table<Transfer>(prefix: 0x32)
    /// By account key, then transfer number; the record is in `transfers`.
    static let history = Table<Nothing>(prefix: 0x33)
    /// By number.
    static let reservations = Table<Reservation>(prefix: 0x34)
    /// By expiry, then number: pending reservations only.
    static let expiries = Table<Nothing>(prefix: 0x35)
    /// Last numbers given out.
    static let counters = Table<Counter>(prefix: 0x36)
    /// By asset, role, payee.
    static let carries = Table<Counter>(prefix: 0x37)
    /// By asset, then epoch.
    static let statements = Table<RevenueStatement>(prefix: 0x38)
}

/// A record that only its key speaks for.
struct Nothing: BinaryCodable {
    init() {}
    func encode(into encoder: inout BinaryEncoder) {}
    init(from decoder: inout BinaryDecoder) throws(Refusal) {}
}

/// One number.
struct Counter: BinaryCodable {
    var value: UInt64

    init(_ value: UInt64) { self.value = value }
    func encode(into encoder: inout BinaryEncoder) { encoder.number(value) }
    init(from decoder: inout BinaryDecoder) throws(Refusal) { value = try decoder.number() }
}

enum LedgerKeys {
    static let lastTransfer: [UInt8] = [1]
    static let lastReservation: [UInt8] = [2]

    static func number(_ number: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.sortable(number)
        return encoder.bytes
    }

    /// The number in the last eight bytes of a key.
    static func lastNumber(of key: [UInt8]) -> UInt64 {
        key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    static func asset(_ symbol: AssetSymbol) -> [UInt8] { number(symbol.word) }

    static func statement(_ epoch: UInt64, _ symbol: AssetSymbol) -> [UInt8] {
        number(symbol.word) + number(epoch)
    }

    static func carry(_ symbol: AssetSymbol, _ role: RevenueRole, _ payee: RevenuePayee) -> [UInt8]
    {
        let owner: AccountOwner =
            switch payee {
            case .address(let address): .address(address)
            case .treasury: .commons
            }
        return number(symbol.word) + [role.rawValue] + owner.keyPrefix
    }

    static func expiry(_ reservation: Reservation) -> [UInt8] {
        number(reservation.expires.milliseconds) + number(reservation.id)
    }
}
