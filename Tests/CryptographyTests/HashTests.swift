import Cryptography
import Primitives
import Testing

@Suite struct HashTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func sha256OfFIPS180(text: String, expected: String) {
        #expect(SHA256.hash(Array(text.utf8)).hex == expected)
    }

    @Test(arguments: [
        ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (
            "Transfer(address,address,uint256)",
            "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
        ),
    ])
    func keccak256OfEthereum(text: String, expected: String) {
        #expect(Keccak256.hash(Array(text.utf8)).hex == expected)
    }

    @Test func keccakIsNotSHA3() {
        let sha3 = "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"
        #expect(Keccak256.hash(Array("abc".utf8)).hex != sha3)
    }

    @Test func piecesGiveTheDigestOfTheWhole() {
        var random = SplitMix64(seed: 1)
        for count in [0, 1, 7, 8, 55, 56, 64, 65, 135, 136, 137, 271, 272, 273, 1000] {
            let bytes = random.bytes(count)
            var sha = SHA256.Hasher()
            var keccak = Keccak256.Hasher()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int(random.next(below: 40)) + 1))
                rest = rest.dropFirst(piece.count)
                sha.update(piece)
                keccak.update(piece)
            }
            #expect(sha.finalize() == SHA256.hash(bytes))
            #expect(keccak.finalize() == Keccak256.hash(bytes))
        }
    }

    @Test func aHasherGoesOnAfterADigestWasTaken() {
        var hasher = SHA256.Hasher()
        hasher.update(UInt8(0x61))
        _ = hasher.finalize()
        hasher.update(Array("bc".utf8))
        #expect(hasher.finalize() == SHA256.hash(Array("abc".utf8)))
        #expect(SHA256.hash([0x61], [0x62], [0x63]) == hasher.finalize())
    }

    @Test func digestsPassThroughBytes() {
        let digest = SHA256.hash([1])
        #expect(Digest(digest.bytes) == digest)
        #expect(Digest(digest.bytes[...]) == digest)
        #expect(digest.withBytes { Array($0) } == digest.bytes)
        #expect(Digest([UInt8](repeating: 0, count: 31)) == nil)
    }
}
