// Addresses, digests, hexadecimal and base64: strict when read, one spelling when written.

import Primitives
import Testing

@Suite struct NameTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `addresses and digests keep their bytes, their text and their order`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let (left, right) = (random.bytes(32), random.bytes(32))
            let (a, b) = (try #require(Digest(left)), try #require(Digest(right)))
            #expect(a.bytes == left)
            #expect(Digest(hex: a.hex) == a && Digest(hex: a.contentName) == a)
            #expect((a < b) == left.lexicographicallyPrecedes(right))
            #expect((a &+ b) &- b == a)
            #expect(a.withBytes { Array($0) } == left)
            #expect(Digest(left[...]) == a)
            let (short, other) = (Array(left[..<20]), Array(right[..<20]))
            let (c, d) = (try #require(Address(short)), try #require(Address(other)))
            #expect(c.bytes == short && Address(hex: c.hex) == c)
            #expect((c < d) == short.lexicographicallyPrecedes(other))
        }
    }

    @Test func `the sum of digests carries over all words, and wraps`() throws {
        let ones = try #require(Digest([UInt8](repeating: 0xFF, count: 32)))
        let one = try #require(Digest([UInt8](repeating: 0, count: 31) + [1]))
        #expect(ones &+ one == .zero)
        #expect(.zero &- one == ones)
        let carry = try #require(
            Digest([UInt8](repeating: 0, count: 24) + [UInt8](repeating: 0xFF, count: 8)))
        #expect((carry &+ one).words == (0, 0, 1, 0))
    }

    @Test func `other counts are nobody's`() {
        for count in [0, 19, 21, 31, 33, 64] {
            let bytes = [UInt8](repeating: 1, count: count)
            #expect(Address(bytes) == nil)
            #expect(Digest(bytes) == nil && Digest(bytes[...]) == nil)
        }
    }

    @Test(arguments: [
        "", "0x", "0x12", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed00",
        " 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", "0x0x5aaeb6053f3e94c9b9a09f33669435e7ef1bea",
    ])
    func `what is no address is refused`(_ text: String) { #expect(Address(hex: text) == nil) }

    @Test func `what is no digest is refused`() {
        let digits = String(repeating: "ab", count: 32)
        #expect(Digest(hex: digits) != nil && Digest(hex: "0x" + digits) != nil)
        for wrong in [
            "", String(digits.dropLast()), digits + "00", "sha256:", "SHA256:" + digits,
            "sha256:sha256:" + digits, "0x0x" + digits, String(digits.dropLast()) + "g",
        ] {
            #expect(Digest(hex: wrong) == nil, "\(wrong)")
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `hexadecimal and base64 give the bytes back`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for count in 0..<200 {
            let bytes = random.bytes(count)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes).uppercased()) == bytes)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `the published cases of base64`(_ plain: String, _ coded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == coded)
        #expect(Base64.decode(coded) == Array(plain.utf8))
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a text that base64 reads is the text it writes`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let letters = Array("ABCDEFGHwxyz0189+/==".utf8)
        var read = 0
        for _ in 0..<20_000 {
            let count = Int(random.next(below: 9))
            let text = String(
                decoding: (0..<count).map { _ in
                    letters[Int(random.next(below: UInt64(letters.count)))]
                }, as: UTF8.self)
            guard let bytes = Base64.decode(text) else { continue }
            read += 1
            #expect(Base64.encode(bytes) == text)
        }
        #expect(read > 500)
    }

    @Test(arguments: ["Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-v"])
    func `what is no canonical base64 is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `what is no hexadecimal is refused`() {
        for wrong in ["0", "0x0", "g0", "0 ", " 00", "００", "0x0x00"] {
            #expect(Hex.decode(wrong) == nil, "\(wrong)")
        }
        #expect(Hex.decode("0x00", prefixAllowed: false) == nil)
    }
}
