import Primitives
import Testing
import Verification

/// A house of providers whose answers are compared.
struct House {
    let ledger: ResultLedger
    let state = StateOverlay(MemoryState())
    let right = Digest([UInt8](repeating: 1, count: 32)) ?? .zero
    let wrong = Digest([UInt8](repeating: 2, count: 32)) ?? .zero

    init() throws {
        ledger = ResultLedger(
            policy: try VerificationPolicy(parsing: try PolicyFile.text("verification.yaml")))
    }

    static func name(_ number: Int) -> Address {
        Address((0..<20).map { $0 < 12 ? 0 : UInt8(truncatingIfNeeded: number >> (8 * (19 - $0))) })
            ?? .zero
    }

    static func beacon(_ number: UInt64) -> Digest {
        var lots = SplitMix64(seed: number)
        return Digest(lots.bytes(32)) ?? .zero
    }

    /// Submits an answer of a provider that belongs to `owner`, or to itself.
    func submit(
        _ task: UInt64, by provider: Int, owner: Int? = nil, _ output: Digest, at time: UInt64 = 0
    ) throws -> ResultOutcome {
        try ledger.submit(
            TaskResult(
                task: task, provider: House.name(provider), owner: House.name(owner ?? provider),
                output: output, earnings: Amount(10)),
            beacon: House.beacon(task), at: Timestamp(milliseconds: time), in: state)
    }

    /// Lets a provider pass as many checks as trust takes, on tasks from `first` on.
    func trust(_ provider: Int, from first: UInt64) throws {
        for task in first..<first + ledger.policy.trustedAfter {
            try ledger.open(task: task, in: state)
            _ = try submit(task, by: provider, right)
            _ = try submit(task, by: 9999, right)
        }
    }

    /// The first task from `start` on whose draw spares, or takes, a provider.
    func task(from start: UInt64, audited: Bool, of provider: Int) -> UInt64 {
        let share = ledger.reputation(of: House.name(provider), in: state)
            .auditShare(under: ledger.policy)
        var task = start
        while AuditLottery.draws(
            beacon: House.beacon(task), task: task, provider: House.name(provider), share: share)
            != audited
        { task += 1 }
        return task
    }

    func reputation(_ provider: Int) -> Reputation {
        ledger.reputation(of: House.name(provider), in: state)
    }
}

private func acceptance(_ outcome: ResultOutcome) -> Acceptance? {
    if case .accepted(let acceptance) = outcome { return acceptance }
    return nil
}

