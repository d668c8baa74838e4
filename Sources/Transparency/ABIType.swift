// The types of Ethereum's application binary interface, as they are written in signatures.

public import Primitives

/// A type such as `uint256`, `address`, `bytes32[]` or `string[2]`.
public indirect enum ABIType: Hashable, Sendable {
    /// `uintN`, N a multiple of 8 up to 256.
    case unsigned(bits: Int)
    /// `intN`.
    case signed(bits: Int)
    /// `address`
    case address
    /// `bool`
    case bool
    /// `bytesN`, N from 1 to 32.
    case fixedBytes(Int)
    /// `bytes`
    case bytes
    /// `string`
    case string
    /// `T[]`, or `T[k]` with a length.
    case array(ABIType, length: Int?)

    /// Reads a type; throws `abi.type`.
    public init(parsing text: String) throws(Refusal) {
        try self.init(parsing: Substring(text), depth: 0)
    }

    private init(parsing text: Substring, depth: Int) throws(Refusal) {
        let unknown = Refusal("abi.type", "`\(text)` is not a supported type")
        guard depth <= 4, text.utf8.count <= 64 else { throw unknown }
        if text.hasSuffix("]") {
            guard let open = text.lastIndex(of: "[") else { throw unknown }
            let digits = text[text.index(after: open)...].dropLast()
            let element = try ABIType(parsing: text[..<open], depth: depth + 1)
            guard !digits.isEmpty else {
                self = .array(element, length: nil)
                return
            }
            guard let length = ABIType.number(digits, in: 1...1024) else { throw unknown }
            self = .array(element, length: length)
            return
        }
        switch text {
        case "address": self = .address
        case "bool": self = .bool
        case "bytes": self = .bytes
        case "string": self = .string
        case _ where text.hasPrefix("uint"):
            guard let bits = ABIType.bits(text.dropFirst(4)) else { throw unknown }
            self = .unsigned(bits: bits)
        case _ where text.hasPrefix("int"):
            guard let bits = ABIType.bits(text.dropFirst(3)) else { throw unknown }
            self = .signed(bits: bits)
        case _ where text.hasPrefix("bytes"):
            guard let count = ABIType.number(text.dropFirst(5), in: 1...32) else { throw unknown }
            self = .fixedBytes(count)
        default: throw unknown
        }
    }

    /// `uint` and `int` alone are aliases of 256 bits, which signatures must not use.
    private static func bits(_ digits: Substring) -> Int? {
        number(digits, in: 8...256).flatMap { $0.isMultiple(of: 8) ? $0 : nil }
    }

    private static func number(_ digits: Substring, in range: ClosedRange<Int>) -> Int? {
        guard let amount = Amount(decimal: digits), let number = Int(exactly: amount.units),
            range.contains(number)
        else { return nil }
        return number
    }

    /// Whether the encoding has a variable length and stands behind an offset.
    var isDynamic: Bool {
        switch self {
        case .bytes, .string, .array(_, length: nil): true
        case .array(let element, _): element.isDynamic
        default: false
        }
    }

    /// How many bytes the value, or its offset, takes in its place.
    var headCount: Int {
        if !isDynamic, case .array(let element, let length?) = self {
            return element.headCount * length
        }
        return 32
    }
}
