import Cryptography
import Primitives
import Testing

@Suite struct KeyDerivationTests {
    /// RFC 4231, case 2.
    @Test func hmacOfRFC4231() {
        let key = Array("Jefe".utf8)
        let message = Array("what do ya want for nothing?".utf8)
        #expect(
            HMAC.sha256(key: key, message: message).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(HMAC.sha256(key: SecretBytes(key), message: message).hex.hasPrefix("5bdcc146"))
        #expect(
            Hex.encode(HMAC.sha512(key: key, message: message))
                == "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        )
    }

    @Test func hmacTakesEmptyKeysAndMessages() {
        #expect(
            HMAC.sha256(key: [UInt8](), message: []).hex
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    /// RFC 5869, case 1.
    @Test func hkdfOfRFC5869() throws {
        let key = try HKDF.sha256(
            secret: SecretBytes([UInt8](repeating: 0x0B, count: 22)), salt: Array(0...12),
            info: Array(0xF0...0xF9), count: 42)
        #expect(
            Hex.encode(key.exposed())
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        )
    }

    /// RFC 7914, section 11.
    @Test func pbkdf2OfRFC7914() throws {
        let key = try PBKDF2.sha256(
            password: SecretBytes(utf8: "passwd"), salt: Array("salt".utf8), iterations: 1,
            count: 64)
        #expect(
            Hex.encode(key.exposed())
                == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
        )
    }

    /// RFC 7914, section 12.
    @Test(arguments: [
        (
            "", "", 16, 1, 1,
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        (
            "password", "NaCl", 1024, 8, 16,
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
    ])
    func scryptOfRFC7914(
        password: String, salt: String, n: Int, r: Int, p: Int, expected: String
    ) throws {
        let key = try Scrypt.derive(
            password: SecretBytes(utf8: password), salt: Array(salt.utf8),
            Scrypt.Parameters(n: n, r: r, p: p), count: 64)
        #expect(Hex.encode(key.exposed()) == expected)
    }

    @Test(arguments: [
        (0, 1, 1), (1, 1, 1), (3, 1, 1), (16, 0, 1), (16, 1, 0), (-2, 8, 1), (1 << 30, 8, 1),
        (2, Int.max, 1), (2, 1, Int.max), (Int.max, Int.max, Int.max), (1 << 62, 1, 1),
        (2, 1 << 20, 1), (1 << 23, 1, 1 << 23),
    ])
    func scryptRefusesWhatIsWrongOrTooCostly(n: Int, r: Int, p: Int) {
        #expect(throws: Refusal("crypto.parameters", "")) {
            try Scrypt.derive(
                password: SecretBytes([1]), salt: [], Scrypt.Parameters(n: n, r: r, p: p), count: 32
            )
        }
    }

    @Test func pbkdf2RefusesZeroRounds() {
        #expect(throws: Refusal("crypto.parameters", "")) {
            try PBKDF2.sha256(password: SecretBytes([1]), salt: [], iterations: 0, count: 32)
        }
    }
}