@Suite struct ResultLedgerTests {
    @Test func `strangers are computed after by another owner`() throws {
        let house = try House()
        try house.ledger.open(task: 1, in: house.state)
        #expect(house.ledger.expectedReplicas(provider: House.name(1), in: house.state) == 2)
        #expect(
            try house.submit(1, by: 1, house.right)
                == .waiting(replicasMissing: 1, reason: .untrusted))
        let accepted = acceptance(try house.submit(1, by: 2, house.right))
        #expect(accepted?.digest == house.right)
        #expect(accepted?.honest.map(\.provider) == [House.name(1), House.name(2)])
        #expect(accepted?.dishonest.isEmpty == true)
        #expect(accepted?.provisional == false)
        #expect(house.reputation(1).consecutiveValid == 1)
    }

    @Test func `two machines of one owner never agree with each other`() throws {
        let house = try House()
        try house.ledger.open(task: 1, in: house.state)
        _ = try house.submit(1, by: 1, owner: 50, house.wrong)
        let before = house.state.allChanges
        #expect(throws: Refusal("verification.same-owner", "")) {
            try house.submit(1, by: 2, owner: 50, house.wrong)
        }
        #expect(house.state.allChanges == before)
        #expect(house.ledger.task(1, in: house.state)?.state == .open)
    }

    @Test func `a third owner decides between two answers`() throws {
        let house = try House()
        try house.ledger.open(task: 1, in: house.state)
        _ = try house.submit(1, by: 1, house.right)
        #expect(
            try house.submit(1, by: 2, house.wrong)
                == .waiting(replicasMissing: 1, reason: .mismatch))
        let accepted = acceptance(try house.submit(1, by: 3, house.right))
        #expect(accepted?.honest.map(\.provider) == [House.name(1), House.name(3)])
        #expect(accepted?.dishonest.map(\.provider) == [House.name(2)])
        #expect(house.reputation(2).invalid == 1)
        #expect(house.reputation(2).consecutiveValid == 0)
    }

    @Test func `five different answers are a dispute that a referee settles`() throws {
        let house = try House()
        try house.ledger.open(task: 1, in: house.state)
        for provider in 1...4 {
            let outcome = try house.submit(1, by: provider, House.beacon(UInt64(provider)))
            #expect(outcome != .disputed)
        }
        #expect(try house.submit(1, by: 5, House.beacon(5)) == .disputed)
        let decided = try house.ledger.resolve(
            task: 1, digest: House.beacon(3), at: .zero, in: house.state)
        #expect(decided.honest.map(\.provider) == [House.name(3)])
        #expect(decided.dishonest.count == 4)
        #expect(house.ledger.task(1, in: house.state)?.state == .accepted)
        #expect(throws: Refusal("verification.not-disputed", "")) {
            try house.ledger.resolve(task: 1, digest: .zero, at: .zero, in: house.state)
        }
    }

    @Test func `a trusted provider's answer is taken, and its earnings wait`() throws {
        let house = try House()
        try house.trust(1, from: 100)
        #expect(house.ledger.expectedReplicas(provider: House.name(1), in: house.state) == 1)
        let task = house.task(from: 1000, audited: false, of: 1)
        try house.ledger.open(task: task, in: house.state)
        let accepted = acceptance(try house.submit(task, by: 1, house.right))
        #expect(accepted?.provisional == true)
        #expect(accepted?.released.isEmpty == true)
        #expect(house.ledger.task(task, in: house.state)?.state == .provisional)
        #expect(house.reputation(1).consecutiveValid == house.ledger.policy.trustedAfter)
    }

    @Test func `passing an audit frees what waits`() throws {
        let house = try House()
        try house.trust(1, from: 100)
        let free = house.task(from: 1000, audited: false, of: 1)
        let audited = house.task(from: free + 1, audited: true, of: 1)
        for task in [free, audited] { try house.ledger.open(task: task, in: house.state) }
        _ = try house.submit(free, by: 1, house.right)
        #expect(
            try house.submit(audited, by: 1, house.right)
                == .waiting(replicasMissing: 1, reason: .audit))
        let accepted = acceptance(try house.submit(audited, by: 2, house.right))
        #expect(accepted?.released.map(\.task) == [free])
        #expect(house.ledger.task(free, in: house.state)?.state == .accepted)
    }

    @Test func `a liar's unchecked answers are computed again`() throws {
        let house = try House()
        try house.trust(1, from: 100)
        let free = house.task(from: 1000, audited: false, of: 1)
        let audited = house.task(from: free + 1, audited: true, of: 1)
        for task in [free, audited] { try house.ledger.open(task: task, in: house.state) }
        _ = try house.submit(free, by: 1, house.wrong)
        _ = try house.submit(audited, by: 1, house.wrong)
        _ = try house.submit(audited, by: 2, house.right)
        let caught = acceptance(try house.submit(audited, by: 3, house.right))
        #expect(caught?.dishonest.map(\.provider) == [House.name(1)])
        #expect(caught?.reopened.map(\.task) == [free])
        let reopened = house.ledger.task(free, in: house.state)
        #expect(reopened?.state == .open)
        #expect(reopened?.reason == .recheck)
        #expect(reopened?.accepted == nil)
        #expect(!house.reputation(1).isTrusted(under: house.ledger.policy))
        // Two others overrule the lie; an honest answer found again would have been paid now.
        _ = try house.submit(free, by: 2, house.right)
        let corrected = acceptance(try house.submit(free, by: 3, house.right))
        #expect(corrected?.digest == house.right)
        #expect(corrected?.dishonest.map(\.task) == [free])
    }

    @Test func `unchecked earnings are free after the window`() throws {
        let house = try House()
        try house.trust(1, from: 100)
        let task = house.task(from: 1000, audited: false, of: 1)
        try house.ledger.open(task: task, in: house.state)
        _ = try house.submit(task, by: 1, house.right, at: 5)
        let window = house.ledger.policy.provisionalWindow
        func expire(_ time: UInt64) -> [ProvisionalResult] {
            house.ledger.expireProvisional(
                at: Timestamp(milliseconds: time), limit: 10, in: house.state)
        }
        #expect(expire(window + 4).isEmpty)
        #expect(expire(window + 5).map(\.earnings) == [Amount(10)])
        #expect(expire(window + 5).isEmpty)
        #expect(house.ledger.task(task, in: house.state)?.state == .accepted)
    }

    @Test func `a late answer is judged`() throws {
        let house = try House()
        try house.ledger.open(task: 1, in: house.state)
        for provider in 1...2 { _ = try house.submit(1, by: provider, house.right) }
        #expect(try house.submit(1, by: 3, house.right) == .late(agrees: true))
        #expect(try house.submit(1, by: 4, house.wrong) == .late(agrees: false))
        #expect(house.reputation(4).invalid == 1)
    }

    @Test func `answers of another class are not compared`() throws {
        let house = try House()
        try house.ledger.open(task: 1, in: house.state)
        func submit(_ provider: Int, _ hardwareClass: String) throws -> ResultOutcome {
            try house.ledger.submit(
                TaskResult(
                    task: 1, provider: House.name(provider), owner: House.name(provider),
                    output: house.right, hardwareClass: hardwareClass),
                beacon: .zero, at: .zero, in: house.state)
        }
        _ = try submit(1, "avx512")
        #expect(throws: Refusal("verification.class", "")) { try submit(2, "neon") }
        #expect(acceptance(try submit(3, "avx512")) != nil)
    }

    @Test func `with nobody left to compute it, equal answers stand and others are a dispute`()
        throws
    {
        let house = try House()
        for task in 1...2 as ClosedRange<UInt64> {
            try house.ledger.open(task: task, in: house.state)
            _ = try house.submit(task, by: 1, house.right)
        }
        let alone = acceptance(
            try house.ledger.noExecutorLeft(task: 1, at: .zero, in: house.state))
        #expect(alone?.provisional == true)
        _ = try house.submit(2, by: 2, house.wrong)
        #expect(
            try house.ledger.noExecutorLeft(task: 2, at: .zero, in: house.state) == .disputed)
    }

    @Test func `unknown tasks and second openings are refused`() throws {
        let house = try House()
        #expect(throws: Refusal("verification.unknown-task", "")) {
            try house.submit(1, by: 1, house.right)
        }
        try house.ledger.open(task: 1, in: house.state)
        #expect(throws: Refusal("verification.known-task", "")) {
            try house.ledger.open(task: 1, in: house.state)
        }
        #expect(throws: Refusal("verification.not-open", "")) {
            try house.ledger.noExecutorLeft(task: 1, at: .zero, in: house.state)
        }
    }

    @Test func `timeouts in a row take trust away until the next answer`() throws {
        let house = try House()
        try house.trust(1, from: 100)
        for _ in 0..<house.ledger.policy.timeoutLimit {
            house.ledger.timedOut(provider: House.name(1), in: house.state)
        }
        #expect(!house.reputation(1).isTrusted(under: house.ledger.policy))
        try house.ledger.open(task: 1, in: house.state)
        _ = try house.submit(1, by: 1, house.right)
        _ = try house.submit(1, by: 2, house.right)
        #expect(house.reputation(1).isTrusted(under: house.ledger.policy))
    }

    @Test func `the draw takes its share and cannot be foretold from the task alone`() throws {
        let provider = House.name(1)
        var taken = 0
        for number in 0..<4000 as Range<UInt64>
        where AuditLottery.draws(
            beacon: House.beacon(number), task: 7, provider: provider, share: 100_000)
        { taken += 1 }
        #expect((320...480).contains(taken))
        #expect(AuditLottery.draws(beacon: .zero, task: 7, provider: provider, share: 1_000_000))
        #expect(!AuditLottery.draws(beacon: .zero, task: 7, provider: provider, share: 0))
    }
}
