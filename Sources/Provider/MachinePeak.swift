// How much of a machine a kernel uses: its rate over the rate of the loop that bounds it.

import Benchmarking
import Platform

/// What this machine can do at most, measured beside a kernel.
enum MachinePeak {
    /// A rate over the peak, in millionths; nil where no peak is known.
    ///
    /// The peak is the best of a few turns: what interrupts a loop says nothing of the machine.
    static func share(of rate: UInt64, _ kernel: Kernel) -> UInt64? {
        guard rate > 0, let peak = measured(kernel), peak > 0 else { return nil }
        return UInt64(clamping: UInt128(rate) * 1_000_000 / UInt128(peak))
    }

    /// The peak per second, in the kernel's unit.
    private static func measured(_ kernel: Kernel) -> UInt64? {
        guard let loop = PeakLoop(kernel) else { return nil }
        let run = loop.prepared(for: kernel.threads == .one ? .serial : ParallelWorkers.all)
        var best: UInt64 = 0
        for _ in 0..<12 {
            let start = SystemClock.monotonicNanoseconds()
            let work = run()
            let nanoseconds = max(1, SystemClock.monotonicNanoseconds() - start)
            best = max(best, UInt64(work / Double(nanoseconds) * 1e9))
        }
        return best
    }
}
