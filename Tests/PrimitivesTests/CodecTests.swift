// The canonical codec: one value, one spelling.

import Primitives
import Testing

/// A value with a field of every kind.
private struct Sample: BinaryCodable, Equatable {
    var byte: UInt8
    var number: UInt64
    var small: UInt32
    var large: UInt128
    var sortable: UInt64
    var flag: Bool
    var data: [UInt8]
    var text: String
    var digest: Digest
    var address: Address
    var amount: Amount
    var time: Timestamp
    var optional: UInt64?
    var array: [String]

    func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(byte)
        encoder.number(number)
        encoder.number(small)
        encoder.number(large)
        encoder.sortable(sortable)
        encoder.flag(flag)
        encoder.data(data)
        encoder.text(text)
        encoder.digest(digest)
        encoder.address(address)
        encoder.amount(amount)
        encoder.timestamp(time)
        encoder.optional(optional) { $0.number($1) }
        encoder.array(array) { $0.text($1) }
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        byte = try decoder.byte()
        number = try decoder.number()
        small = try decoder.number32()
        large = try decoder.number128()
        sortable = try decoder.sortable()
        flag = try decoder.flag()
        data = try decoder.data(limit: 64)
        text = try decoder.text(limit: 256)
        digest = try decoder.digest()
        address = try decoder.address()
        amount = try decoder.amount()
        time = try decoder.timestamp()
        optional = try decoder.optional { (inner) throws(Refusal) in try inner.number() }
        array = try decoder.array(limit: 8) { (inner) throws(Refusal) in
            try inner.text(limit: 64)
        }
    }

    init(_ random: inout SplitMix64) {
        byte = UInt8(truncatingIfNeeded: random.next())
        number = UInt64(random.edgy(bits: 64))
        small = UInt32(random.edgy(bits: 32))
        large = random.edgy()
        sortable = UInt64(random.edgy(bits: 64))
        flag = random.next(below: 2) == 0
        data = random.bytes(Int(random.next(below: 65)))
        text = random.text(upTo: 60)
        digest = Digest(random.bytes(32)) ?? .zero
        address = Address(random.bytes(20)) ?? .zero
        amount = Amount(random.edgy())
        time = Timestamp(milliseconds: UInt64(random.edgy(bits: 64)))
        optional = random.next(below: 2) == 0 ? nil : UInt64(random.edgy(bits: 64))
        array = []
        for _ in 0..<random.next(below: 9) { array.append(random.text(upTo: 15)) }
    }
}

@Suite struct CodecTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `what was encoded is decoded, and no part of it is`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100 {
            let sample = Sample(&random)
            let bytes = sample.encoded
            #expect(try Sample(decoding: bytes) == sample)
            for end in 0..<bytes.count {
                #expect(
                    code { _ = try Sample(decoding: Array(bytes[..<end])) } == "codec.malformed")
            }
            #expect(code { _ = try Sample(decoding: bytes + [0]) } == "codec.malformed")
        }
    }

    /// The property that signatures and hashes rest on.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `bytes that decode are the bytes that encode`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var decoded = 0
        for _ in 0..<4000 {
            let bytes = random.mutated(Sample(&random).encoded)
            guard let found = try? Sample(decoding: bytes) else { continue }
            decoded += 1
            #expect(found.encoded == bytes)
        }
        #expect(decoded > 100)
    }

    @Test func `a number has its shortest form only`() throws {
        func number(_ bytes: [UInt8]) throws -> UInt64 {
            var decoder = BinaryDecoder(bytes)
            let value = try decoder.number()
            try decoder.finish()
            return value
        }
        #expect(try number([0]) == 0)
        #expect(try number([0x7F]) == 127)
        #expect(try number([0x80, 0x01]) == 128)
        let largest = [UInt8](repeating: 0xFF, count: 9) + [0x01]
        #expect(try number(largest) == .max)
        for wrong in [
            [], [0x80], [0x80, 0x00], [0xFF, 0x80, 0x00],
            [UInt8](repeating: 0xFF, count: 9) + [0x02],
            [UInt8](repeating: 0xFF, count: 9) + [0x81, 0x00],
            [UInt8](repeating: 0x80, count: 40) + [0x01],
        ] as [[UInt8]] {
            #expect(code { _ = try number(wrong) } == "codec.malformed", "\(wrong)")
        }
    }

    @Test func `32 and 128 bits end where they end`() throws {
        var encoder = BinaryEncoder()
        encoder.number(UInt64(UInt32.max) + 1)
        var small = BinaryDecoder(encoder.bytes)
        #expect(code { _ = try small.number32() } == "codec.malformed")
        var wide = BinaryDecoder([UInt8](repeating: 0xFF, count: 18) + [0x03])
        #expect(try wide.number128() == .max)
        var tooWide = BinaryDecoder([UInt8](repeating: 0xFF, count: 18) + [0x04])
        #expect(code { _ = try tooWide.number128() } == "codec.malformed")
    }

    @Test func `flags, texts and counts are strict`() {
        func refuses(_ bytes: [UInt8], _ read: (inout BinaryDecoder) throws -> Void) -> Bool {
            var decoder = BinaryDecoder(bytes)
            return code { try read(&decoder) } == "codec.malformed"
        }
        #expect(refuses([2]) { _ = try $0.flag() })
        #expect(refuses([1, 0xFF]) { _ = try $0.text() })
        #expect(refuses([3, 0xED, 0xA0, 0x80]) { _ = try $0.text() })
        #expect(refuses([5, 1, 2, 3, 4, 5]) { _ = try $0.data(limit: 4) })
        // A count that promises more than there is must not be believed, nor allocated.
        let huge = [UInt8](repeating: 0xFF, count: 9) + [0x01]
        #expect(refuses(huge) { _ = try $0.data() })
        #expect(
            refuses(huge) { decoder in
                _ = try decoder.array { (inner) throws(Refusal) in try inner.byte() }
            })
        #expect(refuses([0xFF, 0xFF, 0xFF, 0x1F]) { _ = try $0.data() })
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `sortable numbers sort as bytes`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        func bytes(_ value: UInt64) -> [UInt8] {
            var encoder = BinaryEncoder()
            encoder.sortable(value)
            return encoder.bytes
        }
        for _ in 0..<1000 {
            let (a, b) = (UInt64(random.edgy(bits: 64)), UInt64(random.edgy(bits: 64)))
            #expect(bytes(a).lexicographicallyPrecedes(bytes(b)) == (a < b))
        }
    }
}
