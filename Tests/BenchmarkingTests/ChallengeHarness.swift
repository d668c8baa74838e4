// Plays a challenge between a verifier and a prover with a clock made of numbers.

import Primitives

@testable import Benchmarking

enum Harness {
    static let provider = Address(high: 1)
    static let millisecond: UInt64 = 1_000_000

    static func kernel(_ name: String) throws -> Kernel {
        guard let kernel = KernelRegistry.kernel(named: name) else {
            throw Refusal("test.kernel", "no kernel \(name)")
        }
        return kernel
    }

    static func specification(_ name: String, _ parameters: ChallengeParameters) throws
        -> ChallengeSpecification
    {
        try ChallengeSpecification(kernel: try kernel(name), parameters: parameters)
    }

    static func matrix(size: UInt32 = 64, rounds: UInt32 = 4) throws -> ChallengeSpecification {
        try specification("cpu.sgemm.1t", .matrixChain(size: size, rounds: rounds))
    }

    static func stream(blocks: UInt32 = 32, passes: UInt32 = 4, openings: UInt32 = 16) throws
        -> ChallengeSpecification
    {
        try specification(
            "mem.stream-chain.mt",
            .streamChain(blocks: blocks, passes: passes, openings: openings))
    }

    static func verifier(
        _ specification: ChallengeSpecification, trial: UInt64 = 0, provider: Address = provider
    ) throws -> ChallengeVerifier {
        var lots = SplitMix64(seed: 77 &+ trial)
        let session = Digest(lots.bytes(32)) ?? .zero
        return try ChallengeVerifier(
            entropy: lots.bytes(32), provider: provider, session: session,
            specification: specification, now: 0)
    }

    /// Plays honestly to the end, every message through its bytes; each takes a millisecond.
    static func play(
        _ verifier: inout ChallengeVerifier, _ prover: ChallengeProver, workers: Workers = .serial
    ) throws -> ChallengeVerdict? {
        var now: UInt64 = 0
        var toVerifier = [prover.hello]
        while verifier.verdict == nil, !toVerifier.isEmpty {
            let message = toVerifier.removeFirst()
            now += millisecond
            for reply in verifier.receive(bytes: message.encoded, now: now).replies {
                let received = try ChallengeMessage.received(reply.encoded)
                switch try prover.receive(received) {
                case .warmUp: toVerifier.append(try prover.warmUp(workers))
                case .compute: toVerifier += try prover.compute(workers)
                case .prove: while let piece = prover.nextProof() { toVerifier.append(piece) }
                case .send(let answer): toVerifier.append(answer)
                case .finished: break
                }
            }
        }
        return verifier.verdict
    }

    static func prover(memoryLimit: UInt64 = 1 << 30) -> ChallengeProver {
        ChallengeProver(provider: provider, agent: "test", memoryLimit: memoryLimit)
    }

    /// Brings a verifier to the point where the clock runs.
    static func start(_ verifier: inout ChallengeVerifier) {
        _ = verifier.receive(prover().hello, now: 1)
        _ = verifier.receive(.ready(session: verifier.session), now: 2)
    }

    static func key(_ verifier: ChallengeVerifier, provider: Address = provider) -> ChallengeKey {
        ChallengeKey(
            seed: verifier.evidence.seed, provider: provider, session: verifier.session,
            kernel: verifier.specification.kernelVersion,
            parameters: verifier.specification.parameters)
    }
}

extension Address {
    /// An address for tests, told by its first bytes.
    init(high: UInt64) {
        let bytes = withUnsafeBytes(of: high.bigEndian) { Array($0) }
        self = Address(bytes + [UInt8](repeating: 0, count: 12)) ?? .zero
    }
}
