// The kernel suite on this machine alone, several times each: what an owner would prove, and how
// steadily, before anybody else looks.

public import Benchmarking
import ControlPlane
import Platform
public import Primitives

/// What a kernel showed on this machine.
public struct LocalScore: Sendable {
    /// The kernel.
    public let kernel: Kernel
    /// The last verdict, in the form in which members give theirs.
    public let verdict: JSON
    /// The score of all runs.
    public let score: KernelScore
    /// What it took of memory, in bytes, at most.
    public let memory: UInt64
    /// The kernel's rate over the rate of the instructions it rests on, in millionths; nil where
    /// the machine's peak is not measured.
    public let shareOfPeak: UInt64?

    /// As an object: the verdict's members, and what all runs show.
    public var json: JSON {
        var members = [
            JSON.Member("kernel", .string(kernel.name)),
            JSON.Member("version", .int(kernel.version)),
            JSON.Member("unit", .string(kernel.unit.rawValue)),
        ]
        for member in verdict.members ?? [] where member.key != "rate" { members.append(member) }
        return .object(
            members + [
                JSON.Member("rate", .int(score.rate)), JSON.Member("spread", .int(score.spread)),
                JSON.Member("spread_millionths", .int(spreadShare)),
                JSON.Member("lower_bound", .int(score.lowerBound)),
                JSON.Member("samples", .int(score.accepted)),
                JSON.Member("memory_bytes", .int(memory)),
                JSON.Member("share_of_peak_millionths", shareOfPeak.map { .int($0) } ?? .null),
            ])
    }

    /// The spread over the rate, in millionths.
    public var spreadShare: UInt64 {
        UInt64(clamping: UInt128(score.spread) * 1_000_000 / UInt128(max(1, score.rate)))
    }
}

/// Runs kernels locally.
public struct LocalSuite: Sendable {
    private let policy: BenchmarkPolicy
    private let repeats: Int

    /// A suite of a policy, each kernel `repeats` times.
    public init(policy: BenchmarkPolicy, repeats: Int) {
        self.policy = policy
        self.repeats = max(1, repeats)
    }

    /// Runs one kernel; throws `benchmark.unknown-kernel`.
    ///
    /// A run sizes the next one, as on a cluster: without a rate from before the first is short on
    /// a fast machine.
    ///
    /// - Parameter lastRate: what sizes the first run, per second; zero when no rate is known.
    public func run(_ name: String, lastRate: UInt64 = 0) throws(Refusal) -> LocalScore {
        guard let kernel = KernelRegistry.kernel(named: name) else {
            throw Refusal("benchmark.unknown-kernel", "there is no kernel `\(name)`")
        }
        var score = KernelScore(kernel: .init(name: kernel.name, version: kernel.version))
        var verdict = JSON.null
        var memory: UInt64 = 0
        for _ in 0..<repeats {
            let specification = try policy.specification(
                of: name, lastRate: score.rate > 0 ? score.rate : lastRate,
                claimedMemory: Machine.memoryBytes)
            memory = max(memory, specification.memory)
            verdict = try LocalChallenge.run(specification)
            guard verdict["passed"]?.flag == true, let rate = verdict["rate"]?.unsigned else {
                break
            }
            score.accept(rate, at: .zero, keeping: policy.samples)
        }
        return LocalScore(
            kernel: kernel, verdict: verdict, score: score, memory: memory,
            shareOfPeak: MachinePeak.share(of: score.rate, kernel))
    }
}
