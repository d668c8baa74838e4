import Cryptography
import Primitives
import Testing

@Suite struct SecretTests {
    private let canary = "canary-7f3a"

    @Test func aSecretPrintsAsNothing() {
        let secret = SecretBytes(utf8: canary)
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] {
            #expect(!text.contains(canary))
            #expect(!text.contains("99, 97"))
        }
        #expect("\(secret)" == "<secret>")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test func aPrivateKeyPrintsAsNothing() throws {
        let key = try Secp256k1PrivateKey([UInt8](repeating: 0x5A, count: 32))
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.lowercased().contains("5a5a"))
        #expect(!dumped.contains("90"))
        #expect("\(key)" == "<secret>")
    }

    @Test func secretsHaveNoEncodingAndNoHash() {
        let secret: Any = SecretBytes([1])
        #expect(!(secret is any Encodable))
        #expect(!(secret is any Hashable))
        #expect(!(secret is any BinaryCodable))
    }

    @Test func equalityIsByContent() {
        #expect(SecretBytes([1, 2]) == SecretBytes([1, 2]))
        #expect(SecretBytes([1, 2]) != SecretBytes([1, 3]))
        #expect(SecretBytes([1, 2]) != SecretBytes([1]))
        #expect(SecretBytes([]) == SecretBytes([]))
        #expect(ConstantTime.equal([], []))
        #expect(!ConstantTime.equal([0], []))
    }

    @Test func consumingWipesTheSource() {
        var bytes: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(consuming: &bytes)
        #expect(bytes.isEmpty)
        #expect(secret.exposed() == [1, 2, 3])
        #expect(secret.part(1..<3)?.exposed() == [2, 3])
        #expect(secret.part(1..<4) == nil)
    }
}
