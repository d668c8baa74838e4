// The suite: what is measured, and how an answer is checked.

/// The kernels this version knows.
public enum KernelRegistry {
    /// The longest kernel name.
    static let nameLimit = 48

    /// Every kernel, in the order they are run.
    public static let all: [Kernel] = products + lanes + memory + accelerators

    /// The kernel of that name, or nil.
    public static func kernel(named name: String) -> Kernel? { all.first { $0.name == name } }

    private static let products: [Kernel] = [
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
            name: "cpu.dgemm.mt", version: 1,
            summary: "double precision matrix product, all threads",
            unit: .floatingPointOperations, threads: .all, family: .tileChain, format: .double,
            verification: tileVerification, timeBudgetMilliseconds: 3000),
        Kernel(
            name: "cpu.igemm8.mt", version: 1, summary: "product of bytes, all threads",
            unit: .operations, threads: .all, family: .matrixChain, format: .byte,
            verification: matrixVerification, timeBudgetMilliseconds: 3000),
        Kernel(
            name: "cpu.bf16gemm.mt", version: 1, summary: "product of bfloat16, all threads",
            unit: .floatingPointOperations, threads: .all, family: .matrixChain,
            format: .bfloat16, verification: matrixVerification, timeBudgetMilliseconds: 3000),
    ]

    private static let lanes: [Kernel] = [
        Kernel(
            name: "cpu.fma-chain.1t", version: 1,
            summary: "multiply-adds that each wait for the last, one thread",
            unit: .floatingPointOperations, threads: .one, family: .laneChain, lane: .fmaChain,
            verification: laneVerification, timeBudgetMilliseconds: 2000),
        Kernel(
            name: "cpu.int-mix.1t", version: 1,
            summary: "integers, branches and a table of 256 KiB, one thread",
            unit: .operations, threads: .one, family: .laneChain, lane: .integerMix,
            verification: laneVerification, timeBudgetMilliseconds: 2000),
        Kernel(
            name: "cpu.sha256.mt", version: 2, summary: "SHA-256 hashing, all threads",
            unit: .bytes, threads: .all, family: .laneChain, lane: .sha256,
            verification: laneVerification, timeBudgetMilliseconds: 2000),
        Kernel(
            name: "cpu.ntt.mt", version: 1, summary: "number theoretic transforms, all threads",
            unit: .butterflies, threads: .all, family: .laneChain, lane: .transform,
            verification: laneVerification, timeBudgetMilliseconds: 2000),
        Kernel(
            name: "cpu.attention.mt", version: 1,
            summary: "causal attention of single heads, all threads",
            unit: .floatingPointOperations, threads: .all, family: .laneChain, lane: .attention,
            verification: laneVerification, timeBudgetMilliseconds: 2000),
        Kernel(
            name: "cpu.conv2d.mt", version: 1, summary: "3 x 3 convolution, all threads",
            unit: .floatingPointOperations, threads: .all, family: .laneChain, lane: .convolution,
            verification: laneVerification, timeBudgetMilliseconds: 2000),
    ]

    private static let memory: [Kernel] = [
        Kernel(
            name: "mem.stream-chain.mt", version: 1, summary: "memory bandwidth, all threads",
            unit: .bytes, threads: .all, family: .streamChain,
            verification: streamVerification, timeBudgetMilliseconds: 3000),
        Kernel(
            name: "mem.chase.1t", version: 1,
            summary: "reads of memory that each wait for the last, one thread",
            unit: .reads, threads: .one, family: .walkChain, verification: walkVerification,
            timeBudgetMilliseconds: 2000),
        Kernel(
            name: "mem.fill.mt", version: 1,
            summary: "reads all over an eighth of the claimed memory, all threads",
            unit: .reads, threads: .all, family: .walkChain, verification: walkVerification,
            timeBudgetMilliseconds: 3000),
    ]

    /// The host of a device does nothing but ask, so that one thread is enough.
    private static let accelerators: [Kernel] = [
        Kernel(
            name: "gpu.bf16gemm", version: 1, summary: "product of bfloat16 on a device",
            unit: .floatingPointOperations, threads: .one, device: .accelerator,
            family: .tileChain, format: .bfloat16, verification: tileVerification,
            timeBudgetMilliseconds: 1000),
        Kernel(
            name: "gpu.igemm8", version: 1, summary: "product of bytes on a device",
            unit: .operations, threads: .one, device: .accelerator, family: .tileChain,
            format: .byte, verification: tileVerification, timeBudgetMilliseconds: 1000),
        Kernel(
            name: "gpu.stream-chain", version: 1, summary: "bandwidth of a device's memory",
            unit: .bytes, threads: .one, device: .accelerator, family: .streamChain,
            verification: streamVerification, timeBudgetMilliseconds: 2000),
        Kernel(
            name: "gpu.mem-fill", version: 1, summary: "reads all over a device's memory",
            unit: .reads, threads: .one, device: .accelerator, family: .walkChain,
            verification: walkVerification, timeBudgetMilliseconds: 1000),
    ]

    private static let matrixVerification =
        "every round's matrix by Freivalds over GF(127), 10 vectors: a wrong entry anywhere passes"
        + " with probability below 2^-64"
    private static let tileVerification =
        "sampled tiles multiplied again: skipping a share f of them passes s openings with"
        + " probability (1 - f)^s"
    private static let streamVerification =
        "sampled blocks replayed from the seed: skipping a share f of them passes s openings with"
        + " probability (1 - f)^s"
    private static let laneVerification =
        "sampled lanes computed again: skipping a share f of them passes s openings with"
        + " probability (1 - f)^s"
    private static let walkVerification =
        "sampled segments walked again without the table, and held against their neighbours:"
        + " skipping a share f of them passes s openings with probability (1 - f)^s"
}
