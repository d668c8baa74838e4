// BIP-39: a key's entropy as words a person can write down.

public import Cryptography
public import Primitives

/// A mnemonic sentence of the English list, with a right checksum.
public struct Mnemonic: Sendable {
    /// The words, one space between two: secret as a whole.
    public let sentence: SecretBytes
    /// The entropy that the words spell.
    public let entropy: SecretBytes

    /// The counts of bytes of entropy that a sentence can spell: 12 to 24 words.
    public static let entropyCounts = [16, 20, 24, 28, 32]

    /// Spells entropy; throws `mnemonic.entropy` unless it has 16, 20, 24, 28 or 32 bytes.
    public init(entropy: SecretBytes) throws(Refusal) {
        guard Mnemonic.entropyCounts.contains(entropy.count) else {
            throw Refusal(
                "mnemonic.entropy", "a mnemonic spells 16, 20, 24, 28 or 32 bytes of entropy")
        }
        // The checksum, at most eight bits, is the first bits of the entropy's hash.
        var bits = entropy.exposed()
        bits.append(entropy.withBytes { SHA256.hash($0) }.bytes[0])
        var words: [String] = []
        for index in 0..<entropy.count * 3 / 4 {
            words.append(EnglishWords.list[Mnemonic.number(at: index * 11, of: bits)])
        }
        var text = Array(words.joined(separator: " ").utf8)
        sentence = SecretBytes(consuming: &text)
        self.entropy = entropy
    }

    /// Reads a sentence: lower-case words with one space between two.
    ///
    /// Throws `mnemonic.count`, `mnemonic.word` (which names the place, not the word) or
    /// `mnemonic.checksum`.
    public init(sentence: SecretBytes) throws(Refusal) {
        let text = String(decoding: sentence.exposed(), as: UTF8.self)
        let words = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        guard [12, 15, 18, 21, 24].contains(words.count) else {
            throw Refusal("mnemonic.count", "a mnemonic has 12, 15, 18, 21 or 24 words")
        }
        var bits: [UInt8] = []
        var pending: UInt32 = 0
        var pendingCount = 0
        for (index, word) in words.enumerated() {
            guard let number = EnglishWords.number(of: Array(word)) else {
                throw Refusal("mnemonic.word", "word \(index + 1) is not in the English list")
            }
            pending = pending << 11 | UInt32(number)
            pendingCount += 11
            while pendingCount >= 8 {
                pendingCount -= 8
                bits.append(UInt8(truncatingIfNeeded: pending >> UInt32(pendingCount)))
            }
        }
        // What is left of whole bytes is checksum, padded here to its byte.
        let checksumCount = words.count / 3
        if pendingCount > 0 {
            bits.append(UInt8(truncatingIfNeeded: pending << UInt32(8 - pendingCount)))
        }
        guard let given = bits.popLast() else { throw Mnemonic.wrongChecksum }
        let expected = SHA256.hash(bits).bytes[0]
        guard (given ^ expected) >> UInt8(8 - checksumCount) == 0 else {
            throw Mnemonic.wrongChecksum
        }
        entropy = SecretBytes(consuming: &bits)
        self.sentence = sentence
    }

    private static var wrongChecksum: Refusal {
        Refusal(
            "mnemonic.checksum", "the words' checksum is wrong: one may be mistyped or misplaced")
    }

    /// The eleven bits at a position.
    private static func number(at position: Int, of bits: [UInt8]) -> Int {
        var number = 0
        for bit in position..<position + 11 {
            number = number << 1 | Int(bits[bit >> 3] >> UInt8(7 - bit & 7) & 1)
        }
        return number
    }

    /// The 64-byte seed under a passphrase, which is normalised (NFKD) as BIP-39 demands.
    public func seed(passphrase: String = "") throws(Refusal) -> SecretBytes {
        try PBKDF2.sha512(
            password: sentence, salt: Array("mnemonic".utf8) + Normalization.nfkd(passphrase),
            iterations: 2048, count: 64)
    }
}

extension Mnemonic: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
