// Times and cut texts: the calendar against the C library's, cuts between scalars.

import Glibc
import Primitives
import Testing

@Suite struct TimeTests {
    /// The same time as the C library writes it.
    private func oracle(_ milliseconds: UInt64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let rest = String(milliseconds % 1000)
        let bytes = buffer[..<count].map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self) + "."
            + String(repeating: "0", count: 3 - rest.count) + rest + "Z"
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `dates are those of the C library`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        // Up to the end of the year 9999.
        let end: UInt64 = 253_402_300_800_000
        for _ in 0..<2000 {
            let time = random.next(below: end)
            #expect(Timestamp(milliseconds: time).description == oracle(time))
        }
        for time in [0, 1, 951_782_399_999, 951_782_400_000, 4_107_542_400_000, end - 1] as [UInt64]
        {
            #expect(Timestamp(milliseconds: time).description == oracle(time))
        }
    }

    @Test func `times end where the range ends, and never run backwards`() {
        let late = Timestamp(milliseconds: .max - 1)
        #expect(late.advanced(by: 5).milliseconds == .max)
        #expect(Timestamp.zero.since(late) == 0)
        #expect(late.since(.zero) == UInt64.max - 1)
        #expect(Timestamp(milliseconds: .max).description.hasSuffix("Z"))
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a cut text is the longest beginning that fits`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let text = random.text(upTo: 20)
            let count = Int(random.next(below: 40))
            let cut = text.prefix(utf8: count)
            #expect(cut.utf8.count <= max(count, 0))
            #expect(text.utf8.starts(with: cut.utf8))
            #expect(String(validating: Array(cut.utf8), as: UTF8.self) != nil)
            // The next scalar would not have fitted.
            let scalars = text.unicodeScalars
            if cut.unicodeScalars.count < scalars.count {
                let next = scalars[
                    scalars.index(scalars.startIndex, offsetBy: cut.unicodeScalars.count)]
                #expect(cut.utf8.count + UTF8.width(next) > count)
            }
        }
        #expect("abc".prefix(utf8: -1).isEmpty)
    }

    @Test(arguments: [0, 1, 2, 3, 7, 1000, .max] as [UInt64])
    func `a drawn number lies below its bound`(bound: UInt64) {
        var random = SplitMix64(seed: bound)
        for _ in 0..<1000 { #expect(random.next(below: bound) < max(bound, 1)) }
    }

    /// The first numbers of seed 1234567, as the generator's authors publish them.
    @Test func `the generator is SplitMix64`() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
        #expect(random.bytes(3).count == 3 && random.bytes(0).isEmpty)
    }
}
