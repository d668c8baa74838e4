import Cryptography
import Primitives
import Testing
import Wallet

/// Typed data made from a command's values: what the house signs.
@Suite struct CommandTests {
    private static let voter = Address.zero

    private func vote(_ nonce: UInt64 = 7, title: String = "Train a model") -> TypedStruct {
        TypedStruct(
            "Vote",
            fields: [
                ("title", "string", .string(title)),
                ("choice", "string", .string("for")),
                ("proposal", "uint64", .unsigned(UInt64(12))),
                ("effects", "bytes32", .digest(SHA256.hash([1]))),
                ("voter", "address", .address(Self.voter)),
                ("nonce", "uint64", .unsigned(nonce)),
            ])
    }

    @Test func aCommandAndItsDocumentHaveOneDigest() throws {
        let domain = try SigningDomain(salt: SHA256.hash([2]))
        let data = try TypedData(vote(), in: domain)
        #expect(try domain.digest(of: vote()) == data.digest)
        #expect(data.domainSeparator == domain.separator)
        #expect(try TypedData(data.json).digest == data.digest)
        #expect(data.json["types"]?["EIP712Domain"]?.elements?.count == 5)
        #expect(data.json["message"]?["nonce"] == "7")
    }

    @Test func anotherGenesisChainOrContractGivesAnotherDigest() throws {
        let salt = SHA256.hash([2])
        let contract = try ChecksumAddress.parse("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC")
        let digests = try [
            SigningDomain(salt: salt), SigningDomain(salt: SHA256.hash([3])),
            SigningDomain(chainId: 2, salt: salt),
            SigningDomain(verifyingContract: contract, salt: salt),
        ].map { try $0.digest(of: vote()) }
        #expect(Set(digests).count == digests.count)
        #expect(
            try Set((0..<50).map { try SigningDomain(salt: salt).digest(of: vote($0)) }).count == 50
        )
    }

    @Test func nestedStructsBringTheirTypes() throws {
        let share = TypedStruct(
            "Share",
            fields: [
                ("role", "string", .string("treasury")), ("parts", "uint32", .unsigned(UInt32(5))),
            ])
        let policy = TypedStruct(
            "Policy",
            fields: [("shares", "Share[]", .array([.structure(share), .structure(share)]))])
        #expect(
            try policy.types().encodeType("Policy")
                == "Policy(Share[] shares)Share(string role,uint32 parts)")
        let empty = TypedStruct(
            "Policy", fields: [("shares", "Share[]", .array([]))], definitions: [share.definition])
        #expect(try empty.types().typeHash("Policy") == policy.types().typeHash("Policy"))
        let unknown = TypedStruct("Policy", fields: [("shares", "Share[]", .array([]))])
        #expect(throws: Refusal("typed-data.type", "")) { try unknown.types() }
    }

    @Test func valuesThatDoNotFitAreRefused() throws {
        let domain = try SigningDomain(salt: .zero)
        for (type, value) in [
            ("uint8", TypedValue.unsigned(UInt64(256))), ("bytes32", .bytes([1])),
            ("bool", .string("x")),
            ("string", .bytes([])), ("uint8[1]", .array([])), ("uint8", .absent),
        ] {
            let command = TypedStruct("Command", fields: [("value", type, value)])
            #expect(throws: Refusal("typed-data.value", "")) { try domain.digest(of: command) }
        }
    }

    @Test func oneNameHasOneDefinition() {
        let one = TypedStruct("Share", fields: [("a", "bool", .bool(true))])
        let other = TypedStruct("Share", fields: [("b", "bool", .bool(true))])
        let both = TypedStruct(
            "Both", fields: [("x", "Share", .structure(one)), ("y", "Share", .structure(other))])
        #expect(throws: Refusal("typed-data.type", "")) { try both.types() }
    }

    @Test func aPersonReadsEveryField() throws {
        let domain = try SigningDomain(salt: .zero)
        let data = try TypedData(vote(title: "Train\u{202E}\nfor free"), in: domain)
        #expect(
            data.lines == [
                "Vote",
                "  title     \"Train\\u{202e}\\u{a}for free\"",
                "  choice    \"for\"",
                "  proposal  12",
                "  effects   0x" + SHA256.hash([1]).hex,
                "  voter     0x0000000000000000000000000000000000000000",
                "  nonce     7",
                "signed for",
                "  name               \"Althing\"",
                "  version            \"1\"",
                "  chainId            1",
                "  verifyingContract  0x0000000000000000000000000000000000000000",
                "  salt               0x" + Digest.zero.hex,
                "digest " + data.digest.hex,
            ])
    }
}
