// Threads that stay: every part once, whoever runs it, for any number of callers.

import CKernels
import Glibc
import Synchronization
import Testing

/// How often each part was run, and what a part does besides.
private final class Tally: Sendable {
    let counts: [Atomic32]
    let inner: Int

    final class Atomic32: Sendable {
        let value = Atomic<Int32>(0)
    }

    /// - Parameter inner: how many parts each part runs in turn.
    init(_ parts: Int, inner: Int = 0) {
        counts = (0..<parts).map { _ in Atomic32() }
        self.inner = inner
    }

    func run(threads: Int) {
        parallel_run(
            Int32(threads), Int32(counts.count),
            { context, part, parts in
                guard let context else { return }
                let tally = Unmanaged<Tally>.fromOpaque(context).takeUnretainedValue()
                guard parts == Int32(tally.counts.count) else { return }
                if tally.inner > 0 {
                    let nested = Tally(tally.inner)
                    nested.run(threads: 4)
                    guard nested.isComplete else { return }
                }
                tally.counts[Int(part)].value.add(1, ordering: .relaxed)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    var isComplete: Bool { counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 } }
}

@Suite struct ParallelTests {
    @Test(arguments: [(1, 1), (1, 9), (2, 2), (3, 200), (16, 16), (64, 64), (100, 300), (4, 0)])
    func `every part runs once`(threads: Int, parts: Int) {
        for _ in 0..<50 {
            let tally = Tally(parts)
            tally.run(threads: threads)
            #expect(tally.isComplete)
        }
    }

    @Test func `callers at once, more than there are teams, all come to an end`() async {
        await withTaskGroup(of: Bool.self) { group in
            for caller in 0..<40 {
                group.addTask {
                    (0..<50).allSatisfy { turn in
                        let tally = Tally(1 + (caller + turn) % 37, inner: turn % 3)
                        tally.run(threads: 1 + turn % 9)
                        return tally.isComplete
                    }
                }
            }
            for await isComplete in group { #expect(isComplete) }
        }
    }

    @Test func `the child of a fork, which has none of the threads, does not wait for them`() {
        Tally(16).run(threads: 16)
        for _ in 0..<5 {
            let child = fork()
            if child == 0 {
                // Whoever waits for threads that are not there is ended by this.
                alarm(60)
                let tallies = (0..<10).map { _ in Tally(40) }
                for tally in tallies { tally.run(threads: 4) }
                _exit(tallies.allSatisfy(\.isComplete) ? 0 : 1)
            }
            var status: Int32 = -1
            #expect(child > 0 && waitpid(child, &status, 0) == child && status == 0)
        }
    }

    @Test func `threads are kept, not made anew`() {
        func threads() -> Int {
            guard let folder = opendir("/proc/self/task") else { return 0 }
            defer { closedir(folder) }
            var count = 0
            while readdir(folder) != nil { count += 1 }
            return count
        }
        Tally(64).run(threads: 64)
        let before = threads()
        for _ in 0..<500 { Tally(64).run(threads: 64) }
        // Other tests run meanwhile; they do not start hundreds of threads.
        #expect(threads() < before + 64)
    }
}
