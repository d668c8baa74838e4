// A tile chain with places to cheat: whole numbers, multiplied one by one.

import Benchmarking
import CKernels
import Primitives

/// The residues that matrices of tiles are made of, and how they are drawn.
struct TileResidues: Sendable {
    let modulus: Int
    /// Bytes that one takes in a tile.
    let bytes: Int
    /// Numbers of a panel, from the stream that is the panel's.
    let draw: @Sendable (_ key: [UInt8], _ panel: Int, _ count: Int) -> [Int]

    /// Those of double precision: modulo the largest prime below 2^20.
    static let wide = TileResidues(modulus: 1_048_573, bytes: 4) { key, panel, count in
        var bytes = [UInt8](repeating: 0, count: 4 * count)
        challenge_random_bytes(key, UInt64(panel), &bytes, bytes.count)
        return (0..<count).map { at in
            let word = (0..<4).reduce(UInt32(0)) {
                $0 | UInt32(bytes[4 * at + $1]) << UInt32(8 * $1)
            }
            return Int(word >> 12) - 524_288
        }
    }

    /// Those of seven bits, which every other format has: modulo 127.
    static let seven = TileResidues(modulus: 127, bytes: 1) { key, panel, count in
        var numbers = [Int8](repeating: 0, count: count)
        challenge_operands(key, UInt64(panel), &numbers, count)
        return numbers.map(Int.init)
    }

    /// The balanced residue.
    func residue(_ value: Int) -> Int {
        let rest = value % modulus
        return rest > modulus / 2 ? rest - modulus : rest < -modulus / 2 ? rest + modulus : rest
    }
}

/// A chain of products committed to by tiles.
struct TileForger {
    let size: Int
    let rounds: Int
    let key: ChallengeKey
    let residues: TileResidues
    /// What the prover puts in the place of `X^T B`, told the round (from 1).
    var step: (_ round: Int, _ state: [Int], _ drawn: [Int]) -> [Int]
    /// The root that it draws the operand of a round from.
    var drawsFrom: (_ round: Int, _ root: Digest) -> Digest = { $1 }

    static let edge = 32

    /// An honest chain of a challenge; nil for another kernel's.
    init?(_ key: ChallengeKey, _ prepare: ChallengeMessage.Prepare) {
        guard case .tileChain(let size, let rounds, _) = prepare.parameters,
            let kernel = KernelRegistry.kernel(named: prepare.kernel.name)
        else { return nil }
        self.size = Int(size)
        self.rounds = Int(rounds)
        self.key = key
        let residues = kernel.format == .double ? TileResidues.wide : .seven
        self.residues = residues
        step = { [size = Int(size)] in TileForger.product($1, $2, size: size, residues) }
    }

    /// Runs the chain.
    func answer() -> TileAnswer {
        var state = draw(key.start)
        var root = key.firstRoot
        var answer = TileAnswer(
            across: size / TileForger.edge,
            tileBytes: residues.bytes * TileForger.edge * TileForger.edge)
        for round in 1...rounds {
            state = step(round, state, draw(key.round(round, after: drawsFrom(round, root))))
            root = answer.add(panels(state))
        }
        return answer
    }

    /// The matrix that grows from a key, 32 columns a stream.
    func draw(_ key: [UInt8]) -> [Int] {
        var matrix = [Int](repeating: 0, count: size * size)
        for panel in 0..<size / TileForger.edge {
            let numbers = residues.draw(key, panel, TileForger.edge * size)
            for (at, number) in numbers.enumerated() {
                matrix[at % size * size + panel * TileForger.edge + at / size] = number
            }
        }
        return matrix
    }

    /// `state^T drawn` over depths below `depth`, reduced; every sum passes through `rounding` at
    /// its end and, where that is given, after every `interval` products.
    static func product(
        _ state: [Int], _ drawn: [Int], size: Int, _ residues: TileResidues, depth: Int? = nil,
        every interval: Int = .max, rounding: (Int) -> Int = { $0 }
    ) -> [Int] {
        var result = [Int](repeating: 0, count: size * size)
        for row in 0..<size {
            var sums = [Int](repeating: 0, count: size)
            for step in 0..<(depth ?? size) {
                let factor = state[step * size + row]
                for column in 0..<size { sums[column] += factor * drawn[step * size + column] }
                if (step + 1) % interval == 0 { sums = sums.map(rounding) }
            }
            for column in 0..<size {
                result[row * size + column] = residues.residue(rounding(sums[column]))
            }
        }
        return result
    }

    /// The matrix's bytes, panel after panel of 32 columns, row by row.
    private func panels(_ matrix: [Int]) -> [[UInt8]] {
        (0..<size / TileForger.edge).map { panel in
            var bytes: [UInt8] = []
            for row in 0..<size {
                for column in panel * TileForger.edge..<(panel + 1) * TileForger.edge {
                    withUnsafeBytes(of: matrix[row * size + column].littleEndian) {
                        bytes += $0.prefix(residues.bytes)
                    }
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
    /// Bytes of a tile.
    let tileBytes: Int
    private var matrices: [[[UInt8]]] = []
    private var trees: [CommitmentTree] = []

    init(across: Int, tileBytes: Int) {
        self.across = across
        self.tileBytes = tileBytes
    }

    /// Adds a round; gives its root.
    mutating func add(_ panels: [[UInt8]]) -> Digest {
        matrices.append(panels)
        let tree = CommitmentTree(leaves: panels.map { self.tree($0).root })
        trees.append(tree)
        return tree.root
    }

    private func tree(_ panel: [UInt8]) -> CommitmentTree {
        CommitmentTree(
            leaves: stride(from: 0, to: panel.count, by: tileBytes).map { start in
                panel[start..<start + tileBytes].withUnsafeBytes {
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
        let tile = target[row * tileBytes..<(row + 1) * tileBytes]
        return ChallengeMessage.TileProof(
            opening: opening, panel: round == 0 ? [] : matrices[round - 1][row],
            panelPath: round == 0 ? [] : trees[round - 1].path(of: row), tile: Array(tile),
            tilePath: tree(target).path(of: row),
            columnPath: trees[round].path(of: column))
    }
}
