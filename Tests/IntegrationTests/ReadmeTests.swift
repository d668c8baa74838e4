// Every command in the documents is one that the program knows, with the options it has, and names
// files that are there.

import Glibc
import Primitives
import Testing

/// What the program's help says of one command.
private struct KnownCommand {
    let subcommands: Set<String>
    let options: Set<String>

    init(help: String) {
        var subcommands: Set<String> = []
        var isList = false
        for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix("SUBCOMMANDS:") {
                isList = true
            } else if isList, line.hasPrefix("  "), !line.hasPrefix("   ") {
                if let name = line.split(separator: " ").first { subcommands.insert(String(name)) }
            } else if !line.hasPrefix(" "), !line.isEmpty {
                isList = false
            }
        }
        self.subcommands = subcommands
        options = Set(
            help.split { " \n,[]()".contains($0) }.filter { $0.hasPrefix("-") }.map(String.init))
    }
}

@Suite struct ReadmeTests {
    private static let documents = ["README.md", "Deploy/three-machines/README.md"]

    /// The command that a call's first words name, and the words that are left.
    private static func resolve(
        _ words: [String], _ program: CommandLineProgram, _ known: inout [[String]: KnownCommand]
    ) -> (path: [String], command: KnownCommand, rest: [String]) {
        var path: [String] = []
        var rest = words
        while true {
            let command = known[path] ?? KnownCommand(help: program.run(["help"] + path).output)
            known[path] = command
            guard let next = rest.first, command.subcommands.contains(next) else {
                return (path, command, rest)
            }
            path.append(next)
            rest.removeFirst()
        }
    }

    @Test(arguments: documents)
    func `the program knows every command of a document`(name: String) throws {
        guard let program = CommandLineProgram.built else { return }
        let document = try ReadmeDocument(name)
        var known: [[String]: KnownCommand] = [:]
        #expect(!document.calls.isEmpty)
        for call in document.calls {
            let (path, command, rest) = ReadmeTests.resolve(call.words, program, &known)
            #expect(
                !path.isEmpty && command.subcommands.isEmpty || call.words.first == "help",
                "\(name) has a command that is not there: \(call.line)")
            for option in rest where option.hasPrefix("-") {
                #expect(
                    command.options.contains(option),
                    "`althing \(path.joined(separator: " "))` has no \(option): \(call.line)")
            }
        }
    }

    @Test(arguments: documents)
    func `every file of the repository that a document's commands name is there`(name: String)
        throws
    {
        for line in try ReadmeDocument(name).blocks.flatMap(\.lines) {
            for words in ReadmeDocument.simpleCommands(line) {
                for (index, word) in words.enumerated() {
                    let isWritten = index > 0 && words[index - 1] == "--file"
                    let isOurs = ["Deploy/", "Policies/", "Proposals/"].contains {
                        word.hasPrefix($0)
                    }
                    guard isOurs, !isWritten else { continue }
                    #expect(access(ReadmeDocument.root + "/" + word, F_OK) == 0, "\(word): \(line)")
                }
            }
        }
    }

    @Test func `a line is taken apart as the shell would`() {
        let commands = ReadmeDocument.simpleCommands(
            #"for i in 1; do althing ask kings "a; b" --seed 1; done # althing none"#)
        #expect(
            commands == [
                ["for", "i", "in", "1"], ["do", "althing", "ask", "kings", "a; b", "--seed", "1"],
                ["done"],
            ])
        #expect(
            ReadmeDocument.simpleCommands("x=$(althing job list | head)").map(\.first)
                == ["x=$", "althing", "head"])
    }
}
