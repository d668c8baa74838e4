// The tile chain on a device: X_t = X_{t-1}^T B_t in bytes or bfloat16.
//
// The device's product is C = A B^T with the depth side by side. Drawn matrices lie column by
// column, so that X_t^T = B_t^T X_{t-1} is the product of B_t as it is drawn with X_{t-1}^T, which
// is what the round before left.

import Accelerator
import Benchmarking
import Primitives

/// Runs a tile chain on a device and keeps every round's matrix there for the openings.
final class DeviceTileChain: AcceleratedComputation {
    private let session: AcceleratorSession
    private let format: AcceleratorSession.Format
    private let shape: TileChainShape
    private let rounds: Int
    private let places: DevicePlaces
    private let trees: DeviceTrees
    private let key, state, drawn, sums, kept, tiles, panelRoots: UInt64
    private var openings: TileOpenings
    private var panelTrees: [Int: CommitmentTree] = [:]

    /// Takes all the memory of a run; throws `gpu.memory`.
    init(
        _ session: AcceleratorSession, _ format: AcceleratorSession.Format, size: Int, rounds: Int
    ) throws(Refusal) {
        self.session = session
        self.format = format
        self.rounds = rounds
        shape = TileChainShape(size: size)
        let (count, panels) = (size * size, size / TileChainShape.edge)
        let places = DevicePlaces(session)
        self.places = places
        trees = try DeviceTrees(places, nodes: panels * panels)
        key = try places.place(32)
        state = try places.place(format.bytes * count)
        drawn = try places.place(format.bytes * count)
        sums = try places.place(4 * count)
        kept = try places.place(rounds * count)
        tiles = try places.place(32 * panels * panels)
        panelRoots = try places.place(32 * panels * rounds)
        openings = TileOpenings(shape, rounds: rounds)
    }

    func run(_ key: ChallengeKey, rounds limit: Int?) throws(Refusal) -> [Digest] {
        panelTrees = [:]
        try draw(key.start, to: state)
        var roots: [Digest] = []
        var root = key.firstRoot
        for round in 0..<min(limit ?? rounds, rounds) {
            try draw(key.round(round + 1, after: root), to: drawn)
            root = try step(round)
            roots.append(root)
        }
        return roots
    }

    private func draw(_ bytes: [UInt8], to matrix: UInt64) throws(Refusal) {
        try session.copy(bytes, to: key)
        try session.draw(
            format, key: key, streams: shape.panels, count: shape.panelBytes, to: matrix)
    }

    /// One round with what was drawn; gives its root.
    private func step(_ round: Int) throws(Refusal) -> Digest {
        let (size, panels) = (shape.size, shape.panels)
        try session.multiply(
            format, rows: size, columns: size, depth: size, a: drawn, b: state, c: sums)
        let matrix = kept + UInt64(round * size * size)
        try session.reduce(format, size: size, sums: sums, panels: matrix, operands: state)
        try session.hashLeaves(
            matrix, bytes: shape.tileBytes, count: panels * panels, to: tiles)
        let roots = try trees.roots(tiles, width: panels, trees: panels)
        let place = panelRoots + UInt64(32 * panels * round)
        try session.copy(from: roots, to: place, bytes: 32 * panels)
        return try trees.root(place, width: panels)
    }

    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        for round in Set(openings.flatMap { [Int($0.pass) - 1, Int($0.pass) - 2] }).sorted()
        where (0..<rounds).contains(round) {
            panelTrees[round] = CommitmentTree(
                leaves: try session.digests(
                    shape.panels, from: panelRoots + UInt64(32 * shape.panels * round)))
        }
        try self.openings.open(openings)
    }

    func nextProof() -> ChallengeMessage.ProofPiece? {
        openings.nextProof(
            panel: { panel, round in
                let place = UInt64(round * shape.size * shape.size + panel * shape.panelBytes)
                // Zeros, where the device has gone, lead to no root.
                return (try? session.read(shape.panelBytes, of: UInt8(0), from: kept + place))
                    ?? [UInt8](repeating: 0, count: shape.panelBytes)
            }, tree: { panelTrees[$0] ?? CommitmentTree(leaves: [.zero]) })
    }
}
