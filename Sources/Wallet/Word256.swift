// Whole numbers of 256 bits with a sign: the integers of Ethereum's ABI and typed data.

/// A 256-bit unsigned number as four words, the most significant first.
public struct Word256: Hashable, Sendable, Comparable, CustomStringConvertible {
    // Most significant first, so that comparing in order compares numbers.
    let words: (UInt64, UInt64, UInt64, UInt64)

    init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Zero.
    public static let zero = Word256(words: (0, 0, 0, 0))

    /// A number of at most 128 bits.
    public init(_ value: UInt128) {
        self.init(
            words: (0, 0, UInt64(value >> 64), UInt64(truncatingIfNeeded: value)))
    }

    /// Reads canonical decimal digits; nil for a sign, a leading zero or 2^256 and above.
    public init?(decimal text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.count <= 78, digits.allSatisfy({ 0x30...0x39 ~= $0 }),
            digits.count == 1 || digits[0] != 0x30
        else { return nil }
        var value = Word256.zero
        for digit in digits {
            guard let next = value.timesTen(plus: UInt64(digit - 0x30)) else { return nil }
            value = next
        }
        self = value
    }

    /// Reads at most 32 big-endian bytes.
    public init?(bigEndian bytes: [UInt8]) {
        guard bytes.count <= 32 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.reversed().enumerated() {
            words[3 - index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
        }
        self.init(words: (words[0], words[1], words[2], words[3]))
    }

    private func timesTen(plus digit: UInt64) -> Word256? {
        var carry = digit
        func step(_ word: UInt64) -> UInt64 {
            let product = word.multipliedFullWidth(by: 10)
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            carry = product.high + (overflow ? 1 : 0)
            return low
        }
        let w3 = step(words.3)
        let w2 = step(words.2)
        let w1 = step(words.1)
        let w0 = step(words.0)
        return carry == 0 ? Word256(words: (w0, w1, w2, w3)) : nil
    }

    /// How many bits the number needs; zero needs none.
    public var bitWidth: Int {
        if words.0 != 0 { return 256 - words.0.leadingZeroBitCount }
        if words.1 != 0 { return 192 - words.1.leadingZeroBitCount }
        if words.2 != 0 { return 128 - words.2.leadingZeroBitCount }
        return 64 - words.3.leadingZeroBitCount
    }

    /// 2^256 minus the number: its two's complement.
    var complement: Word256 {
        let (w3, c3) = (~words.3).addingReportingOverflow(1)
        let (w2, c2) = (~words.2).addingReportingOverflow(c3 ? 1 : 0)
        let (w1, c1) = (~words.1).addingReportingOverflow(c2 ? 1 : 0)
        return Word256(words: (~words.0 &+ (c1 ? 1 : 0), w1, w2, w3))
    }

    /// Whether the number is a power of two.
    var isPowerOfTwo: Bool {
        words.0.nonzeroBitCount + words.1.nonzeroBitCount + words.2.nonzeroBitCount
            + words.3.nonzeroBitCount == 1
    }

    /// 32 big-endian bytes.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(32)
        append(to: &result)
        return result
    }

    /// Appends the 32 big-endian bytes.
    func append(to output: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            withUnsafeBytes(of: word.bigEndian) { output.append(contentsOf: $0) }
        }
    }

    /// The big-endian bytes without leading zeros; empty for zero.
    public var minimalBytes: [UInt8] { Array(bytes.drop { $0 == 0 }) }

    /// Decimal digits.
    public var description: String {
        var digits: [UInt8] = []
        var rest = self
        repeat {
            let (quotient, digit) = rest.dividedByTen()
            digits.append(0x30 + UInt8(truncatingIfNeeded: digit))
            rest = quotient
        } while rest != .zero
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    private func dividedByTen() -> (quotient: Word256, remainder: UInt64) {
        var remainder: UInt64 = 0
        func step(_ word: UInt64) -> UInt64 {
            let (quotient, rest) = UInt64(10).dividingFullWidth((remainder, word))
            remainder = rest
            return quotient
        }
        let w0 = step(words.0)
        let w1 = step(words.1)
        let w2 = step(words.2)
        let w3 = step(words.3)
        return (Word256(words: (w0, w1, w2, w3)), remainder)
    }

    /// Equal numbers.
    public static func == (left: Word256, right: Word256) -> Bool { left.words == right.words }

    /// Orders by number.
    public static func < (left: Word256, right: Word256) -> Bool { left.words < right.words }

    /// Hashes the two low words, where numbers differ.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

/// A whole number with a sign, of at most 256 bits.
public struct SignedWord256: Hashable, Sendable, CustomStringConvertible {
    /// Whether the number is below zero.
    public let isNegative: Bool
    /// The distance from zero.
    public let magnitude: Word256

    /// Takes a sign and a magnitude; minus zero is zero.
    public init(isNegative: Bool = false, magnitude: Word256) {
        self.isNegative = isNegative && magnitude != .zero
        self.magnitude = magnitude
    }

    /// Reads canonical decimal digits with an optional `-`; nil for `-0`, `+1`, `01`.
    public init?(decimal text: String) {
        let isNegative = text.utf8.first == 0x2D
        guard let magnitude = Word256(decimal: isNegative ? text.dropFirst() : text[...]),
            !isNegative || magnitude != .zero
        else { return nil }
        self.init(isNegative: isNegative, magnitude: magnitude)
    }

    /// Whether the number fits an unsigned integer of `bits` bits.
    public func fitsUnsigned(bits: Int) -> Bool { !isNegative && magnitude.bitWidth <= bits }

    /// Whether the number fits a two's complement integer of `bits` bits.
    public func fitsSigned(bits: Int) -> Bool {
        magnitude.bitWidth < bits
            || (isNegative && magnitude.bitWidth == bits && magnitude.isPowerOfTwo)
    }

    /// The number in two's complement of 256 bits.
    public var twosComplement: Word256 { isNegative ? magnitude.complement : magnitude }

    /// Decimal digits with an optional `-`.
    public var description: String { (isNegative ? "-" : "") + magnitude.description }
}
