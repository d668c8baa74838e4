// What verifying a challenge costs against computing it: the whole protocol, its messages as bytes,
// on one thread, by processor time.

import Benchmarking
import Primitives

extension KernelBenchmark {
    func checking() {
        do throws(Refusal) {
            for size in [1024, 2048, 4096] as [UInt32] {
                var shares: [Double] = []
                var work = 0.0
                var check = 0.0
                for trial in 0..<max(3, repeats / 2) {
                    (work, check) = try play(size: size, rounds: 4, trial: UInt64(trial))
                    shares.append(check / work)
                }
                let share = column(100 * median(shares), digits: 2, width: 0)
                report.note(
                    "checking cpu.sgemm n=\(size), 4 rounds: \(share) % of the work's processor time"
                        + " (last: \(column(1000 * check, digits: 1, width: 0)) of"
                        + " \(column(1000 * work, digits: 1, width: 0)) ms)")
            }
        } catch {
            report.note("checking: \(error.message) [\(error.code)]")
        }
    }

    /// Plays one challenge; returns the seconds of the prover's run and those of the verifier, all
    /// of its messages included.
    private func play(size: UInt32, rounds: UInt32, trial: UInt64) throws(Refusal)
        -> (work: Double, check: Double)
    {
        guard let kernel = KernelRegistry.kernel(named: "cpu.sgemm.1t") else {
            throw Refusal("benchmarks.kernel", "there is no kernel cpu.sgemm.1t")
        }
        var lots = SplitMix64(seed: 77 &+ trial)
        let provider = Address.zero
        let specification = try ChallengeSpecification(
            kernel: kernel, parameters: .matrixChain(size: size, rounds: rounds))
        var verifier = try ChallengeVerifier(
            entropy: lots.bytes(32), provider: provider, session: Digest(lots.bytes(32)) ?? .zero,
            specification: specification, now: 0)
        let prover = ChallengeProver(
            provider: provider, agent: "benchmarks", memoryLimit: 2 << 30)
        var toVerifier = [prover.hello]
        var (work, check) = (0.0, 0.0)
        var now: UInt64 = 0
        while verifier.verdict == nil, !toVerifier.isEmpty {
            let bytes = toVerifier.removeFirst().encoded
            now += 1_000_000
            let start = processorSeconds()
            let replies = verifier.receive(bytes: bytes, now: now).replies
            check += processorSeconds() - start
            for reply in replies {
                switch try prover.receive(reply) {
                case .warmUp: toVerifier.append(try prover.warmUp(.serial))
                case .compute:
                    let start = processorSeconds()
                    toVerifier += try prover.compute(.serial)
                    work += processorSeconds() - start
                case .prove: while let piece = prover.nextProof() { toVerifier.append(piece) }
                case .send(let answer): toVerifier.append(answer)
                case .finished: break
                }
            }
        }
        guard verifier.verdict?.outcome == .accepted else {
            throw Refusal("benchmarks.challenge", "an honest prover was not accepted")
        }
        return (work, check)
    }
}
