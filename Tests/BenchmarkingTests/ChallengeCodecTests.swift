import Primitives
import Testing

@testable import Benchmarking

@Suite struct ChallengeCodecTests {
    private var messages: [ChallengeMessage] {
        let session = Digest([UInt8](repeating: 7, count: 32)) ?? .zero
        let leaf = ChallengeMessage.LeafProof(
            opening: .init(pass: 3, block: 5), content: [1, 2, 3], path: [session])
        return [
            Harness.prover().hello,
            .prepare(
                .init(
                    session: session, kernel: .init(name: "cpu.sgemm.mt", version: 1),
                    threads: .all, parameters: .matrixChain(size: 64, rounds: 3), memory: 99)),
            .ready(session: session), .go(session: session, seed: session),
            .commit(session: session, commitment: .zero),
            .roots(session: session, roots: [session, .zero]),
            .open(session: session, openings: [.init(pass: 1, block: 2)]),
            .proof(session: session, piece: .bands(round: 1, first: 2, content: [1, 2])),
            .proof(session: session, piece: .leaves([leaf])),
            .proof(
                session: session,
                piece: .tiles([
                    .init(
                        opening: .init(pass: 2, block: 1), panel: [4, 5], panelPath: [session],
                        tile: [6], tilePath: [.zero], columnPath: [session, .zero])
                ])),
            .prepare(
                .init(
                    session: session, kernel: .init(name: "mem.chase.1t", version: 1),
                    threads: .one,
                    parameters: .walkChain(pages: 16, chains: 1, steps: 2, rounds: 3, openings: 4),
                    memory: 99)),
            .abort(session: session, reason: "why"),
            .verdict(
                ChallengeVerdict(
                    session: session, outcome: .accepted, code: "challenge.accepted",
                    message: "right",
                    sample: RateSample(work: 5, nanoseconds: 6), evidence: .zero)),
        ]
    }

    @Test func `every message survives its bytes`() throws {
        for message in messages {
            #expect(try ChallengeMessage.received(message.encoded) == message)
        }
    }

    @Test func `an impossible size is refused where it is read, on either side`() {
        let impossible: [ChallengeParameters] = [
            .matrixChain(size: 33, rounds: 1), .matrixChain(size: .max, rounds: .max),
            .streamChain(blocks: .max, passes: 1, openings: 1),
            .laneChain(lanes: 16, steps: .max, rounds: 1, openings: 4096),
            .tileChain(size: 1 << 31, rounds: 1, openings: 1),
            .walkChain(pages: .max, chains: .max, steps: .max, rounds: .max, openings: .max),
        ]
        for parameters in impossible {
            let prepare = ChallengeMessage.prepare(
                .init(
                    session: .zero, kernel: .init(name: "cpu.sgemm.mt", version: 1), threads: .all,
                    parameters: parameters, memory: 1))
            #expect(throws: Refusal("challenge.malformed", "")) {
                try ChallengeMessage.received(prepare.encoded)
            }
        }
    }

    @Test func `damaged bytes are refused or decode to their own canonical form`() {
        var lots = SplitMix64(seed: 3)
        for message in messages {
            let bytes = message.encoded
            for _ in 0..<60 {
                var damaged = bytes
                switch lots.next(below: 3) {
                case 0: damaged.removeLast(1 + Int(lots.next(below: UInt64(bytes.count))))
                case 1: damaged.append(UInt8(lots.next(below: 256)))
                default:
                    damaged[Int(lots.next(below: UInt64(bytes.count)))] ^=
                        1 << UInt8(lots.next(below: 8))
                }
                guard let decoded = try? ChallengeMessage.received(damaged) else { continue }
                #expect(decoded.encoded == damaged)
            }
        }
    }

    @Test func `a damaged play is never accepted with another answer`() throws {
        // Flips one bit somewhere in an honest prover's messages after the seed.
        for trial in 0..<30 as Range<UInt64> {
            var lots = SplitMix64(seed: 900 + trial)
            var verifier = try Harness.verifier(try Harness.matrix(size: 32, rounds: 2))
            let prover = Harness.prover()
            _ = try prover.receive(verifier.receive(prover.hello, now: 1).replies[0])
            let go = verifier.receive(try prover.warmUp(.serial), now: 2).replies[0]
            _ = try prover.receive(go)
            var outgoing = try prover.compute(.serial)
            _ = try prover.receive(.open(session: verifier.session, openings: []))
            while let piece = prover.nextProof() { outgoing.append(piece) }
            let target = Int(lots.next(below: UInt64(outgoing.count)))
            for (index, message) in outgoing.enumerated() {
                var bytes = message.encoded
                if index == target {
                    bytes[Int(lots.next(below: UInt64(bytes.count)))] ^=
                        1 << UInt8(lots.next(below: 8))
                }
                _ = verifier.receive(bytes: bytes, now: 3)
            }
            #expect(verifier.verdict?.outcome == .failed)
        }
    }
}
