// The demonstration's stage: a folder, the processes it starts, and the commands it types.
//
// Every command is a child process of this very executable, called as a person would call it. All
// children die with this process; the folder goes with it unless it is to be kept.

import Client
import Cryptography
import Platform
import Primitives
import Sandbox

/// One line of the account of what happens.
struct DemoTeller: Sendable {
    let quiet: Bool

    /// Opens a chapter.
    func chapter(_ number: Int, _ title: String) { tell("\n\(number). \(title)") }

    /// Says something in a line.
    func tell(_ line: String) {
        if quiet {
            // With `--output json` standard output belongs to the summary alone.
            Standard.error(line)
        } else {
            Standard.out(line)
        }
    }
}

/// Where the demonstration happens.
final class DemoStage {
    let root: String
    let folder: String
    let program: String
    let teller: DemoTeller
    private var children: [String: ChildProcess] = [:]
    private(set) var origins: [String] = []
    private var memoryPeaks: [Int32: UInt64] = [:]

    init(root: String, folder: String, quiet: Bool) throws(Refusal) {
        self.root = root
        self.folder = folder
        program = try Executable.own()
        teller = DemoTeller(quiet: quiet)
    }

    func use(origins: [String]) { self.origins = origins }

    /// A client of the cluster's members.
    func client() throws(Refusal) -> ClusterClient { try ClusterClient(origins: origins) }

    // MARK: Commands

    /// Types a command and waits for it; throws what it refused.
    @discardableResult
    func type(_ words: [String], expecting status: Int32 = 0, shown: Bool = true)
        async throws(Refusal) -> String
    {
        if shown {
            teller.tell("   $ althing " + words.map(DemoStage.quoted).joined(separator: " "))
        }
        var command = ChildCommand(program, words)
        command.environment = environment()
        command.workingFolder = root
        command.timeLimitNanoseconds = 180_000_000_000
        command.output = .captured(limit: 4 << 20)
        let outcome = try await ChildProcess.run(command)
        try DemoStage.refuseWhenStopped()
        guard outcome.ending == .exited(status), !outcome.isTimedOut else {
            let said = outcome.error.text.isEmpty ? outcome.output.text : outcome.error.text
            throw Refusal(
                "demo.command",
                "`althing \(words.joined(separator: " "))` ended with \(outcome.ending): \(said)")
        }
        return status == 0 ? outcome.output.text : outcome.error.text
    }

    /// Types a command of another program, `curl` say.
    func typeOther(_ name: String, _ words: [String]) async throws(Refusal) -> String {
        guard let path = Environment.find(program: name) else {
            throw Refusal("demo.missing-tool", "\(name) is not installed: apt install \(name)")
        }
        teller.tell("   $ \(name) " + words.map(DemoStage.quoted).joined(separator: " "))
        var command = ChildCommand(path, words)
        command.workingFolder = root
        command.timeLimitNanoseconds = 60_000_000_000
        let outcome = try await ChildProcess.run(command)
        try DemoStage.refuseWhenStopped()
        guard outcome.isSuccess else {
            throw Refusal("demo.command", "\(name) ended with \(outcome.ending)")
        }
        return outcome.output.text
    }

    /// Throws `demo.stopped` once Ctrl-C was pressed.
    private static func refuseWhenStopped() throws(Refusal) {
        guard !Task.isCancelled else {
            throw Refusal("demo.stopped", "the demonstration was stopped before its end")
        }
    }

