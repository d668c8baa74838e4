// The commands in a Markdown file: fenced blocks of `sh` and `console`, and the calls of the
// program in them.

import Glibc
import Primitives

/// A document whose commands are tested.
struct ReadmeDocument {
    /// A fenced block.
    struct Block {
        /// `sh` is typed in order, `console` shows what else there is.
        let language: String
        let lines: [String]
    }

    /// One call of `althing`: the words after the program's name.
    struct Call {
        let line: String
        let words: [String]
    }

    let text: String

    init(text: String) { self.text = text }

    init(_ path: String) throws(Refusal) {
        text = try ReadmeDocument.read(ReadmeDocument.root + "/" + path)
    }

    /// The package's root, found upwards from this file.
    static var root: String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }

    var blocks: [Block] {
        var blocks: [Block] = []
        var language: String?
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let language { blocks.append(Block(language: language, lines: lines)) }
                language = language == nil ? String(line.dropFirst(3)) : nil
                lines = []
            } else if language != nil {
                lines.append(String(line))
            }
        }
        return blocks.filter { ["sh", "console"].contains($0.language) }
    }

    /// Every call of the program in `sh` and `console` blocks.
    var calls: [Call] {
        blocks.flatMap(\.lines).flatMap { line in
            ReadmeDocument.simpleCommands(line).compactMap { words in
                // What may come before the name is the shell's.
                let command = words.drop { $0 == "$" || $0 == "do" }
                guard command.first == "althing" else { return nil }
                return Call(line: line, words: Array(command.dropFirst()))
            }
        }
    }

    /// A line's simple commands as words; quotes hold words together, a comment ends the line.
    static func simpleCommands(_ line: String) -> [[String]] {
        var commands: [[String]] = [[]]
        var word = ""
        var quote: Character?
        func endWord() {
            if !word.isEmpty { commands[commands.count - 1].append(word) }
            word = ""
        }
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "#", word.isEmpty {
                break
            } else if "|;&()".contains(character) {
                endWord()
                commands.append([])
            } else if character == " " {
                endWord()
            } else {
                word.append(character)
            }
        }
        endWord()
        return commands.filter { !$0.isEmpty }
    }

    static func read(_ path: String) throws(Refusal) -> String {
        guard let file = fopen(path, "rb") else { throw Refusal("file.unreadable", path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
