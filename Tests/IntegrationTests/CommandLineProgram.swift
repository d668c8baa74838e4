// The built program as a person starts it: arguments in; standard output, standard error and exit
// code out.

import Glibc

/// What a run of the program left behind.
struct CommandLineResult {
    let output: String
    let error: String
    let status: Int32
}

/// The program under test.
struct CommandLineProgram {
    let path: String

    /// The program beside the test bundle, or the one that `ALTHING_PROGRAM` names; nil when it was
    /// not built.
    static let built: CommandLineProgram? = {
        var candidates: [String] = []
        if let given = getenv("ALTHING_PROGRAM") { candidates.append(String(cString: given)) }
        if let own = realpath("/proc/self/exe", nil) {
            candidates.append("\(folder(of: String(cString: own)))/althing")
            free(own)
        }
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            candidates.append("\(folder(of: argument))/althing")
        }
        let found = candidates.first { access($0, X_OK) == 0 }
        if found == nil { print("skipped: the program althing was not built beside the tests") }
        return found.map { CommandLineProgram(path: $0) }
    }()

    /// Another program of the package, as it was built beside the tests.
    static func beside(_ name: String) -> CommandLineProgram? {
        CommandLine.arguments.filter { $0.contains(".xctest") }
            .map { CommandLineProgram(path: "\(folder(of: $0))/\(name)") }
            .first { access($0.path, X_OK) == 0 }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return String(path[..<slash])
    }

    /// Runs the program without what the environment would add, but for `variables`, each a
    /// `NAME=VALUE`.
    func run(_ arguments: [String], variables: [String] = []) -> CommandLineResult {
        let errorFile = CommandLineProgram.temporaryFile()
        defer { unlink(errorFile) }
        let words = (variables + [path] + arguments).map(CommandLineProgram.quoted).joined(
            separator: " ")
        let clean = "env -u ALTHING_CLUSTER -u ALTHING_KEYSTORE -u ALTHING_PASSWORD_FILE COLUMNS=80"
        let line = "\(clean) \(words) 2>'\(errorFile)' </dev/null"
        guard let pipe = popen(line, "r") else {
            return CommandLineResult(output: "", error: "no shell", status: -1)
        }
        let output = CommandLineProgram.contents(of: pipe)
        let status = pclose(pipe)
        var error = ""
        if let file = fopen(errorFile, "r") {
            error = CommandLineProgram.contents(of: file)
            fclose(file)
        }
        return CommandLineResult(output: output, error: error, status: status >> 8 & 0xFF)
    }

    /// A new folder for a test's files, removed by the caller.
    static func temporaryFolder() -> String {
        var name = Array("/tmp/althing-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { return "/tmp" }
        return String(cString: made)
    }

    private static func temporaryFile() -> String {
        var name = Array("/tmp/althing-test-XXXXXX".utf8CString)
        close(mkstemp(&name))
        return String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func quoted(_ word: String) -> String {
        "'"
            + word.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }

    private static func contents(of file: UnsafeMutablePointer<FILE>) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let got = fread(&chunk, 1, chunk.count, file)
            if got == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<got]
        }
    }
}
