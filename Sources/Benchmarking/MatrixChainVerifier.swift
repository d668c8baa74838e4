// Checking a matrix chain without multiplying: every round by Freivalds over GF(127).
//
// For random vectors R, X_t = (A_t X_{t-1})^T mod 127 holds only if X_t^T R = A_t (X_{t-1} R), and a
// wrong X_t satisfies that with probability 127^-10. X_t is read once, band by band as it arrives;
// A_t is drawn band by band and never stored. So the verifier holds a few vectors, not matrices.

import CKernels
import Cryptography
import Primitives

/// Checks the uploaded matrices of one chain.
struct MatrixChainVerifier {
    private static let vectors = Int(FREIVALDS_VECTORS)

    private let shape: MatrixChainShape
    private let rounds: Int
    private let key: ChallengeKey
    private let checkKey: Digest
    private let roots: [Digest]

    /// The round being read, from 1, and the band expected next.
    private var round = 1
    private var band = 0
    private var leaves: [Digest] = []
    /// R of this round, and X_{t-1} R.
    private var random: [Int16]
    private var image: [Int16]
    /// What was gathered of X_t^T R, and of X_t R' for the next round's R'.
    private var transposedSums: [Int32]
    private var nextRandom: [Int16]
    private var nextImage: [Int32]

    init(size: Int, key: ChallengeKey, checkKey: Digest, roots: [Digest]) {
        shape = MatrixChainShape(size: size)
        rounds = roots.count
        self.key = key
        self.checkKey = checkKey
        self.roots = roots
        let count = size * Self.vectors
        random = Self.randomVectors(round: 1, count: count, key: checkKey)
        nextRandom = Self.randomVectors(round: 2, count: count, key: checkKey)
        image = []
        transposedSums = [Int32](repeating: 0, count: count)
        nextImage = [Int32](repeating: 0, count: count)
        image = Self.reduced(imageOfDrawn(key.start, under: random))
    }

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
        try content.withUnsafeBytes { bytes throws(Refusal) in
            for start in stride(from: 0, to: bytes.count, by: shape.bandCount) {
                try take(UnsafeRawBufferPointer(rebasing: bytes[start..<start + shape.bandCount]))
            }
        }
        if band == shape.bands { try finishRound() }
    }

    private mutating func take(_ content: UnsafeRawBufferPointer) throws(Refusal) {
        guard let start = content.bindMemory(to: Int8.self).baseAddress else { return }
        guard challenge_in_range(start, content.count) == 1 else {
            throw Refusal(
                "challenge.out-of-range",
                "an entry in band \(band) of round \(round) is outside -63 to 63")
        }
        leaves.append(CommitmentTree.leaf(content))
        let (rows, size) = (MatrixChainShape.bandRows, shape.size)
        let row = band * rows
        random.withUnsafeBufferPointer { random in
            guard let weights = random.baseAddress else { return }
            freivalds_columns(start, rows, size, weights + row, size, &transposedSums)
        }
        if round < rounds { Self.image(of: start, at: row, size, nextRandom, &nextImage) }
        band += 1
    }

    private mutating func finishRound() throws(Refusal) {
        guard CommitmentTree(leaves: leaves).root == roots[round - 1] else {
            throw Refusal(
                "challenge.root-mismatch", "the matrix of round \(round) is not the one committed to")
        }
        let root = round == 1 ? key.firstRoot : roots[round - 2]
        let expected = imageOfDrawn(key.round(round, after: root), under: image)
        guard Self.reduced(expected) == Self.reduced(transposedSums) else {
            throw Refusal(
                "challenge.wrong-product", "the matrix of round \(round) is not the product asked for")
        }
        advance()
    }

    private mutating func advance() {
        round += 1
        band = 0
        leaves.removeAll(keepingCapacity: true)
        image = Self.reduced(nextImage)
        random = nextRandom
        nextRandom = Self.randomVectors(round: round + 1, count: random.count, key: checkKey)
        for index in transposedSums.indices { transposedSums[index] = 0 }
    }

    /// The product of a matrix drawn from `key` with vectors, the matrix drawn a band at a time.
    private func imageOfDrawn(_ key: [UInt8], under vectors: [Int16]) -> [Int32] {
        var drawn = [Int8](repeating: 0, count: shape.bandCount)
        var result = [Int32](repeating: 0, count: vectors.count)
        for band in 0..<shape.bands {
            challenge_operands(key, UInt64(band), &drawn, drawn.count)
            Self.image(of: drawn, at: band * MatrixChainShape.bandRows, shape.size, vectors, &result)
        }
        return result
    }

    private static func image(
        of band: UnsafePointer<Int8>, at row: Int, _ size: Int, _ vectors: [Int16],
        _ result: inout [Int32]
    ) {
        result.withUnsafeMutableBufferPointer { result in
            guard let out = result.baseAddress else { return }
            freivalds_rows(band, MatrixChainShape.bandRows, size, vectors, out + row, size)
        }
    }

    private static func reduced(_ values: [Int32]) -> [Int16] {
        var result = [Int16](repeating: 0, count: values.count)
        freivalds_reduce(values, &result, values.count)
        return result
    }

    /// Vectors that the prover cannot know: drawn from a key that stays with the verifier.
    ///
    /// 254 byte values map evenly onto the 127 residues; the other two make two residues likelier by
    /// 1/256, which costs a hundredth of a bit of soundness for each vector.
    private static func randomVectors(round: Int, count: Int, key: Digest) -> [Int16] {
        let group = Int(CHALLENGE_GROUP)
        var bytes = [Int8](repeating: 0, count: (count + group - 1) / group * group)
        challenge_operands(key.bytes, UInt64(round), &bytes, bytes.count)
        return bytes.prefix(count).map(Int16.init)
    }
}
