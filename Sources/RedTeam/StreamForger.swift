// A stream chain and a lane chain with places to cheat.

import Benchmarking
import CKernels
import Primitives

/// Digests by pass and unit, and the trees over them.
struct UnitAnswer {
    let leafBytes: Int
    var digests: [[UInt8]] = []
    var trees: [CommitmentTree] = []

    /// Units that share a leaf, in both kinds of chain.
    static let unitsPerLeaf = 16

    init(unitBytes: Int) { leafBytes = unitBytes * UnitAnswer.unitsPerLeaf }

    init(leafBytes: Int) { self.leafBytes = leafBytes }

    /// Adds a pass; gives its root.
    mutating func add(_ pass: [UInt8]) -> Digest {
        let leaf = leafBytes
        let leaves = stride(from: 0, to: pass.count, by: leaf).map { start in
            pass[start..<start + leaf].withUnsafeBytes { CommitmentTree.leaf($0) }
        }
        digests.append(pass)
        trees.append(CommitmentTree(leaves: leaves))
        return trees[trees.count - 1].root
    }

    /// Shows the answer to the member.
    ///
    /// - Parameter change: what is done to the opened leaves on their way.
    func show(
        _ conversation: inout Conversation, _ key: ChallengeKey,
        roots shown: [Digest]? = nil,
        _ change: (inout [ChallengeMessage.LeafProof]) -> Void = { _ in }
    ) async throws(Refusal) {
        let roots = shown ?? trees.map(\.root)
        guard let openings = try await conversation.commit(key, to: roots, showing: roots) else {
            return
        }
        let leaf = leafBytes
        var proofs = openings.map { opening in
            let (pass, number) = (
                Int(opening.pass) - 1, Int(opening.block) / UnitAnswer.unitsPerLeaf
            )
            return ChallengeMessage.LeafProof(
                opening: opening,
                content: Array(digests[pass][number * leaf..<(number + 1) * leaf]),
                path: trees[pass].path(of: number))
        }
        change(&proofs)
        try await conversation.prove(.leaves(proofs))
    }
}

/// A stream chain whose passes can be falsified.
struct StreamForger {
    let blocks: Int
    let passes: Int
    let key: ChallengeKey
    /// What a prover does to the digests of a pass before it commits to them.
    var change: (_ pass: Int, _ digests: inout [UInt8]) -> Void = { _, _ in }
    /// The root that it takes the factor of a pass from.
    var factorFrom: (_ pass: Int, _ root: Digest) -> Digest = { $1 }
    /// What it keeps of an element; nil for all of it.
    var keeps: ((_ result: UInt64, _ b: UInt64, _ c: UInt64, _ factor: UInt64) -> UInt64)?
    /// How many blocks of an array it has; those behind are said to be the first ones again.
    var blocksHeld: (Int) -> Int = { $0 }

    static let digestBytes = Int(STREAM_CHAIN_DIGEST)

    /// An honest chain of a challenge; nil for another kernel's.
    init?(_ key: ChallengeKey, _ parameters: ChallengeParameters) {
        guard case .streamChain(let blocks, let passes, _) = parameters else { return nil }
        self.blocks = Int(blocks)
        self.passes = Int(passes)
        self.key = key
    }

    /// Runs the chain.
    func answer() -> UnitAnswer {
        let (count, held) = (Int(STREAM_CHAIN_BLOCK), blocksHeld(blocks))
        let base = StreamChainShape.baseBlock(key)
        var arrays = (0..<3).map { index in
            var array = [UInt64](repeating: 0, count: held * count)
            array.withUnsafeMutableBufferPointer { array in
                guard let start = array.baseAddress else { return }
                for block in 0..<held {
                    stream_chain_fill(base, UInt64(index), UInt64(block), start + block * count)
                }
            }
            return array
        }
        var answer = UnitAnswer(unitBytes: StreamForger.digestBytes)
        var root = key.firstRoot
        for pass in 1...passes {
            let roles = StreamChainShape.roles(pass: pass)
            var digests = [UInt8](repeating: 0, count: held * StreamForger.digestBytes)
            let factor = key.factor(pass, after: factorFrom(pass, root))
            var out = arrays[roles.out]
            stream_chain_pass(
                &out, arrays[roles.b], arrays[roles.c], factor, held, &digests, 0)
            if let keeps {
                for index in out.indices {
                    out[index] = keeps(
                        out[index], arrays[roles.b][index], arrays[roles.c][index], factor)
                }
            }
            arrays[roles.out] = out
            while digests.count < blocks * StreamForger.digestBytes { digests += digests }
            change(pass, &digests)
            root = answer.add(digests)
        }
        return answer
    }
}

/// A lane chain whose lanes can be falsified.
struct LaneForger {
    let lanes: Int
    let steps: Int
    let rounds: Int
    let key: ChallengeKey
    let lane: LaneComputation
    /// What a prover does to the digests of a round before it commits to them.
    var change: (_ round: Int, _ digests: inout [UInt8]) -> Void = { _, _ in }
    /// The root that it keys a round with.
    var keyedBy: (_ round: Int, _ root: Digest) -> Digest = { $1 }
    /// How many of the steps it does.
    var stepsDone: (Int) -> Int = { $0 }

    /// An honest chain of a challenge; nil for another kernel's.
    init?(_ key: ChallengeKey, _ prepare: ChallengeMessage.Prepare) {
        guard case .laneChain(let lanes, let steps, let rounds, _) = prepare.parameters,
            let lane = KernelRegistry.kernel(named: prepare.kernel.name)?.lane
        else { return nil }
        self.lanes = Int(lanes)
        self.steps = Int(steps)
        self.rounds = Int(rounds)
        self.key = key
        self.lane = lane
    }

    /// Runs the chain.
    func answer() -> UnitAnswer {
        var answer = UnitAnswer(unitBytes: LaneComputation.digestBytes)
        var root = key.firstRoot
        for round in 1...rounds {
            var digests = [UInt8](repeating: 0, count: lanes * LaneComputation.digestBytes)
            lane.run(
                key.round(round, after: keyedBy(round, root)), 0, lanes, stepsDone(steps),
                &digests)
            change(round, &digests)
            root = answer.add(digests)
        }
        return answer
    }
}
