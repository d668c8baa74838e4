// A challenge without a cluster: prover and verifier in one process, so that an owner can see what
// a machine would prove before registering it.

public import Benchmarking
import Cryptography
import Platform
public import Primitives

/// Runs challenges on this machine alone.
public enum LocalChallenge {
    /// Runs one challenge and gives its verdict, in the form in which members give theirs.
    public static func run(_ specification: ChallengeSpecification) throws(Refusal) -> JSON {
        try run(
            specification, accelerator: try ChallengeDevice(for: specification.kernelVersion.name))
    }

    /// The same with a device, for a kernel that asks for one.
    static func run(
        _ specification: ChallengeSpecification, accelerator: ChallengeDevice?
    ) throws(Refusal) -> JSON {
        let session = SHA256.hash(try SystemEntropy.bytes(32))
        var verifier = try ChallengeVerifier(
            entropy: try SystemEntropy.bytes(32), provider: .zero, session: session,
            specification: specification, now: SystemClock.monotonicNanoseconds())
        let prover = ChallengeProver(
            provider: .zero, agent: "althing",
            memoryLimit: Machine.memoryBytes / BenchmarkRun.memoryPart, accelerator: accelerator)
        var outgoing = [prover.hello]
        while !outgoing.isEmpty {
            let step = verifier.receive(
                outgoing.removeFirst(), now: SystemClock.monotonicNanoseconds())
            if let verdict = step.verdict { return json(verdict) }
            for message in step.replies {
                outgoing += try answers(try prover.receive(message), prover)
            }
            if outgoing.isEmpty, let proof = prover.nextProof() { outgoing.append(proof) }
        }
        throw Refusal("challenge.unfinished", "the challenge ended without a verdict")
    }

    private static func answers(_ step: ProverStep, _ prover: ChallengeProver) throws(Refusal)
        -> [ChallengeMessage]
    {
        switch step {
        case .warmUp: [try prover.warmUp(ParallelWorkers.all)]
        case .compute: try prover.compute(ParallelWorkers.all)
        case .prove: prover.nextProof().map { [$0] } ?? []
        case .send(let message): [message]
        case .finished: []
        }
    }

    private static func json(_ verdict: ChallengeVerdict) -> JSON {
        [
            "passed": .bool(verdict.outcome == .accepted), "code": .string(verdict.code),
            "message": .string(verdict.message), "work": .int(verdict.sample?.work ?? 0),
            "nanoseconds": .int(verdict.sample?.nanoseconds ?? 0),
            "rate": .int(verdict.sample?.perSecond ?? 0),
            "evidence": .string(verdict.evidence.hex),
        ]
    }
}
