// Just enough of Swift's grammar to find functions and their ends: comments and strings are blanked
// out, braces are matched.

/// Swift text without comments and the insides of strings, line for line.
struct SwiftScanner {
    private let characters: [Character]
    private var position = 0
    private var code: [Character] = []

    /// The code of a text.
    static func code(of text: String) -> String {
        var scanner = SwiftScanner(Array(text))
        scanner.scan(untilParenthesis: false)
        return String(scanner.code)
    }

    private init(_ characters: [Character]) { self.characters = characters }

    private func starts(with text: String) -> Bool {
        var place = position
        for character in text {
            guard place < characters.count, characters[place] == character else { return false }
            place += 1
        }
        return true
    }

    /// Passes over `count` characters, keeping only the line ends.
    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where position < characters.count {
            code.append(characters[position].isNewline ? "\n" : " ")
            position += 1
        }
    }

    private mutating func scan(untilParenthesis: Bool) {
        var depth = 0
        while position < characters.count {
            if starts(with: "//") {
                while position < characters.count, !characters[position].isNewline { blank() }
            } else if starts(with: "/*") {
                blankComment()
            } else if let hashes = hashesBeforeQuote() {
                blankString(hashes: hashes)
            } else {
                let character = characters[position]
                if untilParenthesis, character == "(" { depth += 1 }
                if untilParenthesis, character == ")" {
                    if depth == 0 { return }
                    depth -= 1
                }
                code.append(character)
                position += 1
            }
        }
    }

    private mutating func blankComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                blank(2)
            } else if starts(with: "*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < characters.count
    }

    /// The number of `#` before a string that begins here, or nil where none begins.
    private func hashesBeforeQuote() -> Int? {
        var place = position
        while place < characters.count, characters[place] == "#" { place += 1 }
        return place < characters.count && characters[place] == "\"" ? place - position : nil
    }

    private mutating func blankString(hashes: Int) {
        let marks = String(repeating: "#", count: hashes)
        blank(hashes)
        let quote = starts(with: "\"\"\"") ? "\"\"\"" : "\""
        blank(quote.count)
        while position < characters.count {
            if starts(with: quote + marks) {
                blank(quote.count + hashes)
                return
            }
            if starts(with: "\\" + marks + "(") {
                blank(2 + hashes)
                scan(untilParenthesis: true)
                blank()
            } else if starts(with: "\\" + marks) {
                blank(2 + hashes)
            } else if quote.count == 1, characters[position].isNewline {
                return
            } else {
                blank()
            }
        }
    }
}

/// A function with the lines it takes.
struct FoundFunction: Equatable {
    let line: Int
    let name: String
    let lineCount: Int

    /// The functions, initialisers and subscripts of a text.
    static func all(in text: String) -> [FoundFunction] {
        let lines = SwiftScanner.code(of: text).split(
            separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.compactMap { number in
            guard let name = name(on: lines[number]) else { return nil }
            guard let end = end(of: number, lines) else { return nil }
            return FoundFunction(line: number + 1, name: name, lineCount: end - number + 1)
        }
    }

    private static func name(on line: Substring) -> String? {
        let words = line.split { $0 == " " || $0 == "(" || $0 == "<" || $0 == "?" }
        for (offset, word) in words.enumerated() {
            if word == "func" { return offset + 1 < words.count ? String(words[offset + 1]) : nil }
            let isDeclaration = ["init", "deinit", "subscript"].contains(word)
            if isDeclaration, words[..<offset].allSatisfy(isModifier) { return String(word) }
            guard isModifier(word) else { return nil }
        }
        return nil
    }

    private static func isModifier(_ word: Substring) -> Bool {
        let modifiers: Set<Substring> = [
            "public", "private", "fileprivate", "internal", "static", "mutating", "override",
            "final", "convenience", "required", "nonisolated", "consuming", "borrowing", "class",
            "package", "isolated", "async", "indirect", "prefix", "postfix", "infix",
        ]
        return modifiers.contains(word) || word.hasPrefix("@")
    }

    /// The line of the brace that ends what begins on a line; nil for a requirement without body.
    private static func end(of start: Int, _ lines: [Substring]) -> Int? {
        var braces = 0
        var parentheses = 0
        for number in start..<lines.count {
            if number > start, braces == 0, parentheses == 0, name(on: lines[number]) != nil {
                return nil
            }
            for character in lines[number] {
                switch character {
                case "(": parentheses += 1
                case ")": parentheses -= 1
                case "{" where parentheses == 0 || braces > 0: braces += 1
                case "}" where parentheses == 0 || braces > 0:
                    braces -= 1
                    if braces == 0 { return number }
                    if braces < 0 { return nil }
                default: break
                }
            }
        }
        return nil
    }
}
