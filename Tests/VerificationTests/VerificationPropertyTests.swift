// A house with liars, from seeds: what must hold whatever comes.

import Primitives
import Testing
import Verification

@Suite struct VerificationPropertyTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `with lone liars nothing wrong stands for good that was checked`(seed: UInt64) throws {
        let house = try House()
        var lots = SplitMix64(seed: seed)
        let liars = Set((0..<4).map { _ in 1 + Int(lots.next(below: 20)) })
        var unchecked: Set<UInt64> = []
        var (paid, held) = (0, 0)
        for task in 1...150 as ClosedRange<UInt64> {
            try house.ledger.open(task: task, in: house.state)
            var tries = 0
            while house.ledger.task(task, in: house.state)?.state == .open, tries < 100 {
                tries += 1
                let provider = 1 + Int(lots.next(below: 20))
                // Liars do not agree: each has its own wrong answer.
                let lies = liars.contains(provider) && lots.next(below: 3) == 0
                let output = lies ? House.beacon(UInt64(provider) &+ task << 8) : house.right
                guard let outcome = try? house.submit(task, by: provider, output) else { continue }
                guard case .accepted(let acceptance) = outcome else { continue }
                if acceptance.provisional {
                    unchecked.insert(task)
                    held += acceptance.honest.count
                    continue
                }
                #expect(acceptance.digest == house.right)
                #expect(
                    acceptance.dishonest.allSatisfy { liars.contains(Int($0.provider.bytes[19])) })
                paid += acceptance.honest.count + acceptance.released.count
                held -= acceptance.released.count + acceptance.reopened.count
                held -= acceptance.forfeited.count
            }
        }
        // What is held is exactly what the window frees in the end.
        let freed = house.ledger.expireProvisional(
            at: Timestamp(milliseconds: .max), limit: 10_000, in: house.state)
        #expect(freed.count == held)
        #expect(paid > 0)
    }

    @Test func `two liars who agree pass a lie: the bound that a quorum of two has`()
        throws
    {
        let house = try House()
        try house.ledger.open(task: 1, in: house.state)
        _ = try house.submit(1, by: 1, house.wrong)
        guard case .accepted(let lie) = try house.submit(1, by: 2, house.wrong) else {
            Issue.record("the known bound of a quorum of two has moved")
            return
        }
        #expect(lie.digest == house.wrong)
        #expect(lie.dishonest.isEmpty)
    }

    @Test func `every stored record survives its bytes`() throws {
        let house = try House()
        try house.trust(1, from: 1)
        for change in house.state.allChanges {
            let value = try #require(change.value)
            switch change.key[0] {
            case 0x50: #expect(try Reputation(decoding: value).encoded == value)
            case 0x51: #expect(try TaskVerification(decoding: value).encoded == value)
            default: #expect(try ProvisionalResult(decoding: value).encoded == value)
            }
        }
    }
}
