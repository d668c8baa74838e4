import Cryptography
import Primitives
import Testing

@Suite struct Curve25519Tests {
    private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

    /// RFC 8032, section 7.1, test 2.
    @Test func ed25519OfRFC8032() throws {
        let seed = SecretBytes(
            try bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let key = try Ed25519.publicKey(seed: seed)
        #expect(
            Hex.encode(key) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        let signature = try Ed25519.sign([0x72], seed: seed)
        #expect(
            Hex.encode(signature)
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        )
        #expect(Ed25519.verify(signature, [0x72], publicKey: key))
        #expect(!Ed25519.verify(signature, [0x73], publicKey: key))
        #expect(!Ed25519.verify(Array(signature.dropLast()), [0x72], publicKey: key))
        #expect(!Ed25519.verify(signature, [0x72], publicKey: [1]))
    }

    @Test func everyFlippedBitSpoilsASignature() throws {
        let seed = SecretBytes([UInt8](repeating: 7, count: 32))
        let key = try Ed25519.publicKey(seed: seed)
        let signature = try Ed25519.sign([], seed: seed)
        #expect(Ed25519.verify(signature, [], publicKey: key))
        for bit in stride(from: 0, to: 512, by: 7) {
            var forged = signature
            forged[bit >> 3] ^= 1 << UInt8(bit & 7)
            #expect(!Ed25519.verify(forged, [], publicKey: key))
        }
    }

    /// RFC 7748, section 5.2, first vector.
    @Test func x25519OfRFC7748() throws {
        let shared = try X25519.sharedSecret(
            secret: SecretBytes(
                try bytes("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")),
            publicKey: try bytes(
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"))
        #expect(
            Hex.encode(shared.exposed())
                == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
    }

    @Test func bothSidesComputeOneSecret() throws {
        var random = SplitMix64(seed: 3)
        let (one, other) = (SecretBytes(random.bytes(32)), SecretBytes(random.bytes(32)))
        let left = try X25519.sharedSecret(
            secret: one, publicKey: try X25519.publicKey(secret: other))
        let right = try X25519.sharedSecret(
            secret: other, publicKey: try X25519.publicKey(secret: one))
        #expect(left == right)
    }

    @Test func x25519RefusesAPointOfLowOrder() {
        #expect(throws: Refusal("crypto.key", "")) {
            try X25519.sharedSecret(
                secret: SecretBytes([UInt8](repeating: 9, count: 32)),
                publicKey: [UInt8](repeating: 0, count: 32))
        }
    }

    @Test func seedsOfAnotherLengthAreRefused() {
        #expect(throws: Refusal("crypto.key", "")) {
            try Ed25519.publicKey(seed: SecretBytes([1]))
        }
    }
}
