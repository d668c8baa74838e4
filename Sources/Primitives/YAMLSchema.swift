// Reading a mapping against a schema: every key once, none unknown, every value of its form.

/// A mapping being read. Ask for each key that the schema knows, then call `finish`.
public struct YAMLMapping {
    /// The document's name, for places.
    public let name: String
    /// The line the mapping starts on.
    public let line: Int
    private let path: String
    private let entries: [YAML.Entry]
    private var asked: Set<String> = []

    /// Starts to read `node`; throws `schema.type` if it is no mapping.
    public init(_ node: YAML, name: String, path: String = "") throws(Refusal) {
        guard let entries = node.entries else {
            throw Refusal("schema.type", "expected a mapping", at: "\(name):\(node.line)")
        }
        self.name = name
        self.path = path
        line = node.line
        self.entries = entries
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A refusal placed at `key`, or at the mapping when the key is not there.
    public func refusal(_ code: String, _ message: String, key: String? = nil) -> Refusal {
        let line = entries.first { $0.key == key }?.line ?? self.line
        return Refusal(code, message, at: "\(name):\(line)")
    }

    /// The keys in the order written, marked as read: for mappings whose keys are names.
    public mutating func allKeys() -> [String] {
        for entry in entries { asked.insert(entry.key) }
        return entries.map(\.key)
    }

    /// Whether `key` is there.
    public func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// The value under `key`, or nil.
    public mutating func optionalNode(_ key: String) -> YAML? {
        asked.insert(key)
        return entries.first { $0.key == key }?.value
    }

    /// The value under `key`; throws `schema.missing`, at the key that looks like this one misspelt
    /// if there is such a key.
    public mutating func node(_ key: String) throws(Refusal) -> YAML {
        if let node = optionalNode(key) { return node }
        let others = entries.map(\.key).filter { !asked.contains($0) }
        // The other way round: of the keys that are there, the one somebody wrote for this one.
        let misspelt = others.first { EditDistance.nearest(to: $0, of: [key]) != nil }
        guard let misspelt else {
            throw refusal("schema.missing", "the key `\(full(key))` is missing")
        }
        throw refusal(
            "schema.missing",
            "the key `\(full(misspelt))` is not known here; did you mean `\(key)`, which is"
                + " missing?", key: misspelt)
    }

    /// The mapping under `key`.
    public mutating func mapping(_ key: String) throws(Refusal) -> YAMLMapping {
        try YAMLMapping(try node(key), name: name, path: full(key))
    }

    /// The elements of the sequence under `key`.
    public mutating func sequence(_ key: String) throws(Refusal) -> [YAML] {
        guard let elements = try node(key).elements else {
            throw refusal("schema.type", "`\(full(key))` must be a list", key: key)
        }
        return elements
    }

    /// The text under `key`, of at most `limit` bytes.
    public mutating func text(_ key: String, limit: Int = 65_536) throws(Refusal) -> String {
        guard let text = try node(key).text else {
            throw refusal("schema.type", "`\(full(key))` must be a text", key: key)
        }
        guard text.utf8.count <= limit else {
            throw refusal("schema.range", "`\(full(key))` is longer than \(limit) bytes", key: key)
        }
        return text
    }

    /// One of a fixed set of words.
    public mutating func word(_ key: String, of words: [String]) throws(Refusal) -> String {
        let word = try text(key)
        guard words.contains(word) else {
            throw refusal(
                "schema.word",
                "`\(full(key))` must be one of \(words.joined(separator: ", ")), not `\(word)`",
                key: key)
        }
        return word
    }

    /// `true` or `false`.
    public mutating func flag(_ key: String) throws(Refusal) -> Bool {
        try word(key, of: ["true", "false"]) == "true"
    }

    /// A whole number in `range`. Underscores may group digits: `1_000_000`.
    public mutating func number(_ key: String, in range: ClosedRange<UInt64> = 0...UInt64.max)
        throws(Refusal) -> UInt64
    {
        let amount = try amount(key)
        guard let value = UInt64(exactly: amount.units), range.contains(value) else {
            throw refusal(
                "schema.range",
                "`\(full(key))` must lie in \(range.lowerBound) to \(range.upperBound),"
                    + " not \(amount)", key: key)
        }
        return value
    }

    /// A whole number of minimal units.
    public mutating func amount(_ key: String) throws(Refusal) -> Amount {
        let text = try text(key)
        guard let amount = Amount(decimal: text.filter { $0 != "_" }) else {
            throw refusal(
                "schema.number", "`\(full(key))` must be a whole number, not `\(text)`", key: key)
        }
        return amount
    }

    /// A share, written `12.5%` or `40%`, in millionths. At most four decimals.
    public mutating func share(_ key: String, in range: ClosedRange<UInt64> = 0...1_000_000)
        throws(Refusal) -> UInt64
    {
        let text = try text(key)
        guard let millionths = YAMLMapping.millionths(text) else {
            throw refusal(
                "schema.unit", "`\(full(key))` must be a percentage like `12.5%`, not `\(text)`",
                key: key)
        }
        guard range.contains(millionths) else {
            throw refusal(
                "schema.range", "`\(full(key))` = \(text) is outside its bounds", key: key)
        }
        return millionths
    }

    /// A duration, written `500ms`, `30s`, `15m`, `12h` or `7d`, in milliseconds.
    public mutating func duration(_ key: String) throws(Refusal) -> UInt64 {
        let text = try text(key)
        guard let milliseconds = YAMLMapping.milliseconds(text) else {
            throw refusal(
                "schema.unit",
                "`\(full(key))` must be a duration like `30s`, `15m`, `12h` or `7d`, not `\(text)`",
                key: key)
        }
        return milliseconds
    }

    /// An address, `0x` and 40 digits.
    public mutating func address(_ key: String) throws(Refusal) -> Address {
        let text = try text(key)
        guard let address = Address(hex: text) else {
            throw refusal(
                "schema.address", "`\(full(key))` must be 0x and 40 hexadecimal digits", key: key)
        }
        return address
    }

    /// Refuses the first key nobody asked for (`schema.unknown-key`).
    public func finish() throws(Refusal) {
        guard let stranger = entries.first(where: { !asked.contains($0.key) }) else { return }
        let known = asked.sorted()
        let absent = known.filter { !has($0) }
        let hint = EditDistance.nearest(to: stranger.key, of: absent)
            .map { "; did you mean `\($0)`?" }
        throw Refusal(
            "schema.unknown-key",
            "the key `\(full(stranger.key))` is not known here"
                + (hint ?? " (known: \(known.joined(separator: ", ")))"),
            at: "\(name):\(stranger.line)")
    }

    private static func millionths(_ text: String) -> UInt64? {
        guard text.hasSuffix("%") else { return nil }
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, let percent = digits(whole, limit: 3)
        else { return nil }
        var fraction: UInt64 = 0
        if parts.count == 2 {
            guard let value = digits(parts[1], limit: 4) else { return nil }
            fraction = value
            for _ in parts[1].count..<4 { fraction *= 10 }
        }
        return percent * 10_000 + fraction
    }

    /// The milliseconds that a duration such as `500ms`, `30s`, `15m`, `12h` or `7d` says, or nil.
    public static func milliseconds(_ text: String) -> UInt64? {
        let units: [(String, UInt64)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            guard let value = digits(text.dropLast(suffix.count), limit: 9) else { continue }
            return value * factor
        }
        return nil
    }

    private static func digits(_ text: Substring, limit: Int) -> UInt64? {
        guard !text.isEmpty, text.utf8.count <= limit,
            text.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        return UInt64(text)
    }
}
