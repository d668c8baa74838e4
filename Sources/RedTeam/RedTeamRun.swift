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

        mutating func add(isCaught: Bool, _ code: String) {
            trials += 1
            if isCaught { caught += 1 }
            if !codes.contains(code), codes.count < 8 { codes.append(code) }
        }

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
    /// Trials under way at once: most of a trial is waiting, for an answer or for a deadline.
    private static let width = 16
    /// Honest machines under way at once: these really compute.
    private static let honestWidth = 2
    /// Members with ten machines each at once.
    private static let arenaWidth = 6

    /// Tries every cheater `trials` times and as many honest machines.
    ///
    /// - Parameter report: told each line when it is complete.
    public static func run(
        repository: String, trials: Int, seed: UInt64,
        report: @Sendable @escaping (RedTeamReport.Line) -> Void = { _ in }
    ) async throws -> RedTeamReport {
        var result = try await Arena.with(repository: repository) { arena in
            var result = RedTeamReport()
            result.cheaters = await cheat(trials: trials, seed: seed, in: arena, report: report)
            result.honest = await honest(trials: trials, in: arena)
            return result
        }
        // Time for ten machines to prove the device's speed before they are called.
        let several: [Several] = [
            Several(
                name: "one device as ten machines", kernel: "cpu.sgemm.mt", machines: 10,
                unseen: 2, pace: .milliseconds(100), interval: 6000, together: .share),
            Several(
                name: "card: one card as two machines", kernel: "gpu.bf16gemm", machines: 2,
                unseen: 1, pace: .milliseconds(800), interval: 2500, together: .share),
            Several(
                name: "one device as two: ready when the first is done", kernel: "cpu.sgemm.mt",
                machines: 2, unseen: 1, pace: .milliseconds(100), interval: 3000,
                together: .comeLate(.seconds(8))),
            Several(
                name: "one device as two: gives up whenever it is called", kernel: "cpu.sgemm.mt",
                machines: 2, unseen: 1, pace: .milliseconds(100), interval: 3000,
                together: .giveUp),
        ]
        for several in several {
            let line = await manyFromOne(several, repository, trials: trials)
            report(line)
            result.cheaters.append(line)
        }
        return result
    }

    /// Several identities on one device.
    private struct Several: Sendable {
        let name: String
        let kernel: String
        let machines: Int
        /// How many of them may keep their score: whoever the device serves first.
        let unseen: Int
        /// What the device takes beside the arithmetic.
        let pace: Duration
        /// The mean time between two calls, in milliseconds.
        let interval: UInt64
        let together: Cheater.Together
    }

    /// Runs `work` for every number below `count`, at most `width` at once; tells each result.
    private static func concurrently<Value: Sendable>(
        _ count: Int, width: Int, _ work: @Sendable @escaping (Int) async -> Value,
        each: (Int, Value) -> Void
    ) async {
        await withTaskGroup(of: (Int, Value).self) { group in
            var next = 0
            while next < min(width, count) {
                group.addTask { [next] in (next, await work(next)) }
                next += 1
            }
            for await (index, value) in group {
                each(index, value)
                guard next < count else { continue }
                group.addTask { [next] in (next, await work(next)) }
                next += 1
            }
        }
    }

    /// One trial's outcome: whether the cheater was caught, and how.
    private struct Trial: Sendable {
        let isCaught: Bool
        let code: String
    }

    private static func cheat(
        trials: Int, seed: UInt64, in arena: Arena,
        report: @Sendable (RedTeamReport.Line) -> Void
    ) async -> [RedTeamReport.Line] {
        let cheaters = Cheater.all
        var lines = cheaters.map { RedTeamReport.Line(name: $0.name, kind: $0.kind.rawValue) }
        await concurrently(cheaters.count * trials, width: width) { index in
            var lots = SplitMix64(seed: seed &+ UInt64(index % trials) &* 0x9E37_79B9)
            return await attempt(cheaters[index / trials], &lots, in: arena)
        } each: { index, trial in
            lines[index / trials].add(isCaught: trial.isCaught, trial.code)
            if lines[index / trials].trials == trials { report(lines[index / trials]) }
        }
        return lines
    }

    private static func attempt(
        _ cheater: Cheater, _ lots: inout SplitMix64, in arena: Arena
    ) async -> Trial {
        do throws(Refusal) {
            switch try await cheater.attempt(arena, &lots) {
            case .caught(let how): return Trial(isCaught: true, code: how)
            case .missed(let what): return Trial(isCaught: false, code: "MISSED: \(what)")
            }
        } catch {
            return Trial(isCaught: false, code: "BROKEN: \(error)")
        }
    }

    /// The agent as it ships, on every kernel of the arena's suite; and what a card would answer.
    private static func honest(trials: Int, in arena: Arena) async -> (accepted: Int, trials: Int) {
        var (accepted, done) = (0, 0)
        await concurrently(trials, width: honestWidth) { trial in
            var accepted = 0
            do throws(Refusal) {
                let machine = try await arena.machine(owner: trial)
                for kernel in Arena.cardKernels {
                    var conversation = try await machine.open(kernel)
                    _ = try await Cheater.answerHonestly(&conversation, delay: .zero)
                    if conversation.verdict?["passed"]?.flag == true { accepted += 1 }
                }
                // The agent opens a session of its own, which ends this one.
                let run = BenchmarkRun(client: arena.client, key: machine.key)
                for kernel in Arena.kernels {
                    let verdict = try await run.challenge(kernel: kernel)
                    if verdict["passed"]?.flag == true { accepted += 1 }
                }
            } catch {}
            return accepted
        } each: { _, count in
            accepted += count
            done += Arena.kernels.count + Arena.cardKernels.count
        }
        return (accepted, done)
    }

    /// Several identities on one device, that the member calls at the same instant; a member a
    /// trial.
    private static func manyFromOne(
        _ several: Several, _ repository: String, trials: Int
    ) async -> RedTeamReport.Line {
        var line = RedTeamReport.Line(name: several.name, kind: "system")
        await concurrently(trials, width: arenaWidth) { _ in
            do {
                let (seen, count) = try await Arena.with(
                    repository: repository, interval: several.interval, kernels: ["cpu.sgemm.mt"]
                ) { arena in
                    try await Cheater.oneDeviceAsMany(
                        arena, machines: several.machines, unseen: several.unseen,
                        kernel: several.kernel, pace: several.pace, several.together)
                }
                return Trial(
                    isCaught: seen >= count - several.unseen, code: "\(seen) of \(count) seen")
            } catch {
                return Trial(isCaught: false, code: "BROKEN: \(error)")
            }
        } each: { _, trial in
            line.add(isCaught: trial.isCaught, trial.code)
        }
        return line
    }
}
