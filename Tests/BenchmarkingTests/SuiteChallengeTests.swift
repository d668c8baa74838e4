// Every kernel of the suite through the whole protocol, in sizes that take milliseconds: honest
// answers are accepted whatever the workers, and no change of one byte is.

import CKernels
import Primitives
import Testing

@testable import Benchmarking

/// Workers that run their pieces in reverse: nothing may depend on the order.
private let backwards = Workers(width: 5) { count, body in
    for index in (0..<count).reversed() { body(index) }
}

extension Harness {
    /// A small challenge of every kernel, and of large matrices by tiles.
    static let small: [(kernel: String, parameters: ChallengeParameters)] = [
        ("cpu.sgemm.1t", .matrixChain(size: 32, rounds: 2)),
        ("cpu.sgemm.mt", .tileChain(size: 96, rounds: 3, openings: 12)),
        ("cpu.dgemm.mt", .tileChain(size: 64, rounds: 3, openings: 12)),
        ("cpu.igemm8.mt", .matrixChain(size: 64, rounds: 2)),
        ("cpu.bf16gemm.mt", .matrixChain(size: 64, rounds: 2)),
        ("cpu.fma-chain.1t", .laneChain(lanes: 32, steps: 9, rounds: 2, openings: 8)),
        ("cpu.int-mix.1t", .laneChain(lanes: 16, steps: 50, rounds: 2, openings: 2)),
        ("cpu.sha256.mt", .laneChain(lanes: 64, steps: 3, rounds: 4, openings: 16)),
        ("cpu.ntt.mt", .laneChain(lanes: 16, steps: 2, rounds: 1, openings: 2)),
        ("cpu.attention.mt", .laneChain(lanes: 16, steps: 1, rounds: 1, openings: 1)),
        ("cpu.conv2d.mt", .laneChain(lanes: 16, steps: 1, rounds: 1, openings: 1)),
        ("mem.stream-chain.mt", .streamChain(blocks: 16, passes: 3, openings: 8)),
        ("mem.chase.1t", .walkChain(pages: 16, chains: 1, steps: 2, rounds: 2, openings: 8)),
        ("mem.fill.mt", .walkChain(pages: 32, chains: 3, steps: 1, rounds: 2, openings: 8)),
    ]

    /// Plays to the end; gives the verifier as it was before the commitment, and what was said from
    /// there on.
    static func transcript(_ verifier: inout ChallengeVerifier, _ prover: ChallengeProver) throws
        -> (before: ChallengeVerifier, messages: [[UInt8]])
    {
        var before = verifier
        var messages: [[UInt8]] = []
        var toVerifier = [prover.hello]
        while verifier.verdict == nil, !toVerifier.isEmpty {
            let message = toVerifier.removeFirst()
            if case .commit = message { before = verifier }
            if ["COMMIT", "ROOTS", "PROOF"].contains(message.name) {
                messages.append(message.encoded)
            }
            for reply in verifier.receive(bytes: message.encoded, now: 5).replies {
                switch try prover.receive(reply) {
                case .warmUp: toVerifier.append(try prover.warmUp(.serial))
                case .compute: toVerifier += try prover.compute(.serial)
                case .prove: while let piece = prover.nextProof() { toVerifier.append(piece) }
                case .send(let answer): toVerifier.append(answer)
                case .finished: break
                }
            }
        }
        return (before, messages)
    }
}

@Suite(.serialized) struct SuiteChallengeTests {
    @Test func `every kernel has a small challenge here`() {
        let here = KernelRegistry.all.filter { $0.device == .processor }
        #expect(here.map(\.name) == Harness.small.map(\.kernel))
        #expect(Set(KernelRegistry.all.map(\.name)).count == KernelRegistry.all.count)
    }

    @Test(arguments: Harness.small.map(\.kernel))
    func `an honest answer is accepted, whatever the workers`(name: String) throws {
        let small = try #require(Harness.small.first { $0.kernel == name })
        let specification = try Harness.specification(name, small.parameters)
        var one = try Harness.verifier(specification)
        var many = try Harness.verifier(specification)
        let verdict = try Harness.play(&one, Harness.prover())
        _ = try Harness.play(&many, Harness.prover(), workers: backwards)
        #expect(verdict?.code == "challenge.accepted")
        #expect(verdict?.sample?.work == specification.work && specification.work > 0)
        #expect(one.evidence == many.evidence)
        #expect(try ChallengeEvidence(decoding: one.evidence.encoded) == one.evidence)
    }

    @Test(arguments: Harness.small.map(\.kernel))
    func `a changed byte is refused`(name: String) throws {
        let small = try #require(Harness.small.first { $0.kernel == name })
        var verifier = try Harness.verifier(try Harness.specification(name, small.parameters))
        let (before, messages) = try Harness.transcript(&verifier, Harness.prover())
        #expect(verifier.verdict?.outcome == .accepted)
        var lots = SplitMix64(seed: 41)
        for _ in 0..<40 {
            var changed = messages
            let which = Int(lots.next(below: UInt64(messages.count)))
            let place = Int(lots.next(below: UInt64(messages[which].count)))
            changed[which][place] ^= UInt8(1 + lots.next(below: 255))
            var again = before
            for bytes in changed { _ = again.receive(bytes: bytes, now: 6) }
            #expect(again.verdict?.outcome != .accepted, "message \(which), byte \(place)")
        }
    }