    private func environment() -> [(name: String, value: String)] {
        var variables = Environment.all().filter {
            !$0.name.hasPrefix("ALTHING_") && $0.name != "TMPDIR"
        }
        // What a killed agent leaves of its tasks goes with the demonstration's own folder.
        variables.append(("TMPDIR", folder))
        if !origins.isEmpty {
            variables.append(("ALTHING_CLUSTER", origins.joined(separator: ",")))
        }
        variables.append(("ALTHING_PASSWORD_FILE", "\(folder)/password"))
        variables.append(("NO_COLOR", "1"))
        return variables
    }

    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy {
            0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0
                || Array("-_./:,=@%+".utf8).contains($0)
        }
        return plain && !word.isEmpty ? word : "'\(word)'"
    }

    // MARK: Processes

    /// Starts a command that goes on running, its log in the folder.
    func start(_ name: String, _ words: [String], shown: Bool = true) async throws(Refusal) {
        if shown {
            teller.tell("   $ althing " + words.map(DemoStage.quoted).joined(separator: " ") + " &")
        }
        var command = ChildCommand(program, words)
        command.environment = environment()
        command.workingFolder = root
        command.output = .none
        command.error = .file("\(folder)/\(name).log")
        children[name] = try await ChildProcess.start(command)
    }

    /// Kills a process at once, as a power cut would.
    func kill(_ name: String) async {
        guard let child = children.removeValue(forKey: name) else { return }
        notePeak(child)
        child.kill()
        _ = await child.outcome()
    }

    /// Ends a process in order.
    func end(_ name: String) async {
        guard let child = children.removeValue(forKey: name) else { return }
        notePeak(child)
        child.terminate()
        let late = Task {
            try? await Task.sleep(for: .seconds(5))
            if !Task.isCancelled { child.kill() }
        }
        _ = await child.outcome()
        late.cancel()
    }

    /// Ends everything, all at once: members need not outlive each other here.
    func clear() async {
        let ending = Array(children.values)
        children = [:]
        for child in ending { child.terminate() }
        let late = Task {
            try? await Task.sleep(for: .seconds(5))
            if !Task.isCancelled { for child in ending { child.kill() } }
        }
        for child in ending { _ = await child.outcome() }
        late.cancel()
        // An agent that was killed could not tidy up.
        Sandbox.removeLeftovers()
    }

    /// The last lines of every process's log that are more than information: for whoever has to
    /// find out why the demonstration failed after its folder is gone.
    func tellLastWords() {
        for name in (try? Files.list(folder)) ?? [] where name.hasSuffix(".log") {
            let text = (try? Files.readText("\(folder)/\(name)")) ?? ""
            let words = text.split(separator: "\n").filter { !$0.contains(#""level":"info""#) }
            for line in words.suffix(5) { teller.tell("   \(name): \(line)") }
        }
    }

    /// Throws `demo.process` when a process ended that nobody told to.
    private func refuseDeaths() throws(Refusal) {
        guard let name = children.keys.sorted().first(where: { children[$0]?.isRunning == false })
        else { return }
        let log = (try? Files.readText("\(folder)/\(name).log")) ?? ""
        let last = log.split(separator: "\n").last ?? "it said nothing"
        throw Refusal("demo.process", "\(name) ended by itself: \(last)")
    }

    // MARK: Memory

    private func notePeak(_ child: ChildProcess) {
        memoryPeaks[child.processIdentifier] = DemoStage.peakBytes(of: child.processIdentifier)
    }

    /// The sum of the highest resident memory of every process started here, in bytes.
    func memoryPeak() -> UInt64 {
        for child in children.values { notePeak(child) }
        return memoryPeaks.values.reduce(0, +)
    }

    private static func peakBytes(of process: Int32) -> UInt64 {
        guard let status = try? Files.readText("/proc/\(process)/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
        else { return 0 }
        let digits = line.filter { "0"..."9" ~= $0 }
        return (UInt64(digits) ?? 0) * 1024
    }

    // MARK: Waiting

    /// Asks until `ready` gives something, or fails with `what` after `limit`.
    func wait<Value>(
        for what: String, limit: Duration = .seconds(60),
        every pause: Duration = .milliseconds(150),
        _ ready: () async throws(Refusal) -> Value?
    ) async throws(Refusal) -> Value {
        let end = ContinuousClock.now + limit
        var last: Refusal?
        while ContinuousClock.now < end {
            try DemoStage.refuseWhenStopped()
            try refuseDeaths()
            do throws(Refusal) {
                if let value = try await ready() { return value }
            } catch {
                // What the script itself found out is final.
                if error.code.hasPrefix("demo.") { throw error }
                // A member may be electing or restarting: only time decides that something is
                // wrong.
                last = error
            }
            try? await Task.sleep(for: pause)
        }
        throw Refusal(
            "demo.timeout", "waited in vain for \(what)\(last.map { " (\($0))" } ?? "")")
    }
}
