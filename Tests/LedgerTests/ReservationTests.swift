import Ledger
import Primitives
import Testing

struct ReservationTests {
    private func funded(_ amount: UInt128) throws -> (World, AccountID, AccountID) {
        let world = try World()
        let customer = AccountID.prepaid(try address(1), world.credit)
        try world.ledger.issue(Amount(amount), to: customer, at: position(1))
        return (world, customer, .revenue(world.credit))
    }

    @Test func `What is reserved is not available, and what is not posted comes back`() throws {
        let (world, customer, revenue) = try funded(100)
        let hold = try world.reserve(60, from: customer, to: revenue, expires: 50)
        #expect(world.ledger.balance(of: customer) == Amount(100))
        #expect(world.ledger.available(of: customer) == Amount(40))
        let transfer = try world.ledger.post(hold.id, amount: Amount(25), at: position(2))
        #expect(transfer?.reservation == hold.id)
        #expect(world.ledger.available(of: customer) == Amount(75))
        #expect(world.ledger.balance(of: revenue) == Amount(25))
        #expect(world.ledger.reservation(hold.id)?.status == .posted(Amount(25)))
        try world.ledger.checkInvariants()
    }

    @Test func `A reservation resolves once, and says how`() throws {
        let (world, customer, revenue) = try funded(100)
        let posted = try world.reserve(10, from: customer, to: revenue, expires: 50)
        let voided = try world.reserve(10, from: customer, to: revenue, expires: 50)
        let late = try world.reserve(10, from: customer, to: revenue, expires: 50)
        #expect(
            code { try world.ledger.post(posted.id, amount: Amount(11), at: position(2)) }
                == "ledger.exceeds-reservation")
        #expect(try world.ledger.post(posted.id, amount: .zero, at: position(2)) == nil)
        try world.ledger.void(voided.id, at: position(2))
        let now = position(3, milliseconds: 50)
        for (id, expected) in [
            (posted.id, "ledger.already-posted"), (voided.id, "ledger.already-voided"),
            (late.id, "ledger.reservation-expired"), (99, "ledger.reservation-unknown"),
        ] {
            #expect(code { try world.ledger.post(id, at: now) } == expected)
            #expect(code { try world.ledger.void(id, at: now) } == expected)
        }
        #expect(
            code { _ = try world.reserve(1, from: customer, to: revenue, expires: 0) }
                == "ledger.expiry-past")
        #expect(try world.ledger.expire(at: now).map(\.id) == [late.id])
        #expect(world.ledger.available(of: customer) == Amount(100))
        try world.ledger.checkInvariants()
    }

    @Test func `Holds expire by expiry, then by creation`() throws {
        let (world, customer, revenue) = try funded(100)
        let ids = try [30, 20, 20, 40].map {
            try world.reserve(1, from: customer, to: revenue, expires: $0).id
        }
        #expect(world.ledger.nextExpiry == Timestamp(milliseconds: 20))
        #expect(try world.ledger.expire(at: position(2, milliseconds: 19)).isEmpty)
        let first = try world.ledger.expire(at: position(2, milliseconds: 30), limit: 2)
        #expect(first.map(\.id) == [ids[1], ids[2]])
        #expect(try world.ledger.expire(at: position(2, milliseconds: 30)).map(\.id) == [ids[0]])
        #expect(world.ledger.nextExpiry == Timestamp(milliseconds: 40))
    }

    @Test func `The sixth hold of a thousand on five thousand is refused`() throws {
        let (world, customer, revenue) = try funded(5000)
        for _ in 0..<5 { _ = try world.reserve(1000, from: customer, to: revenue, expires: 9) }
        #expect(
            code { _ = try world.reserve(1000, from: customer, to: revenue, expires: 9) }
                == "ledger.insufficient-funds")
    }

    @Test func `Of a thousand requests on a budget for a hundred, a hundred pass`() throws {
        let (world, customer, revenue) = try funded(100 * 7)
        var random = SplitMix64(seed: 11)
        var open: [UInt64] = []
        var accepted = 0
        for _ in 0..<1000 {
            if let hold = try? world.reserve(7, from: customer, to: revenue, expires: 9) {
                accepted += 1
                open.append(hold.id)
            }
            world.commit()
            // Posting some of them in any order frees nothing when they cost what they reserved.
            if !open.isEmpty, random.next(below: 3) == 0 {
                let id = open.remove(at: Int(random.next(below: UInt64(open.count))))
                try world.ledger.post(id, at: position(2))
            }
        }
        #expect(accepted == 100)
        try world.ledger.checkInvariants()
    }
}

