// Calls of contracts in Ethereum's ABI: a four-byte selector and the arguments, each in 32-byte
// words, what has no fixed size behind an offset.

import Cryptography
public import Primitives

/// Encoding for contracts.
public enum ABI {
    /// The first four bytes of the hash of `name(type,type)`.
    public static func selector(_ signature: String) -> [UInt8] {
        Array(Keccak256.hash(Array(signature.utf8)).bytes[..<4])
    }

    /// The topic of an event: the hash of `Name(type,type)`.
    public static func topic(_ signature: String) -> Digest {
        Keccak256.hash(Array(signature.utf8))
    }

    /// The call data for a function such as `transfer(address,uint256)`.
    ///
    /// Throws `abi.signature`, `abi.value` or `typed-data.type`.
    public static func call(_ signature: String, _ values: [TypedValue]) throws(Refusal) -> [UInt8]
    {
        selector(signature) + (try encode(try types(of: signature), values))
    }

    /// The call data with arguments from JSON, read as strictly as typed data.
    public static func call(_ signature: String, arguments: [JSON]) throws(Refusal) -> [UInt8] {
        let types = try types(of: signature)
        guard types.count == arguments.count else { throw wrongCount(types.count) }
        let reader = TypedDataReader(types: try TypedDataTypes([]), rules: .strict)
        var values: [TypedValue] = []
        for (type, argument) in zip(types, arguments) {
            values.append(try reader.value(argument, as: type, "argument", 0))
        }
        return selector(signature) + (try encode(types, values))
    }

    /// The arguments alone, as `abi.encode` gives them.
    public static func encode(_ types: [String], _ values: [TypedValue]) throws(Refusal) -> [UInt8]
    {
        var parsed: [TypedDataType] = []
        for type in types { parsed.append(try parse(type)) }
        return try encode(parsed, values)
    }

    private static func types(of signature: String) throws(Refusal) -> [TypedDataType] {
        let characters = Array(signature.utf8)
        guard let open = characters.firstIndex(of: 0x28), characters.last == 0x29,
            TypedDataType.isIdentifier(String(decoding: characters[..<open], as: UTF8.self))
        else { throw Refusal("abi.signature", "a function is written name(type,type)") }
        let inside = characters[(open + 1)..<(characters.count - 1)]
        guard !inside.isEmpty else { return [] }
        var types: [TypedDataType] = []
        for type in inside.split(separator: 0x2C, omittingEmptySubsequences: false) {
            types.append(try parse(String(decoding: type, as: UTF8.self)))
        }
        return types
    }

    private static func parse(_ text: String) throws(Refusal) -> TypedDataType {
        let type = try TypedDataType(text, rules: .strict)
        guard type.structureName == nil else {
            throw Refusal("abi.signature", "\(DisplayText.quoted(text)) is not a type of the ABI")
        }
        return type
    }

    private static func encode(
        _ types: [TypedDataType], _ values: [TypedValue]
    ) throws(Refusal) -> [UInt8] {
        guard types.count == values.count else { throw wrongCount(types.count) }
        var offset = types.reduce(0) { $0 + ($1.isDynamic ? 32 : $1.staticCount) }
        var head: [UInt8] = []
        var tail: [UInt8] = []
        for (type, value) in zip(types, values) {
            let encoded = try encode(type, value)
            if type.isDynamic {
                Word256(UInt128(offset)).append(to: &head)
                tail += encoded
                offset += encoded.count
            } else {
                head += encoded
            }
        }
        return head + tail
    }

    private static func encode(
        _ type: TypedDataType, _ value: TypedValue
    ) throws(Refusal) -> [UInt8] {
        switch (type, value) {
        case (.bool, .bool(let flag)):
            return Word256(flag ? 1 : 0).bytes
        case (.address, .address(let address)):
            return [UInt8](repeating: 0, count: 12) + address.bytes
        case (.unsigned(let bits), .integer(let number)) where number.fitsUnsigned(bits: bits):
            return number.magnitude.bytes
        case (.signed(let bits), .integer(let number)) where number.fitsSigned(bits: bits):
            return number.twosComplement.bytes
        case (.fixedBytes(let count), .bytes(let bytes)) where bytes.count == count:
            return padded(bytes)
        case (.bytes, .bytes(let bytes)):
            return Word256(UInt128(bytes.count)).bytes + padded(bytes)
        case (.string, .string(let text)):
            return Word256(UInt128(text.utf8.count)).bytes + padded(Array(text.utf8))
        case (.array(let element, let count), .array(let elements))
        where count == nil || count == elements.count:
            let types = [TypedDataType](repeating: element, count: elements.count)
            let length = count == nil ? Word256(UInt128(elements.count)).bytes : []
            return length + (try encode(types, elements))
        default:
            throw Refusal("abi.value", "a value does not fit its type")
        }
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
    }

    private static func wrongCount(_ count: Int) -> Refusal {
        Refusal("abi.value", "the function takes \(count) arguments")
    }
}

extension TypedDataType {
    /// Whether the encoding's size depends on the value.
    fileprivate var isDynamic: Bool {
        switch self {
        case .bytes, .string, .array(_, nil): true
        case .array(let element, _): element.isDynamic
        default: false
        }
    }

    /// How many bytes a value takes whose size does not depend on it.
    fileprivate var staticCount: Int {
        if case .array(let element, let count?) = self { return element.staticCount * count }
        return 32
    }
}
