// The grammar of EIP-712's member types.

import Primitives

/// The type of one member.
indirect enum TypedDataType: Sendable, Equatable {
    case bool
    case address
    case string
    case bytes
    case fixedBytes(count: Int)
    case unsigned(bits: Int)
    case signed(bits: Int)
    case structure(name: String)
    case array(of: TypedDataType, count: Int?)

    /// The most elements that a fixed array may declare.
    static let countLimit = 1 << 20

    /// The deepest nesting of array brackets.
    static let bracketLimit = 8

    /// Reads a type; throws `typed-data.type`.
    init(_ text: String, rules: TypedDataRules) throws(Refusal) {
        let characters = Array(text.utf8)
        let base = characters.firstIndex(of: 0x5B) ?? characters.count
        let name = String(decoding: characters[..<base], as: UTF8.self)
        guard characters.count <= 256, TypedDataType.isName(name, rules) else {
            throw TypedDataType.malformed(text)
        }
        var type = try TypedDataType(atomOrStructure: name, rules: rules)
        var rest = characters[base...]
        var brackets = 0
        while !rest.isEmpty {
            guard rest.first == 0x5B, let close = rest.firstIndex(of: 0x5D),
                brackets < TypedDataType.bracketLimit
            else { throw TypedDataType.malformed(text) }
            let digits = rest[rest.index(after: rest.startIndex)..<close]
            if digits.isEmpty {
                type = .array(of: type, count: nil)
            } else {
                guard let count = TypedDataType.number(digits), count <= TypedDataType.countLimit
                else {
                    throw TypedDataType.malformed(text)
                }
                type = .array(of: type, count: count)
            }
            rest = rest[rest.index(after: close)...]
            brackets += 1
        }
        self = type
    }

    private init(atomOrStructure name: String, rules: TypedDataRules) throws(Refusal) {
        switch name {
        case "bool": self = .bool
        case "address": self = .address
        case "string": self = .string
        case "bytes": self = .bytes
        case "uint" where rules.allowsIntegerAliases: self = .unsigned(bits: 256)
        case "int" where rules.allowsIntegerAliases: self = .signed(bits: 256)
        default:
            guard let (prefix, digits) = TypedDataType.numberedAtom(name) else {
                self = .structure(name: name)
                return
            }
            let number = TypedDataType.number(digits)
            switch prefix {
            case "bytes":
                guard let number, number <= 32 else { throw TypedDataType.malformed(name) }
                self = .fixedBytes(count: number)
            default:
                guard let number, number <= 256, number.isMultiple(of: 8) else {
                    throw TypedDataType.malformed(name)
                }
                self = prefix == "uint" ? .unsigned(bits: number) : .signed(bits: number)
            }
        }
    }

    /// `uint`, `int` or `bytes` followed by nothing but digits, which can never name a struct.
    private static func numberedAtom(_ name: String) -> (prefix: String, digits: ArraySlice<UInt8>)?
    {
        let characters = Array(name.utf8)
        for prefix in ["uint", "int", "bytes"] where name.hasPrefix(prefix) {
            let digits = characters[prefix.utf8.count...]
            if digits.allSatisfy({ 0x30...0x39 ~= $0 }) { return (prefix, digits) }
        }
        return nil
    }

    /// A positive decimal without leading zero, of at most seven digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...7).contains(digits.count), digits.first != 0x30,
            digits.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// Whether a name is an identifier of Solidity.
    static func isIdentifier(_ name: String) -> Bool {
        let characters = Array(name.utf8)
        guard (1...128).contains(characters.count), let first = characters.first,
            !(0x30...0x39 ~= first)
        else { return false }
        return characters.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x24, 0x5F: true
            default: false
            }
        }
    }

    /// Whether a member may bear this name under the rules.
    static func isName(_ name: String, _ rules: TypedDataRules) -> Bool {
        guard rules.allowsLooseNames else { return isIdentifier(name) }
        return name.utf8.count <= 128 && !name.utf8.contains { "[](),".utf8.contains($0) }
    }

    /// Whether a struct may bear this name: one that is no type of its own.
    static func isStructureName(_ name: String, _ rules: TypedDataRules) -> Bool {
        isName(name, rules) && !["bool", "address", "string"].contains(name)
            && numberedAtom(name) == nil
    }

    /// The struct at the bottom of arrays, if there is one.
    var structureName: String? {
        switch self {
        case .structure(let name): name
        case .array(let element, _): element.structureName
        default: nil
        }
    }

    private static func malformed(_ text: String) -> Refusal {
        Refusal("typed-data.type", "\(DisplayText.quoted(text)) is not a type of EIP-712")
    }
}
