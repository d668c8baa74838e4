// What a program in the sandbox can do, and what it cannot: each attempt by a real program.

import Platform
import Primitives
import Sandbox
import Testing

/// The machine's abilities, found once.
enum Available {
    static let report = Task { await SandboxProbe.check() }

    /// A sandbox, or nil with a printed reason when this machine has no bubblewrap.
    static func sandbox(allowsPlainProcess: Bool = false) async -> Sandbox? {
        let report = await report.value
        guard report.isIsolationAvailable else {
            print("skipped: \(report.problems.joined(separator: "; "))")
            return nil
        }
        return Sandbox(report, allowsPlainProcess: allowsPlainProcess)
    }
}

@Suite(.timeLimit(.minutes(1))) struct IsolationTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(prefix: "sandbox-tests")
        try Files.makeFolders("\(folder.path)/output")
    }

    private func script(_ text: String) -> SandboxTask {
        var task = SandboxTask(
            "/bin/sh", ["-c", text], outputFolder: "\(folder.path)/output")
        task.limits.wallMilliseconds = 20_000
        return task
    }

    @Test func `inputs are read, output is kept, and nothing else is seen`() async throws {
        guard let sandbox = await Available.sandbox() else { return }
        try Files.create("\(folder.path)/data", Array("payload".utf8))
        var task = script(
            "cat {inputs}/corpus > {output}/copy; cat; pwd; echo $ALTHING_OUTPUT; id -u")
        task.inputs = [.init(name: "corpus", path: "\(folder.path)/data")]
        task.standardInput = Array("typed\n".utf8)
        let result = try await sandbox.run(task)
        #expect(result.ending == .exited(0))
        #expect(result.output.text == "typed\n/output\n/output\n65534\n")
        #expect(result.files == [Files.Entry(path: "copy", size: 7)])
        #expect(try Files.readText("\(folder.path)/output/copy") == "payload")
        #expect(result.isIsolated)
    }

    /// An attempt that must fail.
    struct Attempt: Sendable, CustomTestStringConvertible {
        let name: String
        let script: String
        var testDescription: String { name }
        init(_ name: String, _ script: String) {
            self.name = name
            self.script = script
        }
    }

    static let attempts = [
        Attempt("write an input", "echo x >> /inputs/corpus"),
        Attempt("replace an input", "rm -f /inputs/corpus && echo x > /inputs/corpus"),
        Attempt("write to the system", "echo x > /usr/bin/evil"),
        Attempt("write to the root", "echo x > /evil"),
        Attempt("make a folder in the root", "mkdir /evil"),
        Attempt("write beside the devices", "echo x > /dev/evil"),
        Attempt("read the passwords", "cat /etc/shadow"),
        Attempt("read the users", "cat /etc/passwd"),
        Attempt("read a home", "ls /root"),
        Attempt("see this machine's folders", "ls /home /var /opt /sys /run /boot"),
        Attempt("see other processes", "test $(ls /proc | grep -c '^[0-9]') -gt 8"),
        Attempt("find a network device", "grep -q eth /proc/net/dev"),
        Attempt("open a connection", "exec 3<>/dev/tcp/127.0.0.1/22"),
        Attempt("find a route", "test $(wc -l < /proc/net/route) -gt 1"),
        Attempt("make a user namespace", "unshare -U true"),
        Attempt("make a mount namespace", "unshare -m true"),
        Attempt("mount", "mount -t tmpfs none /tmp"),
        Attempt("unmount", "umount /tmp"),
        Attempt("change the root", "chroot /usr /bin/true"),
        Attempt(
            "write a kernel setting",
            "cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/core_pattern"),
        Attempt("write a processor's setting", "echo 1 > /proc/irq/default_smp_affinity"),
        Attempt("pull the alarm", "printf '' > /proc/sysrq-trigger"),
        Attempt("make a device", "mknod /output/disk b 8 0"),
        Attempt("open a disk", "head -c1 /dev/sda /dev/vda"),
        Attempt("trace", "strace true"),
        Attempt("set the clock", "date -s 2001-01-01"),
        Attempt("set the host name", "hostname evil"),
        Attempt("have a capability", "! grep -q 'CapEff:.0000000000000000' /proc/self/status"),
        Attempt("gain privileges", "! grep -q 'NoNewPrivs:.1' /proc/self/status"),
        Attempt("be without a filter", "! grep -q 'Seccomp:.2' /proc/self/status"),
        Attempt("find our variables", "env | grep -q ALTHING_CANARY"),
        Attempt("find a terminal", "echo x > /dev/tty"),
        Attempt("find the control groups", "ls /sys/fs/cgroup"),
        Attempt("dump core", "test $(ulimit -c) != 0"),
        Attempt("find a descriptor of ours", "ls /proc/self/fd | grep -v '^[0-3]$' | grep -q ."),
    ]

    @Test(arguments: attempts)
    func `an escape fails`(attempt: Attempt) async throws {
        guard let sandbox = await Available.sandbox() else { return }
        try Files.create("\(folder.path)/data", Array("payload".utf8))
        var task = script("(\(attempt.script)) >/dev/null 2>&1 && echo ESCAPED; exit 0")
        task.inputs = [.init(name: "corpus", path: "\(folder.path)/data")]
        let result = try await sandbox.run(task)
        #expect(result.ending == .exited(0))
        #expect(result.output.text == "", "\(attempt.name)")
        #expect(try Files.readText("\(folder.path)/data") == "payload")
    }

    @Test func `links out of the output folder are not followed when results are listed`()
        async throws
    {
        guard let sandbox = await Available.sandbox() else { return }
        let result = try await sandbox.run(
            script("ln -s /etc/shadow stolen; ln -s / root; mkfifo pipe; echo ok > real"))
        #expect(result.files == [Files.Entry(path: "real", size: 3)])
    }

    @Test func `our own program and the libraries it needs can run inside`() async throws {
        guard let sandbox = await Available.sandbox() else { return }
        var task = SandboxTask(
            try Executable.own(), ["--version"], outputFolder: "\(folder.path)/output")
        task.limits.wallMilliseconds = 20_000
        let result = try await sandbox.run(task)
        // The test runner may refuse the argument, but it must have been loaded to do so.
        #expect(!result.error.text.contains("error while loading shared libraries"))
        if case .exited(let status) = result.ending { #expect(status != 127) }
    }

    @Test func `a task that makes no sense is refused before it runs`() async throws {
        guard let sandbox = await Available.sandbox() else { return }
        let bad =
            ["", "..", "a/b", "."].map { SandboxTask.Input(name: $0, path: "/usr") }
            + [SandboxTask.Input(name: "gone", path: "/no/such")]
        for input in bad {
            await #expect(throws: Refusal("sandbox.bad-task", "")) {
                var task = script("true")
                task.inputs = [input]
                _ = try await sandbox.run(task)
            }
        }
        await #expect(throws: Refusal("sandbox.not-permitted", "")) {
            _ = try await sandbox.run(script("true"), driver: .process)
        }
    }
}
