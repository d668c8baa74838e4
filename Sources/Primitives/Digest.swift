// A 256-bit hash value, whatever function made it.

/// A 32-byte digest: SHA-256 of content, Keccak-256 of typed data, a Merkle root.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    // Four big-endian words, so that comparing words in order compares bytes in order.
    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    /// How many bytes a digest has.
    public static let count = 32

    /// The digest of 32 zero bytes, which stands for "none" in chains.
    public static let zero = Digest(word0: 0, word1: 0, word2: 0, word3: 0)

    private init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Takes four big-endian words, the first bytes first: what a hash function has at hand.
    public init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.init(word0: words.0, word1: words.1, word2: words.2, word3: words.3)
    }

    /// The four big-endian words, the first bytes first.
    public var words: (UInt64, UInt64, UInt64, UInt64) { (word0, word1, word2, word3) }

    /// Takes 32 bytes; nil for any other count.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.count else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var position = 0
        for byte in bytes {
            switch position >> 3 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            default: words.3 = words.3 << 8 | UInt64(byte)
            }
            position += 1
        }
        self.init(word0: words.0, word1: words.1, word2: words.2, word3: words.3)
    }

    /// Reads 64 hexadecimal digits, with an optional `0x` or `sha256:` in front.
    public init?(hex text: String) {
        var digits = Substring(text)
        if digits.hasPrefix("sha256:") { digits = digits.dropFirst(7) }
        guard let bytes = Hex.decode(digits) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }

    /// `sha256:` and the digits: the name of content in the object store.
    public var contentName: String { "sha256:" + hex }

    /// The first eight bytes as a number: a seed, or a short label.
    public var prefix64: UInt64 { word0 }

    /// 64 lower-case hexadecimal digits.
    public var description: String { hex }

    /// Hashes one word: the value is already uniform.
    public func hash(into hasher: inout Hasher) { hasher.combine(word1) }

    /// Orders by bytes.
    public static func < (left: Digest, right: Digest) -> Bool {
        (left.word0, left.word1, left.word2, left.word3)
            < (right.word0, right.word1, right.word2, right.word3)
    }

    /// The sum of two digests as 256-bit numbers, modulo 2^256: an order-free set hash's step.
    public static func &+ (left: Digest, right: Digest) -> Digest {
        let (w3, c3) = left.word3.addingReportingOverflow(right.word3)
        let (w2, c2) = add(left.word2, right.word2, carry: c3)
        let (w1, c1) = add(left.word1, right.word1, carry: c2)
        let (w0, _) = add(left.word0, right.word0, carry: c1)
        return Digest(word0: w0, word1: w1, word2: w2, word3: w3)
    }

    /// The difference of two digests as 256-bit numbers, modulo 2^256.
    public static func &- (left: Digest, right: Digest) -> Digest {
        let complement = Digest(
            word0: ~right.word0, word1: ~right.word1, word2: ~right.word2, word3: ~right.word3)
        let one = Digest(word0: 0, word1: 0, word2: 0, word3: 1)
        return left &+ complement &+ one
    }

    private static func add(_ a: UInt64, _ b: UInt64, carry: Bool) -> (UInt64, Bool) {
        let (sum, first) = a.addingReportingOverflow(b)
        let (total, second) = sum.addingReportingOverflow(carry ? 1 : 0)
        return (total, first || second)
    }
}
