// The reader behind `YAML.parse`: lines first, then structure by indentation.

struct YAMLParser {
    private struct Line {
        let number: Int
        let indent: Int
        let text: Substring
    }

    private let name: String
    private let raw: [Substring]
    private let firstLine: Int
    private var lines: [Line] = []
    private var position = 0

    init(_ text: String, name: String, firstLine: Int) {
        self.name = name
        self.firstLine = firstLine
        raw = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private func malformed(_ line: Int, _ what: String) -> Refusal {
        Refusal("yaml.malformed", what, at: "\(name):\(line)")
    }

    mutating func document() throws(Refusal) -> YAML {
        for (offset, whole) in raw.enumerated() {
            let number = firstLine + offset
            if whole.utf8.contains(0x0D) {
                throw malformed(number, "lines must end with a newline only, not CR LF")
            }
            let indent = whole.prefix { $0 == " " }.count
            let text = whole.dropFirst(indent)
            lines.append(Line(number: number, indent: indent, text: text))
        }
        skipBlank()
        guard position < lines.count else { throw malformed(firstLine, "the document is empty") }
        let value = try block(indent: lines[position].indent, depth: 0)
        skipBlank()
        if position < lines.count {
            throw malformed(lines[position].number, "this line is indented like nothing above it")
        }
        return value
    }

    private mutating func skipBlank() {
        while position < lines.count,
            lines[position].text.isEmpty || lines[position].text.hasPrefix("#")
        {
            position += 1
        }
    }

    private mutating func block(indent: Int, depth: Int) throws(Refusal) -> YAML {
        let line = lines[position]
        guard depth < YAML.depthLimit else {
            throw malformed(line.number, "nested deeper than \(YAML.depthLimit)")
        }
        try refuseForeign(line)
        if line.text == "-" || line.text.hasPrefix("- ") {
            return try sequence(indent: indent, depth: depth)
        }
        if keyEnd(line.text) != nil { return try mapping(indent: indent, depth: depth) }
        position += 1
        return try scalar(line.text, line: line.number)
    }

    private func refuseForeign(_ line: Line) throws(Refusal) {
        if line.text.hasPrefix("\t") {
            throw malformed(line.number, "indent with spaces, not with a tab")
        }
        if line.text.hasPrefix("---") || line.text.hasPrefix("...") || line.text.hasPrefix("%") {
            throw malformed(line.number, "one document a file, without --- or directives")
        }
    }

    private mutating func sequence(indent: Int, depth: Int) throws(Refusal) -> YAML {
        let first = lines[position].number
        var elements: [YAML] = []
        while true {
            skipBlank()
            guard position < lines.count, lines[position].indent == indent else { break }
            let line = lines[position]
            guard line.text == "-" || line.text.hasPrefix("- ") else { break }
            let rest = line.text.dropFirst(1).drop { $0 == " " }
            if rest.isEmpty || rest.hasPrefix("#") {
                position += 1
                elements.append(try nested(under: line, deeperThan: indent, depth: depth))
            } else {
                // The element starts on the dash's line: read on as if it were indented there.
                let inner = indent + line.text.count - rest.count
                lines[position] = Line(number: line.number, indent: inner, text: rest)
                elements.append(try block(indent: inner, depth: depth + 1))
            }
        }
        try refuseDeeper(than: indent)
        return YAML(content: .sequence(elements), line: first)
    }

    private mutating func mapping(indent: Int, depth: Int) throws(Refusal) -> YAML {
        let first = lines[position].number
        var entries: [YAML.Entry] = []
        var keys: Set<String> = []
        while true {
            skipBlank()
            guard position < lines.count, lines[position].indent == indent else { break }
            let line = lines[position]
            try refuseForeign(line)
            guard let end = keyEnd(line.text) else {
                if line.text.hasPrefix("- ") { break }
                throw malformed(line.number, "expected `key: value`")
            }
            let key = try self.key(line.text[..<end], line: line.number)
            guard keys.insert(key).inserted else {
                throw malformed(line.number, "the key `\(key)` comes twice")
            }
            let rest = line.text[line.text.index(after: end)...].drop { $0 == " " }
            position += 1
            let value = try mappingValue(rest, line: line, indent: indent, depth: depth)
            entries.append(YAML.Entry(key: key, line: line.number, value: value))
        }
        try refuseDeeper(than: indent)
        return YAML(content: .mapping(entries), line: first)
    }

    private mutating func mappingValue(_ rest: Substring, line: Line, indent: Int, depth: Int)
        throws(Refusal) -> YAML
    {
        if rest.isEmpty || rest.hasPrefix("#") {
            skipBlank()
            // A sequence may stand at its key's own indentation.
            if position < lines.count, lines[position].indent == indent,
                lines[position].text.hasPrefix("- ")
            {
                return try sequence(indent: indent, depth: depth + 1)
            }
            return try nested(under: line, deeperThan: indent, depth: depth)
        }
        if rest == "|" || rest == "|-" {
            return literal(parent: indent, line: line.number, keepNewline: rest == "|")
        }
        return try scalar(rest, line: line.number)
    }

    private mutating func nested(under line: Line, deeperThan indent: Int, depth: Int)
        throws(Refusal) -> YAML
    {
        skipBlank()
        guard position < lines.count, lines[position].indent > indent else {
            throw malformed(line.number, "a value is missing (write \"\" for an empty text)")
        }
        return try block(indent: lines[position].indent, depth: depth + 1)
    }

    private func refuseDeeper(than indent: Int) throws(Refusal) {
        if position < lines.count, lines[position].indent > indent {
            throw malformed(
                lines[position].number, "this line is indented like nothing above it")
        }
    }

    private mutating func literal(parent: Int, line: Int, keepNewline: Bool) -> YAML {
        var texts: [Substring] = []
        var indent: Int?
        while position < lines.count {
            let current = lines[position]
            if current.text.isEmpty {
                texts.append("")
            } else {
                guard current.indent > parent, current.indent >= indent ?? 0 else { break }
                indent = indent ?? current.indent
                texts.append(raw[current.number - firstLine].dropFirst(indent ?? 0))
            }
            position += 1
        }
        while texts.last == "" { texts.removeLast() }
        let text = texts.joined(separator: "\n") + (keepNewline && !texts.isEmpty ? "\n" : "")
        return YAML(content: .scalar(text, quoted: true), line: line)
    }

    /// Where the key of a `key: value` line ends, or nil if the line is no such thing.
    private func keyEnd(_ text: Substring) -> Substring.Index? {
        guard let first = text.first, !"\"'[{|>&*!%@`#".contains(first) else { return nil }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let after = text.index(after: colon)
        return after == text.endIndex || text[after] == " " ? colon : nil
    }

    private func key(_ text: Substring, line: Int) throws(Refusal) -> String {
        let plain = text.utf8.allSatisfy {
            0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x5F || $0 == 0x2D
                || $0 == 0x2E
        }
        guard !text.isEmpty, plain else {
            throw malformed(
                line, "a key is made of letters, digits, `.`, `_` and `-`, not `\(text)`")
        }
        return String(text)
    }

    private func scalar(_ text: Substring, line: Int) throws(Refusal) -> YAML {
        guard let first = text.first else {
            return YAML(content: .scalar("", quoted: false), line: line)
        }
        switch first {
        case "\"", "'":
            var reader = YAMLScalarReader(text)
            guard let value = reader.quoted(), reader.onlyCommentLeft() else {
                throw malformed(line, "this quoted text does not end well")
            }
            return YAML(content: .scalar(value, quoted: true), line: line)
        case "[": return try flow(text, line: line)
        case "{": throw malformed(line, "write a mapping on lines of its own, not in braces")
        case "&", "*", "!", "|", ">", "%", "@", "`":
            throw malformed(line, "a plain value cannot start with `\(first)`; quote it")
        default:
            return YAML(content: .scalar(try plain(text, line: line), quoted: false), line: line)
        }
    }

    private func plain(_ text: Substring, line: Int) throws(Refusal) -> String {
        var value = text
        if let comment = text.ranges(of: " #").first { value = text[..<comment.lowerBound] }
        while value.last == " " { value.removeLast() }
        guard !value.contains(": "), !value.hasSuffix(":") else {
            throw malformed(line, "a value with a colon must be quoted")
        }
        return String(value)
    }

    private func flow(_ text: Substring, line: Int) throws(Refusal) -> YAML {
        var reader = YAMLScalarReader(text)
        guard let values = reader.flowSequence(), reader.onlyCommentLeft() else {
            throw malformed(line, "expected a list of plain or quoted values, `[a, \"b\"]`")
        }
        let elements = values.map {
            YAML(content: .scalar($0.text, quoted: $0.quoted), line: line)
        }
        return YAML(content: .sequence(elements), line: line)
    }
}

/// Reads quoted texts and flow sequences from one line.
struct YAMLScalarReader {
    private var rest: Substring

