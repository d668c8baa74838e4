// A second, slow, obvious prover of the matrix chain, whose every step a test can falsify.

import CKernels
import Primitives

@testable import Benchmarking

/// What a prover shows for a matrix chain.
struct MatrixAnswer {
    var commitmentRoots: [Digest]
    var roots: [Digest]
    var states: [[Int8]]
}

struct ForgedMatrixChain {
    let size: Int
    let rounds: Int
    let key: ChallengeKey
    /// What the prover puts in the place of `X^T B`, told the round (from 1).
    var step: (_ round: Int, _ state: [Int8], _ drawn: [Int8]) -> [Int8]
    /// What it puts in the place of a root.
    var rootOf: (_ round: Int, _ root: Digest) -> Digest = { $1 }

    func answer() -> MatrixAnswer {
        var state = draw(key.start)
        var root = key.firstRoot
        var answer = MatrixAnswer(commitmentRoots: [], roots: [], states: [])
        for round in 1...rounds {
            state = step(round, state, draw(key.round(round, after: root)))
            root = rootOf(round, Self.root(of: state, size: size))
            answer.states.append(state)
            answer.roots.append(root)
        }
        answer.commitmentRoots = answer.roots
        return answer
    }

    func draw(_ key: [UInt8]) -> [Int8] {
        var matrix = [Int8](repeating: 0, count: size * size)
        let band = 32 * size
        for index in 0..<size / 32 {
            var drawn = [Int8](repeating: 0, count: band)
            challenge_operands(key, UInt64(index), &drawn, band)
            matrix.replaceSubrange(index * band..<(index + 1) * band, with: drawn)
        }
        return matrix
    }

    static func root(of state: [Int8], size: Int) -> Digest {
        let band = 32 * size
        let leaves = stride(from: 0, to: state.count, by: band).map { start in
            state[start..<start + band].withUnsafeBytes { CommitmentTree.leaf($0) }
        }
        return CommitmentTree(leaves: leaves).root
    }

    /// `state^T drawn mod 127` over depths below `depth`.
    static func product(_ state: [Int8], _ drawn: [Int8], size: Int, depth: Int? = nil) -> [Int8] {
        let (left, right) = (buffer(state), buffer(drawn))
        let out = AlignedBuffer<Float>(count: size * size, repeating: 0)
        let workspace = AlignedBuffer<Float>(count: althing_gemm_workspace(), repeating: 0)
        var task = althing_product(
            rows: size, columns: size, depth: depth ?? size, a: left.start, a_row: 1, a_step: size,
            b: right.start, b_step: size, b_column: 1, c: out.start, c_row: size, accumulate: 0)
        althing_gemm(&task, workspace.start)
        var bytes = [Int8](repeating: 0, count: size * size)
        challenge_reduce(out.start, &bytes, bytes.count)
        return bytes
    }

    private static func buffer(_ matrix: [Int8]) -> AlignedBuffer<Float> {
        let buffer = AlignedBuffer<Float>(count: matrix.count, repeating: 0)
        for (index, entry) in matrix.enumerated() { buffer.start[index] = Float(entry) }
        return buffer
    }

    static func transposed(_ matrix: [Int8], size: Int) -> [Int8] {
        var result = matrix
        for row in 0..<size {
            for column in 0..<size { result[column * size + row] = matrix[row * size + column] }
        }
        return result
    }
}

extension MatrixAnswer {
    /// Shows the answer to a verifier whose clock runs; returns its verdict.
    func show(to verifier: inout ChallengeVerifier, key: ChallengeKey) -> ChallengeVerdict? {
        let session = verifier.session
        _ = verifier.receive(
            .commit(session: session, commitment: key.commitment(to: commitmentRoots)), now: 10)
        _ = verifier.receive(.roots(session: session, roots: roots), now: 11)
        for (index, state) in states.enumerated() {
            _ = verifier.receive(
                .proof(
                    session: session,
                    piece: .bands(
                        round: UInt32(index + 1), first: 0,
                        content: state.map(UInt8.init(bitPattern:)))
                ), now: 12)
        }
        return verifier.verdict
    }
}
