// EIP-712's encodeData and hashStruct over checked values. Every range and length is checked here
// as well as where JSON is read, because commands reach this point without JSON.

import Cryptography
import Primitives

struct TypedDataEncoder {
    let types: TypedDataTypes
    var rules = TypedDataRules.strict

    private static let emptyHash = Keccak256.hash([UInt8]())

    /// The deepest nesting of structs and arrays.
    static let depthLimit = 32

    /// `keccak256(typeHash ‖ encodeData)`.
    func hashStruct(_ value: TypedStruct, depth: Int = 0) throws(Refusal) -> Digest {
        guard depth < TypedDataEncoder.depthLimit else {
            throw Refusal("typed-data.value", "nested deeper than \(TypedDataEncoder.depthLimit)")
        }
        let members = try types.members(of: value.name)
        let memberTypes = try types.types(of: value.name)
        guard members.count == value.fields.count else {
            throw Refusal(
                "typed-data.field",
                "\(value.name) has \(members.count) members, not \(value.fields.count)")
        }
        var data: [UInt8] = []
        data.reserveCapacity(32 * (members.count + 1))
        data += try types.typeHash(value.name).bytes
        for (index, field) in value.fields.enumerated() {
            guard field.name == members[index].name, field.type == members[index].type else {
                throw Refusal(
                    "typed-data.field", "\(value.name) has no member \(field.type) \(field.name)")
            }
            try encode(field.value, as: memberTypes[index], field.name, depth + 1, into: &data)
        }
        return Keccak256.hash(data)
    }

    private func encode(
        _ value: TypedValue, as type: TypedDataType, _ name: String, _ depth: Int,
        into data: inout [UInt8]
    ) throws(Refusal) {
        switch (type, value) {
        case (.bool, .bool(let flag)):
            Word256(flag ? 1 : 0).append(to: &data)
        case (.address, .address(let address)):
            data += [UInt8](repeating: 0, count: 12)
            data += address.bytes
        case (.string, .string(let text)):
            // Of a reason that was not given, an end that was not set.
            let hash = text.isEmpty ? TypedDataEncoder.emptyHash : Keccak256.hash(Array(text.utf8))
            data += hash.bytes
        case (.bytes, .bytes(let bytes)):
            data += Keccak256.hash(bytes).bytes
        case (.fixedBytes(let count), .bytes(let bytes)) where bytes.count == count:
            data += bytes
            data += [UInt8](repeating: 0, count: 32 - count)
        case (.unsigned(let bits), .integer(let number)) where number.fitsUnsigned(bits: bits):
            number.magnitude.append(to: &data)
        case (.signed(let bits), .integer(let number)) where number.fitsSigned(bits: bits):
            number.twosComplement.append(to: &data)
        case (.structure(let structure), .structure(let nested)) where nested.name == structure:
            data += try hashStruct(nested, depth: depth).bytes
        case (.structure, .absent) where rules.allowsAbsentStructures:
            Word256.zero.append(to: &data)
        case (.array(let element, let count), .array(let elements))
        where count == nil || count == elements.count:
            data += try hashArray(elements, of: element, name, depth).bytes
        default:
            throw Refusal("typed-data.value", "the value of \(name) does not fit its type")
        }
    }

    private func hashArray(
        _ elements: [TypedValue], of type: TypedDataType, _ name: String, _ depth: Int
    ) throws(Refusal) -> Digest {
        guard depth < TypedDataEncoder.depthLimit else {
            throw Refusal("typed-data.value", "nested deeper than \(TypedDataEncoder.depthLimit)")
        }
        var data: [UInt8] = []
        data.reserveCapacity(32 * elements.count)
        for element in elements { try encode(element, as: type, name, depth + 1, into: &data) }
        return Keccak256.hash(data)
    }
}
