// The file format of cockroachdb/datadriven, as far as etcd-io/raft uses it.
//
//     # comment
//     command key key=value key=(a,b,c)
//     input lines
//     ----
//     expected lines, up to a blank one

import Primitives

/// One directive with what it is expected to print.
struct Directive {
    /// `key`, `key=value` or `key=(a, b)`.
    struct Argument {
        var key: String
        var values: [String]
    }

    var line: Int
    var command: String
    var arguments: [Argument]
    var input: String
    var expected: String
}

/// Reads directives off the lines of a file.
struct DataDrivenFile {
    private let lines: [String]
    private var next = 0

    private init(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
    }

    /// Every directive of `text`, in order.
    static func directives(in text: String) throws(Refusal) -> [Directive] {
        var file = DataDrivenFile(text)
        var directives: [Directive] = []
        while let directive = try file.readDirective() { directives.append(directive) }
        return directives
    }

    private mutating func takeLine() -> String? {
        guard next < lines.count else { return nil }
        defer { next += 1 }
        return lines[next]
    }

    private mutating func readDirective() throws(Refusal) -> Directive? {
        while let raw = takeLine() {
            let line = next
            var text = raw.trimmed
            if text.isEmpty || text.hasPrefix("#") { continue }
            while text.hasSuffix("\\"), let more = takeLine() {
                text = String(text.dropLast()).trimmed + " " + more.trimmed
            }
            let (command, arguments) = try Self.parse(text, line: line)
            let (input, hasExpected) = readInput()
            return Directive(
                line: line, command: command, arguments: arguments, input: input,
                expected: hasExpected ? readExpected() : "")
        }
        return nil
    }

    private mutating func readInput() -> (text: String, isFollowed: Bool) {
        var input: [String] = []
        while let line = takeLine() {
            if line == "----" { return (input.joined(separator: "\n").trimmed, true) }
            input.append(line)
        }
        return (input.joined(separator: "\n").trimmed, false)
    }

    /// Up to a blank line, or between doubled separators where blank lines are expected.
    private mutating func readExpected() -> String {
        var expected = ""
        guard let first = takeLine() else { return expected }
        if first != "----" {
            var line: String? = first
            while let text = line, !text.trimmed.isEmpty {
                expected += text + "\n"
                line = takeLine()
            }
            return expected
        }
        while let line = takeLine() {
            if line == "----", next < lines.count, lines[next] == "----" {
                next += 1
                if next < lines.count, lines[next].trimmed.isEmpty { next += 1 }
                return expected
            }
            expected += line + "\n"
        }
        return expected
    }

    /// Splits a directive line into its command and arguments.
    static func parse(
        _ text: String, line: Int
    ) throws(Refusal) -> (String, [Directive.Argument]) {
        var words: [String] = []
        var word = ""
        var depth = 0
        for character in text {
            if character == " " && depth == 0 {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        guard let command = words.first, depth == 0 else {
            throw Refusal("conformance.malformed", "line \(line) is no directive: \(text)")
        }
        return (command, words.dropFirst().map(argument))
    }

    private static func argument(_ word: String) -> Directive.Argument {
        guard let equals = word.firstIndex(of: "=") else {
            return Directive.Argument(key: word, values: [])
        }
        let value = String(word[word.index(after: equals)...])
        let key = String(word[..<equals])
        guard value.count > 2, value.hasPrefix("("), value.hasSuffix(")") else {
            return Directive.Argument(key: key, values: [value])
        }
        let values = value.dropFirst().dropLast()
            .split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
        return Directive.Argument(key: key, values: values)
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
