// What lies in `Deploy/`: scripts that answer bad input, units and rules that name what there is.

import Glibc
import Primitives
import Testing

@Suite struct DeployTests {
    private static let scripts = ["Deploy/quickstart", "Deploy/test", ".ci/run"]

    /// What a shell command says, both streams, and its exit code.
    private func shell(_ command: String) throws -> (said: String, status: Int32) {
        let folder = CommandLineProgram.temporaryFolder()
        defer { _ = system("rm -rf '\(folder)'") }
        let status = system("cd '\(ReadmeDocument.root)' && { \(command); } >'\(folder)/said' 2>&1")
        return (try ReadmeDocument.read("\(folder)/said"), status >> 8 & 0xFF)
    }

    @Test(arguments: scripts)
    func `a script can be run and parsed`(path: String) throws {
        #expect(access(ReadmeDocument.root + "/" + path, X_OK) == 0)
        let (said, status) = try shell("bash -n \(path)")
        #expect(status == 0, "\(said)")
    }

    @Test func `a machine without a Swift toolchain is told how to get one`() throws {
        // Where the toolchain is in a system folder, the script would go on and build.
        guard access("/usr/bin/swift", X_OK) != 0, access("/bin/swift", X_OK) != 0 else { return }
        let (said, status) = try shell("env PATH=/usr/bin:/bin bash Deploy/quickstart --once")
        #expect(status == 1)
        #expect(said.hasPrefix("error[quickstart.swift]: there is no Swift toolchain on the PATH"))
        #expect(said.contains("https://www.swift.org/install/linux/"))
    }

    @Test func `an unknown option of the test script is wrong usage`() throws {
        let (said, status) = try shell("Deploy/test --slow")
        #expect(status == 64)
        #expect(said == "error[usage]: Deploy/test knows --quick and --help, not `--slow`\n")
    }

    @Test(arguments: ["Deploy/quickstart", "Deploy/test"])
    func `a script explains itself`(path: String) throws {
        let (said, status) = try shell("\(path) --help")
        #expect(status == 0)
        #expect(said.contains("usage: \(path)"))
        #expect(!said.contains("set -euo"))
    }

    @Test func `continuous integration runs what contributors run`() throws {
        #expect(try ReadmeDocument(".ci/run").text.contains("exec Deploy/test"))
    }

    @Test func `the alert rules name figures that members have`() throws {
        // The list that a running member is held against.
        let figures = try ReadmeDocument("Tests/NodeTests/MetricsTests.swift").text
            .split { $0.isWhitespace }.map(String.init)
        let rules = try ReadmeDocument("Deploy/alerts.yaml").text
        let names = Set(
            rules.split { !($0.isLetter || $0.isNumber || $0 == "_") }
                .filter { $0.hasPrefix("althing_") })
        #expect(names.count >= 5)
        for name in names { #expect(figures.contains(String(name)), "there is no \(name)") }
    }

    @Test func `the test script runs every target's tests`() throws {
        let manifest = try ReadmeDocument("Package.swift").text
        let script = try ReadmeDocument("Deploy/test").text
        let words = Set(script.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        let targets = manifest.matches(of: /tests\(\s*"(\w+)"/).map { String($0.output.1) }
        #expect(targets.count > 20)
        for target in targets { #expect(words.contains(target), "\(target)Tests never run") }
    }

    @Test(arguments: ["member", "provider"])
    func `a systemd unit starts the program with a command that it knows`(name: String) throws {
        guard let program = CommandLineProgram.built else { return }
        let unit = try ReadmeDocument("Deploy/systemd/althing-\(name).service").text
        let start = try #require(
            unit.split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        let words = start.split(separator: " ").map(String.init)
        #expect(words.first == "ExecStart=/usr/local/bin/althing")
        let help = program.run(["help"] + words[1...2])
        #expect(help.status == 0)
        #expect(help.output.contains("\(words[3]) <"))
    }
}
