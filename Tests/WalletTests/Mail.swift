import Primitives
import Testing

/// EIP-712's own example, and ways to spoil it.
enum Mail {
    static let text = #"""
        {"types": {
            "EIP712Domain": [{"name": "name", "type": "string"},
                {"name": "version", "type": "string"}, {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"}],
            "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
            "Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person"},
                {"name": "contents", "type": "string"}]},
         "primaryType": "Mail",
         "domain": {"name": "Ether Mail", "version": "1", "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
         "message": {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
            "contents": "Hello, Bob!"}}
        """#

    static func document() throws -> JSON { try JSON.parse(text) }

    /// The example with one more member of a type and a value.
    static func with(type: String, value: JSON) throws -> JSON {
        var document = try document()
        let types = try #require(document["types"])
        let mail = try #require(types["Mail"]?.elements)
        let message = try #require(document["message"]?.members)
        let member: JSON = ["name": "q", "type": .string(type)]
        document = document.replacing("types", types.replacing("Mail", .array(mail + [member])))
        return document.replacing("message", .object(message + [JSON.Member("q", value)]))
    }
}

extension JSON {
    /// The object with one member's value changed, or added.
    func replacing(_ key: String, _ value: JSON?) -> JSON {
        var members = (members ?? []).filter { $0.key != key }
        if let value { members.append(Member(key, value)) }
        return .object(members)
    }
}