    @Test func `a proof of another session is refused`() throws {
        for small in Harness.small {
            let specification = try Harness.specification(small.kernel, small.parameters)
            var (old, new) = (
                try Harness.verifier(specification, trial: 1),
                try Harness.verifier(specification, trial: 2)
            )
            let (_, messages) = try Harness.transcript(&old, Harness.prover())
            Harness.start(&new)
            // The right answer of another challenge, with this one's name on it.
            for bytes in messages {
                let renamed = bytes[..<1] + new.session.bytes + bytes[33...]
                _ = new.receive(bytes: Array(renamed), now: 5)
            }
            #expect(new.verdict?.outcome == .failed, "\(small.kernel)")
            #expect(new.verdict?.code == "challenge.commitment-mismatch")
        }
    }

    @Test func `a large proof of tiles travels in pieces within the limit`() throws {
        let size = 1024
        let prover = TileChainProver(.byte, size: size, rounds: 2, workers: .serial)
        let key = Harness.key(try Harness.verifier(try Harness.matrix()))
        let roots = prover.run(key, workers: .serial)
        let openings = (0..<40).map {
            ChallengeMessage.Opening(pass: 2, block: UInt32($0 * 13 % 1024))
        }
        try prover.open(openings)
        var verifier = TileChainVerifier(
            .byte, size: size, key: key, roots: roots, openings: openings)
        var pieces = 0
        while let piece = prover.nextProof() {
            let message = ChallengeMessage.proof(session: .zero, piece: piece)
            #expect(message.encoded.count <= ChallengeMessage.byteLimit)
            try verifier.accept(piece)
            pieces += 1
        }
        #expect(pieces > 1 && verifier.isComplete)
    }

    @Test func `formats of seven bits find the same roots`() throws {
        let key = Harness.key(try Harness.verifier(try Harness.matrix()))
        for format in [MatrixFormat.byte, .bfloat16] {
            let single = MatrixChainProver(size: 96, rounds: 3, workers: .serial)
            let other = MatrixChainProver(
                size: 96, rounds: 3, workers: backwards, format: format)
            #expect(
                single.run(key, workers: .serial) == other.run(key, workers: backwards))
            // A second run is as good as the first.
            #expect(single.run(key, workers: .serial) == other.run(key, workers: .serial))
            let tiles = [MatrixFormat.single, format].map {
                TileChainProver($0, size: 96, rounds: 3, workers: .serial).run(
                    key, workers: .serial)
            }
            #expect(tiles[0] == tiles[1])
        }
    }

    @Test func `double precision reduces every exact sum to its balanced residue`() {
        var lots = SplitMix64(seed: 3)
        let prime = 1_048_573
        var whole = (-3...3).flatMap { k in (-2...2).map { k * prime / 2 + $0 } }
        whole += [1 << 50, -(1 << 50), 524_286, 524_287, -524_287]
        whole += (0..<4000).map { _ in Int(lots.next(below: 1 << 51)) - 1 << 50 }
        let sums = aligned(whole.map { Double($0) })
        let bytes = AlignedBuffer<Int8>(count: 4 * whole.count, repeating: 0)
        DoubleArithmetic.reduce(sums.start, bytes.start, sums.start, whole.count)
        let back = AlignedBuffer<Double>(count: whole.count, repeating: 0)
        #expect(DoubleArithmetic.read(bytes.start, back.start, whole.count))
        for (index, value) in whole.enumerated() {
            var rest = value % prime
            rest += rest > prime / 2 ? -prime : rest < -prime / 2 ? prime : 0
            #expect(sums.start[index] == Double(rest) && back.start[index] == Double(rest))
        }
        // The first magnitude that is no residue.
        bytes.start.withMemoryRebound(to: Int32.self, capacity: 1) { $0[0] = 524_287 }
        #expect(!DoubleArithmetic.read(bytes.start, back.start, 1))
    }

    @Test func `a machine is asked for an eighth of what it is said to have`() throws {
        let policy = try BenchmarkPolicy(parsing: try PolicyFile.text("benchmarks.yaml"))
        func pages(_ claimed: UInt64?) throws -> UInt32 {
            let asked = try policy.specification(of: "mem.fill.mt", claimedMemory: claimed)
            guard case .walkChain(let pages, _, _, _, _) = asked.parameters else { return 0 }
            return pages
        }
        #expect(try pages(8 << 30) == 1 << 18)
        #expect(try pages(64 << 20) == 2048)
        #expect(try pages(0) == 16)
        #expect(try pages(.max) == pages(nil))
        // Who has a quarter of that declines before the clock runs, and gets no score.
        let asked = try policy.specification(of: "mem.fill.mt", claimedMemory: 16 << 30)
        var verifier = try Harness.verifier(asked)
        let verdict = try Harness.play(&verifier, Harness.prover(memoryLimit: 1 << 30))
        #expect(verdict?.outcome == .void && verdict?.code == "challenge.aborted")
    }
}
