// The struct definitions of typed data, checked as a whole, and their canonical spelling.

import Cryptography
public import Primitives

/// The struct definitions that typed data refers to.
public struct TypedDataTypes: Sendable {
    /// One member of a struct.
    public struct Member: Sendable, Equatable {
        /// The member's name.
        public let name: String
        /// The type as written; the spelling enters the type's hash.
        public let type: String

        /// Makes a member.
        public init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    /// One struct.
    public struct Definition: Sendable, Equatable {
        /// The struct's name.
        public let name: String
        /// Its members in the order that is hashed.
        public let members: [Member]

        /// Makes a definition.
        public init(_ name: String, _ members: [Member]) {
            self.name = name
            self.members = members
        }
    }

    /// The most structs, and the most members of one.
    static let countLimit = 256

    /// The name of the struct that the domain is.
    static let domainName = "EIP712Domain"

    /// The domain's possible members, in the order in which EIP-712 lists them.
    static let domainMembers = [
        Member("name", "string"), Member("version", "string"), Member("chainId", "uint256"),
        Member("verifyingContract", "address"), Member("salt", "bytes32"),
    ]

    /// The definitions in the order given.
    public let definitions: [Definition]
    private let parsed: [String: [TypedDataType]]
    /// The hashes of all structs' types, where they were worked out beforehand.
    private var hashes: [String: Digest] = [:]

    /// Checks definitions: names, types, references, no repetition.
    ///
    /// Throws `typed-data.type`.
    public init(_ definitions: [Definition], rules: TypedDataRules = .strict) throws(Refusal) {
        guard definitions.count <= TypedDataTypes.countLimit else {
            throw Refusal("typed-data.type", "more than \(TypedDataTypes.countLimit) structs")
        }
        var parsed: [String: [TypedDataType]] = [:]
        for definition in definitions {
            guard TypedDataType.isStructureName(definition.name, rules) else {
                throw Refusal(
                    "typed-data.type",
                    "a struct cannot be named \(DisplayText.quoted(definition.name))")
            }
            let types = try TypedDataTypes.parse(definition, rules)
            guard parsed.updateValue(types, forKey: definition.name) == nil else {
                throw Refusal("typed-data.type", "\(definition.name) is defined twice")
            }
        }
        for definition in definitions {
            for type in parsed[definition.name] ?? [] {
                guard let name = type.structureName else { continue }
                guard parsed[name] != nil, name != TypedDataTypes.domainName else {
                    throw Refusal(
                        "typed-data.type",
                        "\(definition.name) refers to \(name), which is not defined as a member")
                }
            }
        }
        self.definitions = definitions
        self.parsed = parsed
    }

    private static func parse(
        _ definition: Definition, _ rules: TypedDataRules
    ) throws(Refusal) -> [TypedDataType] {
        let least = rules.allowsEmptyStructures ? 0 : 1
        guard (least...countLimit).contains(definition.members.count) else {
            throw Refusal(
                "typed-data.type", "\(definition.name) has \(definition.members.count) members")
        }
        var names: Set<String> = []
        var types: [TypedDataType] = []
        for member in definition.members {
            guard TypedDataType.isName(member.name, rules), names.insert(member.name).inserted
            else {
                throw Refusal(
                    "typed-data.type",
                    "\(definition.name): \(DisplayText.quoted(member.name)) is no member name,"
                        + " or comes twice"
                )
            }
            types.append(try TypedDataType(member.type, rules: rules))
        }
        if definition.name == domainName { try checkDomain(definition) }
        return types
    }

    /// The domain may have any of five members, each with its own type, in their order.
    private static func checkDomain(_ definition: Definition) throws(Refusal) {
        var rest = domainMembers[...]
        for member in definition.members {
            guard let index = rest.firstIndex(of: member) else {
                throw Refusal(
                    "typed-data.domain",
                    "the domain cannot have a member \(member.type) \(member.name) at this place")
            }
            rest = rest[(index + 1)...]
        }
    }

    /// Whether a struct is defined.
    func defines(_ name: String) -> Bool { parsed[name] != nil }

    /// The members of a struct.
    func members(of name: String) throws(Refusal) -> [Member] {
        guard let definition = definitions.first(where: { $0.name == name }) else {
            throw Refusal("typed-data.type", "\(DisplayText.quoted(name)) is not defined")
        }
        return definition.members
    }

    /// The types of a struct's members.
    func types(of name: String) throws(Refusal) -> [TypedDataType] {
        guard let types = parsed[name] else {
            throw Refusal("typed-data.type", "\(DisplayText.quoted(name)) is not defined")
        }
        return types
    }

    /// The structs that a struct refers to, directly or not, without itself, sorted by name.
    private func references(of name: String) throws(Refusal) -> [String] {
        var found: Set<String> = [name]
        var pending = [name]
        while let next = pending.popLast() {
            for type in try types(of: next) {
                if let reference = type.structureName, found.insert(reference).inserted {
                    pending.append(reference)
                }
            }
        }
        found.remove(name)
        return found.sorted()
    }

    /// EIP-712's `encodeType`: the struct, then the structs it refers to, sorted by name.
    public func encodeType(_ name: String) throws(Refusal) -> String {
        var text = ""
        for name in [name] + (try references(of: name)) {
            let members = try members(of: name)
            text +=
                name + "(" + members.map { $0.type + " " + $0.name }.joined(separator: ",") + ")"
        }
        return text
    }

    /// EIP-712's `typeHash`.
    public func typeHash(_ name: String) throws(Refusal) -> Digest {
        if let known = hashes[name] { return known }
        return Keccak256.hash(Array(try encodeType(name).utf8))
    }

    /// The same with every struct's hash worked out: for types under which much is hashed.
    public func hashed() throws(Refusal) -> TypedDataTypes {
        var types = self
        for definition in definitions {
            types.hashes[definition.name] = try typeHash(definition.name)
        }
        return types
    }

    /// The one struct that no other refers to, when there is exactly one besides the domain.
    func inferredPrimaryType() throws(Refusal) -> String {
        var referred: Set<String> = [TypedDataTypes.domainName]
        for definition in definitions {
            for type in try types(of: definition.name) {
                if let name = type.structureName { referred.insert(name) }
            }
        }
        let roots = definitions.filter { !referred.contains($0.name) }
        guard roots.count == 1, let root = roots.first else {
            throw Refusal("typed-data.form", "primaryType is missing")
        }
        return root.name
    }
}
