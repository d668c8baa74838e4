// The guardian's office, deposits to the unit, caps on spending, plans, and constitutions that
// would lock everybody out.

import Governance
import Primitives
import Testing

@Suite struct OfficeTests {
    // MARK: Guardian

    private static let guardian = "guardian:\n  term: 1000s\n  delay: 50s\n  cancel: true\n"

    private func guarded(_ guardian: String = OfficeTests.guardian) throws -> Parliament {
        let house = try Parliament([(1, 60), (2, 40)], rules: Parliament.yaml + guardian)
        house.host.keeper = Guardian(account: address(9), since: .zero)
        return house
    }

    private func act(
        _ house: Parliament, _ action: GuardianAction, by holder: UInt8 = 9, on number: UInt64 = 1,
        at seconds: UInt64
    ) throws {
        try house.entry(at: seconds) { moment, state in
            try house.engine.guardProposal(
                number, action, by: address(holder), reason: "looks wrong", at: moment, in: state)
        }
    }

    @Test func `the guardian delays within a bound, and cancels; nobody else does`() throws {
        let house = try guarded()
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        #expect(
            refusalCode { try act(house, .delay(1000), by: 1, at: 11) } == "guardian.not-you")
        try act(house, .delay(20_000), at: 11)
        try house.entry(at: 111)
        #expect(house.record()?.readyAt == Timestamp(milliseconds: 151_000))
        try act(house, .delay(30_000), at: 112)
        #expect(house.record()?.readyAt == Timestamp(milliseconds: 181_000))
        #expect(refusalCode { try act(house, .delay(1), at: 113) } == "guardian.delay")
        #expect(refusalCode { try act(house, .delay(.max), at: 113) } == "guardian.delay")
        try house.entry(at: 180)
        #expect(house.status() == .queued)
        try act(house, .cancel, at: 180)
        #expect(house.status() == .cancelled)
        #expect(house.host.executed.isEmpty)
        #expect(refusalCode { try act(house, .cancel, at: 181) } == "guardian.too-late")
        try house.entry(at: 1000)
        #expect(house.host.executed.isEmpty)
    }

    @Test func `a cancelled vote gives its deposit back`() throws {
        let house = try guarded()
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        try act(house, .cancel, at: 20)
        #expect(house.host.fates == [1: .returned])
    }

    @Test func `the office ends with its term, and with the section`() throws {
        let house = try guarded()
        try house.signal(at: 990)
        try act(house, .delay(1000), at: 999)
        #expect(refusalCode { try act(house, .delay(1000), at: 1000) } == "guardian.expired")
        house.host.current = try Constitution(
            parsing: Parliament.yaml, name: "test", bounds: .development)
        #expect(refusalCode { try act(house, .delay(1000), at: 995) } == "guardian.none")
    }

    @Test func `a guardian cannot cancel the change that ends the office`() throws {
        let house = try guarded()
        let base = String(repeating: "0", count: 64)
        try house.submit(
            "kind: change-policy\ntitle: T\neffects:\n  - policy: constitution\n"
                + "    base: sha256:\(base)\n    text: new", by: 1, at: 0)
        #expect(refusalCode { try act(house, .cancel, at: 1) } == "guardian.constitution")
        try act(house, .delay(1000), at: 1)
        let mild = try guarded(
            "guardian:\n  term: 1000s\n  delay: 50s\n  cancel: false\n")
        try mild.signal()
        #expect(refusalCode { try act(mild, .cancel, at: 1) } == "guardian.cancel")
    }

    @Test func `no constitution makes a guardian for ever`() {
        for section in [
            "guardian:\n  term: 0s\n  delay: 1s\n  cancel: true\n",
            "guardian:\n  term: 731d\n  delay: 1s\n  cancel: true\n",
            "guardian:\n  term: 1d\n  delay: 15d\n  cancel: true\n",
        ] {
            #expect(
                refusalCode {
                    _ = try Constitution(
                        parsing: Parliament.yaml + section, name: "t", bounds: .development)
                } == "constitution.bounds")
        }
    }

    // MARK: Deposits

    private func deposited(_ refund: String, _ more: String = "", balances: [(UInt8, UInt64)])
        throws -> Parliament
    {
        let terms = "deposit:\n  amount: 101\n  refund: \(refund)\n" + more
        return try Parliament(balances, rules: Parliament.rules("signal", terms + "veto: 1/3\n"))
    }

    @Test(arguments: [
        ("always", 0, 0, 0), ("unless-vetoed", 0, 0, 101),
        ("unless-vetoed-or-ignored", 101, 0, 101), ("if-passed", 101, 101, 101),
    ])
    func `each rule of refund, to the unit`(
        refund: String, ignored: Int, defeated: Int, vetoed: Int
    ) throws {
        func burned(_ ballots: [(String, UInt8)]) throws -> Int {
            let house = try deposited(refund, balances: [(1, 5), (2, 45), (3, 50)])
            try house.signal(by: 2)
            for (words, holder) in ballots { try house.say(words, by: holder, at: 10) }
            try house.entry(at: 111)
            return Int(house.host.settled[1]?[.burned]?.units ?? 0)
        }
        #expect(try burned([("for", 1)]) == ignored)
        #expect(try burned([("for", 1), ("against", 2)]) == defeated)
        #expect(try burned([("for", 2), ("veto", 3)]) == vetoed)
        #expect(try burned([("for", 3), ("against", 2)]) == 0)
    }

    @Test func `a part is burned, rounded down, and the rest returns`() throws {
        let house = try deposited(
            "if-passed", "  burned: 50%\n  withdrawal: 1/3\n", balances: [(1, 60), (2, 40)])
        try house.signal()
        try house.vote(.against, by: 1, at: 10)
        try house.entry(at: 111)
        #expect(house.host.settled[1] == [.burned: Amount(50), .returned: Amount(51)])
        try house.signal("Again", at: 112)
        try house.entry(at: 113) { moment, state in
            try house.engine.cancel(2, by: address(1), at: moment, in: state)
        }
        #expect(house.host.settled[2] == [.burned: Amount(33), .returned: Amount(68)])
    }

    @Test func `the more is open, the dearer the next`() throws {
        let house = try deposited("always", "  growth: 10%\n", balances: [(1, 60), (2, 40)])
        for number in 1...4 { try house.signal("Statement \(number)", at: 0) }
        #expect((1...4).map { house.host.held[$0]?.units } == [101, 111, 121, 131])
    }

    // MARK: Caps

    @Test func `no track lets out more than its cap within a window`() throws {
        let rules = Parliament.rules(
            "treasury-spend-large",
            "spending:\n  share_of_treasury: 5%\n  window: 7d\n")
        let house = try Parliament([(1, 60), (2, 40)], rules: rules)
        house.host.treasury = Amount(1000)
        func spend(_ amount: Int, to payee: UInt8, at seconds: UInt64) throws -> String? {
            let number = try house.submit(
                "kind: treasury-spend\ntitle: T\neffects:\n  - asset: CREDIT\n"
                    + "    to: \"\(address(payee).hex)\"\n    amount: \(amount)",
                by: 1, at: seconds)
            return house.record(number)?.rules.name
        }
        #expect(try spend(10, to: 7, at: 0) == "treasury-spend")
        #expect(try spend(11, to: 7, at: 1) == "treasury-spend-large")
        #expect(refusalCode { _ = try spend(40, to: 7, at: 2) } == "proposal.spending-cap")
        // Another proposer, the same payee: slices add up.
        #expect(refusalCode { _ = try spend(51, to: 8, at: 3) } == "proposal.spending-cap")
        #expect(try spend(29, to: 7, at: 4) == "treasury-spend-large")
    }

    @Test func `what is queued meets the limits in force when it executes`() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        house.host.treasury = Amount(1000)
        try house.submit(
            "kind: treasury-spend\ntitle: T\neffects:\n  - asset: CREDIT\n"
                + "    to: \"\(address(7).hex)\"\n    amount: 100", by: 1, at: 0)
        #expect(house.record()?.rules.name == "treasury-spend-large")
        try house.vote(.for, by: 1, at: 10)
        try house.entry(at: 111)
        #expect(house.status() == .queued)
        // A vote on the constitution comes in between: a twentieth at most.
        house.host.current = try Constitution(
            parsing: Parliament.rules(
                "treasury-spend-large", "spending:\n  share_of_treasury: 5%\n  window: 7d\n"),
            name: "test", bounds: .development)
        let events = try house.entry(at: 131)
        #expect(events.first?.code == "proposal.execution-refused")
        #expect(house.record()?.lastRefusal?.contains("proposal.spending-cap") == true)
        #expect(house.host.executed.isEmpty)
    }

    // MARK: Plans

    @Test func `what execution would do is recorded three times, and a drift is an event`() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        house.host.planned = { _ in Digest(words: (1, 1, 1, 1)) }
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        #expect(house.record()?.plans.map(\.stage) == ["submitted", "opened"])
        house.host.planned = { _ in Digest(words: (2, 2, 2, 2)) }
        let events = try house.entry(at: 111)
        #expect(events.contains { $0.code == "proposal.plan-drifted" })
        #expect(house.record()?.plans.map(\.stage) == ["submitted", "opened", "queued"])
    }

    // MARK: Lock-out

    @Test(
        arguments: [
            ("propose:\n  power: 10%", 100, 9, "constitution.lock-out"),
            ("deposit:\n  amount: 2000\n  refund: always", 100, 100, "constitution.lock-out"),
            (
                "quorum:\n  base: supply\n  fraction: 50%\n  counts: [for]", 100, 49,
                "constitution.lock-out"
            ),
            ("quorum:\n  base: held\n  fraction: 50%\n  counts: [for]", 100, 49, nil),
            (
                "threshold:\n  fraction: 60%\n  base: supply\n  comparison: at-least", 100, 59,
                "constitution.lock-out"
            ),
            ("hidden:\n  bond: 2000\n  reveal: 10s", 100, 100, "constitution.lock-out"),
        ] as [(String, UInt128, UInt128, String?)])
    func `a track that nobody could use is refused`(
        lines: String, supply: UInt128, held: UInt128, expected: String?
    ) throws {
        let constitution = try Constitution(
            parsing: Parliament.rules("signal", lines), name: "t", bounds: .development)
        let electorate = Electorate(
            supply: Amount(supply), held: Amount(held), currency: Amount(1000))
        #expect(refusalCode { try constitution.checkUsable(electorate) } == expected)
    }
}
