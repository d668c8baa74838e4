// Checking a matrix chain without multiplying matrices: every round by Freivalds over GF(127).
//
// X_t = X_{t-1}^T B_t holds only if X_t R = X_{t-1}^T (B_t R) for random vectors R, and a wrong X_t
// satisfies that with probability 127^-10. Both sides of all rounds come from one reading of each
// matrix, band by band as it arrives; B_t is drawn band by band and never stored. So the verifier
// holds a few vectors, never a matrix.

import CKernels
import Primitives

/// Checks the uploaded matrices of one chain.
struct MatrixChainVerifier {
    private static let vectorCount = Int(FREIVALDS_VECTORS)

    private let shape: MatrixChainShape
    private let key: ChallengeKey
    private let checkKey: Digest
    private let roots: [Digest]

    /// The round being read, from 1, and the band expected next.
    private var round = 1
    private var band = 0
    private var leaves: [Digest] = []
    /// R of this round.
    private var random: [Int8]
    /// B R of the next round, with its own B and R.
    private var nextWeights: [Int8]
    /// X_{t-1}^T (B_t R): what X_t R must be.
    private var expected: [Int8]
    /// What was gathered of X_t R, and of X_t^T times the next weights.
    private var image: [Int32]
    private var nextExpected: [Int32]

    init(size: Int, key: ChallengeKey, checkKey: Digest, roots: [Digest]) {
        shape = MatrixChainShape(size: size)
        self.key = key
        self.checkKey = checkKey
        self.roots = roots
        let zeros = [Int32](repeating: 0, count: size * Self.vectorCount)
        image = zeros
        nextExpected = zeros
        random = []
        nextWeights = []
        expected = []
        // X_0 is read like any other matrix, except that it is drawn and not uploaded.
        nextWeights = weights(ofRound: 1)
        var drawn = [Int8](repeating: 0, count: shape.bandCount)
        for band in 0..<shape.bands {
            challenge_operands(key.start, UInt64(band), &drawn, drawn.count)
            gatherNextExpected(drawn, band: band)
        }
        turn(to: 1)
    }

    private var rounds: Int { roots.count }

    /// Whether every round was read and found right.
    var isComplete: Bool { round > rounds }

    /// Takes the next bands; throws the code of what is wrong with them.
    mutating func accept(_ piece: ChallengeMessage.ProofPiece) throws(Refusal) {
        guard case .bands(let pieceRound, let first, let content) = piece, !isComplete,
            pieceRound == UInt32(round), first == UInt32(band), !content.isEmpty,
            content.count.isMultiple(of: shape.bandCount),
            content.count / shape.bandCount <= shape.bands - band
        else {
            throw Refusal(
                "challenge.proof-order", "expected bands of round \(round) from band \(band) on")
        }
        let fault = content.withUnsafeBytes { readBands($0) }
        if let fault { throw fault }
        if band == shape.bands { try finishRound() }
    }

    /// Reads bands two at a time, which is how hashing is fastest.
    private mutating func readBands(_ content: UnsafeRawBufferPointer) -> Refusal? {
        let count = shape.bandCount
        for start in stride(from: 0, to: content.count, by: 2 * count) {
            let pair = UnsafeRawBufferPointer(rebasing: content[start...].prefix(2 * count))
            leaves += CommitmentTree.leaves(pair, of: count)
            for first in stride(from: 0, to: pair.count, by: count) {
                let band = UnsafeRawBufferPointer(rebasing: pair[first..<first + count])
                if let fault = read(band) { return fault }
            }
        }
        return nil
    }

    /// Gathers what is needed of one band; returns what is wrong with it.
    private mutating func read(_ content: UnsafeRawBufferPointer) -> Refusal? {
        guard let start = content.bindMemory(to: Int8.self).baseAddress else { return nil }
        guard challenge_in_range(start, content.count) == 1 else {
            return Refusal(
                "challenge.out-of-range",
                "an entry in band \(band) of round \(round) is outside -63 to 63")
        }
        multiply(start, band: band, by: random, into: &image)
        if round < rounds { gatherNextExpected(start, band: band) }
        band += 1
        return nil
    }

    private mutating func finishRound() throws(Refusal) {
        guard CommitmentTree(leaves: leaves).root == roots[round - 1] else {
            throw Refusal(
                "challenge.root-mismatch",
                "the matrix of round \(round) is not the one committed to")
        }
        guard Self.reduced(image) == expected else {
            throw Refusal(
                "challenge.wrong-product",
                "the matrix of round \(round) is not the product asked for")
        }
        turn(to: round + 1)
    }

    /// Starts to read the matrix of a round.
    private mutating func turn(to next: Int) {
        round = next
        band = 0
        leaves.removeAll(keepingCapacity: true)
        expected = Self.reduced(nextExpected)
        for index in image.indices { image[index] = 0 }
        for index in nextExpected.indices { nextExpected[index] = 0 }
        random = randomVectors(round: next)
        if next < rounds { nextWeights = weights(ofRound: next + 1) }
    }

    /// B R of a round, B drawn a band at a time.
    private func weights(ofRound round: Int) -> [Int8] {
        let drawKey = key.round(round, after: round == 1 ? key.firstRoot : roots[round - 2])
        let random = randomVectors(round: round)
        var drawn = [Int8](repeating: 0, count: shape.bandCount)
        var result = [Int32](repeating: 0, count: random.count)
        for band in 0..<shape.bands {
            challenge_operands(drawKey, UInt64(band), &drawn, drawn.count)
            multiply(drawn, band: band, by: random, into: &result)
        }
        return Self.reduced(result)
    }

    private func multiply(
        _ content: UnsafePointer<Int8>, band: Int, by vectors: [Int8], into result: inout [Int32]
    ) {
        result.withUnsafeMutableBufferPointer { result in
            guard let out = result.baseAddress else { return }
            let rows = MatrixChainShape.bandRows
            freivalds_rows(content, rows, shape.size, vectors, out + band * rows, shape.size)
        }
    }

    private mutating func gatherNextExpected(_ content: UnsafePointer<Int8>, band: Int) {
        let rows = MatrixChainShape.bandRows
        let size = shape.size
        nextWeights.withUnsafeBufferPointer { weights in
            guard let start = weights.baseAddress else { return }
            freivalds_columns(content, rows, size, start + band * rows, size, &nextExpected)
        }
    }

    private static func reduced(_ values: [Int32]) -> [Int8] {
        var result = [Int8](repeating: 0, count: values.count)
        freivalds_reduce(values, &result, values.count)
        return result
    }

    /// Vectors that the prover cannot know: drawn from a key that stays with the verifier.
    ///
    /// The 256 byte values fall on the 127 residues 2 or 3 at a time, so that a residue has
    /// probability at most 3/256: a wrong round passes with at most (3/256)^10 < 2^-64.
    private func randomVectors(round: Int) -> [Int8] {
        let count = shape.size * Self.vectorCount
        let group = Int(CHALLENGE_GROUP)
        var bytes = [Int8](repeating: 0, count: (count + group - 1) / group * group)
        challenge_operands(checkKey.bytes, UInt64(round), &bytes, bytes.count)
        return Array(bytes.prefix(count))
    }
}
