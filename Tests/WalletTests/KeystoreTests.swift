import Cryptography
import Primitives
import Testing
import Wallet

@Suite struct KeystoreTests {
    private let password = SecretBytes(utf8: "testpassword")

    /// The PBKDF2 example of the Web3 Secret Storage definition.
    private static let official = #"""
        {"crypto": {"cipher": "aes-128-ctr",
            "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
            "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
            "kdf": "pbkdf2", "kdfparams": {"c": 262144, "dklen": 32, "prf": "hmac-sha256",
                "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
            "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
         "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3}
        """#

    private func sealed(_ cost: KeystoreCost) throws -> (Secp256k1PrivateKey, Keystore) {
        var random = SplitMix64(seed: 6)
        let key = try Secp256k1PrivateKey(random.bytes(32))
        let entropy = random.bytes(Keystore.entropyCount)
        return (key, try Keystore.seal(key, password: password, cost: cost, entropy: entropy))
    }

    @Test func theOfficialExampleOpens() throws {
        let keystore = try Keystore(parsing: Array(Self.official.utf8))
        #expect(
            Hex.encode(try keystore.open(password: password).bytes.exposed())
                == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
    }

    /// A file may have more than 32 bytes derived; the definition asks for that many at least. The
    /// values are from hashlib and PyCryptodome.
    @Test(arguments: [
        (
            #""pbkdf2", "kdfparams": {"c": 1000, "dklen": 64, "prf": "hmac-sha256""#, 64,
            "32f449803b5346be672a3a4be613c4926b01e1d9284c4991e8781ccdb3a90960",
            "b1f6a887420e3d3dccac34909ee69be012f070fab68dcd752d40731ded488539"
        ),
        (
            #""scrypt", "kdfparams": {"n": 16, "r": 8, "p": 1, "dklen": 48"#, 48,
            "d86d7fa73ef7b6f77cc1b0855635f4d63eab5322ff8ddf3a8e029b3b1dead383",
            "9c3fdc5a51b754e62ee44da4d0e46b353e3f1acd2b9fe4930d07a43e5dd77362"
        ),
    ])
    func longerDerivedKeysOpen(
        kdf: String, count: Int, ciphertext: String, mac: String
    ) throws {
        let text = """
            {"crypto": {"cipher": "aes-128-ctr",
                "cipherparams": {"iv": "00000000000000000000000000000000"},
                "ciphertext": "\(ciphertext)", "kdf": \(kdf),
                    "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
                "mac": "\(mac)"},
             "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3}
            """
        let keystore = try Keystore(parsing: Array(text.utf8))
        #expect(try keystore.derivedKey(password: password).exposed().count == count)
        #expect(
            Hex.encode(try keystore.open(password: password).bytes.exposed())
                == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
        #expect(try Keystore(keystore.json) == keystore)
    }

    @Test func moreBytesCostMoreRounds() throws {
        let (_, keystore) = try sealed(.pbkdf2(iterations: 1))
        let crypto = try #require(keystore.json["crypto"])
        let parameters = try #require(crypto["kdfparams"])
            .replacing("dklen", .number("64")).replacing("c", .number("5000001"))
        #expect(throws: Refusal("keystore.cost", "")) {
            try Keystore(
                keystore.json.replacing("crypto", crypto.replacing("kdfparams", parameters)))
        }
    }

    @Test(arguments: [
        KeystoreCost.scrypt(Scrypt.Parameters(n: 2, r: 8, p: 1)),
        .scrypt(Scrypt.Parameters(n: 16, r: 1, p: 8)), .pbkdf2(iterations: 10),
    ])
    func whatIsSealedOpens(cost: KeystoreCost) throws {
        let (key, keystore) = try sealed(cost)
        let read = try Keystore(parsing: Array(keystore.json.pretty.utf8))
        #expect(read == keystore)
        #expect(try read.open(password: password).bytes == key.bytes)
        #expect(read.address == key.address)
        #expect(throws: Refusal("keystore.password", "")) {
            try read.open(password: SecretBytes(utf8: "Testpassword"))
        }
    }

    @Test func theIdentifierIsARandomUUID() throws {
        let (_, keystore) = try sealed(.pbkdf2(iterations: 1))
        let parts = keystore.id.split(separator: "-")
        #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
        #expect(parts[2].first == "4")
        #expect("89ab".contains(try #require(parts[3].first)))
    }

    @Test func theFileNamesNeitherKeyNorPassword() throws {
        let (key, keystore) = try sealed(.pbkdf2(iterations: 1))
        let text = keystore.json.compact
        #expect(!text.contains(Hex.encode(key.bytes.exposed())))
        #expect(!text.contains("testpassword"))
        #expect(!"\(keystore)".contains(Hex.encode(key.bytes.exposed())))
    }

    @Test func anotherAccountsNameIsNoticed() throws {
        let (_, keystore) = try sealed(.pbkdf2(iterations: 1))
        let other = keystore.json.replacing("address", .string(Address.zero.hex))
        #expect(throws: Refusal("keystore.address", "")) {
            try Keystore(other).open(password: password)
        }
    }

    @Test func wrongEntropyIsRefused() throws {
        let (key, _) = try sealed(.pbkdf2(iterations: 1))
        #expect(throws: Refusal("keystore.entropy", "")) {
            try Keystore.seal(key, password: password, entropy: [1, 2, 3])
        }
    }

    /// Each is refused when it is read: nothing is derived, nothing is allocated.
    @Test(arguments: [
        ("kdfparams", "n", JSON.number("1073741824")), ("kdfparams", "n", .number("0")),
        ("kdfparams", "n", .number("1")), ("kdfparams", "n", .number("3")),
        ("kdfparams", "n", .number("-2")), ("kdfparams", "n", "2"),
        ("kdfparams", "n", .number("2.0")),
        ("kdfparams", "n", .number("99999999999999999999")), ("kdfparams", "r", .number("0")),
        ("kdfparams", "p", .number("0")), ("kdfparams", "p", .number("1073741823")),
        ("kdfparams", "r", .number("9223372036854775807")), ("kdfparams", "dklen", .number("31")),
        ("kdfparams", "dklen", .number("129")), ("kdfparams", "salt", "xyz"),
        ("kdfparams", "salt", ""), ("kdfparams", "salt", .null), ("cipherparams", "iv", "00"),
        ("cipherparams", "iv", "0x00000000000000000000000000000000"),
    ])
    func wrongParametersAreRefused(section: String, member: String, value: JSON) throws {
        let (_, keystore) = try sealed(.scrypt(Scrypt.Parameters(n: 2, r: 8, p: 1)))
        let crypto = try #require(keystore.json["crypto"])
        let changed = try #require(crypto[section]).replacing(member, value)
        let document = keystore.json.replacing("crypto", crypto.replacing(section, changed))
        #expect(throws: Refusal.self) { try Keystore(document) }
    }

    @Test(arguments: [
        ("cipher", JSON.string("aes-128-cbc")), ("cipher", .null), ("ciphertext", ""),
        ("ciphertext", .string(String(repeating: "00", count: 33))), ("ciphertext", "0"),
        ("kdf", "argon2"), ("kdf", .null), ("mac", "00"), ("mac", .null), ("kdfparams", .null),
        ("kdfparams", "x"),
    ])
    func wrongSectionsAreRefused(member: String, value: JSON) throws {
        let (_, keystore) = try sealed(.pbkdf2(iterations: 1))
        let crypto = try #require(keystore.json["crypto"])
        let document = keystore.json.replacing("crypto", crypto.replacing(member, value))
        #expect(throws: Refusal.self) { try Keystore(document) }
        #expect(throws: Refusal.self) { try Keystore(keystore.json.replacing("crypto", nil)) }
    }

    @Test(arguments: [
        ("version", JSON.number("1")), ("version", "3"), ("version", nil), ("id", "x"), ("id", nil),
        ("address", "0x10"), ("address", .number("1")),
    ])
    func wrongHeadsAreRefused(member: String, value: JSON?) throws {
        let (_, keystore) = try sealed(.pbkdf2(iterations: 1))
        #expect(throws: Refusal.self) { try Keystore(keystore.json.replacing(member, value)) }
    }

    @Test func whatIsNoDocumentIsRefused() {
        for text in ["", "{", "[]", "null", "{\"version\": 3}", String(repeating: "[", count: 100)]
        {
            #expect(throws: Refusal.self) { try Keystore(parsing: Array(text.utf8)) }
        }
        #expect(throws: Refusal("keystore.malformed", "")) {
            try Keystore(parsing: [UInt8](repeating: 0x20, count: 70_000))
        }
    }
}
