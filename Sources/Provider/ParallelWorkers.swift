// Threads for the kernel suite: the pure floors say what runs beside what, this says on which
// thread.

import Benchmarking
import CKernels
import Platform

/// Workers over this machine's cores.
enum ParallelWorkers {
    /// The kernels' own threads, which stay: one for each core.
    static var all: Workers {
        let width = Machine.cores
        return Workers(width: width) { count, body in
            withoutActuallyEscaping(body) { body in
                withUnsafePointer(to: body) { body in
                    parallel_run(
                        Int32(width), Int32(count),
                        { context, index, _ in
                            context?.assumingMemoryBound(to: (@Sendable (Int) -> Void).self)
                                .pointee(Int(index))
                        }, body)
                }
            }
        }
    }
}
