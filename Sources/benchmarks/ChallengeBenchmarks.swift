// The red team, the tamper fuzz, and how steady scores are.

import Benchmarking
import Glibc
import Platform
import Primitives
import Provider
import RedTeam

/// Prints a line a cheater as it is done, and the totals at the end.
enum RedTeamBenchmark {
    static func run(trials: Int) async {
        print("every cheater \(trials) times, over a member's HTTP door")
        print(padded("CHEATER", 62), "KIND     TRIALS CAUGHT  HOW")
        do {
            let start = SystemClock.monotonicNanoseconds()
            let report = try await RedTeamRun.run(
                repository: packageRoot, trials: trials, seed: 2026
            ) { line in
                print(
                    padded(line.name, 62), padded(line.kind, 8),
                    column(Double(line.trials), width: 6), column(Double(line.caught), width: 6),
                    "", line.codes.joined(separator: "; "))
                fflush(nil)
            }
            let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
            let lines = report.cheaters
            print(
                "total:", lines.filter(\.isCaught).count, "of", lines.count,
                "cheaters caught every time,", lines.map(\.caught).reduce(0, +), "of",
                lines.map(\.trials).reduce(0, +), "trials; honest machines:",
                report.honest.accepted, "of", report.honest.trials, "challenges accepted;",
                report.isClean ? "clean" : "NOT CLEAN", "in", Int(seconds), "s")
            if !report.isClean { exit(1) }
        } catch {
            print("error: \(error)")
            exit(1)
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// Single changes of right answers.
enum TamperBenchmark {
    static func run(count: Int) {
        let start = SystemClock.monotonicNanoseconds()
        let report = TamperFuzz.run(count: count, seed: 2026, threads: Machine.cores)
        let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        for (code, times) in report.codes.sorted(by: { $0.value > $1.value }) {
            print(column(Double(times), width: 9), code)
        }
        for words in report.accepted.prefix(10) { print("ACCEPTED:", words) }
        print(
            report.tried, "single changes,", report.accepted.count, "accepted;", report.honest,
            "unchanged answers,", report.refusedHonest, "refused; in", Int(seconds), "s")
        if !report.accepted.isEmpty || report.refusedHonest > 0 { exit(1) }
    }
}

/// The suite in several sessions: median and median absolute deviation of each kernel.
///
/// As on a cluster, what a machine showed sizes its next challenge. One session before the others
/// does only that: sized for no machine in particular, some kernels would run for a millisecond.
struct RepeatabilityBenchmark {
    let sessions: Int

    func run() {
        do {
            let policy = try BenchmarkPolicy(
                parsing: try Files.readText(packageRoot + "/Policies/benchmarks.yaml"))
            let suite = LocalSuite(policy: policy, repeats: 1)
            var rates: [String: [Double]] = [:]
            var known: [String: UInt64] = [:]
            for session in 0...sessions {
                let start = SystemClock.monotonicNanoseconds()
                for kernel in policy.suite.kernels.map(\.kernel) {
                    let rate = try suite.run(kernel, lastRate: known[kernel] ?? 0).score.rate
                    known[kernel] = rate
                    if session > 0 { rates[kernel, default: []].append(Double(rate)) }
                }
                let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
                let name = session == 0 ? "sizing" : "session \(session) of \(sessions)"
                printNow(name, "in", "\(Int(seconds))", "s")
            }
            for kernel in policy.suite.kernels.map(\.kernel) {
                let values = rates[kernel] ?? []
                let middle = median(values)
                let deviation = median(values.map { abs($0 - middle) })
                print(
                    kernel, ": median", ScorePlot.readable(UInt64(middle)),
                    KernelRegistry.kernel(named: kernel)?.unit.rawValue ?? "",
                    "median absolute deviation",
                    column(deviation / max(1, middle) * 100, digits: 1, width: 0), "%")
            }
        } catch {
            print("error[\(error.code)]: \(error.message)")
            exit(1)
        }
    }
}
