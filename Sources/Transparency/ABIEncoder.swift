// Values to the bytes that contracts read (Solidity's contract ABI, version 2).
//
// Values come as JSON, strictly: numbers are decimal strings, bytes are 0x and digits, tuples are
// arrays, and nothing is coerced, padded or cut.

import Cryptography
public import Primitives

/// Encoding for calls and Merkle leaves.
public enum ABIEncoder {
    /// The encoding of several values; throws `abi.value` or `abi.type`.
    public static func encode(_ types: [ABIType], _ values: [JSON]) throws(Refusal) -> [UInt8] {
        guard types.count == values.count else {
            throw Refusal("abi.value", "\(values.count) values for \(types.count) types")
        }
        var head: [UInt8] = []
        var tail: [UInt8] = []
        let headCount = types.reduce(0) { $0 + $1.headCount }
        for (type, value) in zip(types, values) {
            let bytes = try encode(type, value)
            if type.isDynamic {
                head += word(UInt128(headCount + tail.count))
                tail += bytes
            } else {
                head += bytes
            }
        }
        return head + tail
    }

    /// A call: the first four bytes of the signature's hash, then the arguments.
    public static func call(_ signature: String, _ arguments: [JSON]) throws(Refusal) -> [UInt8] {
        guard let open = signature.firstIndex(of: "("), signature.hasSuffix(")") else {
            throw Refusal("abi.type", "`\(signature)` is not name(types)")
        }
        let types = try ABIType.list(
            parsing: signature[signature.index(after: open)...].dropLast())
        let selector = topic(signature).bytes.prefix(4)
        return selector + (try encode(types, arguments))
    }

    /// The first topic of an event.
    public static func topic(_ signature: String) -> Digest {
        Keccak256.hash(Array(signature.utf8))
    }

    /// A number in 32 bytes.
    static func word(_ value: UInt128) -> [UInt8] {
        [UInt8](repeating: 0, count: 16)
            + stride(from: 120, through: 0, by: -8)
            .map { UInt8(truncatingIfNeeded: value >> UInt128($0)) }
    }

    private static func encode(_ type: ABIType, _ value: JSON) throws(Refusal) -> [UInt8] {
        switch type {
        case .unsigned(let bits):
            guard let number = value.text.flatMap(decimal), fits(number, bits) else {
                throw malformed(type, value)
            }
            return number
        case .signed(let bits): return try signed(value, bits: bits)
        case .address:
            guard let address = value.text.flatMap(Address.init(hex:)) else {
                throw malformed(type, value)
            }
            return [UInt8](repeating: 0, count: 12) + address.bytes
        case .bool:
            guard let flag = value.flag else { throw malformed(type, value) }
            return word(flag ? 1 : 0)
        case .fixedBytes(let count):
            let bytes = try bytes(value, type)
            guard bytes.count == count else { throw malformed(type, value) }
            return padded(bytes)
        case .bytes:
            let bytes = try bytes(value, type)
            return word(UInt128(bytes.count)) + padded(bytes)
        case .string:
            guard let text = value.text else { throw malformed(type, value) }
            return word(UInt128(text.utf8.count)) + padded(Array(text.utf8))
        case .array(let element, let length):
            guard let elements = value.elements, length == nil || length == elements.count else {
                throw malformed(type, value)
            }
            let bytes = try encode(elements.map { _ in element }, elements)
            return length == nil ? word(UInt128(elements.count)) + bytes : bytes
        case .tuple(let members):
            guard let values = value.elements, values.count == members.count else {
                throw malformed(type, value)
            }
            return try encode(members, values)
        }
    }

    private static func malformed(_ type: ABIType, _ value: JSON) -> Refusal {
        Refusal("abi.value", "\(value.compact.prefix(80)) is not a value of type \(type)")
    }

    private static func bytes(_ value: JSON, _ type: ABIType) throws(Refusal) -> [UInt8] {
        guard let text = value.text, text.hasPrefix("0x"), let bytes = Hex.decode(text) else {
            throw malformed(type, value)
        }
        return bytes
    }

    /// Zero bytes up to a multiple of 32.
    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
    }

    /// 32 bytes of a canonical decimal below 2^256; nil for anything else.
    static func decimal(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.count <= 78, digits.count == 1 || digits[0] != 0x30,
            digits.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        var word = [UInt8](repeating: 0, count: 32)
        for digit in digits {
            var carry = UInt16(digit - 0x30)
            for index in word.indices.reversed() {
                carry += UInt16(word[index]) * 10
                word[index] = UInt8(carry & 0xFF)
                carry >>= 8
            }
            guard carry == 0 else { return nil }
        }
        return word
    }

    private static func fits(_ word: [UInt8], _ bits: Int) -> Bool {
        word.prefix(32 - bits / 8).allSatisfy { $0 == 0 }
    }

    private static func signed(_ value: JSON, bits: Int) throws(Refusal) -> [UInt8] {
        guard let text = value.text else { throw malformed(.signed(bits: bits), value) }
        let isNegative = text.hasPrefix("-")
        guard var word = decimal(isNegative ? text.dropFirst() : text[...]), fits(word, bits),
            !isNegative || word.contains(where: { $0 != 0 })
        else { throw malformed(.signed(bits: bits), value) }
        let first = 32 - bits / 8
        let isLowest = word[first] == 0x80 && word[(first + 1)...].allSatisfy { $0 == 0 }
        guard word[first] < 0x80 || (isNegative && isLowest) else {
            throw malformed(.signed(bits: bits), value)
        }
        if isNegative {
            // Two's complement: every bit turned, plus one.
            var carry = true
            for index in word.indices.reversed() {
                let (sum, overflow) = (~word[index]).addingReportingOverflow(carry ? 1 : 0)
                word[index] = sum
                carry = overflow
            }
        }
        return word
    }
}
