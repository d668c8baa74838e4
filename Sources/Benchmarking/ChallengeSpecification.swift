// What a verifier asks for, and how long it waits.

public import Primitives

/// One challenge as a policy sizes it.
public struct ChallengeSpecification: Equatable, Sendable {
    /// The kernel and its version.
    public let kernelVersion: ChallengeMessage.KernelVersion
    /// How many cores to use.
    public let threads: ThreadUse
    /// How large.
    public let parameters: ChallengeParameters
    /// What a run counts for, in the kernel's unit.
    public let work: UInt64
    /// How much memory the prover needs, in bytes.
    public let memory: UInt64
    /// How long the prover may take to allocate and warm up, in nanoseconds.
    public var readyWithin: UInt64
    /// How long it may take from the seed to the commitment, in nanoseconds.
    public var commitWithin: UInt64
    /// How long it may take from the request to open to the last piece of the proof, in
    /// nanoseconds.
    public var proofWithin: UInt64

    /// Specifies a challenge; throws `challenge.parameters`.
    public init(
        kernel: Kernel, parameters: ChallengeParameters, readyWithin: UInt64 = 60_000_000_000,
        commitWithin: UInt64 = 60_000_000_000, proofWithin: UInt64 = 600_000_000_000
    ) throws(Refusal) {
        try parameters.validate()
        guard kernel.accepts(parameters) else {
            throw Refusal(
                "challenge.parameters", "\(kernel.name) is not sized by \(parameters)")
        }
        kernelVersion = .init(name: kernel.name, version: kernel.version)
        threads = kernel.threads
        self.parameters = parameters
        work = kernel.work(parameters)
        memory = kernel.memory(parameters)
        self.readyWithin = readyWithin
        self.commitWithin = commitWithin
        self.proofWithin = proofWithin
    }

    /// The kernel as this version knows it.
    var kernel: Kernel? { KernelRegistry.kernel(named: kernelVersion.name) }
}
