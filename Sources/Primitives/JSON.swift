// JSON (RFC 8259) as a small value: bounded when read, deterministic when written.
//
// Numbers keep their text, because a double cannot hold an amount. Objects keep their order and
// refuse a repeated key, because two readers would otherwise see two documents.

/// A JSON value.
public enum JSON: Sendable, Equatable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number, as its text.
    case number(String)
    /// A string.
    case string(String)
    /// An array.
    case array([JSON])
    /// An object's members in order.
    case object([Member])

    /// One member of an object.
    public struct Member: Sendable, Equatable {
        /// The key.
        public let key: String
        /// The value.
        public let value: JSON

        /// Makes a member.
        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// How deep and how large a document may be.
    public struct Limits: Sendable {
        /// The most bytes of text.
        public var bytes: Int
        /// The deepest nesting of arrays and objects.
        public var depth: Int

        /// Sets limits.
        public init(bytes: Int = 16 << 20, depth: Int = 64) {
            self.bytes = bytes
            self.depth = depth
        }
    }

    /// A whole number.
    public static func int(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

    /// An amount, as a decimal string: it may pass 2^53.
    public static func amount(_ value: Amount) -> JSON { .string(value.description) }

    /// Reads one document; throws `json.malformed`.
    public static func parse(_ text: [UInt8], limits: Limits = Limits()) throws(Refusal) -> JSON {
        guard text.count <= limits.bytes else {
            throw Refusal(
                "json.malformed", "the document has \(text.count) bytes, more than \(limits.bytes)")
        }
        var parser = JSONParser(text, depthLimit: limits.depth)
        return try parser.document()
    }

    /// Reads one document; throws `json.malformed`.
    public static func parse(_ text: String, limits: Limits = Limits()) throws(Refusal) -> JSON {
        try parse(Array(text.utf8), limits: limits)
    }

    // MARK: Looking inside

    /// The member named `key`, or nil.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The element at `index`, or nil.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The text of a string.
    public var text: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The value of a bool.
    public var flag: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The elements of an array.
    public var elements: [JSON]? {
        if case .array(let value) = self { return value }
        return nil
    }

    /// The members of an object.
    public var members: [Member]? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// A whole number written without sign, fraction or exponent.
    public var unsigned: UInt64? {
        if case .number(let text) = self { return UInt64(text) }
        return nil
    }

    /// A whole number written without fraction or exponent.
    public var integer: Int? {
        if case .number(let text) = self { return Int(text) }
        return nil
    }

    /// An amount: a decimal string, or a number without fraction or exponent.
    public var amount: Amount? {
        switch self {
        case .string(let text), .number(let text): Amount(decimal: text)
        default: nil
        }
    }

    // MARK: Writing

    /// The document on one line.
    public var compact: String { render(indentation: nil) }

    /// The document with two spaces a level.
    public var pretty: String { render(indentation: 0) }

    private func render(indentation: Int?) -> String {
        var out: [UInt8] = []
        write(into: &out, indentation: indentation)
        return String(decoding: out, as: UTF8.self)
    }

    private func write(into out: inout [UInt8], indentation: Int?) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let text): out.append(contentsOf: text.utf8)
        case .string(let text): JSON.quote(text, into: &out)
        case .array(let elements):
            JSON.list(elements, "[", "]", indentation, into: &out) { element, out, indentation in
                element.write(into: &out, indentation: indentation)
            }
        case .object(let members):
            JSON.list(members, "{", "}", indentation, into: &out) { member, out, indentation in
                JSON.quote(member.key, into: &out)
                out.append(contentsOf: (indentation == nil ? ":" : ": ").utf8)
                member.value.write(into: &out, indentation: indentation)
            }
        }
    }

    private static func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ indentation: Int?,
        into out: inout [UInt8], _ write: (Element, inout [UInt8], Int?) -> Void
    ) {
        out.append(contentsOf: open.utf8)
        let inner = indentation.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(0x2C) }
            newline(inner, into: &out)
            write(element, &out, inner)
        }
        if !elements.isEmpty { newline(indentation, into: &out) }
        out.append(contentsOf: close.utf8)
    }

    private static func newline(_ indentation: Int?, into out: inout [UInt8]) {
        guard let indentation else { return }
        out.append(0x0A)
        out.append(contentsOf: [UInt8](repeating: 0x20, count: indentation))
    }

    private static func quote(_ text: String, into out: inout [UInt8]) {
        out.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: out.append(contentsOf: [0x5C, byte])
            case 0x0A: out.append(contentsOf: [0x5C, 0x6E])
            case 0x0D: out.append(contentsOf: [0x5C, 0x72])
            case 0x09: out.append(contentsOf: [0x5C, 0x74])
            case 0..<0x20, 0x7F: out.append(contentsOf: "\\u00\(Hex.encode([byte]))".utf8)
            default: out.append(byte)
            }
        }
        out.append(0x22)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A bool.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .number(String(value)) }
    /// An array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object, in the order written.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
