import Ledger
import Primitives
import Testing

struct LedgerTests {
    @Test func `A transfer takes from one what it gives to the other, and leaves a record`() throws
    {
        let world = try World()
        let (alice, bob) = (try world.wallet(1), try world.wallet(2))
        try world.ledger.issue(Amount(1000), to: alice, at: position(7, milliseconds: 70))
        let transfer = try world.ledger.transfer(
            from: alice, to: bob, amount: Amount(300), memo: Memo(.payment, .number(9)),
            at: position(8, milliseconds: 80))
        #expect(world.ledger.balance(of: alice) == Amount(700))
        #expect(world.ledger.balance(of: bob) == Amount(300))
        #expect(world.ledger.supply(of: world.credit) == Amount(1000))
        #expect(transfer.id == 2)
        #expect(world.ledger.transfer(2) == transfer)
        #expect(world.ledger.history(of: alice).map(\.id) == [1, 2])
        #expect(world.ledger.history(of: alice, after: 1).map(\.id) == [2])
        #expect(world.ledger.history(of: bob, limit: 1).map(\.memo.reference) == [.number(9)])
        #expect(world.ledger.transfers(after: 1).map(\.position.index) == [8])
        #expect(try world.ledger.checkInvariants().map(\.credits) == [Amount(1000)])
    }

    @Test func `Every refusal has its code, in TigerBeetle's order, and leaves no trace`() throws {
        let world = try World()
        let (alice, bob, nobody) = (try world.wallet(1), try world.wallet(2), try world.wallet(3))
        let other = AccountID.wallet(try address(2), try symbol("OTHER"))
        try world.ledger.issue(Amount(10), to: alice, at: position(1))
        let before = world.ledger.state.allChanges
        #expect(code { try world.pay(0, from: alice, to: alice) } == "ledger.same-account")
        #expect(code { try world.pay(0, from: alice, to: other) } == "ledger.zero-amount")
        #expect(code { try world.pay(1, from: alice, to: other) } == "ledger.asset-mismatch")
        let foreign = AccountID.wallet(try address(1), try symbol("OTHER"))
        #expect(code { try world.pay(1, from: foreign, to: other) } == "ledger.asset-unknown")
        #expect(code { try world.pay(1, from: nobody, to: bob) } == "ledger.account-unknown")
        #expect(code { try world.pay(11, from: alice, to: bob) } == "ledger.insufficient-funds")
        #expect(
            code { try world.pay(.max, from: .issuance(world.credit), to: bob) }
                == "ledger.overflow")
        #expect(
            code { try world.ledger.register(try Asset(symbol: world.credit, scale: 3)) }
                == "ledger.asset-exists")
        #expect(world.ledger.state.allChanges == before)
    }

    @Test func `A group succeeds or fails whole`() throws {
        let world = try World()
        let (alice, bob) = (try world.wallet(1), try world.wallet(2))
        try world.ledger.issue(Amount(10), to: alice, at: position(1))
        let before = world.ledger.state.allChanges
        let refused = code {
            try world.ledger.group { (ledger) throws(Refusal) in
                let memo = Memo(.payment)
                try ledger.transfer(
                    from: alice, to: bob, amount: Amount(6), memo: memo, at: position(2))
                try ledger.transfer(
                    from: alice, to: bob, amount: Amount(6), memo: memo, at: position(2))
            }
        }
        #expect(refused == "ledger.insufficient-funds")
        #expect(world.ledger.state.allChanges == before)
    }

    @Test func `Redeeming lowers the supply, and no more comes back than went out`() throws {
        let world = try World()
        let alice = try world.wallet(1)
        try world.ledger.issue(Amount(10), to: alice, at: position(1))
        try world.ledger.redeem(Amount(4), from: alice, at: position(2))
        #expect(world.ledger.supply(of: world.credit) == Amount(6))
        try world.ledger.checkInvariants()
    }

    @Test func `The largest amounts are counted exactly or refused`() throws {
        let world = try World()
        let (alice, bob) = (try world.wallet(1), try world.wallet(2))
        try world.ledger.issue(.max, to: alice, at: position(1))
        #expect(
            code { try world.ledger.issue(Amount(1), to: bob, at: position(1)) }
                == "ledger.overflow")
        // Turnover far past 2^128 does not wear an account out.
        for _ in 0..<8 {
            try world.pay(.max, from: alice, to: bob)
            try world.pay(.max, from: bob, to: alice)
        }
        let whole = try world.reserve(.max, from: alice, to: bob, expires: 9)
        #expect(
            code { _ = try world.reserve(1, from: alice, to: bob, expires: 9) }
                == "ledger.insufficient-funds")
        try world.ledger.post(whole.id, at: position(2))
        #expect(world.ledger.balance(of: bob) == .max)
        try world.ledger.checkInvariants()
    }

    @Test func `A reservation of an issue keeps its room`() throws {
        let world = try World()
        let (alice, bob) = (try world.wallet(1), try world.wallet(2))
        let issuance = AccountID.issuance(world.credit)
        let promised = try world.reserve(.max, from: issuance, to: alice, expires: 9)
        #expect(
            code { try world.ledger.issue(Amount(1), to: bob, at: position(1)) }
                == "ledger.overflow")
        try world.ledger.post(promised.id, at: position(1))
        #expect(world.ledger.balance(of: alice) == .max)
        try world.ledger.checkInvariants()
    }
}

