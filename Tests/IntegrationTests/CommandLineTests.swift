// The command line's contract: screens, codes of refusals, exit codes, where words go.

import Glibc
import Platform
import Primitives
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil))
struct CommandLineTests {
    private func run(_ arguments: [String]) throws -> CommandLineResult {
        let program = try #require(CommandLineProgram.built)
        return program.run(arguments)
    }

    /// Held against `Tests/Screens/help`; `ALTHING_UPDATE=1` writes them anew for a reviewer.
    @Test(arguments: [[]] + CommandLineScreens.commands)
    func `help says what it always said`(_ command: [String]) throws {
        let result = try run(command + ["--help"])
        #expect(result.status == 0)
        #expect(result.error.isEmpty)
        let path = CommandLineScreens.path(of: command)
        if Environment.value("ALTHING_UPDATE") == "1" {
            try Files.writeAtomically(path, Array(result.output.utf8))
        }
        #expect(result.output == (try? Files.readText(path)), "\(path)")
    }

    @Test func `every help screen that is kept belongs to a command`() throws {
        let kept = try Files.list(CommandLineScreens.folder).sorted()
        let commands = ([[]] + CommandLineScreens.commands).map(CommandLineScreens.name)
        #expect(kept == commands.sorted())
    }

    @Test(arguments: CommandLineScreens.commands)
    func `every command explains itself with an example`(_ command: [String]) throws {
        let result = try run(command + ["--help"])
        #expect(result.status == 0)
        #expect(result.output.hasPrefix("OVERVIEW: "))
        #expect(result.output.contains("Example:\n  althing \(command.joined(separator: " "))"))
    }

