// A tile chain with places to cheat: whole numbers, multiplied one by one.

import Benchmarking
import CKernels
import Primitives

/// A chain of products modulo a prime near 2^20, committed to by tiles.
struct TileForger {
    let size: Int
    let rounds: Int
    let key: ChallengeKey
    /// What the prover puts in the place of `X^T B`, told the round (from 1).
    var step: (_ round: Int, _ state: [Int], _ drawn: [Int]) -> [Int]
    /// The root that it draws the operand of a round from.
    var drawsFrom: (_ round: Int, _ root: Digest) -> Digest = { $1 }

    static let edge = 32
    static let modulus = 1_048_573
    static let tileBytes = 4 * edge * edge

    /// An honest chain of a challenge; nil for another kernel's.
    init?(_ key: ChallengeKey, _ parameters: ChallengeParameters) {
        guard case .tileChain(let size, let rounds, _) = parameters else { return nil }
        self.size = Int(size)
        self.rounds = Int(rounds)
        self.key = key
        let width = Int(size)
        step = { TileForger.product($1, $2, size: width) }
    }

    /// Runs the chain.
    func answer() -> TileAnswer {
        var state = draw(key.start)
        var root = key.firstRoot
        var answer = TileAnswer(across: size / TileForger.edge)
        for round in 1...rounds {
            state = step(round, state, draw(key.round(round, after: drawsFrom(round, root))))
            root = answer.add(panels(state))
        }
        return answer
    }

    /// The matrix that grows from a key, 32 columns a stream.
    func draw(_ key: [UInt8]) -> [Int] {
        var matrix = [Int](repeating: 0, count: size * size)
        var bytes = [UInt8](repeating: 0, count: 4 * TileForger.edge * size)
        for panel in 0..<size / TileForger.edge {
            challenge_random_bytes(key, UInt64(panel), &bytes, bytes.count)
            for at in 0..<TileForger.edge * size {
                let word = (0..<4).reduce(UInt32(0)) {
                    $0 | UInt32(bytes[4 * at + $1]) << UInt32(8 * $1)
                }
                let (column, row) = (panel * TileForger.edge + at / size, at % size)
                matrix[row * size + column] = Int(word >> 12) - 524_288
            }
        }
        return matrix
    }

    /// `state^T drawn`, every sum passed through `rounding`, and reduced.
    static func product(
        _ state: [Int], _ drawn: [Int], size: Int, rounding: (Int) -> Int = { $0 }
    ) -> [Int] {
        var result = [Int](repeating: 0, count: size * size)
        for row in 0..<size {
            for step in 0..<size {
                let factor = state[step * size + row]
                for column in 0..<size {
                    result[row * size + column] += factor * drawn[step * size + column]
                }
            }
        }
        return result.map { residue(rounding($0)) }
    }

    /// The balanced residue.
    static func residue(_ value: Int) -> Int {
        let rest = value % modulus
        return rest > modulus / 2 ? rest - modulus : rest < -modulus / 2 ? rest + modulus : rest
    }

    /// The matrix's bytes, panel after panel of 32 columns, row by row.
    private func panels(_ matrix: [Int]) -> [[UInt8]] {
        (0..<size / TileForger.edge).map { panel in
            var bytes: [UInt8] = []
            for row in 0..<size {
                for column in panel * TileForger.edge..<(panel + 1) * TileForger.edge {
                    let value = Int32(truncatingIfNeeded: matrix[row * size + column])
                    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
                }
            }
            return bytes
        }
    }
}

/// What a prover shows for a tile chain.
struct TileAnswer {
    /// Panels in a matrix, and tiles in a panel.
    let across: Int
    private var matrices: [[[UInt8]]] = []
    private var trees: [CommitmentTree] = []

    init(across: Int) { self.across = across }

    /// Adds a round; gives its root.
    mutating func add(_ panels: [[UInt8]]) -> Digest {
        matrices.append(panels)
        let tree = CommitmentTree(leaves: panels.map { TileAnswer.tree($0).root })
        trees.append(tree)
        return tree.root
    }

    private static func tree(_ panel: [UInt8]) -> CommitmentTree {
        CommitmentTree(
            leaves: stride(from: 0, to: panel.count, by: TileForger.tileBytes).map { start in
                panel[start..<start + TileForger.tileBytes].withUnsafeBytes {
                    CommitmentTree.leaf($0)
                }
            })
    }

    /// Shows the answer to the member.
    ///
    /// - Parameter change: what is done to the opened tiles on their way.
    func show(
        _ conversation: inout Conversation, _ key: ChallengeKey,
        _ change: (inout [ChallengeMessage.TileProof]) -> Void = { _ in }
    ) async throws(Refusal) {
        let roots = trees.map(\.root)
        guard let openings = try await conversation.commit(key, to: roots, showing: roots) else {
            return
        }
        var proofs = openings.map(proof)
        change(&proofs)
        for start in stride(from: 0, to: proofs.count, by: 32) {
            try await conversation.prove(.tiles(Array(proofs[start...].prefix(32))))
        }
    }

    private func proof(_ opening: ChallengeMessage.Opening) -> ChallengeMessage.TileProof {
        let (row, column) = (Int(opening.block) / across, Int(opening.block) % across)
        let round = Int(opening.pass) - 1
        let target = matrices[round][column]
        let tile = target[row * TileForger.tileBytes..<(row + 1) * TileForger.tileBytes]
        return ChallengeMessage.TileProof(
            opening: opening, panel: round == 0 ? [] : matrices[round - 1][row],
            panelPath: round == 0 ? [] : trees[round - 1].path(of: row), tile: Array(tile),
            tilePath: TileAnswer.tree(target).path(of: row),
            columnPath: trees[round].path(of: column))
    }
}
