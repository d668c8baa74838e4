// A busy machine is no reason for an election: every core is kept busy twice over while clients
// write, and the term of the leader is watched.

import Platform
import Primitives

/// `benchmarks calm`.
struct CalmBenchmark {
    let seconds: Int

    func run() async throws(Refusal) {
        let folder = try BenchFolder.make("calm")
        defer { BenchFolder.remove(folder) }
        let group = try await AlthingGroup(folder: "\(folder)/althing")
        var burners: [ChildProcess] = []
        do throws(Refusal) {
            // What follows the start is not what is measured.
            try? await Task.sleep(for: .seconds(2))
            let before = try await term(of: group)
            for _ in 0..<2 * Machine.cores {
                var command = ChildCommand("sh", ["-c", "while :; do :; done"])
                command.output = .none
                burners.append(try await ChildProcess.start(command))
            }
            try await watch(group, before)
        } catch {
            for burner in burners { burner.kill() }
            await group.stop()
            throw error
        }
        for burner in burners { burner.kill() }
        await group.stop()
    }

    private func watch(_ group: AlthingGroup, _ before: Int) async throws(Refusal) {
        printNow("\(2 * Machine.cores) processes that never rest, for \(seconds) s")
        printNow("   seconds      puts   p50 ms   p99 ms   elections")
        let start = SystemClock.monotonicNanoseconds()
        var next = 1
        var times: [Double] = []
        var all = 0
        while true {
            let elapsed = (SystemClock.monotonicNanoseconds() - start) / 1_000_000_000
            if elapsed >= UInt64(seconds * next / 10) {
                times.sort()
                all += times.count
                let elections = try await term(of: group) - before
                printNow(
                    column(Double(elapsed), width: 10) + column(Double(times.count), width: 10)
                        + column(percentile(times, 50), digits: 1, width: 9)
                        + column(percentile(times, 99), digits: 1, width: 9)
                        + column(Double(elections), width: 12))
                times = []
                next += 1
                if next > 10 {
                    printNow("\(elections) elections, \(all) puts")
                    return
                }
            }
            let leader = try await group.leader()
            let called = SystemClock.monotonicNanoseconds()
            if await group.put(2, to: leader, timeout: .seconds(2)) {
                times.append(Double(SystemClock.monotonicNanoseconds() - called) / 1e6)
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func percentile(_ sorted: [Double], _ percent: Int) -> Double {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }

    private func term(of group: AlthingGroup) async throws(Refusal) -> Int {
        let leader = try await group.leader()
        return Int(await group.status(leader)?["term"]?.integer ?? 0)
    }
}
