// The command line that runs a task under bubblewrap.
//
// The program sees the system's programs and libraries and its inputs read-only, an empty `/tmp`,
// and its output folder; no network, no other process, no capability, no variable of ours, and no
// way to make a namespace in which it would have them.

import Platform
import Primitives

/// Builds bubblewrap's arguments.
struct BubblewrapCommand {
    /// Where the program finds its inputs.
    static let inputs = "/inputs"
    /// Where it leaves its output, and starts.
    static let output = "/output"
    /// Where the program itself is, when it is not one of the system's.
    static let program = "/program"

    let task: SandboxTask
    /// The program with links resolved.
    let executable: String
    /// Libraries that it needs from outside the system's folders.
    let libraries: [String]
    /// Whether this bubblewrap can forbid further user namespaces (0.8 and later).
    let canDisableNamespaces: Bool
    /// Whether a filter of system calls waits on descriptor 3.
    let hasFilter: Bool

    var arguments: [String] {
        var list = [
            "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
            "--unshare-cgroup-try", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
        ]
        if canDisableNamespaces { list.append("--disable-userns") }
        if hasFilter { list += ["--seccomp", "3"] }
        list += BubblewrapCommand.system
        list += ["--proc", "/proc", "--dev", "/dev"]
        let temporary = String(task.limits.temporaryBytes)
        for folder in ["/tmp", "/dev/shm"] { list += ["--size", temporary, "--tmpfs", folder] }
        list += mounts
        // The frame that holds all these is a file system in memory; it stays as it is now. The
        // kernel's settings belong to the superuser, and where the agent runs as that, so does,
        // in the kernel's eyes, the program: `/proc` is read-only for it.
        for folder in ["/proc", "/dev", "/"] { list += ["--remount-ro", folder] }
        for variable in variables { list += ["--setenv", variable.name, variable.value] }
        list += ["--chdir", BubblewrapCommand.output, "--", path]
        return list
            + task.arguments(inputs: BubblewrapCommand.inputs, output: BubblewrapCommand.output)
    }

    /// The program's path inside.
    private var path: String {
        BubblewrapCommand.isSystem(executable)
            ? executable : "\(BubblewrapCommand.program)/\(Files.name(of: executable))"
    }

    private var mounts: [String] {
        var list = ["--dir", BubblewrapCommand.inputs]
        for input in task.inputs {
            list += ["--ro-bind", input.path, "\(BubblewrapCommand.inputs)/\(input.name)"]
        }
        list += ["--bind", task.outputFolder, BubblewrapCommand.output]
        if !BubblewrapCommand.isSystem(executable) { list += ["--ro-bind", executable, path] }
        for library in libraries {
            list += ["--ro-bind", library, "\(libraryFolder)/\(Files.name(of: library))"]
        }
        return list
    }

    private var libraryFolder: String { "\(BubblewrapCommand.program)/lib" }

    private var variables: [(name: String, value: String)] {
        let own = task.variables(
            inputs: BubblewrapCommand.inputs, output: BubblewrapCommand.output)
        guard !libraries.isEmpty else { return own }
        return own.filter { $0.name != "LD_LIBRARY_PATH" } + [("LD_LIBRARY_PATH", libraryFolder)]
    }

    /// Whether a path lies in what every task sees.
    static func isSystem(_ path: String) -> Bool {
        ["/usr/", "/lib/", "/lib64/", "/lib32/", "/bin/", "/sbin/"].contains {
            path.hasPrefix($0)
        }
    }

    /// The system's programs and libraries, and the loader's index of them. On merged systems
    /// `/bin` and its kind are links into `/usr`, elsewhere folders of their own.
    private static var system: [String] {
        var list = ["--ro-bind", "/usr", "/usr"]
        for folder in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"] {
            guard let target = try? Files.resolved(folder) else { continue }
            list +=
                target == folder
                ? ["--ro-bind", folder, folder]
                : ["--symlink", String(target.dropFirst()), folder]
        }
        for file in ["/etc/ld.so.cache", "/etc/alternatives"] {
            list += ["--ro-bind-try", file, file]
        }
        return list
    }
}
