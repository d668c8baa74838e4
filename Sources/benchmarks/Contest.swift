// Several ways to do the same, taking turns in one process, so that a busy spell of the machine
// hits all alike; what is reported is medians.

import Dispatch
import Glibc

/// Which clock counts.
enum Stopwatch: String {
    /// The processor time of the process: for one thread on a shared machine.
    case processor
    /// The time on the wall: for several threads, and for memory.
    case wall
    /// What an accelerator's own events say; nobody reads it here.
    case device

    /// Now, in seconds.
    var seconds: Double {
        switch self {
        case .processor: processorSeconds()
        case .wall, .device: wallSeconds()
        }
    }
}

/// Seconds that never go back.
func wallSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// One entrant: what it is called, and what it does.
struct Entrant {
    let name: String
    /// Does the work once and returns how much that was, in the contest's unit.
    let body: () -> Double
}

/// What came out for one entrant.
struct Standing {
    let name: String
    /// The rates of all turns but the first, per second.
    let rates: [Double]

    var rate: Double { median(rates) }
    /// The median absolute deviation as a share of the median.
    var spread: Double {
        let middle = rate
        return middle > 0 ? median(rates.map { abs($0 - middle) }) / middle : 0
    }
}

/// A comparison in one unit.
struct Contest {
    let title: String
    let unit: String
    let clock: Stopwatch
    let entrants: [Entrant]

    /// Lets all take turns: one to warm up, then `repeats`, each at least `least` seconds long.
    func run(repeats: Int, least: Double = 0.15) -> [Standing] {
        var rates = [[Double]](repeating: [], count: entrants.count)
        var inner = [Int](repeating: 1, count: entrants.count)
        for turn in 0...repeats {
            for (index, entrant) in entrants.enumerated() {
                let start = clock.seconds
                var work = 0.0
                for _ in 0..<inner[index] { work += entrant.body() }
                let seconds = max(clock.seconds - start, 1e-9)
                if turn > 0 {
                    rates[index].append(work / seconds)
                } else {
                    inner[index] = max(1, min(1000, Int((least / seconds).rounded(.up))))
                }
            }
        }
        return zip(entrants, rates).map { Standing(name: $0.name, rates: $1) }
    }
}

/// Calls the body for every index, on all cores when there is more than one.
func onAllCores(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count == 1 {
        body(0)
    } else {
        DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
}

/// Memory for a kernel: aligned, and never given back, because a benchmark ends soon.
struct Scratch<Element>: @unchecked Sendable {
    let start: UnsafeMutablePointer<Element>

    /// Room for `count` elements, each set by its index.
    init(_ count: Int, _ value: (Int) -> Element) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(64, count * MemoryLayout<Element>.stride), alignment: 1 << 21)
        // Large pages where the system has them: what is measured is the kernel, not the page walk.
        madvise(memory, count * MemoryLayout<Element>.stride, MADV_HUGEPAGE)
        start = memory.bindMemory(to: Element.self, capacity: max(1, count))
        for index in 0..<count { (start + index).initialize(to: value(index)) }
    }
}
