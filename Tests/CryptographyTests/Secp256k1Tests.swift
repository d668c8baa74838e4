import Cryptography
import Primitives
import Testing

@Suite struct Secp256k1Tests {
    private static let cow = Keccak256.hash(Array("cow".utf8)).bytes

    @Test func knownAddresses() throws {
        var one = [UInt8](repeating: 0, count: 32)
        one[31] = 1
        #expect(
            try Secp256k1PrivateKey(one).address
                == Address(hex: "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"))
        #expect(
            try Secp256k1PrivateKey(Self.cow).address
                == Address(hex: "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826"))
    }

    @Test(arguments: [
        String(repeating: "0", count: 64),
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        String(repeating: "f", count: 64), "01", "",
    ])
    func keysOutOfRangeAreRefused(hex: String) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect(throws: Refusal("crypto.key", "")) { try Secp256k1PrivateKey(bytes) }
    }

    @Test func whatIsSignedIsRecovered() throws {
        var random = SplitMix64(seed: 712)
        for _ in 0..<200 {
            let key = try Secp256k1PrivateKey(random.bytes(32))
            let digest = Keccak256.hash(random.bytes(40))
            let signature = try key.sign(digest)
            #expect(try Secp256k1.recover(digest, signature) == key.address)
            #expect(try Secp256k1.recoverPublicKey(digest, signature) == key.publicKey)
            #expect(try Secp256k1.publicKey(key.compressedPublicKey) == key.publicKey)
            #expect(try RecoverableSignature(signature.bytes) == signature)
            #expect(try RecoverableSignature(compact: signature.compactBytes) == signature)
            #expect(try RecoverableSignature(hex: signature.hex) == signature)
            #expect(try RecoverableSignature(decoding: signature.encoded) == signature)
        }
    }

    @Test func blindingDoesNotChangeASignature() throws {
        let digest = SHA256.hash([1])
        let plain = try Secp256k1PrivateKey(SecretBytes(Self.cow))
        let blinded = try Secp256k1PrivateKey(SecretBytes(Self.cow), blinding: [1, 2, 3])
        #expect(try plain.sign(digest) == blinded.sign(digest))
    }

    @Test func theHighTwinIsRefused() throws {
        var random = SplitMix64(seed: 2)
        let order = try #require(
            Digest(hex: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        for _ in 0..<20 {
            let key = try Secp256k1PrivateKey(random.bytes(32))
            let signature = try key.sign(SHA256.hash(random.bytes(8)))
            let twin =
                signature.r.bytes + (order &- signature.s).bytes + [signature.isOdd ? 27 : 28]
            #expect(throws: Refusal("signature.high-s", "")) { try RecoverableSignature(twin) }
        }
    }

    @Test func onlyFourValuesOfVAreRead() throws {
        let signature = try Secp256k1PrivateKey(Self.cow).sign(SHA256.hash([]))
        for v in UInt8.min...UInt8.max {
            let bytes = Array(signature.bytes.dropLast()) + [v]
            if [0, 1, 27, 28].contains(v) {
                #expect(try RecoverableSignature(bytes).isOdd == [1, 28].contains(v))
            } else {
                #expect(throws: Refusal("signature.v", "")) { try RecoverableSignature(bytes) }
            }
        }
    }

    @Test func numbersOutOfRangeAreRefused() throws {
        let good = try Secp256k1PrivateKey(Self.cow).sign(SHA256.hash([]))
        let order = try #require(
            Digest(hex: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        for (r, s) in [(Digest.zero, good.s), (order, good.s), (good.r, .zero), (good.r, order)] {
            #expect(throws: Refusal("signature.range", "")) {
                try RecoverableSignature(r: r, s: s, isOdd: false)
            }
        }
        for count in [0, 64, 66] {
            #expect(throws: Refusal("signature.length", "")) {
                try RecoverableSignature([UInt8](repeating: 1, count: count))
            }
        }
    }

    @Test func theCodecHasOneSpelling() throws {
        let signature = try Secp256k1PrivateKey(Self.cow).sign(SHA256.hash([]))
        let other = Array(signature.bytes.dropLast()) + [signature.v - 27]
        #expect(throws: Refusal("signature.v", "")) { try RecoverableSignature(decoding: other) }
    }
}
