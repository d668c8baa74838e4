// The reader behind `JSON.parse`: RFC 8259, nothing more lenient.

struct JSONParser {
    private let text: [UInt8]
    private var position = 0
    private let depthLimit: Int

    init(_ text: [UInt8], depthLimit: Int) {
        self.text = text
        self.depthLimit = depthLimit
    }

    mutating func document() throws(Refusal) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard position == text.count else { throw malformed("something follows the value") }
        return value
    }

    private func malformed(_ what: String) -> Refusal {
        let line = text[..<min(position, text.count)].reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
        return Refusal("json.malformed", "\(what) (byte \(position), line \(line))")
    }

    private mutating func skipSpace() {
        while position < text.count, [0x20, 0x0A, 0x0D, 0x09].contains(text[position]) {
            position += 1
        }
    }

    private func peek() -> UInt8? { position < text.count ? text[position] : nil }

    private mutating func value(depth: Int) throws(Refusal) -> JSON {
        guard depth <= depthLimit else { throw malformed("nested deeper than \(depthLimit)") }
        skipSpace()
        switch peek() {
        case 0x7B: return try object(depth: depth)
        case 0x5B: return try array(depth: depth)
        case 0x22: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        case .some(0x2D), .some(0x30...0x39): return .number(try number())
        case nil: throw malformed("the document ends where a value should be")
        default: throw malformed("a value cannot start here")
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(Refusal) -> JSON {
        let utf8 = Array(word.utf8)
        guard position + utf8.count <= text.count,
            Array(text[position..<position + utf8.count]) == utf8
        else { throw malformed("expected \(word)") }
        position += utf8.count
        return value
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = peek(), 0x30...0x39 ~= byte { position += 1 }
        return position - start
    }

    private mutating func number() throws(Refusal) -> String {
        let start = position
        if peek() == 0x2D { position += 1 }
        let leadingZero = peek() == 0x30
        let whole = digits()
        guard whole > 0, !leadingZero || whole == 1 else { throw malformed("not a number") }
        if peek() == 0x2E {
            position += 1
            guard digits() > 0 else { throw malformed("no digit after the point") }
        }
        if peek() == 0x65 || peek() == 0x45 {
            position += 1
            if peek() == 0x2B || peek() == 0x2D { position += 1 }
            guard digits() > 0 else { throw malformed("no digit in the exponent") }
        }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func array(depth: Int) throws(Refusal) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if peek() == 0x5D {
            position += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            switch peek() {
            case 0x2C: position += 1
            case 0x5D:
                position += 1
                return .array(elements)
            default: throw malformed("expected , or ]")
            }
        }
    }

    private mutating func object(depth: Int) throws(Refusal) -> JSON {
        position += 1
        var members: [JSON.Member] = []
        var keys: Set<String> = []
        skipSpace()
        if peek() == 0x7D {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard peek() == 0x22 else { throw malformed("expected a key") }
            let key = try string()
            guard keys.insert(key).inserted else { throw malformed("the key \(key) comes twice") }
            skipSpace()
            guard peek() == 0x3A else { throw malformed("expected :") }
            position += 1
            members.append(JSON.Member(key, try value(depth: depth + 1)))
            skipSpace()
            switch peek() {
            case 0x2C: position += 1
            case 0x7D:
                position += 1
                return .object(members)
            default: throw malformed("expected , or }")
            }
        }
    }

    private mutating func string() throws(Refusal) -> String {
        position += 1
        var utf8: [UInt8] = []
        while let byte = peek() {
            switch byte {
            case 0x22:
                position += 1
                guard let string = String(validating: utf8, as: UTF8.self) else {
                    throw malformed("a string is not UTF-8")
                }
                return string
            case 0x5C:
                position += 1
                try escape(into: &utf8)
            case 0..<0x20: throw malformed("a control character in a string")
            default:
                utf8.append(byte)
                position += 1
            }
        }
        throw malformed("a string does not end")
    }

    private mutating func escape(into utf8: inout [UInt8]) throws(Refusal) {
        guard let letter = peek() else { throw malformed("a string does not end") }
        position += 1
        switch letter {
        case 0x22, 0x5C, 0x2F: utf8.append(letter)
        case 0x62: utf8.append(0x08)
        case 0x66: utf8.append(0x0C)
        case 0x6E: utf8.append(0x0A)
        case 0x72: utf8.append(0x0D)
        case 0x74: utf8.append(0x09)
        case 0x75: utf8.append(contentsOf: Array(String(try scalar()).utf8))
        default: throw malformed("unknown escape")
        }
    }

    private mutating func scalar() throws(Refusal) -> Character {
        var code = try fourDigits()
        if 0xD800...0xDBFF ~= code {
            guard peek() == 0x5C else { throw malformed("half a surrogate pair") }
            position += 1
            guard peek() == 0x75 else { throw malformed("half a surrogate pair") }
            position += 1
            let low = try fourDigits()
            guard 0xDC00...0xDFFF ~= low else { throw malformed("half a surrogate pair") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw malformed("half a surrogate pair") }
        return Character(scalar)
    }

    private mutating func fourDigits() throws(Refusal) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Hex.value(ofDigit: byte) else {
                throw malformed("an escape needs four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
