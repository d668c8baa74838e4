import Cryptography
import Primitives
import Testing
import Wallet

@Suite struct EthereumTests {
    @Test func rlpOfTheSpecification() throws {
        let cat = RLP.bytes(Array("cat".utf8))
        let dog = RLP.bytes(Array("dog".utf8))
        #expect(Hex.encode(RLP.list([cat, dog]).encoded) == "c88363617483646f67")
        #expect(RLP.bytes([]).encoded == [0x80])
        #expect(RLP.list([]).encoded == [0xC0])
        #expect(RLP.number(0).encoded == [0x80])
        #expect(RLP.number(1024).encoded == [0x82, 0x04, 0x00])
    }

    @Test func rlpRoundTrips() throws {
        var random = SplitMix64(seed: 8)
        for _ in 0..<200 {
            let value = randomValue(&random, depth: 4)
            #expect(try RLP(decoding: value.encoded) == value)
        }
    }

    private func randomValue(_ random: inout SplitMix64, depth: Int) -> RLP {
        if depth == 0 || random.next(below: 2) == 0 {
            let count = [0, 1, 2, 55, 56, 300][Int(random.next(below: 6))]
            return .bytes(random.bytes(count))
        }
        let count = Int(random.next(below: 5))
        return .list((0..<count).map { _ in randomValue(&random, depth: depth - 1) })
    }

    @Test func onlyTheShortestSpellingIsRead() {
        for hex in ["", "8100", "817f", "b800", "b90000", "83646f", "c1", "0000", "f800", "b801ff"]
        {
            #expect(throws: Refusal("rlp.malformed", "")) {
                try RLP(decoding: Hex.decode(hex) ?? [])
            }
        }
        let deep = [UInt8](repeating: 0xC1, count: 100) + [0xC0]
        #expect(throws: Refusal("rlp.malformed", "")) { try RLP(decoding: deep) }
    }

    @Test func randomBytesNeverCrashAndNeverReadTwoWays() {
        var random = SplitMix64(seed: 9)
        for _ in 0..<5000 {
            let bytes = random.bytes(Int(random.next(below: 12)))
            if let value = try? RLP(decoding: bytes) { #expect(value.encoded == bytes) }
        }
    }

    /// The example of EIP-155.
    @Test func theLegacyTransactionOfEIP155() throws {
        let key = try Secp256k1PrivateKey([UInt8](repeating: 0x46, count: 32))
        let transaction = EthereumTransaction(
            chainId: 1, nonce: 9, fee: .legacy(price: Word256(20_000_000_000)), gas: 21_000,
            to: Address([UInt8](repeating: 0x35, count: 20)),
            value: Word256(1_000_000_000_000_000_000), data: [])
        #expect(
            transaction.digest.hex
                == "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53")
        #expect(
            Hex.encode(try transaction.sign(key).raw)
                == "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        )
    }
}
