// The stream chain and the walk chain on a device: its memory's bandwidth, and its size.

import Accelerator
import Benchmarking
import Primitives

/// The leaves of every round of a chain of units, kept on the device.
final class DeviceUnits {
    private let session: AcceleratorSession
    private let shape: UnitShape
    private let content, leaves: UInt64
    private let trees: DeviceTrees
    private var openings: UnitOpenings
    private var roundTrees: [Int: CommitmentTree] = [:]

    /// Takes the memory of all rounds; throws `gpu.memory`.
    init(_ places: DevicePlaces, _ shape: UnitShape, rounds: Int) throws(Refusal) {
        session = places.session
        self.shape = shape
        trees = try DeviceTrees(places, nodes: shape.leaves)
        content = try places.place(shape.roundBytes * rounds)
        leaves = try places.place(32 * shape.leaves * rounds)
        openings = UnitOpenings(shape, rounds: rounds)
    }

    func reset() { roundTrees = [:] }

    /// Commits to a round (from 0) whose units `write` launches at the place that it gets.
    func commit(_ round: Int, write: (UInt64) throws(Refusal) -> Void) throws(Refusal) -> Digest {
        let place = content + UInt64(shape.roundBytes * round)
        try write(place)
        try session.hashLeaves(
            place, bytes: shape.leafBytes, count: shape.leaves, to: digests(round))
        return try trees.root(digests(round), width: shape.leaves)
    }

    private func digests(_ round: Int) -> UInt64 { leaves + UInt64(32 * shape.leaves * round) }

    func open(_ asked: [ChallengeMessage.Opening]) throws(Refusal) {
        try openings.open(asked)
        for round in Set(asked.map { Int($0.pass) - 1 }).sorted() {
            roundTrees[round] = CommitmentTree(
                leaves: try session.digests(shape.leaves, from: digests(round)))
        }
    }

    func nextProof() -> ChallengeMessage.ProofPiece? {
        openings.nextProof { leaf, round in
            let place = content + UInt64(shape.roundBytes * round + shape.leafBytes * leaf)
            // Zeros, where the device has gone, lead to no root.
            return (
                (try? session.read(shape.leafBytes, of: UInt8(0), from: place))
                    ?? [UInt8](repeating: 0, count: shape.leafBytes),
                roundTrees[round]?.path(of: leaf) ?? []
            )
        }
    }
}

/// Runs a stream chain on a device.
final class DeviceStreamChain: AcceleratedComputation {
    private let session: AcceleratorSession
    private let blocks, passes: Int
    private let places: DevicePlaces
    private let units: DeviceUnits
    private let base: UInt64
    private let arrays: [UInt64]

    /// Takes all the memory of a run; throws `gpu.memory`.
    init(_ session: AcceleratorSession, blocks: Int, passes: Int) throws(Refusal) {
        self.session = session
        (self.blocks, self.passes) = (blocks, passes)
        let places = DevicePlaces(session)
        self.places = places
        let block = Int(StreamChainShape.bytesPerBlock) / 3
        base = try places.place(block)
        arrays = try (0..<3).map { (_) throws(Refusal) in try places.place(blocks * block) }
        units = try DeviceUnits(
            places, StreamChainShape(blocks: blocks, passes: passes).units, rounds: passes)
    }

    func run(_ key: ChallengeKey, rounds limit: Int?) throws(Refusal) -> [Digest] {
        units.reset()
        try session.copy(StreamChainShape.baseBlock(key), to: base)
        for (index, array) in arrays.enumerated() {
            try session.streamFill(base: base, array: index, blocks: blocks, to: array)
        }
        var roots: [Digest] = []
        var root = key.firstRoot
        for pass in 1...max(1, min(limit ?? passes, passes)) {
            let factor = key.factor(pass, after: root)
            let roles = StreamChainShape.roles(pass: pass)
            root = try units.commit(pass - 1) { (digests) throws(Refusal) in
                try session.streamPass(
                    arrays[roles.out], arrays[roles.b], arrays[roles.c], factor: factor,
                    blocks: blocks, digests: digests)
            }
            roots.append(root)
        }
        return roots
    }

    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) { try units.open(openings) }

    func nextProof() -> ChallengeMessage.ProofPiece? { units.nextProof() }
}

/// Runs a walk chain on a device.
final class DeviceWalkChain: AcceleratedComputation {
    private let session: AcceleratorSession
    private let shape: WalkChainShape
    private let places: DevicePlaces
    private let units: DeviceUnits
    private let key, starts, table: UInt64

    /// Takes all the memory of a run; throws `gpu.memory`.
    init(_ session: AcceleratorSession, _ shape: WalkChainShape) throws(Refusal) {
        self.session = session
        self.shape = shape
        let places = DevicePlaces(session)
        self.places = places
        key = try places.place(32)
        starts = try places.place(8 * shape.chains)
        table = try places.place(8 * shape.entries)
        units = try DeviceUnits(places, shape.units, rounds: shape.rounds)
    }

    func run(_ key: ChallengeKey, rounds limit: Int?) throws(Refusal) -> [Digest] {
        units.reset()
        try session.copy(key.start, to: self.key)
        try session.memoryFill(key: self.key, first: 0, pages: shape.pages, to: table)
        var roots: [Digest] = []
        var root = key.firstRoot
        for round in 1...max(1, min(limit ?? shape.rounds, shape.rounds)) {
            let roundKey = key.round(round, after: root)
            try session.copy(
                (0..<shape.chains).map { WalkChainShape.start(roundKey, chain: $0) }, to: starts)
            root = try units.commit(round - 1) { (leaves) throws(Refusal) in
                try session.memoryWalk(
                    table, entries: shape.entries, starts: starts, walks: shape.chains,
                    leaves: WalkChainShape.leavesPerChain,
                    segments: WalkChainShape.segmentsPerLeaf, steps: shape.steps, to: leaves)
            }
            roots.append(root)
        }
        return roots
    }

    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) { try units.open(openings) }

    func nextProof() -> ChallengeMessage.ProofPiece? { units.nextProof() }
}
