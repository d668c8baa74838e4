// What machines are measured by, how often, and what failing costs: Policies/benchmarks.yaml.

import CKernels
public import Primitives

/// The rules of benchmarking in force.
public struct BenchmarkPolicy: Equatable, Sendable {
    /// How a kernel is sized in a suite.
    public struct KernelSize: Equatable, Sendable {
        /// The kernel's name.
        public let kernel: String
        /// Rows of a matrix, blocks of an array, lanes, or pages of a table.
        public internal(set) var size: UInt32
        /// Chains that walk at once; zero for other kernels.
        public let chains: UInt32
        /// Steps of a lane, or of a walk from state to state; zero for other kernels.
        public let steps: UInt32
        /// Rounds or passes of a first challenge.
        public let firstRounds: UInt32
        /// The most rounds or passes.
        public let mostRounds: UInt32
        /// What one timed run should take, in milliseconds.
        public let target: UInt64
        /// After how many milliseconds it has failed.
        public let within: UInt64
        /// What is opened; zero where everything is.
        public let openings: UInt32
    }

    /// The kernels of a suite, in the order they are run.
    public struct Suite: Equatable, Sendable {
        /// The suite's name.
        public let name: String
        /// Its kernels.
        public let kernels: [KernelSize]
    }

    /// The name of the suite in force.
    public private(set) var suiteName: String
    /// All suites.
    public let suites: [Suite]
    /// Samples that make a score.
    public let samples: Int
    /// How old a score may be before it counts for nothing, in milliseconds.
    public let maximumAge: UInt64
    /// Samples before a machine may be given work.
    public let minimumSamples: Int
    /// How far a rate may fall below the score before an audit, in millionths.
    public let driftAlarm: UInt64
    /// The spread, in millionths of the rate, above which a score is shown with a warning.
    public let spreadAlarm: UInt64
    /// The mean time between challenges, in milliseconds.
    public let interval: UInt64
    /// How long a prover may take to get ready, in milliseconds.
    public let readyWithin: UInt64
    /// How long it may take to upload, in milliseconds.
    public let proofWithin: UInt64
    /// How long a machine gets no work after a failure, in milliseconds.
    public let quarantine: UInt64
    /// What a wrong answer costs, in millionths of the stake.
    public let slashShare: UInt64
    /// Failures in a row after which a machine must register anew.
    public let failureLimit: UInt64
    /// The machine that points are counted against.
    public let reference: ReferenceProfile

    /// The suite in force.
    public var suite: Suite {
        suites.first { $0.name == suiteName } ?? Suite(name: suiteName, kernels: [])
    }

    /// The name of the suite for devices beside the processor.
    public static let acceleratorSuite = "accelerator"

    /// Kernels that only machines with such a device are asked for: when they come for it, and from
    /// then on when they are called. Nobody without a device is held to them.
    private var accelerated: [KernelSize] {
        (suites.first { $0.name == BenchmarkPolicy.acceleratorSuite }?.kernels ?? []).filter {
            KernelRegistry.kernel(named: $0.kernel)?.device == .accelerator
        }
    }

    /// The names of these kernels, in the order they are run.
    public var acceleratorKernels: [String] { accelerated.map(\.kernel) }

    /// The kernels that a machine with these scores gets points for: the suite's, and those of a
    /// device where it has proved all of them. Nobody without a device is held to them, and nobody
    /// gets points for the best of them alone.
    public func countedKernels(_ scores: [KernelScore]) -> [String] {
        let device = acceleratorKernels
        let isProved = device.allSatisfy { name in
            scores.contains { $0.kernel.name == name && $0.rate > 0 }
        }
        return suite.kernels.map(\.kernel) + (isProved ? device : [])
    }

    /// The same policy with another of its suites in force; throws `benchmark.unknown-suite`.
    public func selecting(_ suite: String) throws(Refusal) -> BenchmarkPolicy {
        guard suites.contains(where: { $0.name == suite }) else {
            throw Refusal("benchmark.unknown-suite", "the policy has no suite `\(suite)`")
        }
        var policy = self
        policy.suiteName = suite
        return policy
    }

    /// The part of the claimed memory, one in so many, that `mem.fill.mt` asks for: a prover gives
    /// a quarter of what it has at most, so who claims twice what is there has nothing to answer
    /// with.
    static let claimedPart: UInt64 = 8

