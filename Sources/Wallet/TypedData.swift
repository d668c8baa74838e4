// EIP-712 typed data: what a wallet shows, hashes and signs.

import Cryptography
public import Primitives

/// A message with its types and its domain, checked and hashed.
public struct TypedData: Sendable {
    /// Every struct's definition, the domain's included.
    public let types: TypedDataTypes
    /// The domain, a struct named `EIP712Domain`.
    public let domain: TypedStruct
    /// The message; nil when the domain itself is what is signed.
    public let message: TypedStruct?
    /// `hashStruct(domain)`.
    public let domainSeparator: Digest
    /// `hashStruct(message)`; nil when the domain itself is what is signed.
    public let structHash: Digest?
    /// What is signed: `keccak256(0x1901 ‖ domainSeparator ‖ hashStruct(message))`.
    public let digest: Digest

    /// Reads the JSON that `eth_signTypedData_v4` takes.
    ///
    /// Throws `typed-data.form`, `.type`, `.domain`, `.field` or `.value`, or what an address or a
    /// JSON document throws.
    public init(_ json: JSON, rules: TypedDataRules = .strict) throws(Refusal) {
        guard case .object(let members) = json else {
            throw Refusal("typed-data.form", "typed data is an object")
        }
        let known = ["types", "primaryType", "domain", "message"]
        if let extra = members.first(where: { !known.contains($0.key) }) {
            throw Refusal(
                "typed-data.form", "typed data has no part \(DisplayText.quoted(extra.key))")
        }
        let types = try TypedData.types(json["types"], json["domain"], rules)
        let primary: String
        if json["primaryType"] == nil, rules.infersPrimaryType {
            primary = try types.inferredPrimaryType()
        } else {
            primary = try TypedData.primaryType(json["primaryType"], types)
        }
        guard let domain = json["domain"], let message = json["message"] else {
            throw Refusal("typed-data.form", "typed data needs a domain and a message")
        }
        let reader = TypedDataReader(types: types, rules: rules)
        let domainValue = try reader.structure(TypedDataTypes.domainName, domain)
        if primary == TypedDataTypes.domainName {
            guard message == .object([]) else {
                throw Refusal("typed-data.form", "a signed domain has an empty message")
            }
            try self.init(types: types, domain: domainValue, message: nil, rules: rules)
        } else {
            try self.init(
                types: types, domain: domainValue, message: try reader.structure(primary, message),
                rules: rules)
        }
    }

    /// Reads the text that `eth_signTypedData_v4` takes, of at most one mebibyte.
    public init(parsing text: [UInt8], rules: TypedDataRules = .strict) throws(Refusal) {
        try self.init(
            try JSON.parse(text, limits: JSON.Limits(bytes: 1 << 20, depth: 48)), rules: rules)
    }

    /// Takes a message in a domain of the house.
    public init(_ message: TypedStruct, in domain: SigningDomain) throws(Refusal) {
        var found: [TypedDataTypes.Definition] = []
        try domain.value.collect(into: &found)
        try message.collect(into: &found)
        try self.init(
            types: try TypedDataTypes(found), domain: domain.value, message: message, rules: .strict
        )
    }

    private init(
        types: TypedDataTypes, domain: TypedStruct, message: TypedStruct?, rules: TypedDataRules
    ) throws(Refusal) {
        let encoder = TypedDataEncoder(types: types, rules: rules)
        self.types = types
        self.domain = domain
        self.message = message
        domainSeparator = try encoder.hashStruct(domain)
        if let message {
            structHash = try encoder.hashStruct(message)
        } else {
            structHash = nil
        }
        digest = TypedData.digest(domainSeparator, structHash)
    }

    /// The digest over a domain separator and a message's hash.
    static func digest(_ domainSeparator: Digest, _ structHash: Digest?) -> Digest {
        var hasher = Keccak256.Hasher()
        hasher.update([0x19, 0x01])
        hasher.update(domainSeparator)
        if let structHash { hasher.update(structHash) }
        return hasher.finalize()
    }

    /// `hashStruct` of a message without a domain: for checking others' cases.
    public static func hashStruct(
        types: JSON, primaryType: String, message: JSON, rules: TypedDataRules = .strict
    ) throws(Refusal) -> Digest {
        let types = try TypedDataTypes(try definitions(types), rules: rules)
        let value = try TypedDataReader(types: types, rules: rules).structure(primaryType, message)
        return try TypedDataEncoder(types: types, rules: rules).hashStruct(value)
    }

    private static func types(
        _ json: JSON?, _ domain: JSON?, _ rules: TypedDataRules
    ) throws(Refusal) -> TypedDataTypes {
        guard let json else { throw Refusal("typed-data.form", "typed data needs types") }
        var definitions = try definitions(json)
        if rules.infersDomainType, json[TypedDataTypes.domainName] == nil {
            let members = TypedDataTypes.domainMembers.filter { domain?[$0.name] != nil }
            definitions.append(TypedDataTypes.Definition(TypedDataTypes.domainName, members))
        }
        let types = try TypedDataTypes(definitions, rules: rules)
        guard types.defines(TypedDataTypes.domainName) else {
            // Wallets disagree on a domain that is not defined, so it always must be.
            throw Refusal("typed-data.domain", "the type EIP712Domain is not defined")
        }
        return types
    }

    private static func definitions(_ json: JSON) throws(Refusal) -> [TypedDataTypes.Definition] {
        guard case .object(let structures) = json else {
            throw Refusal("typed-data.form", "types is an object")
        }
        var definitions: [TypedDataTypes.Definition] = []
        for structure in structures {
            guard case .array(let elements) = structure.value else {
                throw Refusal("typed-data.form", "the members of a struct are an array")
            }
            var members: [TypedDataTypes.Member] = []
            for element in elements {
                guard element.members?.count == 2, let name = element["name"]?.text,
                    let type = element["type"]?.text
                else {
                    throw Refusal("typed-data.form", "a member has a name and a type, no more")
                }
                members.append(TypedDataTypes.Member(name, type))
            }
            definitions.append(TypedDataTypes.Definition(structure.key, members))
        }
        return definitions
    }

    private static func primaryType(_ json: JSON?, _ types: TypedDataTypes) throws(Refusal)
        -> String
    {
        guard let name = json?.text else {
            throw Refusal("typed-data.form", "primaryType is the name of a struct")
        }
        guard types.defines(name) else {
            throw Refusal("typed-data.type", "\(DisplayText.quoted(name)) is not defined")
        }
        return name
    }
}
