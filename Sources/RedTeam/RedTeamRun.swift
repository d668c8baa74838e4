// Every cheater against a real member, a number of times, beside honest machines.

import Benchmarking
import Primitives
import Provider

/// What came of all trials.
public struct RedTeamReport: Sendable {
    /// One cheater's trials.
    public struct Line: Sendable {
        /// Who cheated.
        public let name: String
        /// What it hoped to get.
        public let kind: String
        /// Trials in which it was caught.
        public internal(set) var caught = 0
        /// All its trials.
        public internal(set) var trials = 0
        /// How it was caught, or was not, in the order first seen.
        public internal(set) var codes: [String] = []

        /// Whether it was caught every time.
        public var isCaught: Bool { trials > 0 && caught == trials }
    }

    /// The cheaters, in the order they were tried.
    public internal(set) var cheaters: [Line] = []
    /// Honest challenges, and how many of them were accepted.
    public internal(set) var honest = (accepted: 0, trials: 0)

    /// Whether every cheater was caught every time, and every honest machine accepted.
    public var isClean: Bool {
        cheaters.allSatisfy(\.isCaught) && honest.accepted == honest.trials && honest.trials > 0
    }
}

/// Runs the red team.
public enum RedTeamRun {
    /// Tries every cheater `trials` times and as many honest machines.
    ///
    /// - Parameter report: told each line when it is complete.
    public static func run(
        repository: String, trials: Int, seed: UInt64,
        report: @Sendable @escaping (RedTeamReport.Line) -> Void = { _ in }
    ) async throws -> RedTeamReport {
        var result = try await Arena.with(repository: repository) { arena in
            var result = RedTeamReport()
            for cheater in Cheater.all {
                let line = await trial(cheater, trials: trials, seed: seed, in: arena)
                report(line)
                result.cheaters.append(line)
            }
            result.honest = try await honest(trials: trials, in: arena)
            return result
        }
        let line = try await manyFromOne(repository: repository, trials: trials)
        report(line)
        result.cheaters.append(line)
        return result
    }

    private static func trial(
        _ cheater: Cheater, trials: Int, seed: UInt64, in arena: Arena
    ) async -> RedTeamReport.Line {
        var line = RedTeamReport.Line(name: cheater.name, kind: cheater.kind.rawValue)
        for trial in 0..<trials {
            var lots = SplitMix64(seed: seed &+ UInt64(trial) &* 0x9E37_79B9)
            let code: String
            do throws(Refusal) {
                switch try await cheater.attempt(arena, &lots) {
                case .caught(let how):
                    line.caught += 1
                    code = how
                case .missed(let what): code = "MISSED: \(what)"
                }
            } catch {
                code = "BROKEN: \(error)"
            }
            line.trials += 1
            if !line.codes.contains(code), line.codes.count < 8 { line.codes.append(code) }
        }
        return line
    }

    /// The agent as it ships, on every kernel of the arena's suite.
    private static func honest(trials: Int, in arena: Arena) async throws(Refusal) -> (
        accepted: Int, trials: Int
    ) {
        var accepted = 0
        var done = 0
        for trial in 0..<trials {
            let machine = try await arena.machine(owner: trial)
            let run = BenchmarkRun(client: arena.client, key: machine.key)
            for kernel in ["cpu.sgemm.1t", "cpu.sgemm.mt", "mem.stream-chain.mt", "cpu.sha256.mt"] {
                let verdict = try await run.challenge(kernel: kernel)
                done += 1
                if verdict["passed"]?.flag == true { accepted += 1 }
            }
        }
        return (accepted, done)
    }

    /// Ten identities on one device. Each trial waits for the member to call, so there are fewer.
    private static func manyFromOne(repository: String, trials: Int) async throws
        -> RedTeamReport.Line
    {
        var line = RedTeamReport.Line(name: "one device as ten machines", kind: "system")
        for _ in 0..<trials {
            let (seen, count) = try await Arena.with(repository: repository, interval: 1500) {
                arena in try await Cheater.oneDeviceAsMany(arena, machines: 10)
            }
            line.trials += 1
            // Whoever the device serves first keeps its score; the others lose theirs.
            if seen >= count - 2 { line.caught += 1 }
            let code = "\(seen) of \(count) seen"
            if !line.codes.contains(code), line.codes.count < 8 { line.codes.append(code) }
        }
        return line
    }
}
