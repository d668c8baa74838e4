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

/// What computes a kernel.
public enum KernelDevice: Sendable {
    /// The machine's processor.
    case processor
    /// A device beside it, with memory of its own. Who has none is not asked.
    case accelerator
}

/// The computation a kernel runs.
public enum KernelFamily: Sendable {
    /// `X_t = (A_t X_{t-1} mod 127)^T`, exact in single precision.
    case matrixChain
    /// `a = rotl(b + s_t c, 23) ^ b` over arrays larger than the caches.
    case streamChain
    /// Many lanes that know nothing of each other, each a short computation from the round's key.
    case laneChain
    /// The matrix chain with single tiles checked: for other formats, and for large matrices.
    case tileChain
    /// Walks through a table that is dear to make, each read at a place that the one before
    /// decides.
    case walkChain
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
    /// What computes it.
    public let device: KernelDevice
    /// The computation.
    public let family: KernelFamily
    /// The format of the operands, for a chain of products.
    public let format: MatrixFormat
    /// What one lane computes, for a lane chain.
    public let lane: LaneComputation?
    /// How an answer is checked and what a wrong one's chance is, for a person.
    public let verification: String
    /// What one timed run should take, in milliseconds, at the standard sizes.
    public let timeBudgetMilliseconds: UInt64

    init(
        name: String, version: UInt32, summary: String, unit: KernelUnit, threads: ThreadUse,
        device: KernelDevice = .processor, family: KernelFamily, format: MatrixFormat = .single,
        lane: LaneComputation? = nil,
        verification: String, timeBudgetMilliseconds: UInt64
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.unit = unit
        self.threads = threads
        self.device = device
        self.family = family
        self.format = format
        self.lane = lane
        self.verification = verification
        self.timeBudgetMilliseconds = timeBudgetMilliseconds
    }

    /// What a run of this size counts for, in the kernel's unit.
    public func work(_ parameters: ChallengeParameters) -> UInt64 {
        switch parameters {
        case .matrixChain(let size, let rounds), .tileChain(let size, let rounds, _):
            2 * UInt64(size) * UInt64(size) * UInt64(size) * UInt64(rounds)
        case .streamChain(let blocks, let passes, _):
            StreamChainShape.bytesPerBlock * UInt64(blocks) * UInt64(passes)
        case .laneChain(let lanes, let steps, let rounds, _):
            // The bounds of a challenge allow products of more than 64 bits.
            UInt64(
                clamping: UInt128(lanes) * UInt128(steps) * UInt128(rounds)
                    * UInt128(lane?.workPerStep ?? 0))
        case .walkChain(_, let chains, let steps, let rounds, _):
            UInt64(WalkChainShape.segmentsPerChain) * UInt64(chains) * UInt64(steps)
                * UInt64(rounds)
        }
    }

    /// How much memory a run of this size takes, in bytes.
    public func memory(_ parameters: ChallengeParameters) -> UInt64 { parameters.memory(format) }

    /// Whether a challenge of this kernel can be sized so: by its own family, or, where all that is
    /// drawn has seven bits, by tiles instead of whole matrices.
    func accepts(_ parameters: ChallengeParameters) -> Bool {
        if case .tileChain(let size, _, _) = parameters {
            return [.matrixChain, .tileChain].contains(family) && size <= format.sizeLimit
        }
        return parameters.family == family
    }
}
