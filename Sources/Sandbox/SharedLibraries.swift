// Which shared libraries a program needs from outside the system's own folders.

import Platform
import Primitives
import Synchronization

/// Finds the libraries that must be shown to a program in the sandbox besides `/usr`.
enum SharedLibraries {
    private static let known = Mutex<[String: [String]]>([:])

    /// Paths of libraries outside the system's folders, as the dynamic loader finds them.
    ///
    /// The loader's answer may run the program's own interpreter, so the question is asked inside a
    /// sandbox that can write nowhere and reach nothing.
    static func needed(by executable: String, bubblewrap: String) async throws(Refusal) -> [String]
    {
        if let found = known.withLock({ $0[executable] }) { return found }
        guard Environment.find(program: "ldd") != nil else { return [] }
        var command = ChildCommand(
            bubblewrap,
            ["--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"]
                + ["--proc", "/proc", "--dev", "/dev", "--", "ldd", executable])
        command.timeLimitNanoseconds = 10_000_000_000
        let outcome = try await ChildProcess.run(command)
        let found = parse(outcome.output.text)
        known.withLock { $0[executable] = found }
        return found
    }

    /// Reads lines such as `libx.so => /opt/lib/libx.so (0x7f...)`.
    static func parse(_ text: String) -> [String] {
        var found: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let arrow = words.firstIndex(of: "=>"), words.count > arrow + 1 else { continue }
            let path = words[arrow + 1].trimmingPrefix("\t")
            guard path.hasPrefix("/"), !BubblewrapCommand.isSystem(String(path)) else { continue }
            found.append(String(path))
        }
        return found
    }
}
