// Runs tasks of strangers so that they can neither harm nor see the machine, and within limits.

import Platform
public import Primitives

/// Runs tasks, each apart from the machine and from the others.
///
/// Nothing of a task outlives its run: not a process, not a mount, not a control group; also when
/// the caller is cancelled, and (processes and mounts, by the kernel) when this process is killed.
public final class Sandbox: Sendable {
    /// What was found to work on this machine.
    public let report: SandboxReport
    private let allowsPlainProcess: Bool
    private let hierarchies: [ControlGroupHierarchy]

    /// A sandbox with what `SandboxProbe.check()` found. Plain processes run only where the owner's
    /// policy permits it. Control groups left by a process that was killed are removed.
    public init(_ report: SandboxReport, allowsPlainProcess: Bool = false) {
        self.report = report
        self.allowsPlainProcess = allowsPlainProcess
        hierarchies = ControlGroupHierarchy.all()
        ControlGroup.sweep(hierarchies)
    }

    /// Removes the control groups that killed processes left.
    public static func removeLeftovers() { ControlGroup.sweep(ControlGroupHierarchy.all()) }

    /// Runs a task to its end; cancelling ends it at once.
    ///
    /// Throws `sandbox.unavailable` where isolation was asked for and does not work here,
    /// `sandbox.not-permitted` for a plain process that the policy forbids, `sandbox.bad-task`, and
    /// the `process.*` codes. A task that fails or passes a limit is a result, not a refusal.
    public func run(
        _ task: SandboxTask, driver: SandboxDriver = .bubblewrap
    ) async throws(Refusal) -> SandboxResult {
        try task.check()
        let group = ControlGroup.make(limits: task.limits, in: hierarchies)
        do throws(Refusal) {
            var prepared = try await prepare(task, driver)
            setLimits(on: &prepared.command, task, group)
            if let group { prepared.command.controlGroups = try group.entrances() }
            let run = try await watch(prepared.command, task, group)
            let result = try result(of: run, task, driver, group)
            await group?.remove()
            withExtendedLifetime(prepared) {}
            return result
        } catch {
            await group?.remove()
            throw error
        }
    }

    // MARK: Preparing

    private struct Prepared {
        var command: ChildCommand
        /// Links to the inputs, for a program that is not in a world of its own.
        var inputFolder: TemporaryFolder?
    }

    private func prepare(
        _ task: SandboxTask, _ driver: SandboxDriver
    ) async throws(Refusal) -> Prepared {
        guard let found = Environment.find(program: task.executable) else {
            throw Refusal("process.not-found", "there is no program \(task.executable) to run")
        }
        let executable = try Files.resolved(found)
        switch driver {
        case .bubblewrap: return try await prepareBubblewrap(task, executable)
        case .process: return try prepareProcess(task, executable)
        }
    }

    private func prepareBubblewrap(
        _ task: SandboxTask, _ executable: String
    ) async throws(Refusal) -> Prepared {
        guard report.isIsolationAvailable, let bubblewrap = report.bubblewrapPath else {
            throw Refusal(
                "sandbox.unavailable",
                report.problems.last ?? "tasks cannot be isolated on this machine")
        }
        let libraries =
            BubblewrapCommand.isSystem(executable)
            ? [] : try await SharedLibraries.needed(by: executable, bubblewrap: bubblewrap)
        let filter = SystemCallFilter.program
        let shell = BubblewrapCommand(
            task: task, executable: executable, libraries: libraries,
            canDisableNamespaces: report.canDisableNamespaces, hasFilter: filter != nil)
        var command = ChildCommand(bubblewrap, shell.arguments)
        if let filter {
            // Small enough to wait in the pipe; bubblewrap reads to the end, which comes when
            // `writer` goes.
            let (reader, writer) = try FileDescriptor.pipe()
            try writer.write(filter)
            command.inherited = [reader]
        }
        return Prepared(command: command)
    }

    private func prepareProcess(
        _ task: SandboxTask, _ executable: String
    ) throws(Refusal) -> Prepared {
        guard allowsPlainProcess else {
            throw Refusal(
                "sandbox.not-permitted",
                "running without isolation is not permitted on this machine")
        }
        let folder = try TemporaryFolder(prefix: "althing-inputs")
        for input in task.inputs {
            try Files.link(try Files.resolved(input.path), at: "\(folder.path)/\(input.name)")
        }
        let output = try Files.resolved(task.outputFolder)
        var command = ChildCommand(
            executable, task.arguments(inputs: folder.path, output: output))
        command.environment = task.variables(inputs: folder.path, output: output)
        command.workingFolder = output
        command.gainsNoPrivileges = true
        return Prepared(command: command, inputFolder: folder)
    }

    private func setLimits(
        on command: inout ChildCommand, _ task: SandboxTask, _ group: ControlGroup?
    ) {
        let limits = task.limits
        command.input = task.standardInput.isEmpty ? .none : .bytes(task.standardInput)
        command.output = .captured(limit: limits.capturedBytes)
        command.error = .captured(limit: limits.capturedBytes)
        command.startsSession = true
        let (nanoseconds, overflow) = limits.wallMilliseconds.multipliedReportingOverflow(
            by: 1_000_000)
        command.timeLimitNanoseconds = overflow ? .max : nanoseconds
        command.limits = [
            .processorSeconds(limits.processorSeconds), .fileBytes(limits.outputBytes),
            .coreBytes(0), .openFiles(1024),
        ]
        if group == nil {
            command.limits += [
                .addressSpaceBytes(limits.memoryBytes), .processes(limits.processes),
            ]
        }
    }

