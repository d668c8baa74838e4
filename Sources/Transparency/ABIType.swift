// The types of Ethereum's application binary interface, as they are written in signatures.

public import Primitives

/// A type such as `uint256`, `address`, `bytes32[]`, `string[2]` or `(address,uint256)`.
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
    /// `(T,U)`: a struct, as signatures write it.
    case tuple([ABIType])

    /// The deepest nesting of brackets of both kinds, and the longest spelling, in bytes.
    private static let depthLimit = 16
    private static let lengthLimit = 1024
    /// The most bytes that one array takes in its place.
    private static let headLimit = 1 << 24

    /// Reads a type; throws `abi.type`.
    public init(parsing text: String) throws(Refusal) {
        try self.init(parsing: Substring(text), depth: 0)
    }

    /// Reads types between commas, as a signature has them between its brackets; throws `abi.type`.
    static func list(parsing text: Substring) throws(Refusal) -> [ABIType] {
        try list(parsing: text, depth: 0)
    }

    /// Commas inside inner brackets part nothing.
    private static func list(parsing text: Substring, depth: Int) throws(Refusal) -> [ABIType] {
        guard !text.isEmpty else { return [] }
        var types: [ABIType] = []
        var start = text.startIndex
        var open = 0
        for index in text.indices {
            switch text[index] {
            case "(": open += 1
            case ")": open -= 1
            case "," where open == 0:
                types.append(try ABIType(parsing: text[start..<index], depth: depth))
                start = text.index(after: index)
            default: break
            }
        }
        types.append(try ABIType(parsing: text[start...], depth: depth))
        return types
    }

    private init(parsing text: Substring, depth: Int) throws(Refusal) {
        let unknown = Refusal("abi.type", "`\(text.prefix(80))` is not a supported type")
        guard depth <= ABIType.depthLimit, text.utf8.count <= ABIType.lengthLimit else {
            throw unknown
        }
        if text.hasSuffix("]") {
            guard let open = text.lastIndex(of: "[") else { throw unknown }
            let digits = text[text.index(after: open)...].dropLast()
            let element = try ABIType(parsing: text[..<open], depth: depth + 1)
            guard !digits.isEmpty else {
                self = .array(element, length: nil)
                return
            }
            // No value of more would be read, and arrays of arrays multiply.
            guard let length = ABIType.number(digits, in: 1...1024),
                element.headCount <= ABIType.headLimit / length
            else { throw unknown }
            self = .array(element, length: length)
            return
        }
        if text.hasPrefix("("), text.hasSuffix(")") {
            let members = text.dropFirst().dropLast()
            // A struct has members.
            guard !members.isEmpty else { throw unknown }
            self = .tuple(try ABIType.list(parsing: members, depth: depth + 1))
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
        case .tuple(let members): members.contains(where: \.isDynamic)
        default: false
        }
    }

    /// How many bytes the value, or its offset, takes in its place.
    var headCount: Int {
        guard !isDynamic else { return 32 }
        return switch self {
        case .array(let element, let length?): element.headCount * length
        case .tuple(let members): members.reduce(0) { $0 + $1.headCount }
        default: 32
        }
    }
}