struct ConservationTests {
    /// Random commands, most of them against nearly empty accounts so that many are refused, with
    /// boundary amounts among them; the books are checked against themselves and a model.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `Ten thousand random commands mint and lose nothing`(seed: UInt64) throws {
        let world = try World()
        var random = SplitMix64(seed: seed)
        let people = try (1...6).map { try world.wallet($0) }
        var model: [AccountID: UInt128] = [:]
        var issued: UInt128 = 0
        var open: [Reservation] = []
        var time: UInt64 = 0
        var refusals = 0
        for step in 0..<10_000 {
            time += random.next(below: 3)
            let now = position(UInt64(step), milliseconds: time)
            let from = people[Int(random.next(below: 6))]
            let to = people[Int(random.next(below: 6))]
            let amount = Amount(
                random.next(below: 50) == 0 ? .max : UInt128(random.next(below: 40)))
            for reservation in try world.ledger.expire(at: now) {
                open.removeAll { $0.id == reservation.id }
            }
            do {
                switch random.next(below: 6) {
                case 0:
                    let fits = Amount(amount.units % 500)
                    try world.ledger.issue(fits, to: to, at: now)
                    issued += fits.units
                    model[to, default: 0] += fits.units
                case 1:
                    try world.ledger.redeem(amount, from: from, at: now)
                    issued -= amount.units
                    model[from, default: 0] -= amount.units
                case 2:
                    let expires = Timestamp(milliseconds: time + random.next(below: 40))
                    open.append(
                        try world.ledger.reserve(
                            from: from, to: to, amount: amount, memo: Memo(.usage),
                            expires: expires, at: now))
                case 3 where !open.isEmpty:
                    let hold = open.remove(at: Int(random.next(below: UInt64(open.count))))
                    let part = Amount(hold.amount.units / UInt128(1 + random.next(below: 3)))
                    try world.ledger.post(hold.id, amount: part, at: now)
                    model[hold.debit, default: 0] -= part.units
                    model[hold.credit, default: 0] += part.units
                case 4 where !open.isEmpty:
                    try world.ledger.void(open.removeLast().id, at: now)
                default:
                    try world.ledger.transfer(
                        from: from, to: to, amount: amount, memo: Memo(.payment), at: now)
                    model[from, default: 0] -= amount.units
                    model[to, default: 0] += amount.units
                }
            } catch {
                refusals += 1
            }
            world.commit()
            if step % 1000 == 999 { try world.ledger.checkInvariants() }
        }
        #expect(refusals > 1000)
        #expect(world.ledger.supply(of: world.credit) == Amount(issued))
        for person in people {
            #expect(world.ledger.balance(of: person) == Amount(model[person] ?? 0))
        }
    }

    @Test func `The same commands write the same bytes`() throws {
        func run() throws -> [StateChange] {
            let world = try World()
            let (alice, bob) = (try world.wallet(1), try world.wallet(2))
            try world.ledger.issue(Amount(100), to: alice, at: position(1))
            let hold = try world.reserve(30, from: alice, to: bob, expires: 9)
            try world.pay(10, from: alice, to: bob)
            try world.ledger.post(hold.id, amount: Amount(5), at: position(2))
            return world.ledger.state.allChanges
        }
        #expect(try run() == run())
    }
}
