// Child processes: started, watched and buried by one thread.
//
// One thread and not the callers', for two reasons. The kernel kills a child with the *thread* that
// started it, so that thread must live as long as the process; and waiting blocks, which the
// language's pool must not. The thread waits in one `poll` for all children and all their pipes.

import Glibc
public import Primitives
import Synchronization

/// A running child process, alone in its process group.
public final class ChildProcess: Sendable {
    private enum Progress: Sendable {
        /// It runs, or has ended and is not yet collected: its number is still its own.
        case running([@Sendable (ChildOutcome) -> Void])
        /// It is collected, its last output is being read: its number may belong to someone else.
        case collected([@Sendable (ChildOutcome) -> Void])
        case ended(ChildOutcome)
    }

    /// The process id.
    public let processIdentifier: Int32
    private let progress = Mutex(Progress.running([]))

    init(_ processIdentifier: Int32) { self.processIdentifier = processIdentifier }

    // MARK: Starting

    /// Starts a command; throws `process.not-found`, `process.not-started` or a `file.*` code.
    public static func start(_ command: ChildCommand) async throws(Refusal) -> ChildProcess {
        let result = await withCheckedContinuation { continuation in
            start(command) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Starts a command and calls back, from the watching thread, when it runs or could not.
    public static func start(
        _ command: ChildCommand,
        _ started: @escaping @Sendable (Result<ChildProcess, Refusal>) -> Void
    ) {
        switch ProcessSupervisor.shared {
        case .success(let supervisor): supervisor.start(command, started)
        case .failure(let refusal): started(.failure(refusal))
        }
    }

    /// Starts a command from code that may block; never call it in a task.
    public static func startBlocking(_ command: ChildCommand) throws(Refusal) -> ChildProcess {
        let result = blocking { done in start(command, done) }
        return try result.get()
    }

    /// Runs a command to its end; cancelling the task kills its whole group.
    public static func run(_ command: ChildCommand) async throws(Refusal) -> ChildOutcome {
        let child = try await start(command)
        return await withTaskCancellationHandler {
            await child.outcome()
        } onCancel: {
            child.kill()
        }
    }

    /// Runs a command to its end from code that may block; never call it in a task.
    public static func runBlocking(_ command: ChildCommand) throws(Refusal) -> ChildOutcome {
        try startBlocking(command).outcomeBlocking()
    }

    // MARK: Waiting

    /// How it ended, waiting for that. Any number of callers may wait.
    public func outcome() async -> ChildOutcome {
        await withCheckedContinuation { continuation in
            whenEnded { continuation.resume(returning: $0) }
        }
    }

    /// The same from code that may block; never call it in a task.
    public func outcomeBlocking() -> ChildOutcome { ChildProcess.blocking { whenEnded($0) } }

    /// Calls back once it has ended, at once if it has.
    public func whenEnded(_ handler: @escaping @Sendable (ChildOutcome) -> Void) {
        let ended = progress.withLock { progress -> ChildOutcome? in
            switch progress {
            case .ended(let outcome): return outcome
            case .running(let waiting):
                progress = .running(waiting + [handler])
            case .collected(let waiting):
                progress = .collected(waiting + [handler])
            }
            return nil
        }
        if let ended { handler(ended) }
    }

    /// Whether it has not ended yet.
    public var isRunning: Bool {
        progress.withLock { if case .running = $0 { return true } else { return false } }
    }

    /// From here on no signal is sent to its number.
    func markCollected() {
        progress.withLock { progress in
            if case .running(let waiting) = progress { progress = .collected(waiting) }
        }
    }

    func end(with outcome: ChildOutcome) {
        let waiting = progress.withLock { progress -> [@Sendable (ChildOutcome) -> Void] in
            defer { progress = .ended(outcome) }
            switch progress {
            case .running(let waiting), .collected(let waiting): return waiting
            case .ended: return []
            }
        }
        for handler in waiting { handler(outcome) }
    }

    // MARK: Signals

    /// Sends a signal to its whole group; nothing happens when it has ended.
    public func signal(_ number: Int32) {
        // Under the lock, so that it is not collected meanwhile.
        progress.withLock { progress in
            if case .running = progress { _ = Glibc.kill(-processIdentifier, number) }
        }
    }

    /// Asks it to end (SIGTERM).
    public func terminate() { signal(SIGTERM) }

    /// Ends it and its group (SIGKILL).
    public func kill() { signal(SIGKILL) }

    private static func blocking<Value: Sendable>(
        _ body: (@escaping @Sendable (Value) -> Void) -> Void
    ) -> Value {
        let slot = Slot<Value>()
        body { slot.fill($0) }
        return slot.wait()
    }
}

/// A value that one thread fills and another, which may block, waits for.
private final class Slot<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let signal = WakeSignal()

    func fill(_ new: Value) {
        value.withLock { $0 = new }
        signal.raise()
    }

    func wait() -> Value {
        while true {
            if let found = value.withLock({ $0 }) { return found }
            signal.wait()
        }
    }
}
