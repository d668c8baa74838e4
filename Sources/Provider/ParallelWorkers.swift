// Threads for the kernel suite: the pure floors say what runs beside what, this says on which thread.

import Benchmarking
import Platform
import Synchronization

/// Workers over this machine's cores.
enum ParallelWorkers {
    /// One thread a core, for as long as a piece of work lasts.
    static var all: Workers {
        Workers(width: Machine.cores) { count, body in
            let next = Atomic<Int>(0)
            @Sendable func work() {
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < count else { return }
                    body(index)
                }
            }
            // SAFETY: every thread is joined before the closure returns, so `body` outlives them.
            withoutActuallyEscaping(work) { work in
                let threads = (1..<max(1, min(count, Machine.cores))).map { _ in
                    JoinableThread(work)
                }
                work()
                for thread in threads { thread.join() }
            }
        }
    }
}

/// A thread that can be waited for.
private final class JoinableThread: Sendable {
    /// The work, dropped by the thread before it says that it is done: what was lent to it by
    /// `withoutActuallyEscaping` must not be held any longer when the waiting ends.
    private final class Loan: Sendable {
        private let body: Mutex<(@Sendable () -> Void)?>

        init(_ body: @escaping @Sendable () -> Void) { self.body = Mutex(body) }

        func spend() {
            let body = body.withLock { body in
                defer { body = nil }
                return body
            }
            body?()
        }

        func drop() { body.withLock { $0 = nil } }
    }

    private let done = WakeSignal()

    init(_ body: @escaping @Sendable () -> Void) {
        let done = done
        let loan = Loan(body)
        do {
            try SystemThread.start("kernel") {
                loan.spend()
                done.raise()
            }
        } catch {
            // No thread could be had: the work is taken up by the others.
            loan.drop()
            done.raise()
        }
    }

    func join() { done.wait() }
}
