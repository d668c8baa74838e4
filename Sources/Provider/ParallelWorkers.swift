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
    private let done = WakeSignal()

    init(_ body: @escaping @Sendable () -> Void) {
        let done = done
        do {
            try SystemThread.start("kernel") {
                body()
                done.raise()
            }
        } catch {
            // No thread could be had: the work is taken up by the others.
            done.raise()
        }
    }

    func join() { done.wait() }
}
