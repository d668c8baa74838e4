// The draw of audits: everybody draws the same, nobody can choose, and the share is kept.

import Primitives
import Testing
import Verification

@Suite struct AuditLotteryTests {
    private func provider(_ number: UInt64) -> Address {
        var random = SplitMix64(seed: number)
        return Address(random.bytes(20)) ?? .zero
    }

    private func beacon(_ number: UInt64) -> Digest {
        var random = SplitMix64(seed: number &+ 1_000_000)
        return Digest(random.bytes(32)) ?? .zero
    }

    @Test(arguments: [0, 10_000, 100_000, 500_000, 990_000, 1_000_000] as [UInt64])
    func `the share is kept`(share: UInt64) {
        let draws = 20_000
        let drawn = (0..<UInt64(draws)).count {
            AuditLottery.draws(
                beacon: beacon($0 / 10), task: $0, provider: provider($0 % 7), share: share)
        }
        let expected = draws * Int(share) / 1_000_000
        // Six standard deviations of a fair draw are 424 of 20,000 at most.
        #expect(abs(drawn - expected) <= 424)
        if share == 0 { #expect(drawn == 0) }
        if share == 1_000_000 { #expect(drawn == draws) }
    }

    @Test func `a draw is the same for all, and depends on beacon, task and provider`() {
        func lots(_ beacon: Digest, _ first: UInt64, _ provider: Address) -> [Bool] {
            (0..<256).map {
                AuditLottery.draws(
                    beacon: beacon, task: first + $0, provider: provider, share: 500_000)
            }
        }
        let once = lots(beacon(1), 0, provider(1))
        #expect(once == lots(beacon(1), 0, provider(1)))
        #expect(once != lots(beacon(2), 0, provider(1)))
        #expect(once != lots(beacon(1), 256, provider(1)))
        #expect(once != lots(beacon(1), 0, provider(2)))
    }

    @Test func `who is drawn at a small share is drawn at a larger one`() {
        for number in 0..<2000 as Range<UInt64> {
            func draws(_ share: UInt64) -> Bool {
                AuditLottery.draws(
                    beacon: beacon(number), task: number, provider: provider(number), share: share)
            }
            #expect(!draws(100_000) || draws(200_000))
        }
    }
}