    /// The pages that a machine with so much claimed memory is asked to fill.
    private static func pages(claimed memory: UInt64, atMost limit: UInt32) -> UInt32 {
        let pages = memory / claimedPart / UInt64(MEMORY_PAGE)
        return UInt32(min(max(pages, 16), UInt64(limit)) / 16 * 16)
    }

    /// What to ask of a machine: as many rounds as fill the target time at the rate it showed
    /// before.
    ///
    /// - Parameter claimedMemory: what the machine is said to have, in bytes, where that is known:
    ///   a kernel that reads all over it gets its part of that, up to the policy's size.
    ///
    /// Throws `benchmark.unknown-kernel` for a kernel that the suite does not have.
    public func specification(of name: String, lastRate: UInt64 = 0, claimedMemory: UInt64? = nil)
        throws(Refusal) -> ChallengeSpecification
    {
        guard
            var size = (suite.kernels + accelerated).first(where: { $0.kernel == name }),
            let kernel = KernelRegistry.kernel(named: name)
        else {
            throw Refusal(
                "benchmark.unknown-kernel", "the suite \(suiteName) has no kernel `\(name)`")
        }
        if kernel.name == "mem.fill.mt", let claimedMemory {
            size.size = BenchmarkPolicy.pages(claimed: claimedMemory, atMost: size.size)
        }
        let single = BenchmarkPolicy.parameters(size, kernel.family, rounds: 1)
        var rounds = UInt128(size.firstRounds)
        if lastRate > 0 {
            rounds =
                UInt128(lastRate) * UInt128(size.target)
                / (UInt128(max(1, kernel.work(single))) * 1000)
        }
        let held = min(max(rounds, min(2, UInt128(size.firstRounds))), UInt128(size.mostRounds))
        return try ChallengeSpecification(
            kernel: kernel, parameters: single.repeated(UInt32(held)),
            readyWithin: readyWithin * 1_000_000, commitWithin: size.within * 1_000_000,
            proofWithin: proofWithin * 1_000_000)
    }

    static func parameters(_ size: KernelSize, _ family: KernelFamily, rounds: UInt32)
        -> ChallengeParameters
    {
        switch family {
        case .matrixChain where size.openings == 0:
            .matrixChain(size: size.size, rounds: rounds)
        case .matrixChain, .tileChain:
            .tileChain(size: size.size, rounds: rounds, openings: size.openings)
        case .walkChain:
            .walkChain(
                pages: size.size, chains: size.chains, steps: size.steps, rounds: rounds,
                openings: size.openings)
        case .streamChain: .streamChain(blocks: size.size, passes: rounds, openings: size.openings)
        case .laneChain:
            .laneChain(
                lanes: size.size, steps: size.steps, rounds: rounds, openings: size.openings)
        }
    }

    /// How long to wait until a machine's next challenge, in milliseconds: exponentially
    /// distributed about the interval, from an eighth to four times of it.
    ///
    /// - Parameter lot: 64 random bits.
    public func nextInterval(lot: UInt64) -> UInt64 { nextInterval(lot: lot, mean: interval) }

    /// The same about another mean.
    public func nextInterval(lot: UInt64, mean interval: UInt64) -> UInt64 {
        // -ln(u) = (64 - log2(lot)) ln 2, with ln 2 as 0.693147.
        let doublings = UInt128(64 * FixedPoint.one - FixedPoint.log2(max(1, lot)))
        let wait = (doublings * UInt128(interval) * 693_147 / 1_000_000) >> 32
        return min(max(UInt64(clamping: wait), interval / 8), interval * 4)
    }

    /// What a failed challenge costs a machine with this stake.
    ///
    /// Only a wrong answer costs: a crash, a silence or a lost connection costs the score.
    public func slash(_ verdict: ChallengeVerdict, stake: Amount) -> Amount {
        verdict.outcome == .failed ? slash(failure: verdict.code, stake: stake) : .zero
    }

    /// What a failure with this code costs a machine with this stake.
    public func slash(failure code: String, stake: Amount) -> Amount {
        let lies = [
            "challenge.wrong-product", "challenge.wrong-digest", "challenge.root-mismatch",
            "challenge.commitment-mismatch", "challenge.out-of-range",
        ]
        guard lies.contains(code) else { return .zero }
        return (try? stake.scaled(UInt128(slashShare), over: 1_000_000)) ?? stake
    }
}
