// Messages out of order, out of time, of other sessions, and malformed: each has its code.

import Primitives
import Testing

@testable import Benchmarking

@Suite struct ChallengeOrderTests {
    private func started() throws -> ChallengeVerifier {
        var verifier = try Harness.verifier(try Harness.matrix())
        Harness.start(&verifier)
        return verifier
    }

    @Test func `an abort before the seed is void, after it a failure`() throws {
        var early = try Harness.verifier(try Harness.matrix())
        _ = early.receive(Harness.prover().hello, now: 1)
        let void = early.receive(.abort(session: early.session, reason: "no memory"), now: 2)
        #expect(void.verdict?.outcome == .void)
        var late = try started()
        let failed = late.receive(.abort(session: late.session, reason: "too slow"), now: 3)
        #expect(failed.verdict?.outcome == .failed)
        #expect(failed.verdict?.code == "challenge.aborted")
    }

    @Test func `silence before the seed is void, after it a failure`() throws {
        let minute: UInt64 = 60_000_000_000
        var early = try Harness.verifier(try Harness.matrix())
        #expect(early.tick(now: minute).verdict == nil)
        #expect(early.tick(now: minute + 1).verdict?.outcome == .void)
        var late = try started()
        #expect(late.wakeAt == 2 + minute)
        #expect(late.tick(now: minute + 3).verdict?.code == "challenge.late")
        #expect(late.wakeAt == nil)
    }

    @Test func `a commitment that comes too late fails, however right`() throws {
        var verifier = try started()
        let commit = ChallengeMessage.commit(session: verifier.session, commitment: .zero)
        #expect(verifier.receive(commit, now: 70_000_000_000).verdict?.code == "challenge.late")
    }

    @Test func `a proof that does not come in time fails`() throws {
        var verifier = try started()
        let commit = ChallengeMessage.commit(session: verifier.session, commitment: .zero)
        _ = verifier.receive(commit, now: 10)
        #expect(verifier.tick(now: 700_000_000_000).verdict?.code == "challenge.late-proof")
    }

    @Test func `a message of another session fails`() throws {
        var verifier = try started()
        let step = verifier.receive(.commit(session: .zero, commitment: .zero), now: 3)
        #expect(step.verdict?.code == "challenge.wrong-session")
    }

    @Test func `every message in a wrong place fails`() throws {
        let session = try Harness.verifier(try Harness.matrix()).session
        let messages: [ChallengeMessage] = [
            Harness.prover().hello, .ready(session: session), .go(session: session, seed: .zero),
            .commit(session: session, commitment: .zero), .roots(session: session, roots: []),
            .open(session: session, openings: []),
            .proof(session: session, piece: .bands(round: 1, first: 0, content: [1])),
        ]
        let expected = ["HELLO", "READY", "COMMIT", "ROOTS"]
        for place in 0..<4 {
            for message in messages where message.name != expected[place] {
                var verifier = try Harness.verifier(try Harness.matrix())
                if place > 0 { _ = verifier.receive(Harness.prover().hello, now: 1) }
                if place > 1 { _ = verifier.receive(.ready(session: session), now: 2) }
                if place > 2 {
                    _ = verifier.receive(.commit(session: session, commitment: .zero), now: 3)
                }
                let step = verifier.receive(message, now: 4)
                #expect(step.verdict?.code == "challenge.out-of-order")
                #expect(step.verdict?.outcome == .failed)
            }
        }
    }

    @Test func `after the verdict nothing moves`() throws {
        var verifier = try started()
        _ = verifier.receive(.commit(session: .zero, commitment: .zero), now: 3)
        let evidence = verifier.evidence
        #expect(verifier.receive(.ready(session: verifier.session), now: 4).replies.isEmpty)
        #expect(verifier.receive(bytes: [99], now: 4).verdict == nil)
        #expect(verifier.tick(now: .max).verdict == nil)
        #expect(verifier.evidence == evidence)
    }

    @Test func `oversized and malformed bytes fail`() throws {
        var large = try started()
        let bytes = [UInt8](repeating: 8, count: ChallengeMessage.byteLimit + 1)
        #expect(large.receive(bytes: bytes, now: 3).verdict?.code == "challenge.oversized")
        var broken = try started()
        #expect(broken.receive(bytes: [5, 1], now: 3).verdict?.code == "challenge.malformed")
    }

    @Test func `the clock starts when the seed leaves`() throws {
        var verifier = try started()
        verifier.seedLeft(at: 500)
        #expect(verifier.evidence.startedAt == 500)
        verifier.seedLeft(at: 400)
        #expect(verifier.evidence.startedAt == 500)
    }

    @Test func `an agent that does not know the kernel is not at fault`() throws {
        var verifier = try Harness.verifier(try Harness.matrix())
        let step = verifier.receive(.hello(.init(agent: "old", kernels: [])), now: 1)
        #expect(step.verdict?.outcome == .void)
        #expect(step.verdict?.code == "challenge.unsupported-kernel")
    }

    @Test func `a prover without the memory declines before the clock runs`() throws {
        var verifier = try Harness.verifier(try Harness.matrix())
        let verdict = try Harness.play(&verifier, Harness.prover(memoryLimit: 1000))
        #expect(verdict?.outcome == .void)
    }

    @Test func `the prover refuses what comes out of order and stays as it was`() throws {
        let prover = Harness.prover()
        let refusal = Refusal("challenge.out-of-order", "")
        #expect(throws: refusal) { try prover.receive(.go(session: .zero, seed: .zero)) }
        #expect(throws: refusal) { try prover.warmUp(.serial) }
        #expect(throws: refusal) { try prover.compute(.serial) }
        #expect(prover.nextProof() == nil)
        var verifier = try Harness.verifier(try Harness.matrix())
        #expect(try Harness.play(&verifier, prover)?.outcome == .accepted)
    }

    @Test func `too little entropy is refused`() throws {
        let specification = try Harness.matrix()
        #expect(throws: Refusal("challenge.entropy", "")) {
            try ChallengeVerifier(
                entropy: [1, 2, 3], provider: .zero, session: .zero, specification: specification,
                now: 0)
        }
    }

    @Test func `sizes outside the bounds are refused`() {
        let wrong: [ChallengeParameters] = [
            .matrixChain(size: 0, rounds: 1), .matrixChain(size: 33, rounds: 1),
            .matrixChain(size: 4128, rounds: 1), .matrixChain(size: 64, rounds: 0),
            .matrixChain(size: 64, rounds: 257),
            .streamChain(blocks: 15, passes: 1, openings: 1),
            .streamChain(blocks: 16, passes: 0, openings: 1),
            .streamChain(blocks: 16, passes: 1, openings: 0),
            .tileChain(size: 48, rounds: 1, openings: 1),
            .tileChain(size: 16_416, rounds: 1, openings: 1),
            .tileChain(size: 64, rounds: 1, openings: 0),
            .tileChain(size: 64, rounds: 1, openings: 1025),
            .walkChain(pages: 8, chains: 1, steps: 1, rounds: 1, openings: 1),
            .walkChain(pages: 1 << 25, chains: 1, steps: 1, rounds: 1, openings: 1),
            .walkChain(pages: 16, chains: 0, steps: 1, rounds: 1, openings: 1),
            .walkChain(pages: 16, chains: 1, steps: 0, rounds: 1, openings: 1),
            .walkChain(pages: 16, chains: 1, steps: 1 << 15, rounds: 1, openings: 2),
        ]
        for parameters in wrong {
            #expect(throws: Refusal("challenge.parameters", "")) { try parameters.validate() }
        }
    }
}
