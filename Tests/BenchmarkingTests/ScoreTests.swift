import Primitives
import Testing

@testable import Benchmarking

@Suite struct ScoreTests {
    private func policy() throws -> BenchmarkPolicy {
        try BenchmarkPolicy(parsing: try PolicyFile.text("benchmarks.yaml"))
    }

    private func verdict(_ rate: UInt64?, code: String = "challenge.accepted") -> ChallengeVerdict {
        ChallengeVerdict(
            session: .zero, outcome: rate == nil ? .failed : .accepted, code: code, message: "",
            sample: rate.map { RateSample(work: $0, nanoseconds: 1_000_000_000) }, evidence: .zero)
    }

    private func score(_ rates: [UInt64]) throws -> KernelScore {
        var score = KernelScore(kernel: .init(name: "cpu.sgemm.1t", version: 1))
        for rate in rates { score.record(verdict(rate), at: .zero, policy: try policy()) }
        return score
    }

    @Test func `the rate is the median of the newest five`() throws {
        let score = try score([1, 1, 100, 104, 90, 96, 200])
        #expect(score.rates == [100, 104, 90, 96, 200])
        #expect(score.rate == 100)
        #expect(score.spread == 4)
        // 100 - 1.5 x 4 / sqrt(5) = 97.3, and the margin of 2.68 is rounded up.
        #expect(score.lowerBound == 97)
    }

    @Test func `even numbers of samples have the mean of the middle two`() throws {
        #expect(KernelScore.median([4, 1, 3, 2]) == 2)
        #expect(KernelScore.median([.max, .max]) == .max)
        #expect(KernelScore.median([]) == 0)
        #expect(try score([10]).lowerBound == 10)
        #expect(try score([]).lowerBound == 0)
    }

    @Test func `the lower bound never exceeds the rate`() throws {
        var lots = SplitMix64(seed: 8)
        for _ in 0..<200 {
            let bound = UInt64.max >> lots.next(below: 60)
            let count = 1 + Int(lots.next(below: 5))
            let score = try score((0..<count).map { _ in lots.next(below: bound) })
            #expect(score.lowerBound <= score.rate)
            #expect(try KernelScore(decoding: score.encoded) == score)
        }
    }

    @Test func `no rates, however far apart, break the lower bound`() throws {
        #expect(try score([.max, 0]).lowerBound == 0)
        #expect(try score([0, .max, 0, .max, .max]).lowerBound <= .max)
        #expect(try score([.max, .max, .max]).lowerBound == .max)
    }

    @Test func `a failure takes the score away and puts the machine into quarantine`() throws {
        let policy = try policy()
        var score = try score([100, 100, 100])
        let now = Timestamp(milliseconds: 1000)
        score.record(verdict(nil, code: "challenge.late"), at: now, policy: policy)
        #expect(score.rate == 0)
        #expect(!score.isUsable(at: now, policy: policy))
        let later = now.advanced(by: policy.quarantine)
        score.record(verdict(100), at: later, policy: policy)
        #expect(score.isUsable(at: later, policy: policy))
        #expect(score.failuresInARow == 0)
    }

    @Test func `only lies cost stake`() throws {
        let policy = try policy()
        let stake = Amount(1000)
        let lie = verdict(nil, code: "challenge.wrong-product")
        #expect(policy.slash(lie, stake: stake) == Amount(50))
        #expect(policy.slash(verdict(nil, code: "challenge.late"), stake: stake) == .zero)
        #expect(policy.slash(verdict(5), stake: stake) == .zero)
    }

    @Test func `a drop of more than the alarm is a drift`() throws {
        let (score, policy) = (try score([100]), try policy())
        #expect(!score.isDrift(80, policy: policy))
        #expect(score.isDrift(79, policy: policy))
    }

    @Test func `the reference machine has a thousand points`() throws {
        let reference = try policy().reference
        let scores = try reference.rates.map { rate in
            var score = KernelScore(kernel: .init(name: rate.kernel, version: 1))
            score.record(verdict(rate.perSecond), at: .zero, policy: try policy())
            return score
        }
        #expect(reference.points(scores) == 1000)
        #expect(reference.points(Array(scores.dropLast())) == 0)
        // Nobody is held to a kernel that the deployment does not measure.
        let measured = reference.rates.dropLast().map(\.kernel)
        #expect(reference.restricted(to: measured).points(Array(scores.dropLast())) == 1000)
        #expect(reference.restricted(to: ["cpu.sgemm.1t"]).groups.map(\.name) == ["cpu1"])
    }

    @Test func `a device counts where all of its kernels are proved`() throws {
        let policy = try policy()
        let device = policy.acceleratorKernels
        #expect(device.count == 4)
        func score(_ name: String, times factor: UInt64) throws -> KernelScore {
            let rate = policy.reference.rates.first { $0.kernel == name }?.perSecond ?? 0
            var score = KernelScore(kernel: .init(name: name, version: 1))
            score.record(verdict(rate * factor), at: .zero, policy: policy)
            return score
        }
        func points(_ scores: [KernelScore]) -> (headline: UInt64, groups: [String]) {
            let reference = policy.reference.restricted(to: policy.countedKernels(scores))
            return (reference.points(scores), reference.groups.map(\.name))
        }
        let plain = try policy.suite.kernels.map { try score($0.kernel, times: 1) }
        let card = try device.map { try score($0, times: 16) }
        #expect(points(plain).headline == 1000)
        #expect(points(plain).groups == ["cpu1", "cpuN", "mem"])
        // Three of four, however fast, count for nothing, and so does one that failed.
        #expect(points(plain + card.dropLast()).headline == 1000)
        var failed = card
        failed[0].fail(until: .zero)
        #expect(points(plain + failed).groups == ["cpu1", "cpuN", "mem"])
        // Sixteen times in one group of four is twice in the headline.
        #expect(points(plain + card).headline == 2000)
        #expect(points(plain + card).groups == ["cpu1", "cpuN", "mem", "gpu"])
    }

    @Test func `logarithms and powers agree with known values`() {
        #expect(FixedPoint.log2(1) == 0)
        #expect(FixedPoint.log2(1 << 40) == 40 << 32)
        // log2(3) = 1.584962500721156...
        #expect(FixedPoint.log2(3) == 6_807_362_105)
        for value in [1, 2, 3, 10, 999, 1000, 123_456_789] as [UInt64] {
            let back = FixedPoint.exp2(FixedPoint.log2(value))
            #expect(back.subtractingReportingOverflow(value).partialValue &+ 1 <= 2)
        }
        #expect(FixedPoint.exp2(-(40 << 32)) == 0)
        #expect(FixedPoint.squareRoot(of: .max) == .max)
        #expect(FixedPoint.squareRoot(of: 99) == 9)
        #expect(FixedPoint.squareRootRoundedUp(of: 99) == 10)
        #expect(FixedPoint.squareRootRoundedUp(of: 100) == 10)
    }
}
