// Values of typed data, in memory.

public import Primitives

/// A value of a member.
public indirect enum TypedValue: Sendable, Equatable {
    /// A bool.
    case bool(Bool)
    /// A whole number, for every `uintN` and `intN`.
    case integer(SignedWord256)
    /// An address.
    case address(Address)
    /// A string.
    case string(String)
    /// Bytes, for `bytes` and every `bytesN`.
    case bytes([UInt8])
    /// Elements of an array.
    case array([TypedValue])
    /// A nested struct.
    case structure(TypedStruct)
    /// No struct: 32 zero bytes. Only others' documents may hold it, by `TypedDataRules`.
    case absent

    /// A number that is not negative.
    public static func unsigned(_ value: UInt128) -> TypedValue {
        .integer(SignedWord256(magnitude: Word256(value)))
    }

    /// A number that is not negative.
    public static func unsigned(_ value: UInt64) -> TypedValue { unsigned(UInt128(value)) }

    /// A number that is not negative.
    public static func unsigned(_ value: UInt32) -> TypedValue { unsigned(UInt128(value)) }

    /// An amount in minimal units.
    public static func amount(_ value: Amount) -> TypedValue { unsigned(value.units) }

    /// A digest, for `bytes32`.
    public static func digest(_ value: Digest) -> TypedValue { .bytes(value.bytes) }

    /// A time in milliseconds since 1970.
    public static func timestamp(_ value: Timestamp) -> TypedValue {
        unsigned(UInt128(value.milliseconds))
    }
}

/// A struct with its values: what a command becomes before it is signed.
public struct TypedStruct: Sendable, Equatable {
    /// One member with its value.
    public struct Field: Sendable, Equatable {
        /// The member's name.
        public let name: String
        /// The type as it enters the hash.
        public let type: String
        /// The value.
        public let value: TypedValue

        /// Makes a field.
        public init(_ name: String, _ type: String, _ value: TypedValue) {
            self.name = name
            self.type = type
            self.value = value
        }
    }

    /// The struct's name.
    public let name: String
    /// The fields in the order that is hashed.
    public let fields: [Field]
    /// Structs that no value here shows because their arrays may be empty.
    public let definitions: [TypedDataTypes.Definition]

    /// Makes a struct; `definitions` names the structs of arrays that may be empty.
    public init(
        _ name: String, fields: [(name: String, type: String, value: TypedValue)],
        definitions: [TypedDataTypes.Definition] = []
    ) {
        self.name = name
        self.fields = fields.map { Field($0.name, $0.type, $0.value) }
        self.definitions = definitions
    }

    init(name: String, fields: [Field]) {
        self.name = name
        self.fields = fields
        definitions = []
    }

    /// The value of a field, or nil.
    public subscript(name: String) -> TypedValue? { fields.first { $0.name == name }?.value }

    /// This struct's own definition.
    public var definition: TypedDataTypes.Definition {
        TypedDataTypes.Definition(
            name, fields.map { TypedDataTypes.Member($0.name, $0.type) })
    }

    /// The definitions of this struct and of every struct in it.
    ///
    /// Throws `typed-data.type` when one name has two definitions.
    public func types(rules: TypedDataRules = .strict) throws(Refusal) -> TypedDataTypes {
        var found: [TypedDataTypes.Definition] = []
        try collect(into: &found)
        return try TypedDataTypes(found, rules: rules)
    }

    func collect(into found: inout [TypedDataTypes.Definition]) throws(Refusal) {
        for definition in [definition] + definitions {
            if let known = found.first(where: { $0.name == definition.name }) {
                guard known == definition else {
                    throw Refusal(
                        "typed-data.type", "\(definition.name) is defined in two different ways")
                }
            } else {
                found.append(definition)
            }
        }
        for field in fields { try TypedStruct.collect(field.value, into: &found) }
    }

    private static func collect(
        _ value: TypedValue, into found: inout [TypedDataTypes.Definition]
    ) throws(Refusal) {
        switch value {
        case .structure(let nested): try nested.collect(into: &found)
        case .array(let elements):
            for element in elements { try collect(element, into: &found) }
        default: break
        }
    }
}
