import Primitives
import Testing
import Wallet

@Suite struct Word256Tests {
    private let maximum =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    @Test func decimalsRoundTrip() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<200 {
            let bytes = random.bytes(Int(random.next(below: 33)))
            let word = try #require(Word256(bigEndian: bytes))
            #expect(Word256(decimal: word.description) == word)
            #expect(Word256(bigEndian: word.bytes) == word)
            #expect(word.minimalBytes == Array(bytes.drop { $0 == 0 }))
        }
        #expect(Word256(decimal: maximum)?.description == maximum)
        #expect(Word256(decimal: maximum)?.bitWidth == 256)
        #expect(Word256.zero.bitWidth == 0)
    }

    @Test(arguments: [
        "", "-", "+1", "01", "00", "1 ", "1.0", "0x1", "１",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        "999999999999999999999999999999999999999999999999999999999999999999999999999999",
    ])
    func otherTextIsNoNumber(text: String) {
        #expect(Word256(decimal: text) == nil)
        #expect(SignedWord256(decimal: "-" + text) == nil)
    }

    @Test(arguments: [8, 16, 64, 128, 136, 256])
    func signedRangesAreExact(bits: Int) throws {
        var bytes = [UInt8](repeating: 0, count: bits / 8)
        bytes[0] = 0x80
        let edge = try #require(Word256(bigEndian: bytes))
        #expect(SignedWord256(isNegative: true, magnitude: edge).fitsSigned(bits: bits))
        #expect(!SignedWord256(magnitude: edge).fitsSigned(bits: bits))
        bytes[bits / 8 - 1] |= 1
        let beyond = try #require(Word256(bigEndian: bytes))
        #expect(!SignedWord256(isNegative: true, magnitude: beyond).fitsSigned(bits: bits))
    }

    @Test func twosComplement() throws {
        let minusOne = try #require(SignedWord256(decimal: "-1"))
        #expect(minusOne.twosComplement.description == maximum)
        #expect(SignedWord256(decimal: "-0") == nil)
        #expect(minusOne.description == "-1")
    }
}