    @Test(arguments: [
        ["vote", "7", "maybe"], ["vote"], ["nonsense"], ["cluster", "status"],
        [
            "cluster", "init", "--genesis", "g", "--timings", "t", "--policies", "p", "--members",
            "2",
            "--output", "o",
        ],
        ["wallet", "sign"], ["provider", "show"], ["ask", "model", "prompt"],
        ["proposal", "list", "--output", "xml"], ["proposal", "list", "--status", "votng"],
        ["vote", "7", "for 60%, against 50%"],
        ["account", "delegate", "0x3c44CdDdB6a900fa2b585dd299e03d12FA4293BC"],
    ])
    func `wrong usage ends with 64 and prints no result`(_ arguments: [String]) throws {
        let result = try run(arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(!result.error.isEmpty)
    }

    @Test func `a cluster that does not answer ends with 2`() throws {
        // Port 1 is reserved and nobody listens there.
        let result = try run(["proposal", "list", "--cluster", "http://127.0.0.1:1"])
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
        #expect(result.error.hasPrefix("error[cluster.unreachable]: none of http://127.0.0.1:1"))
    }

    @Test(arguments: [
        (["node", "run", "--home", "/nowhere"], "file.missing"),
        (["policy", "check", "/nowhere/revenue.yaml"], "file.missing"),
        (["policy", "check", "/nowhere/revenue.txt"], "policy.file"),
        (["audit", "run", "--file", "/nowhere"], "file.missing"),
        (["wallet", "show", "nobody", "--folder", "/nowhere"], "keystore.unknown"),
    ])
    func `a refusal ends with 1 and names its code`(_ arguments: [String], _ code: String) throws {
        let result = try run(arguments)
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        #expect(result.error.hasPrefix("error[\(code)]: "))
        #expect(result.error.split(separator: "\n").count == 1)
    }

    @Test func `a choice or a delegate that is not taken is told why`() throws {
        let choice = try run(["vote", "7", "for 60%, against 50%"])
        #expect(choice.error.hasPrefix("Error: `for 60%, against 50%` is no choice: "))
        let delegate = try run([
            "account", "delegate", "0x3c44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        ])
        #expect(delegate.error.hasPrefix("error[usage.delegate]: "))
        #expect(delegate.error.contains("is not the checksum"))
    }

    @Test(arguments: [
        "train-model", "release-model", "retire-model", "change-policy", "treasury-spend",
        "change-members", "slash-provider", "signal", "funding-round",
    ])
    func `a new proposal of any kind is well formed`(kind: String) throws {
        let folder = CommandLineProgram.temporaryFolder()
        let file = "\(folder)/0001-new.md"
        defer { _ = system("rm -r '\(folder)'") }
        let made = try run(["proposal", "new", "--kind", kind, "--file", file])
        #expect(made.status == 0, "\(made.error)")
        let checked = try run(["proposal", "check", file, "--corpus", folder])
        #expect(checked.status == 0, "\(checked.error)")
        #expect(checked.output.contains(kind))
    }

    @Test func `a refusal of a file names the file and the line that is wrong`() throws {
        let folder = CommandLineProgram.temporaryFolder()
        defer { _ = system("rm -r '\(folder)'") }
        let rules = try Files.readText("\(RoadProgram.root)/Policies/constitution.yaml")
        let lines = rules.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex(of: "  period: 7d"))
        let policy = "\(folder)/constitution.yaml"
        let changed = rules.replacing("  period: 7d", with: "  period: 1h", maxReplacements: 1)
        try Files.create(policy, Array(changed.utf8))
        let check = try run(["policy", "check", policy])
        #expect(check.error.hasPrefix("error[constitution.bounds]: \(policy):\(line + 1): "))

        let words = "\(folder)/words"
        try Files.create(words, Array("three words only".utf8), mode: 0o600)
        let imported = try run(["wallet", "import", "--mnemonic-file", words])
        #expect(imported.error.hasPrefix("error[mnemonic.count]: \(words): "))
        let key = try run(["wallet", "import", "--private-key-file", words])
        #expect(key.error.hasPrefix("error[wallet.key]: \(words): "))
        let typed = try run(["wallet", "sign", "--typed-data", words])
        #expect(typed.error.contains("\(words): "))
    }

    @Test func `a key is made, signs, and its signature is checked`() throws {
        let folder = CommandLineProgram.temporaryFolder()
        defer { _ = system("rm -r '\(folder)'") }
        let password = "\(folder)/password"
        #expect(system("umask 077; echo secret-canary > '\(password)'") == 0)
        let made = try run([
            "wallet", "new", "--light", "--folder", "\(folder)/keys", "--password-file", password,
            "--output", "json",
        ])
        #expect(made.status == 0)
        let answer = try JSON.parse(made.output)
        let account = try #require(answer["address"]?.text)
        let file = try #require(answer["file"]?.text)
        let signed = try run([
            "wallet", "sign", "--message", "words", "--keystore", file, "--password-file", password,
        ])
        let signature = try #require(signed.output.split(separator: "\n").first.map(String.init))
        let right = try run([
            "wallet", "verify", "--message", "words", "--signature", signature, "--account",
            account,
        ])
        #expect(right.status == 0)
        let wrong = try run([
            "wallet", "verify", "--message", "other words", "--signature", signature, "--account",
            account,
        ])
        #expect(wrong.status == 1)
        #expect(wrong.error.hasPrefix("error[signature.wrong-signer]: "))
        for result in [made, signed, right, wrong] {
            #expect(!(result.output + result.error).contains("secret-canary"))
        }
    }

    @Test func `a proposal's data is compared with the file at hand`() throws {
        let folder = CommandLineProgram.temporaryFolder()
        let file = "\(folder)/0001-train.md"
        defer {
            unlink(file)
            unlink("\(folder)/kings.txt")
            rmdir(folder)
        }
        let text = try Files.readText(RoadProgram.root + "/Proposals/0001-train-kings.md")
        func check(_ text: String, corpus: String) throws -> CommandLineResult {
            try Files.writeAtomically(file, Array(text.utf8))
            return try run(["proposal", "check", file, "--corpus", corpus])
        }
        let corpus = RoadProgram.root + "/Deploy/corpus"
        let right = try check(text, corpus: corpus)
        #expect(right.status == 0 && right.error.isEmpty, "\(right.error)")
        let wrong = text.replacing("bytes: 695_168", with: "bytes: 695_167")
        let refused = try check(wrong, corpus: corpus)
        #expect(refused.status == 1)
        #expect(refused.error.contains("data.bytes") && refused.error.contains("695168 bytes"))
        // Another text under the same name is no data of the proposal, and is mentioned.
        try Files.writeAtomically("\(folder)/kings.txt", [0x61])
        let other = try check(wrong, corpus: folder)
        #expect(other.status == 0 && other.error.contains("kings.txt has not the digest"))
    }

    @Test func `a password that others can read is refused`() throws {
        let folder = CommandLineProgram.temporaryFolder()
        defer { _ = system("rm -r '\(folder)'") }
        let password = "\(folder)/password"
        #expect(system("echo secret > '\(password)'; chmod 644 '\(password)'") == 0)
        let result = try run([
            "wallet", "new", "--light", "--folder", folder, "--password-file", password,
        ])
        #expect(result.status == 1)
        #expect(result.error.hasPrefix("error[file.not-private]: "))
    }

    @Test func `completions can be generated for three shells`() throws {
        for shell in ["bash", "zsh", "fish"] {
            let result = try run(["--generate-completion-script", shell])
            #expect(result.status == 0)
            #expect(result.output.contains("althing"))
        }
    }
}
