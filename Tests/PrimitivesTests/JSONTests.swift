// JSON: what RFC 8259 allows is read, nothing else is, and no input costs more than its size.

import Primitives
import Testing

@Suite struct JSONTests {
    /// A random value.
    private func value(_ random: inout SplitMix64, depth: Int = 0) -> JSON {
        switch random.next(below: depth > 4 ? 5 : 8) {
        case 0: return .null
        case 1: return .bool(random.next(below: 2) == 0)
        case 2: return .int(random.edgy())
        case 3:
            return .number(["-0", "-12.50", "1e9", "0.1E-7", "3e+2"][Int(random.next(below: 5))])
        case 4: return .string(random.text(upTo: 12))
        case 5:
            return .array(
                (0..<random.next(below: 4)).map { _ in value(&random, depth: depth + 1) })
        default:
            var members: [JSON.Member] = []
            for number in 0..<random.next(below: 4) {
                // The number keeps keys apart that look alike.
                let key = "\(number)" + random.text(upTo: 4)
                members.append(JSON.Member(key, value(&random, depth: depth + 1)))
            }
            return .object(members)
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `what is written is read back, on one line and on many`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<300 {
            let value = value(&random)
            #expect(try JSON.parse(value.compact) == value)
            #expect(try JSON.parse(value.pretty) == value)
            #expect(!value.compact.utf8.contains(0x0A))
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `no input does harm, and what is read means what is written`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2000 {
            let bytes = random.mutated(Array(value(&random).compact.utf8))
            guard let found = try? JSON.parse(bytes) else {
                #expect(code { _ = try JSON.parse(bytes) } == "json.malformed")
                continue
            }
            #expect((try? JSON.parse(found.compact)) == found)
        }
    }

    @Test(arguments: [
        "", " ", "[1,]", "[,1]", "[1 2]", "[", "]", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}", "{'a':1}", "{\"a\":1,\"a\":2}", "[1}", "nul", "True", "NaN", "Infinity",
        "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x1", "1_0", "\"", "\"\\", "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\t\"", "\"a\nb\"",
        "1 1", "1,", "[]]", "// x\n1", "/* x */1", "\u{FEFF}1", "[1]\u{0}", "'a'",
    ])
    func `what the standard forbids is refused`(_ text: String) {
        #expect(code { _ = try JSON.parse(text) } == "json.malformed")
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        for bytes in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
        ] as [[UInt8]] {
            #expect(code { _ = try JSON.parse(bytes) } == "json.malformed")
        }
    }

    @Test func `what the standard allows is read`() throws {
        #expect(try JSON.parse(" \n\t\r[ ] ") == [])
        #expect(try JSON.parse("-0.0e-0") == .number("-0.0e-0"))
        #expect(
            try JSON.parse(#""\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\""#).text
                == "é😀/\u{8}\u{c}\n\r\t\"\\")
        #expect(try JSON.parse("{\"\":{\"a\":null}}")[""]?["a"] == .null)
        #expect(try JSON.parse("\"\u{7F}\"").text == "\u{7F}")
    }

    @Test func `depth and size are bounded`() throws {
        let limits = JSON.Limits(bytes: 100, depth: 5)
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSON.parse(nested(6), limits: limits) }
        #expect(code { _ = try JSON.parse(nested(7), limits: limits) } == "json.malformed")
        // A million brackets end at the limit and not at the end of the stack.
        let brackets = String(repeating: "[{\"a\":", count: 1_000_000)
        #expect(code { _ = try JSON.parse(brackets) } == "json.malformed")
        let long = "\"" + String(repeating: "a", count: 99) + "\""
        #expect(code { _ = try JSON.parse(long, limits: limits) } == "json.malformed")
        #expect(throws: Never.self) {
            try JSON.parse(String(long.dropFirst().dropLast(2)) == "" ? "" : "1", limits: limits)
        }
    }

    @Test func `numbers keep their text, and are numbers only where they are whole`() throws {
        let large = try JSON.parse("340282366920938463463374607431768211455")
        #expect(large.amount == .max && large.unsigned == nil)
        #expect(try JSON.parse("18446744073709551615").unsigned == .max)
        #expect(try JSON.parse("18446744073709551616").unsigned == nil)
        for text in ["1.0", "1e3", "-1"] { #expect(try JSON.parse(text).unsigned == nil) }
        #expect(try JSON.parse("\"12\"").amount == Amount(12))
        #expect(try JSON.parse("\"12\"").unsigned == nil)
        #expect(JSON.amount(.max).text == "340282366920938463463374607431768211455")
        #expect(JSON.null["a"] == nil && JSON.null[0] == nil && JSON.array([1])[-1] == nil)
    }

    @Test func `control characters are written as escapes`() {
        #expect(JSON.string("\u{0}\u{1B}\u{7F}\"\\\n").compact == #""\u0000\u001b\u007f\"\\\n""#)
    }
}
