// Which kernels there are, what each measures, and how it is checked.

/// What a kernel's rate counts, per second.
public enum KernelUnit: String, Sendable, CaseIterable {
    /// Floating point operations.
    case floatingPointOperations = "FLOP/s"
    /// Bytes moved to and from memory.
    case bytes = "B/s"
    /// Operations on whole numbers.
    case operations = "OP/s"
    /// Butterflies of a number theoretic transform.
    case butterflies = "butterfly/s"
    /// Reads of memory that each wait for the one before.
    case reads = "read/s"
}

/// How many of a machine's cores a kernel is asked to use.
///
/// It is asked, not proven: nobody can see from outside how many cores computed an answer.
public enum ThreadUse: UInt8, Sendable, CaseIterable {
    /// One thread.
    case one = 0
    /// Every thread the agent may use.
    case all = 1
}

/// The computation a kernel runs.
public enum KernelFamily: Sendable {
    /// `X_t = (A_t X_{t-1} mod 127)^T`, exact in single precision.
    case matrixChain
    /// `a = rotl(b + s_t c, 23) ^ b` over arrays larger than the caches.
    case streamChain
    /// Many lanes that know nothing of each other, each a short computation from the round's key.
    case laneChain
}

/// One kernel of the suite. Scores of different versions are never compared.
public struct Kernel: Sendable {
    /// Its name, `cpu.sgemm.mt`.
    public let name: String
    /// Grows with every change that could move a rate.
    public let version: UInt32
    /// What it measures, for a person.
    public let summary: String
    /// What its rate counts.
    public let unit: KernelUnit
    /// How many cores it is asked to use.
    public let threads: ThreadUse
    /// The computation.
    public let family: KernelFamily
    /// What one lane computes, for a lane chain.
    public let lane: LaneComputation?
    /// How an answer is checked and what a wrong one's chance is, for a person.
    public let verification: String
    /// What one timed run should take, in milliseconds, at the standard sizes.
    public let timeBudgetMilliseconds: UInt64

    init(
        name: String, version: UInt32, summary: String, unit: KernelUnit, threads: ThreadUse,
        family: KernelFamily, lane: LaneComputation? = nil, verification: String,
        timeBudgetMilliseconds: UInt64
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.unit = unit
        self.threads = threads
        self.family = family
        self.lane = lane
        self.verification = verification
        self.timeBudgetMilliseconds = timeBudgetMilliseconds
    }

    /// What a run of this size counts for, in the kernel's unit.
    public func work(_ parameters: ChallengeParameters) -> UInt64 {
        switch parameters {
        case .matrixChain(let size, let rounds):
            2 * UInt64(size) * UInt64(size) * UInt64(size) * UInt64(rounds)
        case .streamChain(let blocks, let passes, _):
            StreamChainShape.bytesPerBlock * UInt64(blocks) * UInt64(passes)
        case .laneChain(let lanes, let steps, let rounds, _):
            // The bounds of a challenge allow products of more than 64 bits.
            UInt64(
                clamping: UInt128(lanes) * UInt128(steps) * UInt128(rounds)
                    * UInt128(lane?.workPerStep ?? 0))
        }
    }
}

/// The kernels this version knows.
public enum KernelRegistry {
    /// The longest kernel name.
    static let nameLimit = 48

    /// Every kernel, in the order they are run.
    public static let all: [Kernel] = [
        Kernel(
            name: "cpu.sgemm.1t", version: 1,
            summary: "single precision matrix product, one thread",
            unit: .floatingPointOperations, threads: .one, family: .matrixChain,
            verification: matrixVerification, timeBudgetMilliseconds: 3000),
        Kernel(
            name: "cpu.sgemm.mt", version: 1,
            summary: "single precision matrix product, all threads",
            unit: .floatingPointOperations, threads: .all, family: .matrixChain,
            verification: matrixVerification, timeBudgetMilliseconds: 3000),
        Kernel(
            name: "mem.stream-chain.mt", version: 1, summary: "memory bandwidth, all threads",
            unit: .bytes, threads: .all, family: .streamChain,
            verification: streamVerification, timeBudgetMilliseconds: 3000),
        Kernel(
            name: "cpu.sha256.mt", version: 1, summary: "SHA-256 hashing, all threads",
            unit: .bytes, threads: .all, family: .laneChain, lane: .sha256,
            verification: laneVerification, timeBudgetMilliseconds: 2000),
    ]

    private static let matrixVerification =
        "every round's matrix by Freivalds over GF(127), 10 vectors: a wrong entry anywhere passes"
        + " with probability below 2^-64"
    private static let streamVerification =
        "sampled blocks replayed from the seed: skipping a share f of them passes s openings with"
        + " probability (1 - f)^s"

    private static let laneVerification =
        "sampled lanes computed again: skipping a share f of them passes s openings with"
        + " probability (1 - f)^s"

    /// The kernel of that name, or nil.
    public static func kernel(named name: String) -> Kernel? { all.first { $0.name == name } }
}
