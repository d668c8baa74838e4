// Questions to the ledger. They change nothing.

public import Primitives

extension Ledger {
    /// The asset called `symbol`.
    public func asset(_ symbol: AssetSymbol) -> Asset? {
        LedgerTables.assets.record(LedgerKeys.asset(symbol), in: state)
    }

    /// Every asset, by symbol.
    public var assets: [Asset] { LedgerTables.assets.records(in: state).map(\.record) }

    /// The figures of an account; an unknown account is empty.
    public func account(_ id: AccountID) -> Account {
        LedgerTables.accounts.record(id.key, in: state) ?? .empty
    }

    /// The posted balance; for issuance, what is outstanding.
    public func balance(of id: AccountID) -> Amount { account(id).balance }

    /// What the account may still give: posted less reserved. Issuance can always give.
    public func available(of id: AccountID) -> Amount {
        id.kind == .issuance ? .max : account(id).available
    }

    /// How many units of an asset there are.
    public func supply(of asset: AssetSymbol) -> Amount { balance(of: .issuance(asset)) }

    /// The accounts of an owner, by asset and kind, with their figures.
    public func accounts(of owner: AccountOwner) -> [(id: AccountID, account: Account)] {
        LedgerTables.accounts.records(withPrefix: owner.keyPrefix, in: state)
            .compactMap { key, account in AccountID(key: key).map { ($0, account) } }
    }

    /// The transfer with this number.
    public func transfer(_ id: UInt64) -> Transfer? {
        LedgerTables.transfers.record(LedgerKeys.number(id), in: state)
    }

    /// How many transfers there are: the number of the last.
    public var transferCount: UInt64 {
        LedgerTables.counters.record(LedgerKeys.lastTransfer, in: state)?.value ?? 0
    }

    /// A page of an account's transfers in the order they happened, after transfer `number`.
    public func history(of id: AccountID, after number: UInt64 = 0, limit: Int = 100) -> [Transfer]
    {
        guard number < .max else { return [] }
        return LedgerTables.history.records(
            withPrefix: id.key, from: id.key + LedgerKeys.number(number + 1), limit: limit,
            in: state
        ).compactMap { transfer(LedgerKeys.lastNumber(of: $0.key)) }
    }

    /// A page of all transfers in the order they happened, after transfer `number`.
    public func transfers(after number: UInt64 = 0, limit: Int = 100) -> [Transfer] {
        guard number < .max else { return [] }
        return LedgerTables.transfers.records(
            from: LedgerKeys.number(number + 1), limit: limit, in: state
        ).map(\.record)
    }
}

extension AccountID {
    /// Reads what `key` wrote; nil for anything else.
    init?(key: [UInt8]) {
        guard let tag = key.first, key.count >= 10,
            let kind = AccountKind(rawValue: key[key.count - 1])
        else { return nil }
        let name = key[1..<key.count - 9]
        switch tag {
        case 0 where name.isEmpty: owner = .commons
        case 1:
            guard let address = Address(name) else { return nil }
            owner = .address(address)
        case 2:
            guard let digest = Digest(name) else { return nil }
            owner = .digest(digest)
        default: return nil
        }
        let symbol = key[(key.count - 9)..<(key.count - 1)].prefix { $0 != 0 }
        guard let asset = AssetSymbol(String(decoding: symbol, as: UTF8.self)) else { return nil }
        self.kind = kind
        self.asset = asset
    }
}
