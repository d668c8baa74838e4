// What works on this machine, found by trying.

import Platform
import Primitives

/// What this machine can do, with one sentence for each thing that is missing.
public struct SandboxReport: Sendable, Equatable {
    /// Whether tasks of strangers can be run.
    public let isIsolationAvailable: Bool
    /// bubblewrap's own words for its version, when it is installed.
    public let bubblewrapVersion: String?
    /// What would keep memory within limits.
    public let memoryGuard: MemoryGuard
    /// Whether system calls are filtered.
    public let filtersSystemCalls: Bool
    /// What is missing or weaker than it should be, and what to do about it.
    public let problems: [String]

    let bubblewrapPath: String?
    let canDisableNamespaces: Bool
}

/// Tries out the means of isolation.
public enum SandboxProbe {
    /// Tries each of them. A sandbox that was not seen to work is reported as missing: a task must
    /// be refused rather than run with less protection than its owner asked for.
    public static func check() async -> SandboxReport {
        var problems: [String] = []
        let hierarchies = ControlGroupHierarchy.all()
        let memoryGuard = await memoryGuard(hierarchies, &problems)
        let hasFilter = SystemCallFilter.program != nil
        if !hasFilter {
            problems.append("system calls cannot be filtered on this kind of processor")
        }
        guard let path = Environment.find(program: "bwrap") else {
            problems.append("bubblewrap is not installed: apt install bubblewrap")
            return SandboxReport(
                isIsolationAvailable: false, bubblewrapVersion: nil, memoryGuard: memoryGuard,
                filtersSystemCalls: false, problems: problems, bubblewrapPath: nil,
                canDisableNamespaces: false)
        }
        let version = await firstLine(of: ChildCommand(path, ["--version"]))
        let help = await text(of: ChildCommand(path, ["--help"]))
        let canDisable = help.contains("--disable-userns")
        if !canDisable {
            problems.append("this bubblewrap cannot forbid nested namespaces: 0.8 or later can")
        }
        let failure = await trial(path, canDisable: canDisable)
        if let failure { problems.append(failure) }
        return SandboxReport(
            isIsolationAvailable: failure == nil, bubblewrapVersion: version,
            memoryGuard: memoryGuard, filtersSystemCalls: hasFilter, problems: problems,
            bubblewrapPath: path, canDisableNamespaces: canDisable)
    }

    private static func memoryGuard(
        _ hierarchies: [ControlGroupHierarchy], _ problems: inout [String]
    ) async -> MemoryGuard {
        if let group = ControlGroup.make(limits: SandboxLimits(), in: hierarchies) {
            await group.remove()
            return group.memoryGuard
        }
        problems.append(
            "control groups cannot be written by this user, so memory is limited for each process "
                + "and not for the task: run as root, or have systemd delegate a slice "
                + "(Delegate=memory pids)")
        return .resourceLimits
    }

    /// Runs a program in a sandbox like a task's; nil, or why it failed.
    private static func trial(_ bubblewrap: String, canDisable: Bool) async -> String? {
        do throws(Refusal) {
            let folder = try TemporaryFolder(prefix: "althing-probe")
            let shell = BubblewrapCommand(
                task: SandboxTask("/bin/true", outputFolder: folder.path), executable: "/bin/true",
                libraries: [], canDisableNamespaces: canDisable, hasFilter: false)
            var command = ChildCommand(bubblewrap, shell.arguments)
            command.timeLimitNanoseconds = 10_000_000_000
            let outcome = try await ChildProcess.run(command)
            if outcome.isSuccess { return nil }
            let reason = outcome.error.text.split(separator: "\n").first ?? "no reason given"
            return "bubblewrap cannot make a sandbox here (\(reason)): allow unprivileged user "
                + "namespaces for it, or run the agent outside a container that forbids them"
        } catch {
            return "bubblewrap cannot be tried out: \(error.message)"
        }
    }

    private static func text(of command: ChildCommand) async -> String {
        var command = command
        command.timeLimitNanoseconds = 10_000_000_000
        guard let outcome = try? await ChildProcess.run(command) else { return "" }
        return outcome.output.text + outcome.error.text
    }

    private static func firstLine(of command: ChildCommand) async -> String? {
        await text(of: command).split(separator: "\n").first.map(String.init)
    }
}
