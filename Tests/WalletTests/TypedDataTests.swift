import Cryptography
import Primitives
import Testing

@testable import Wallet

@Suite struct TypedDataTests {
    @Test func theOfficialMail() throws {
        let data = try TypedData(try Mail.document())
        #expect(
            try data.types.encodeType("Mail")
                == "Mail(Person from,Person to,string contents)Person(string name,address wallet)")
        #expect(
            data.domainSeparator.hex
                == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f")
        #expect(
            data.structHash?.hex
                == "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e")
        #expect(
            data.digest.hex == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2")
        let key = try Secp256k1PrivateKey(Keccak256.hash(Array("cow".utf8)).bytes)
        #expect(
            try key.sign(data.digest).hex
                == "0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c"
        )
    }

    @Test func aDomainAloneMayBeSigned() throws {
        var document = try Mail.document()
        document = document.replacing("primaryType", "EIP712Domain")
        #expect(throws: Refusal("typed-data.form", "")) { try TypedData(document) }
        let data = try TypedData(document.replacing("message", .object([])))
        #expect(data.structHash == nil)
        #expect(data.digest == Keccak256.hash([0x19, 0x01], data.domainSeparator.bytes))
    }

    @Test func theRenderedDocumentMeansTheSame() throws {
        let data = try TypedData(
            try Mail.with(type: "int16[2][]", value: [[1, -2], ["-32768", "32767"]]))
        #expect(try TypedData(data.json).digest == data.digest)
        #expect(try TypedData(parsing: Array(data.json.compact.utf8)).digest == data.digest)
    }

    @Test func membersMayComeInAnyOrder() throws {
        let document = try Mail.document()
        let members = try #require(document["message"]?.members)
        let turned = document.replacing("message", .object(members.reversed()))
        #expect(try TypedData(turned).digest == TypedData(document).digest)
    }

    /// What wallets pad, wrap, truncate or cast.
    private static let coerced: [(String, JSON)] = [
        ("bool", JSON.number("1")), ("bool", "false"), ("bool", .number("-1")), ("bool", .null),
        ("uint8", .number("256")), ("uint8", .number("-1")), ("uint8", .number("1.5")),
        ("uint8", .number("1e2")), ("uint8", .number("-0")), ("uint8", ""), ("uint8", "01"),
        ("uint8", "+1"), ("uint8", " 1"), ("uint8", "0x01"), ("uint8", true), ("uint8", .null),
        ("int8", .number("128")), ("int8", .number("-129")), ("int8", "-255"), ("int8", "255"),
        (
            "uint256",
            "115792089237316195423570985008687907853269984665640564039457584007913129639936"
        ),
        ("uint256", .number("9007199254740992")), ("uint256", "1e18"), ("uint256", []),
        ("bytes4", "0x0102030405"), ("bytes4", "0x010203"), ("bytes4", "01020304"),
        ("bytes4", .number("1")), ("bytes", "0x0"), ("bytes", "zz"), ("bytes", .number("10")),
        ("bytes32", "0x01"), ("bytes", "0xzz"), ("string", .number("5")), ("string", .null),
        ("string", .bool(true)), ("address", "0x10"), ("address", .number("0")),
        ("address", "0xcd2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
        ("string[2]", ["a"]), ("string[2]", ["a", "b", "c"]), ("string[]", "a"),
        ("string[]", .object([])), ("uint8[][]", [1]), ("Person", .null), ("Person", "x"),
        ("Person", .object([])), ("Person", ["name": "x"]),
        (
            "Person",
            [
                "name": "x", "wallet": "0x0000000000000000000000000000000000000000", "more": 1,
            ]
        ),
    ]

    @Test(arguments: coerced)
    func whatAWalletWouldCoerceIsRefused(type: String, value: JSON) throws {
        let document = try Mail.with(type: type, value: value)
        #expect(throws: Refusal.self) { try TypedData(document) }
    }

    @Test(arguments: [
        "uint", "int", "uint0", "uint7", "uint08", "uint264", "int1", "bytes0", "bytes33",
        "bytes01", "byte", "Uint8", "string[0]", "string[01]", "string[-1]", "string[", "string]",
        "string[]x", "string[1048577]", "", " string", "Nobody", "fixed128x18", "function",
        "EIP712Domain", "bool[][][][][][][][][]",
    ])
    func wrongTypesAreRefused(type: String) throws {
        let document = try Mail.with(type: type, value: .array([]))
        #expect(throws: Refusal.self) { try TypedData(document) }
    }

    private static let edges: [(String, JSON)] = [
        ("uint8", JSON.number("255")), ("uint8", "255"), ("int8", .number("-128")), ("int8", "127"),
        ("uint256", .number("9007199254740991")),
        (
            "uint256",
            "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        ),
        (
            "int256",
            "-57896044618658097711785492504343953926634992332820282019728792003956564819968"
        ),
        ("bytes4", "0x0102030A"), ("bytes", "0x"), ("string", ""), ("bool", false),
        ("string[2]", ["a", ""]), ("Person[]", []), ("uint8[2][]", []),
    ]

    @Test(arguments: edges)
    func valuesAtTheEdgeAreTaken(type: String, value: JSON) throws {
        let data = try TypedData(try Mail.with(type: type, value: value))
        #expect(try TypedData(data.json).digest == data.digest)
    }

    @Test func theDocumentsFormIsStrict() throws {
        let document = try Mail.document()
        let types = try #require(document["types"])
        let domain = try #require(document["domain"])
        let spoilt = [
            document.replacing("extra", 1), document.replacing("primaryType", nil),
            document.replacing("primaryType", "Nobody"), document.replacing("domain", nil),
            document.replacing("message", nil), document.replacing("types", nil),
            document.replacing("types", types.replacing("EIP712Domain", nil)),
            document.replacing("types", types.replacing("string", types["Person"])),
            document.replacing("types", types.replacing("Person", .array([]))),
            document.replacing("domain", domain.replacing("salt", "0x00")),
            document.replacing("domain", domain.replacing("name", nil)),
            document.replacing("domain", domain.replacing("chainId", "one")),
            document.replacing(
                "types",
                types.replacing(
                    "EIP712Domain",
                    .array(Array((types["EIP712Domain"]?.elements ?? []).reversed())))),
        ]
        for document in spoilt {
            #expect(throws: Refusal.self) { try TypedData(document) }
        }
    }

    /// A canonical equivalent of a name is another name: U+212A is the Kelvin sign.
    @Test func namesAreComparedByTheirBytes() throws {
        let document = try Mail.with(type: "uint8", value: 1)
        let types = try #require(document["types"])
        let member: JSON = ["name": "K", "type": "uint8"]
        let changed = document.replacing("types", types.replacing("Mail", .array([member])))
        #expect(throws: Refusal("typed-data.field", "")) {
            try TypedData(changed.replacing("message", ["\u{212A}": 1]))
        }
        #expect(throws: Never.self) { try TypedData(changed.replacing("message", ["K": 1])) }
    }

    @Test func recursionIsBounded() throws {
        let type: JSON = [["name": "next", "type": "Node[]"]]
        var value: JSON = ["next": []]
        for _ in 0..<40 { value = ["next": .array([value])] }
        let domain: JSON = [["name": "name", "type": "string"]]
        let document: JSON = [
            "types": ["EIP712Domain": domain, "Node": type], "primaryType": "Node",
            "domain": ["name": "x"], "message": value,
        ]
        #expect(throws: Refusal("typed-data.value", "")) { try TypedData(document) }
        #expect(throws: Never.self) {
            try TypedData(document.replacing("message", ["next": [["next": []]]]))
        }
    }

    @Test func othersDocumentsMayBeSpeltMoreFreely() throws {
        let official = try TypedData(try Mail.document()).digest
        let document = try Mail.document()
        let types = try #require(document["types"])
        let free =
            document.replacing("primaryType", nil)
            .replacing("types", types.replacing("EIP712Domain", nil))
        #expect(try TypedData(free, rules: .interoperable).digest == official)
        let alias = try Mail.with(type: "uint", value: "0xff")
        #expect(throws: Never.self) { try TypedData(alias, rules: .interoperable) }
        for value: JSON in [.bool(true), .number("-1"), "0x", .number("1.5")] {
            let document = try Mail.with(type: "uint", value: value)
            #expect(throws: Refusal.self) { try TypedData(document, rules: .interoperable) }
        }
    }

    /// MetaMask's minimal document: a domain without members, and nothing beside it.
    @Test func aStructWithoutMembersIsOthersToWrite() throws {
        let document: JSON = [
            "types": ["EIP712Domain": []], "primaryType": "EIP712Domain",
            "domain": .object([]), "message": .object([]),
        ]
        #expect(throws: Refusal("typed-data.type", "")) { try TypedData(document) }
        let data = try TypedData(document, rules: .interoperable)
        #expect(
            data.domainSeparator.hex
                == "6192106f129ce05c9075d319c1fa6ea9b3ae37cbd0c1ef92e2be7137bb07baa1")
        #expect(
            data.digest.hex == "8d4a3f4082945b7879e2b55f181c31a77c8c0a464b70669458abbaaf99de4c38")
    }
}
