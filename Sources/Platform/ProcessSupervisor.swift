// The thread behind `ChildProcess`: starts, watches and buries children.

import Glibc
import Primitives
import Synchronization

/// The one owner of all children.
final class ProcessSupervisor: Sendable {
    private struct Request: Sendable {
        let command: ChildCommand
        let started: @Sendable (Result<ChildProcess, Refusal>) -> Void
    }

    /// The supervisor of this process, or why there is none.
    static let shared: Result<ProcessSupervisor, Refusal> = {
        let supervisor = ProcessSupervisor()
        guard supervisor.wake.isUsable else {
            return .failure(Refusal("system.failed", "no descriptor is left to watch children"))
        }
        do throws(Refusal) {
            try SystemThread.start("children") { supervisor.run() }
            return .success(supervisor)
        } catch {
            return .failure(error)
        }
    }()

    private let wake = WakeSignal()
    private let inbox = Mutex<[Request]>([])

    func start(
        _ command: ChildCommand,
        _ started: @escaping @Sendable (Result<ChildProcess, Refusal>) -> Void
    ) {
        inbox.withLock { $0.append(Request(command: command, started: started)) }
        wake.raise()
    }

    /// The thread's whole life.
    private func run() {
        var children: [RunningChild] = []
        while true {
            var polled = [pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0)]
            for child in children { child.addInterests(to: &polled) }
            let timeout = ProcessSupervisor.timeout(of: children)
            let ready = poll(&polled, nfds_t(polled.count), timeout)
            if ready > 0, polled[0].revents != 0 {
                wake.wait()
                children += startRequested()
            }
            for child in children { child.advance() }
            children.removeAll { $0.hasEnded }
        }
    }

    private func startRequested() -> [RunningChild] {
        let requests = inbox.withLock { inbox in
            defer { inbox = [] }
            return inbox
        }
        var children: [RunningChild] = []
        for request in requests {
            do throws(Refusal) {
                let child = try RunningChild(request.command)
                children.append(child)
                request.started(.success(child.handle))
            } catch {
                request.started(.failure(error))
            }
        }
        return children
    }

    /// Milliseconds until the first deadline, or -1 for none.
    private static func timeout(of children: [RunningChild]) -> Int32 {
        guard let first = children.compactMap(\.deadline).min() else { return -1 }
        let now = SystemClock.monotonicNanoseconds()
        guard first > now else { return 0 }
        return Int32(min((first - now) / 1_000_000 + 1, 3_600_000))
    }
}
