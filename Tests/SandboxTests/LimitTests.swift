// Limits hold, and nothing of a task is left behind.

import Glibc
import Platform
import Primitives
import Sandbox
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized) struct LimitTests {
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

    @Test(arguments: SandboxDriver.allCases)
    func `time by the clock`(driver: SandboxDriver) async throws {
        guard let sandbox = await Available.sandbox(allowsPlainProcess: true) else { return }
        var task = script("sleep 987654 & sleep 987654")
        task.limits.wallMilliseconds = 200
        let result = try await sandbox.run(task, driver: driver)
        #expect(result.ending == .timedOut)
        #expect(try !isRunning("987654"))
    }

    @Test(arguments: SandboxDriver.allCases)
    func `processor time`(driver: SandboxDriver) async throws {
        guard let sandbox = await Available.sandbox(allowsPlainProcess: true) else { return }
        var task = script("exec sh -c 'while :; do :; done'")
        task.limits.processorSeconds = 1
        let result = try await sandbox.run(task, driver: driver)
        #expect(result.ending == .usedUpProcessorTime)
    }

    @Test func `processor time of a program that ignores the warning`() async throws {
        guard let sandbox = await Available.sandbox() else { return }
        var task = script("trap '' XCPU; while :; do :; done")
        task.limits.processorSeconds = 1
        task.limits.wallMilliseconds = 30_000
        #expect(try await sandbox.run(task).ending == .usedUpProcessorTime)
    }

    @Test(arguments: SandboxDriver.allCases)
    func `memory of all processes together`(driver: SandboxDriver) async throws {
        guard let sandbox = await Available.sandbox(allowsPlainProcess: true) else { return }
        guard sandbox.report.memoryGuard != .resourceLimits else {
            print("skipped: \(sandbox.report.problems.joined(separator: "; "))")
            return
        }
        // `tail` keeps a line without end in memory.
        var task = script("(tail /dev/zero & tail /dev/zero & wait); echo survived")
        task.limits.memoryBytes = 48 << 20
        let result = try await sandbox.run(task, driver: driver)
        #expect(result.ending == .outOfMemory)
        #expect((result.peakMemoryBytes ?? .max) <= 48 << 20)
    }

    @Test func `a storm of processes`() async throws {
        guard let sandbox = await Available.sandbox() else { return }
        var task = script("f() { f | f & }; f; sleep 987653")
        task.limits.processes = 40
        task.limits.wallMilliseconds = 700
        let result = try await sandbox.run(task)
        #expect(!result.isSuccess)
        #expect(try !isRunning("987653"))
    }

    @Test(arguments: SandboxDriver.allCases)
    func `output in many files and in one`(driver: SandboxDriver) async throws {
        guard let sandbox = await Available.sandbox(allowsPlainProcess: true) else { return }
        var task = script(
            "i=0; while :; do head -c 100000 /dev/zero > {output}/$i; i=$((i+1)); done")
        task.limits.outputBytes = 1 << 20
        let many = try await sandbox.run(task, driver: driver)
        #expect(many.ending == .outputTooLarge)
        try Files.removeTree("\(folder.path)/output")
        try Files.makeFolders("\(folder.path)/output")
        task = script("head -c 100000000 /dev/zero > {output}/one")
        task.limits.outputBytes = 1 << 20
        let one = try await sandbox.run(task, driver: driver)
        #expect(!one.isSuccess)
        #expect(one.files.allSatisfy { $0.size <= 1 << 20 })
    }

    @Test func `temporary files in memory`() async throws {
        guard let sandbox = await Available.sandbox() else { return }
        var task = script(
            "head -c 9000000 /dev/zero > /tmp/a || head -c 9000000 /dev/zero > /dev/shm/a")
        task.limits.temporaryBytes = 1 << 20
        let result = try await sandbox.run(task)
        #expect(!result.isSuccess)
        #expect(result.error.text.contains("No space left"))
    }

    @Test(arguments: SandboxDriver.allCases)
    func `cancelling ends everything at once`(driver: SandboxDriver) async throws {
        guard let sandbox = await Available.sandbox(allowsPlainProcess: true) else { return }
        let task = script("touch {output}/started; setsid sleep 987652 & sleep 987652")
        let running = Task { try await sandbox.run(task, driver: driver) }
        while !Files.exists("\(folder.path)/output/started") { await Task.yield() }
        running.cancel()
        let result = try await running.value
        #expect(result.ending == .cancelled)
        #expect(try !isRunning("987652"))
    }

    @Test func `the end of long output is kept, statuses and signals are told apart`()
        async throws
    {
        guard let sandbox = await Available.sandbox() else { return }
        var task = script("seq 1 50000; exit 7")
        task.limits.capturedBytes = 6
        let result = try await sandbox.run(task)
        #expect(result.ending == .exited(7))
        #expect(result.output.text == "50000\n")
        #expect(result.output.isTruncated)
        #expect(try await sandbox.run(script("kill -SEGV $$")).ending == .signalled(11))
    }

    @Test func `no control group, mount or folder stays`() async throws {
        guard let sandbox = await Available.sandbox(allowsPlainProcess: true) else { return }
        _ = try await sandbox.run(script("true"))
        _ = try await sandbox.run(script("true"), driver: .process)
        let groups = try await ChildProcess.run(
            ChildCommand(
                "find", ["/sys/fs/cgroup", "-name", "althing-\(getpid())-*", "-type", "d"]))
        // Groups of tests that run beside this one carry the same name; they go too.
        let left = groups.output.text.split(separator: "\n").filter { group in
            (try? Files.readText("\(group)/cgroup.procs"))?.isEmpty == true
        }
        #expect(left.allSatisfy { !Files.exists(String($0)) })
        #expect(try !Files.readText("/proc/self/mountinfo").contains(folder.path))
    }

    /// Whether a program with this argument runs anywhere on the machine.
    private func isRunning(_ argument: String) throws -> Bool {
        try Files.list("/proc").contains { name in
            guard Int32(name) != nil, let line = try? Files.read("/proc/\(name)/cmdline") else {
                return false
            }
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words == ["sleep", argument]
        }
    }
}