struct NamingTests {
    @Test(arguments: ["CREDIT", "A", "USDC20", "ABCDEFGH"])
    func `A symbol survives being written`(_ text: String) throws {
        #expect(try symbol(text).description == text)
        #expect(try AssetSymbol(decoding: symbol(text).encoded).description == text)
    }

    @Test(arguments: ["", "credit", "1A", "ABCDEFGHI", "A B", "É"])
    func `Anything else is no symbol`(_ text: String) { #expect(AssetSymbol(text) == nil) }

    @Test func `Account names and keys survive being written, and keys sort by owner`() throws {
        let asset = try symbol("CREDIT")
        let digest = try #require(Digest([UInt8](repeating: 7, count: 32)))
        var keys: Set<[UInt8]> = []
        for owner in [.commons, .address(try address(3)), .digest(digest)] as [AccountOwner] {
            for kind in AccountKind.allCases {
                let id = AccountID(kind, of: owner, in: asset)
                #expect(AccountID(parsing: id.description) == id)
                #expect(try AccountID(decoding: id.encoded) == id)
                #expect(id.key.starts(with: owner.keyPrefix))
                #expect(keys.insert(id.key).inserted)
            }
        }
        #expect(AccountID.treasury(asset).description == "treasury/CREDIT")
        for bad in [
            "", "treasury", "vault/CREDIT", "wallet:0x12/CREDIT", "treasury/CREDIT/", ":/A",
        ] {
            #expect(AccountID(parsing: bad) == nil)
        }
    }

    @Test func `Amounts are read and written with the asset's decimals`() throws {
        let asset = try Asset(symbol: try symbol("CREDIT"), scale: 6)
        #expect(asset.text(of: Amount(12_500_000)) == "12.5 CREDIT")
        #expect(asset.text(of: Amount(1)) == "0.000001 CREDIT")
        #expect(asset.text(of: .zero) == "0 CREDIT")
        #expect(try asset.amount(parsing: "12.5") == Amount(12_500_000))
        #expect(try asset.amount(parsing: "0.000001 CREDIT") == Amount(1))
        #expect(try asset.amount(parsing: "0") == .zero)
        #expect(try asset.amount(parsing: asset.text(of: .max)) == .max)
        for bad in ["", ".5", "1.", "01", "1.0000001", "-1", "1e3", "1 USD", "1  CREDIT", "1.5.2"] {
            #expect(
                code { _ = try asset.amount(parsing: bad) } == "ledger.amount-malformed", "\(bad)")
        }
    }

    @Test func `An owner's accounts stand together`() throws {
        let world = try World()
        let (alice, bob) = (try address(1), try address(2))
        try world.ledger.issue(Amount(5), to: .stake(alice, world.credit), at: position(1))
        try world.ledger.issue(Amount(7), to: .wallet(alice, world.credit), at: position(1))
        try world.ledger.issue(Amount(9), to: .wallet(bob, world.credit), at: position(1))
        let accounts = world.ledger.accounts(of: .address(alice))
        #expect(accounts.map(\.id.kind) == [.wallet, .stake])
        #expect(accounts.map(\.account.balance) == [Amount(7), Amount(5)])
    }
}
