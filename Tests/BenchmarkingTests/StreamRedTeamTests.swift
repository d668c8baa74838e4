import CKernels
import Primitives
import Testing

@testable import Benchmarking

/// What a prover shows for a stream chain, and what it may falsify.
private struct StreamPlay {
    var specification: ChallengeSpecification
    var changeProof: (inout [ChallengeMessage.LeafProof]) -> Void = { _ in }
    var changeRoots: (inout [Digest]) -> Void = { _ in }

    init() throws { specification = try Harness.stream() }

    func verdict(trial: UInt64) throws -> ChallengeVerdict? {
        guard case .streamChain(let blocks, let passes, _) = specification.parameters else {
            return nil
        }
        var verifier = try Harness.verifier(specification, trial: trial)
        Harness.start(&verifier)
        let key = Harness.key(verifier)
        let prover = StreamChainProver(blocks: Int(blocks), passes: Int(passes))
        var roots = prover.run(key, workers: .serial)
        changeRoots(&roots)
        let session = verifier.session
        _ = verifier.receive(
            .commit(session: session, commitment: key.commitment(to: roots)), now: 10)
        let step = verifier.receive(.roots(session: session, roots: roots), now: 11)
        guard case .open(_, let openings)? = step.replies.first else { return step.verdict }
        try prover.open(openings)
        guard case .leaves(var leaves)? = prover.nextProof() else { return nil }
        changeProof(&leaves)
        _ = verifier.receive(.proof(session: session, piece: .leaves(leaves)), now: 12)
        return verifier.verdict
    }
}

@Suite struct StreamRedTeamTests {
    @Test func `an honest play is accepted`() throws {
        #expect(try StreamPlay().verdict(trial: 1)?.code == "challenge.accepted")
    }

    @Test func `changed digests do not lead to the root`() throws {
        var play = try StreamPlay()
        play.changeProof = { $0[3] = $0[3].changed(content: { $0[7] ^= 1 }) }
        #expect(try play.verdict(trial: 2)?.code == "challenge.root-mismatch")
    }

    @Test func `a path of another leaf does not lead to the root`() throws {
        var play = try StreamPlay()
        play.changeProof = { $0[0] = $0[0].changed(path: { $0[0] = .zero }) }
        #expect(try play.verdict(trial: 3)?.code == "challenge.root-mismatch")
    }

    @Test func `a path too long or too short is refused`() throws {
        for change in [{ $0.append(.zero) }, { $0.removeLast() }] as [(inout [Digest]) -> Void] {
            var play = try StreamPlay()
            play.changeProof = { $0[0] = $0[0].changed(path: change) }
            #expect(try play.verdict(trial: 4)?.code == "challenge.root-mismatch")
        }
    }

    @Test func `other openings than asked for are refused`() throws {
        var play = try StreamPlay()
        play.changeProof = { $0.swapAt(0, 1) }
        #expect(try play.verdict(trial: 5)?.code == "challenge.proof-order")
        play.changeProof = { $0.removeAll() }
        #expect(try play.verdict(trial: 5)?.code == "challenge.proof-order")
    }

    @Test func `a lie on a root is caught by the openings of its pass`() throws {
        var play = try StreamPlay()
        play.changeRoots = { $0[1] = .zero }
        // Openings of pass 2 lead elsewhere; openings of later passes replay another factor.
        for trial in 6..<10 as Range<UInt64> {
            #expect(try play.verdict(trial: trial)?.outcome == .failed)
        }
    }

    @Test func `skipped blocks are caught as often as the openings promise`() throws {
        var caught = 0
        for trial in 0..<20 as Range<UInt64> {
            var verifier = try Harness.verifier(try Harness.stream(openings: 32), trial: trial)
            Harness.start(&verifier)
            let skipped = try SkippingStreamProver(Harness.key(verifier), skipPercent: 25)
            if try skipped.show(to: &verifier)?.code == "challenge.wrong-digest" { caught += 1 }
        }
        // A miss has probability 0.75^32 = 1e-4.
        #expect(caught == 20)
    }

    @Test func `guesses alone are what is caught: a prover that skips nothing passes`() throws {
        var verifier = try Harness.verifier(try Harness.stream(openings: 32))
        Harness.start(&verifier)
        let honest = try SkippingStreamProver(Harness.key(verifier), skipPercent: 0)
        #expect(try honest.show(to: &verifier)?.outcome == .accepted)
    }
}

/// Runs the chain, but guesses the digests of some blocks: its roots and factors follow its
/// guesses.
private struct SkippingStreamProver {
    let key: ChallengeKey
    var contents: [[[UInt8]]] = []
    var trees: [CommitmentTree] = []

    init(_ key: ChallengeKey, skipPercent: UInt64) throws {
        self.key = key
        let base = StreamChainShape.baseBlock(key)
        var lots = SplitMix64(seed: base[0])
        let blocks = 32
        let arrays = (0..<3).map { index in
            let array = AlignedBuffer<UInt64>(count: blocks * 8192, repeating: 0)
            for block in 0..<blocks {
                stream_chain_fill(base, UInt64(index), UInt64(block), array.start + block * 8192)
            }
            return array
        }
        var root = key.firstRoot
        for pass in 1...4 {
            let roles = StreamChainShape.roles(pass: pass)
            var digests = [UInt8](repeating: 0, count: blocks * 64)
            stream_chain_pass(
                arrays[roles.out].start, arrays[roles.b].start, arrays[roles.c].start,
                key.factor(pass, after: root), blocks, &digests, 0)
            for block in 0..<blocks where lots.next(below: 100) < skipPercent {
                digests.replaceSubrange(block * 64..<block * 64 + 64, with: lots.bytes(64))
            }
            contents.append([Array(digests[..<1024]), Array(digests[1024...])])
            let leaves = contents[pass - 1].map { $0.withUnsafeBytes { CommitmentTree.leaf($0) } }
            trees.append(CommitmentTree(leaves: leaves))
            root = trees[pass - 1].root
        }
    }

    func show(to verifier: inout ChallengeVerifier) throws -> ChallengeVerdict? {
        let session = verifier.session
        let roots = trees.map(\.root)
        _ = verifier.receive(
            .commit(session: session, commitment: key.commitment(to: roots)), now: 10)
        let step = verifier.receive(.roots(session: session, roots: roots), now: 11)
        guard case .open(_, let openings)? = step.replies.first else { return step.verdict }
        let leaves = openings.map { opening in
            ChallengeMessage.LeafProof(
                opening: opening,
                content: contents[Int(opening.pass) - 1][Int(opening.block) / 16],
                path: trees[Int(opening.pass) - 1].path(of: Int(opening.block) / 16))
        }
        _ = verifier.receive(.proof(session: session, piece: .leaves(leaves)), now: 12)
        return verifier.verdict
    }
}

extension ChallengeMessage.LeafProof {
    fileprivate func changed(
        content change: (inout [UInt8]) -> Void = { _ in },
        path changePath: (inout [Digest]) -> Void = { _ in }
    ) -> Self {
        var (content, path) = (content, path)
        change(&content)
        changePath(&path)
        return Self(opening: opening, content: content, path: path)
    }
}
