import Primitives
import Testing

@testable import Benchmarking

/// Workers that run their pieces in reverse: nothing may depend on the order.
private let backwards = Workers(width: 5) { count, body in
    for index in (0..<count).reversed() { body(index) }
}

@Suite struct HonestChallengeTests {
    @Test(arguments: [32, 64, 96, 160] as [UInt32])
    func `an honest matrix chain is accepted`(size: UInt32) throws {
        var verifier = try Harness.verifier(try Harness.matrix(size: size, rounds: 3))
        let verdict = try Harness.play(&verifier, Harness.prover())
        #expect(verdict?.code == "challenge.accepted")
        let work = 2 * UInt64(size) * UInt64(size) * UInt64(size) * 3
        #expect(verdict?.sample == RateSample(work: work, nanoseconds: Harness.millisecond))
        #expect(verdict?.evidence == verifier.evidence.digest)
    }

    @Test func `the number of workers does not change a single root`() throws {
        let specification = try Harness.specification(
            "cpu.sgemm.mt", .matrixChain(size: 96, rounds: 3))
        var one = try Harness.verifier(specification)
        var many = try Harness.verifier(specification)
        _ = try Harness.play(&one, Harness.prover())
        _ = try Harness.play(&many, Harness.prover(), workers: backwards)
        #expect(many.verdict?.outcome == .accepted)
        #expect(one.evidence.roots == many.evidence.roots)
    }

    @Test func `an honest stream chain is accepted, whatever the workers`() throws {
        var one = try Harness.verifier(try Harness.stream())
        var many = try Harness.verifier(try Harness.stream())
        let verdict = try Harness.play(&one, Harness.prover())
        _ = try Harness.play(&many, Harness.prover(), workers: backwards)
        #expect(verdict?.code == "challenge.accepted")
        #expect(verdict?.sample?.work == 24 * 8192 * 32 * 4)
        #expect(one.evidence == many.evidence)
    }

    @Test func `an honest lane chain is accepted, whatever the workers`() throws {
        let specification = try Harness.specification(
            "cpu.sha256.mt", .laneChain(lanes: 64, steps: 3, rounds: 4, openings: 16))
        var one = try Harness.verifier(specification)
        var many = try Harness.verifier(specification)
        let verdict = try Harness.play(&one, Harness.prover())
        _ = try Harness.play(&many, Harness.prover(), workers: backwards)
        #expect(verdict?.code == "challenge.accepted")
        #expect(verdict?.sample?.work == 64 * 64 * 3 * 4)
        #expect(one.evidence == many.evidence)
        #expect(try ChallengeEvidence(decoding: one.evidence.encoded) == one.evidence)
    }

    @Test func `a lane is the same alone and among others`() {
        for kernel in KernelRegistry.all {
            guard let lane = kernel.lane else { continue }
            let key = (0..<32).map { UInt8($0) }
            var together = [UInt8](repeating: 0, count: 16 * LaneComputation.digestBytes)
            lane.run(key, 0, 16, 2, &together)
            for number in 0..<16 {
                var alone = [UInt8](repeating: 0, count: LaneComputation.digestBytes)
                lane.run(key, UInt64(number), 1, 2, &alone)
                let start = number * alone.count
                #expect(alone == Array(together[start..<start + alone.count]), "\(kernel.name)")
            }
        }
    }

    @Test func `a large proof travels in pieces within the limit`() throws {
        let matrix = MatrixChainProver(size: 1056, rounds: 2, workers: .serial)
        var bands: [UInt32] = []
        while let piece = matrix.nextProof() {
            guard case .bands(let round, let first, let content) = piece else { break }
            #expect(content.count <= ChallengeMessage.pieceLimit)
            let message = ChallengeMessage.proof(session: .zero, piece: piece)
            #expect(message.encoded.count <= ChallengeMessage.byteLimit)
            bands.append(round * 1000 + first)
        }
        #expect(bands == [1000, 1031, 2000, 2031])
    }

    @Test func `the evidence lets anybody run the chain again`() throws {
        var verifier = try Harness.verifier(try Harness.matrix())
        _ = try Harness.play(&verifier, Harness.prover())
        let evidence = try ChallengeEvidence(decoding: verifier.evidence.encoded)
        #expect(evidence == verifier.evidence)
        let key = ChallengeKey(
            seed: evidence.seed, provider: evidence.provider, session: evidence.session,
            kernel: evidence.kernel, parameters: evidence.parameters)
        let again = MatrixChainProver(size: 64, rounds: 4, workers: .serial)
        #expect(again.run(key, workers: .serial) == evidence.roots)
    }
}
