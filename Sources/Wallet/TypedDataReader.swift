// Typed data from JSON. Everything that a wallet would coerce, pad, drop or default is refused
// here: exact fields, exact kinds, exact lengths, ranges; no null.

import Primitives

struct TypedDataReader {
    let types: TypedDataTypes
    let rules: TypedDataRules

    /// Reads an object as a struct; the members may come in any order, and must be exactly those.
    func structure(_ name: String, _ json: JSON, depth: Int = 0) throws(Refusal) -> TypedStruct {
        guard depth < TypedDataEncoder.depthLimit else {
            throw Refusal("typed-data.value", "nested deeper than \(TypedDataEncoder.depthLimit)")
        }
        guard case .object(let members) = json else {
            throw Refusal("typed-data.value", "\(name) is not an object")
        }
        let definition = try types.members(of: name)
        let memberTypes = try types.types(of: name)
        var fields: [TypedStruct.Field] = []
        var absent = 0
        for (index, member) in definition.enumerated() {
            if rules.allowsAbsentStructures, case .structure = memberTypes[index],
                [nil, .null].contains(TypedDataReader.member(member.name, of: members))
            {
                absent += TypedDataReader.member(member.name, of: members) == nil ? 1 : 0
                fields.append(TypedStruct.Field(member.name, member.type, .absent))
                continue
            }
            guard let value = TypedDataReader.member(member.name, of: members) else {
                throw Refusal("typed-data.field", "\(name) lacks its member \(member.name)")
            }
            let read = try self.value(value, as: memberTypes[index], member.name, depth + 1)
            fields.append(TypedStruct.Field(member.name, member.type, read))
        }
        guard members.count + absent == definition.count else {
            let extra = members.first { member in !definition.contains { $0.name == member.key } }
            throw Refusal(
                "typed-data.field",
                "\(name) has no member \(DisplayText.quoted(extra?.key ?? ""))")
        }
        return TypedStruct(name: name, fields: fields)
    }

    /// Finds a member by its exact bytes: string equality would take a canonical equivalent too.
    static func member(_ name: String, of members: [JSON.Member]) -> JSON? {
        members.first { $0.key.utf8.elementsEqual(name.utf8) }?.value
    }

    /// Reads a value of one type.
    func value(
        _ json: JSON, as type: TypedDataType, _ name: String, _ depth: Int
    ) throws(Refusal) -> TypedValue {
        switch (type, json) {
        case (.bool, .bool(let flag)):
            return .bool(flag)
        case (.string, .string(let text)):
            return .string(text)
        case (.address, .string(let text)):
            return .address(try ChecksumAddress.parse(text))
        case (.bytes, .string(let text)):
            return .bytes(try bytes(text, name))
        case (.fixedBytes(let count), .string(let text)):
            let bytes = try bytes(text, name)
            guard bytes.count == count else {
                throw Refusal("typed-data.value", "\(name) has \(bytes.count) bytes, not \(count)")
            }
            return .bytes(bytes)
        case (.unsigned(let bits), _):
            let number = try integer(json, name)
            guard number.fitsUnsigned(bits: bits) else { throw outOfRange(name, "uint\(bits)") }
            return .integer(number)
        case (.signed(let bits), _):
            let number = try integer(json, name)
            guard number.fitsSigned(bits: bits) else { throw outOfRange(name, "int\(bits)") }
            return .integer(number)
        case (.structure(let structure), .object):
            return .structure(try self.structure(structure, json, depth: depth))
        case (.array(let element, let count), .array(let elements)):
            return .array(try array(elements, of: element, count, name, depth))
        default:
            throw Refusal(
                "typed-data.value", "the value of \(name) is of another kind than its type")
        }
    }

    private func array(
        _ elements: [JSON], of type: TypedDataType, _ count: Int?, _ name: String, _ depth: Int
    ) throws(Refusal) -> [TypedValue] {
        guard depth < TypedDataEncoder.depthLimit else {
            throw Refusal("typed-data.value", "nested deeper than \(TypedDataEncoder.depthLimit)")
        }
        if let count, count != elements.count {
            throw Refusal(
                "typed-data.value", "\(name) has \(elements.count) elements, not \(count)")
        }
        var values: [TypedValue] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try value(element, as: type, name, depth + 1)) }
        return values
    }

    private func bytes(_ text: String, _ name: String) throws(Refusal) -> [UInt8] {
        guard text.hasPrefix("0x"), let bytes = Hex.decode(text) else {
            throw Refusal(
                "typed-data.value", "\(name) is not 0x and an even number of hexadecimal digits")
        }
        return bytes
    }

    private func integer(_ json: JSON, _ name: String) throws(Refusal) -> SignedWord256 {
        switch json {
        case .string(let text):
            if let number = SignedWord256(decimal: text) { return number }
            if rules.allowsHexadecimalIntegers, let number = hexadecimal(text) { return number }
        case .number(let text):
            if let number = SignedWord256(decimal: text) {
                // Beyond 2^53 - 1 a reader that uses doubles would see another number.
                guard rules.allowsWideNumbers || number.magnitude.bitWidth <= 53 else {
                    throw Refusal(
                        "typed-data.value", "\(name) is beyond 2^53 and must be a decimal string")
                }
                return number
            }
        default: break
        }
        throw Refusal("typed-data.value", "\(name) is not a whole number in canonical decimal form")
    }

    private func hexadecimal(_ text: String) -> SignedWord256? {
        let digits = Array(text.utf8.dropFirst(2))
        guard text.hasPrefix("0x"), (1...64).contains(digits.count) else { return nil }
        let even = digits.count.isMultiple(of: 2) ? digits : [0x30] + digits
        return Hex.decode(String(decoding: even, as: UTF8.self), prefixAllowed: false)
            .flatMap { Word256(bigEndian: $0) }
            .map { SignedWord256(magnitude: $0) }
    }

    private func outOfRange(_ name: String, _ type: String) -> Refusal {
        Refusal("typed-data.value", "\(name) is out of the range of \(type)")
    }
}
