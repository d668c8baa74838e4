// Child processes: real programs, real pipes, real ends.

import Glibc
import Platform
import Primitives
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
    private func shell(_ script: String) -> ChildCommand {
        ChildCommand("/bin/sh", ["-c", script])
    }

    @Test func `outputs, status and usage come back`() async throws {
        var command = shell("cat; echo problem >&2; exit 3")
        command.input = .bytes(Array("hello".utf8))
        let outcome = try await ChildProcess.run(command)
        #expect(outcome.ending == .exited(3))
        #expect(outcome.output.text == "hello")
        #expect(outcome.error.text == "problem\n")
        #expect(!outcome.isSuccess)
        #expect(outcome.usage.maximumResidentBytes > 100_000)
    }

    @Test func `what is not there is refused with a sentence`() async {
        await #expect(throws: Refusal("process.not-found", "")) {
            try await ChildProcess.run(ChildCommand("no-such-program"))
        }
        let refusal = await #expect(throws: Refusal.self) {
            var command = ChildCommand("true")
            command.workingFolder = "/no/such/folder"
            _ = try await ChildProcess.run(command)
        }
        #expect(
            refusal?.message
                == "cannot start true: enter /no/such/folder: no such file or folder")
    }

    @Test func `only the end of a long output is kept, and all of it counted`() async throws {
        var command = shell("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done")
        command.output = .captured(limit: 12)
        let outcome = try await ChildProcess.run(command)
        #expect(outcome.output.text == "19998\n19999\n")
        #expect(outcome.output.totalCount == 108_890)
        #expect(outcome.output.isTruncated)
    }

    @Test func `a large input to a program that does not read does no harm`() async throws {
        var command = ChildCommand("true")
        command.input = .bytes([UInt8](repeating: 1, count: 1 << 20))
        let outcome = try await ChildProcess.run(command)
        #expect(outcome.isSuccess)
    }

    @Test func `a large input comes back whole through a pipe`() async throws {
        var command = ChildCommand("cat")
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        command.input = .bytes(bytes)
        command.output = .captured(limit: 2 << 20)
        let outcome = try await ChildProcess.run(command)
        #expect(outcome.output.bytes == bytes)
    }

    @Test func `past its time limit the whole group ends`() async throws {
        var command = shell("sleep 1000 & echo $!; sleep 1000")
        command.timeLimitNanoseconds = 100_000_000
        let outcome = try await ChildProcess.run(command)
        #expect(outcome.isTimedOut)
        #expect(outcome.ending == .signalled(SIGKILL))
        #expect(try isGone(outcome.output.text))
    }

    @Test func `what a program leaves behind ends with it`() async throws {
        let outcome = try await ChildProcess.run(shell("sleep 1000 & echo $!"))
        #expect(outcome.ending == .exited(0))
        #expect(try isGone(outcome.output.text))
    }

    @Test func `cancelling the task ends the program`() async throws {
        let task = Task { try await ChildProcess.run(ChildCommand("sleep", ["1000"])) }
        task.cancel()
        let outcome = try await task.value
        #expect(outcome.ending == .signalled(SIGKILL))
    }

    @Test func `the child sees its environment, folder and descriptors, and no others`()
        async throws
    {
        let (reader, writer) = try FileDescriptor.pipe()
        var command = shell("echo $COLOUR; pwd; echo through >&3; ls /proc/self/fd | tr '\\n' ' '")
        command.environment = [("COLOUR", "green"), ("PATH", "/usr/bin:/bin")]
        command.workingFolder = "/usr"
        command.inherited = [writer]
        let outcome = try await ChildProcess.run(command)
        // 4 is the folder that `ls` itself reads.
        #expect(outcome.output.text == "green\n/usr\n0 1 2 3 4 ")
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(read(reader.number, &bytes, 8) == 8)
        #expect(String(decoding: bytes, as: UTF8.self) == "through\n")
    }

    @Test func `limits hold`() async throws {
        let folder = try TemporaryFolder()
        var command = shell("head -c 100000 /dev/zero > big; ls -l big | cut -d' ' -f5")
        command.workingFolder = folder.path
        command.limits = [.fileBytes(4096), .coreBytes(0)]
        let outcome = try await ChildProcess.run(command)
        #expect(outcome.output.text == "4096\n")
        command = shell("while :; do :; done")
        command.limits = [.processorSeconds(1), .coreBytes(0)]
        let spinning = try await ChildProcess.run(command)
        #expect(spinning.ending == .signalled(SIGKILL) || spinning.ending == .signalled(SIGXCPU))
    }

    @Test func `output can be handed on as it comes, and appended to a file`() async throws {
        let folder = try TemporaryFolder()
        let seen = Mutex<[UInt8]>([])
        var command = shell("echo one; echo two >&2; echo three")
        command.output = .streamed { chunk in seen.withLock { $0 += chunk } }
        command.error = .file("\(folder.path)/log")
        try Files.append("\(folder.path)/log", Array("before\n".utf8))
        _ = try await ChildProcess.run(command)
        #expect(seen.withLock { String(decoding: $0, as: UTF8.self) } == "one\nthree\n")
        #expect(try Files.readText("\(folder.path)/log") == "before\ntwo\n")
    }

    @Test func `many at once each keep their own status`() async throws {
        _ = try await ChildProcess.run(ChildCommand("true"))
        let outcomes = try await withThrowingTaskGroup(of: ChildOutcome.self) { group in
            for number in 0..<40 {
                group.addTask { try await ChildProcess.run(shell("exit \(number)")) }
            }
            return try await group.reduce(into: [ChildOutcome]()) { $0.append($1) }
        }
        let statuses = outcomes.compactMap { outcome -> Int32? in
            if case .exited(let status) = outcome.ending { return status }
            return nil
        }
        #expect(statuses.sorted() == Array(0..<40))
    }

    @Test func `it dies when its parent is killed`() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/pid"
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let child = try ChildProcess.startBlocking(ChildCommand("sleep", ["1000"]))
            try Files.writeAtomically(path, Array("\(child.processIdentifier)".utf8))
            raise(SIGKILL)
        }
        #expect(try isGone(try Files.readText(path)))
    }

    @Test func `signals arrive as values`() async throws {
        let arrivals = try Signals.arrivals(of: [SIGUSR1])
        kill(getpid(), SIGUSR1)
        var iterator = arrivals.makeAsyncIterator()
        #expect(await iterator.next() == SIGUSR1)
    }

    /// Whether a process has gone or is only waiting to be collected by someone else.
    private func isGone(_ text: String) throws -> Bool {
        let number = try #require(Int32(text.filter(\.isNumber)))
        for _ in 0..<1000 {
            guard let status = try? Files.readText("/proc/\(number)/stat") else { return true }
            if status.contains(") Z ") { return true }
            sched_yield()
        }
        return false
    }
}