    // MARK: Running

    private struct Run {
        let outcome: ChildOutcome
        let isOutputTooLarge: Bool
        let isCancelled: Bool
    }

    private func watch(
        _ command: ChildCommand, _ task: SandboxTask, _ group: ControlGroup?
    ) async throws(Refusal) -> Run {
        let child = try await ChildProcess.start(command)
        let end: @Sendable () -> Void = {
            child.kill()
            group?.killAll()
        }
        let folder = task.outputFolder
        let limit = task.limits.outputBytes
        var isOutputTooLarge = false
        var outcome: ChildOutcome?
        await withTaskGroup(of: Sighting.self) { tasks in
            tasks.addTask {
                await withTaskCancellationHandler {
                    .ended(await child.outcome())
                } onCancel: {
                    end()
                }
            }
            tasks.addTask { await Sandbox.outputPasses(limit, in: folder) }
            for await sighting in tasks {
                switch sighting {
                case .ended(let seen):
                    outcome = seen
                    tasks.cancelAll()
                case .outputTooLarge:
                    isOutputTooLarge = true
                    end()
                case .nothing: break
                }
            }
        }
        guard let outcome else { throw Refusal("sandbox.failed", "the task's end was not seen") }
        return Run(
            outcome: outcome, isOutputTooLarge: isOutputTooLarge, isCancelled: Task.isCancelled)
    }

    /// What watching a task brings.
    private enum Sighting: Sendable {
        case ended(ChildOutcome)
        case outputTooLarge
        case nothing
    }

    /// Measures a folder as it grows: no quota is to be had on every file system. (One file alone
    /// is held by the kernel.)
    private static func outputPasses(_ limit: UInt64, in folder: String) async -> Sighting {
        while !Task.isCancelled {
            if size(of: folder) > limit { return .outputTooLarge }
            try? await Task.sleep(nanoseconds: 100_000_000)
        }
        return .nothing
    }

    private static func size(of folder: String) -> UInt64 {
        guard let files = try? Files.walk(folder) else { return .max }
        return files.reduce(0) { $0 + $1.size }
    }

    // MARK: Reporting

    private func result(
        of run: Run, _ task: SandboxTask, _ driver: SandboxDriver, _ group: ControlGroup?
    ) throws(Refusal) -> SandboxResult {
        group?.killAll()
        let files = (try? Files.walk(task.outputFolder)) ?? []
        let size = Sandbox.size(of: task.outputFolder)
        let isTooLarge = run.isOutputTooLarge || size > task.limits.outputBytes
        let usage = usage(of: run, driver, group)
        let ending = ending(of: run, task, driver, group, usage, isTooLarge: isTooLarge)
        return SandboxResult(
            ending: ending, output: run.outcome.output, error: run.outcome.error, usage: usage,
            peakMemoryBytes: group?.peakMemoryBytes, wallNanoseconds: run.outcome.wallNanoseconds,
            driver: driver, memoryGuard: group?.memoryGuard ?? .resourceLimits, files: files)
    }

    /// The kernel's account of the process, corrected by the group's: bubblewrap does not wait for
    /// what it started, so its own account lacks the program.
    private func usage(
        of run: Run, _ driver: SandboxDriver, _ group: ControlGroup?
    ) -> ProcessUsage {
        var usage = run.outcome.usage
        if let total = group?.processorNanoseconds,
            total > usage.userNanoseconds + usage.systemNanoseconds
        {
            usage.userNanoseconds = total - usage.systemNanoseconds
        }
        if let peak = group?.peakMemoryBytes {
            usage.maximumResidentBytes = max(usage.maximumResidentBytes, peak)
        } else if group == nil, driver == .bubblewrap {
            // Without a group there is only the clock on the wall, which is no less.
            usage.userNanoseconds = run.outcome.wallNanoseconds
        }
        return usage
    }

    private func ending(
        of run: Run, _ task: SandboxTask, _ driver: SandboxDriver, _ group: ControlGroup?,
        _ usage: ProcessUsage, isTooLarge: Bool
    ) -> SandboxResult.Ending {
        if run.isCancelled { return .cancelled }
        if isTooLarge { return .outputTooLarge }
        if run.outcome.isTimedOut { return .timedOut }
        if group?.ranOutOfMemory == true { return .outOfMemory }
        let signal: Int32
        switch run.outcome.ending {
        case .signalled(let number): signal = number
        // bubblewrap, as a shell, says with 128 and more that a signal ended the program.
        case .exited(let status) where driver == .bubblewrap && status > 128 && status <= 192:
            signal = status - 128
        case .exited(let status): return .exited(status)
        }
        if signal == Sandbox.processorLimit { return .usedUpProcessorTime }
        let used = usage.userNanoseconds + usage.systemNanoseconds
        // A program that ignores the warning is killed. The kernel holds it to a count of ticks,
        // which on a busy machine runs ahead of the time that was really used.
        let limit = UInt128(task.limits.processorSeconds) * 1_000_000_000
        if signal == Sandbox.killed, UInt128(used) * 4 >= limit * 3 { return .usedUpProcessorTime }
        return .signalled(signal)
    }

    private static let killed: Int32 = 9
    private static let processorLimit: Int32 = 24
}
