// A second, slow, obvious prover of the matrix chain, whose every step can be falsified.

import Benchmarking
import CKernels
import Primitives

/// What a prover shows for a matrix chain.
struct MatrixAnswer {
    var committed: [Digest] = []
    var roots: [Digest] = []
    var states: [[Int8]] = []

    /// Shows the answer to the member.
    func show(_ conversation: inout Conversation, _ key: ChallengeKey) async throws(Refusal) {
        guard try await conversation.commit(key, to: committed, showing: roots) != nil else {
            return
        }
        for (index, state) in states.enumerated() {
            try await conversation.prove(
                .bands(
                    round: UInt32(index + 1), first: 0,
                    content: state.map(UInt8.init(bitPattern:))))
        }
    }
}

/// A matrix chain with places to cheat.
struct MatrixForger {
    let size: Int
    let rounds: Int
    let key: ChallengeKey
    /// What the prover puts in the place of `X^T B`, told the round (from 1).
    var step: (_ round: Int, _ state: [Int8], _ drawn: [Int8]) -> [Int8]
    /// What it puts in the place of a root.
    var rootOf: (_ round: Int, _ root: Digest) -> Digest = { $1 }
    /// The root that it draws the operand of a round from.
    var drawsFrom: (_ round: Int, _ root: Digest) -> Digest = { $1 }

    /// An honest chain of a challenge; nil for another kernel's.
    init?(_ key: ChallengeKey, _ parameters: ChallengeParameters) {
        guard case .matrixChain(let size, let rounds) = parameters else { return nil }
        self.size = Int(size)
        self.rounds = Int(rounds)
        self.key = key
        let width = Int(size)
        step = { MatrixForger.product($1, $2, size: width) }
    }

    /// Runs the chain.
    func answer() -> MatrixAnswer {
        var state = draw(key.start)
        var root = key.firstRoot
        var answer = MatrixAnswer()
        for round in 1...rounds {
            state = step(round, state, draw(key.round(round, after: drawsFrom(round, root))))
            root = rootOf(round, MatrixForger.root(of: state, size: size))
            answer.states.append(state)
            answer.roots.append(root)
        }
        answer.committed = answer.roots
        return answer
    }

    /// The matrix that grows from a key.
    func draw(_ key: [UInt8]) -> [Int8] {
        var matrix = [Int8](repeating: 0, count: size * size)
        let band = Int(CHALLENGE_BAND_ROWS) * size
        for index in 0..<size * size / band {
            matrix.withUnsafeMutableBufferPointer { matrix in
                guard let start = matrix.baseAddress else { return }
                challenge_operands(key, UInt64(index), start + index * band, band)
            }
        }
        return matrix
    }

    /// The root that commits to a matrix.
    static func root(of state: [Int8], size: Int) -> Digest {
        let band = Int(CHALLENGE_BAND_ROWS) * size
        let leaves = stride(from: 0, to: state.count, by: band).map { start in
            state[start..<min(start + band, state.count)].withUnsafeBytes {
                CommitmentTree.leaf($0)
            }
        }
        return CommitmentTree(leaves: leaves).root
    }

    /// `state^T drawn mod 127` over depths below `depth`, every sum passed through `rounding`.
    static func product(
        _ state: [Int8], _ drawn: [Int8], size: Int, depth: Int? = nil,
        rounding: (Int) -> Int = { $0 }
    ) -> [Int8] {
        var result = [Int8](repeating: 0, count: size * size)
        var sums = [Int](repeating: 0, count: size)
        for row in 0..<size {
            for column in 0..<size { sums[column] = 0 }
            for step in 0..<(depth ?? size) {
                let factor = Int(state[step * size + row])
                for column in 0..<size {
                    sums[column] += factor * Int(drawn[step * size + column])
                }
            }
            for column in 0..<size {
                result[row * size + column] = residue(rounding(sums[column]))
            }
        }
        return result
    }

    /// The balanced residue modulo 127.
    static func residue(_ value: Int) -> Int8 {
        let rest = value % 127
        return Int8(rest > 63 ? rest - 127 : rest < -63 ? rest + 127 : rest)
    }

    /// The matrix with rows and columns exchanged.
    static func transposed(_ matrix: [Int8], size: Int) -> [Int8] {
        var result = matrix
        for row in 0..<size {
            for column in 0..<size { result[column * size + row] = matrix[row * size + column] }
        }
        return result
    }
}
