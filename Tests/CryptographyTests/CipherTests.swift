import Cryptography
import Primitives
import Testing

@Suite struct CipherTests {
    /// NIST SP 800-38A, F.5.1, first block.
    @Test func aesCounterModeOfNIST() throws {
        let key = SecretBytes(try #require(Hex.decode("2b7e151628aed2a6abf7158809cf4f3c")))
        let counter = try #require(Hex.decode("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"))
        let plain = try #require(Hex.decode("6bc1bee22e409f96e93d7e117393172a"))
        let cipher = try AES128CTR.apply(plain, key: key, initialCounter: counter)
        #expect(Hex.encode(cipher) == "874d6191b620e3261bef6864990db6ce")
        #expect(try AES128CTR.apply(cipher, key: key, initialCounter: counter) == plain)
        #expect(try AES128CTR.apply([], key: key, initialCounter: counter).isEmpty)
    }

    @Test func whatIsSealedOpensAndNothingElseDoes() throws {
        var random = SplitMix64(seed: 4)
        for count in [0, 1, 16, 1000] {
            let key = SecretBytes(random.bytes(32))
            let nonce = random.bytes(12)
            let plain = random.bytes(count)
            let sealed = try ChaCha20Poly1305.seal(plain, key: key, nonce: nonce, additional: [1])
            #expect(sealed.count == count + 16)
            #expect(
                try ChaCha20Poly1305.open(sealed, key: key, nonce: nonce, additional: [1]) == plain)
            var forged = sealed
            forged[Int(random.next(below: UInt64(sealed.count)))] ^= 1
            #expect(throws: Refusal("crypto.forged", "")) {
                try ChaCha20Poly1305.open(forged, key: key, nonce: nonce, additional: [1])
            }
            #expect(throws: Refusal("crypto.forged", "")) {
                try ChaCha20Poly1305.open(sealed, key: key, nonce: nonce, additional: [2])
            }
            let other = try AES256GCM.seal(plain, key: key, nonce: nonce)
            #expect(try AES256GCM.open(other, key: key, nonce: nonce) == plain)
            #expect(throws: Refusal("crypto.forged", "")) {
                try AES256GCM.open(sealed, key: key, nonce: nonce)
            }
        }
        #expect(throws: Refusal("crypto.forged", "")) {
            try AES256GCM.open([1], key: SecretBytes(random.bytes(32)), nonce: random.bytes(12))
        }
    }

    /// RFC 8439, section 2.8.2: the tag.
    @Test func chaChaOfRFC8439() throws {
        let sealed = try ChaCha20Poly1305.seal(
            Array(
                "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
                    .utf8),
            key: SecretBytes(Array(0x80...0x9F)),
            nonce: try #require(Hex.decode("070000004041424344454647")),
            additional: try #require(Hex.decode("50515253c0c1c2c3c4c5c6c7")))
        #expect(Hex.encode(sealed.suffix(16)) == "1ae10b594f09e26a7e902ecbd0600691")
    }
}
