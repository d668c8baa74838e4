// Threads for the kernel suite: the pure floors say what runs beside what, this says on which thread.

import Benchmarking
import Dispatch
import Platform

/// Workers over this machine's cores.
enum ParallelWorkers {
    /// One thread a core, for as long as a piece of work lasts.
    static var all: Workers {
        Workers(width: Machine.cores) { count, body in
            DispatchQueue.concurrentPerform(iterations: count, execute: body)
        }
    }
}
