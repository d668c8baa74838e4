// Typed data as the JSON that `eth_signTypedData_v4` takes. Integers are decimal strings, because a
// wallet may read numbers as doubles.

public import Primitives

extension TypedData {
    /// The whole document: types, primary type, domain, message.
    public var json: JSON {
        .object([
            JSON.Member("types", typesJSON),
            JSON.Member("primaryType", .string(message?.name ?? TypedDataTypes.domainName)),
            JSON.Member("domain", domain.json),
            JSON.Member("message", message?.json ?? .object([])),
        ])
    }

    private var typesJSON: JSON {
        .object(
            types.definitions.map { definition in
                JSON.Member(
                    definition.name,
                    .array(
                        definition.members.map {
                            ["name": .string($0.name), "type": .string($0.type)]
                        }))
            })
    }
}

extension TypedStruct {
    /// The values as a JSON object.
    public var json: JSON { .object(fields.map { JSON.Member($0.name, $0.value.json) }) }
}

extension TypedValue {
    /// The value as JSON.
    public var json: JSON {
        switch self {
        case .bool(let flag): .bool(flag)
        case .integer(let number): .string(number.description)
        case .address(let address): .string(address.checksummed)
        case .string(let text): .string(text)
        case .bytes(let bytes): .string("0x" + Hex.encode(bytes))
        case .array(let elements): .array(elements.map(\.json))
        case .structure(let structure): structure.json
        case .absent: .null
        }
    }
}