    init(_ text: Substring) { rest = text }

    /// A quoted text, with `''` in single and `\" \\ \n \t` in double quotes.
    mutating func quoted() -> String? {
        guard let quote = rest.popFirst() else { return nil }
        var value = ""
        while let character = rest.popFirst() {
            if character == quote {
                guard quote == "'", rest.first == "'" else { return value }
                rest.removeFirst()
                value.append("'")
            } else if character == "\\", quote == "\"" {
                switch rest.popFirst() {
                case "n": value.append("\n")
                case "t": value.append("\t")
                case "\"": value.append("\"")
                case "\\": value.append("\\")
                default: return nil
                }
            } else {
                value.append(character)
            }
        }
        return nil
    }

    mutating func flowSequence() -> [(text: String, quoted: Bool)]? {
        guard rest.popFirst() == "[" else { return nil }
        var values: [(text: String, quoted: Bool)] = []
        skipSpaces()
        if rest.first == "]" {
            rest.removeFirst()
            return values
        }
        while true {
            skipSpaces()
            if rest.first == "\"" || rest.first == "'" {
                guard let value = quoted() else { return nil }
                values.append((value, true))
            } else {
                var value = rest.prefix { $0 != "," && $0 != "]" }
                rest = rest.dropFirst(value.count)
                while value.last == " " { value.removeLast() }
                guard !value.isEmpty, !value.contains(where: { "[{}:#&*!".contains($0) }) else {
                    return nil
                }
                values.append((String(value), false))
            }
            skipSpaces()
            switch rest.popFirst() {
            case ",": continue
            case "]": return values
            default: return nil
            }
        }
    }

    private mutating func skipSpaces() { rest = rest.drop { $0 == " " } }

    /// Whether nothing but spaces and a comment is left.
    mutating func onlyCommentLeft() -> Bool {
        let spaced = rest.first == " "
        skipSpaces()
        return rest.isEmpty || (spaced && rest.first == "#")
    }
}
