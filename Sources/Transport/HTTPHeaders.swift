// Header fields: a short list, kept in order, looked up without regard to case.

/// The header fields of a request or a response.
///
/// Names are kept in lower case, as HTTP/2 sends them. A control character in a value becomes a
/// space when it is added, so that no value taken from elsewhere can start a header of its own.
public struct HTTPHeaders: Sendable, Equatable {
    /// One field.
    public struct Field: Sendable, Equatable {
        /// Lower case.
        public let name: String
        /// Without surrounding blanks.
        public let value: String
    }

    /// All fields, in order.
    public private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    /// The value of the first field called `name`; setting replaces all of them.
    public subscript(name: String) -> String? {
        get { fields.first { HTTPHeaders.isSame($0.name, name) }?.value }
        set {
            fields.removeAll { HTTPHeaders.isSame($0.name, name) }
            if let newValue { add(name, newValue) }
        }
    }

    /// Every value given for `name`, in order.
    public func values(_ name: String) -> [String] {
        fields.filter { HTTPHeaders.isSame($0.name, name) }.map(\.value)
    }

    /// Adds a field, keeping others of the same name.
    public mutating func add(_ name: String, _ value: String) {
        fields.append(
            Field(name: HTTPHeaders.lowercased(name), value: HTTPHeaders.withoutControls(value)))
    }

    /// Whether a field that holds a comma-separated list names `token`.
    public func contains(_ name: String, token: String) -> Bool {
        values(name).contains { value in
            value.split(separator: ",").contains { part in
                HTTPHeaders.isSame(String(HTTPHeaders.trimmed(part)), token)
            }
        }
    }

    /// Adds a field that a decoder has already checked and lower-cased.
    mutating func addDecoded(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// What the fields weigh against a limit: HTTP/2 counts 32 bytes of bookkeeping a field.
    var listSize: Int {
        fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
    }

    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }

    /// Equality of ASCII text without regard to case.
    static func isSame(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        for (a, b) in zip(left.utf8, right.utf8) where a != b {
            let (low, high) = (isUpper(a) ? a | 0x20 : a, isUpper(b) ? b | 0x20 : b)
            if low != high { return false }
        }
        return true
    }

    private static func lowercased(_ name: String) -> String {
        guard name.utf8.contains(where: { isUpper($0) || $0 <= 0x20 }) else { return name }
        return String(
            decoding: name.utf8.map { isUpper($0) ? $0 | 0x20 : ($0 <= 0x20 ? 0x2D : $0) },
            as: UTF8.self)
    }

    private static func withoutControls(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return value }
        return String(
            decoding: value.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    /// Fields in the order written.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }
}
