// Every cheater through the real protocol over a member's real door. How often each tries is set by
// ALTHING_REDTEAM_TRIALS; `benchmarks redteam` tries each 50 times.

import Platform
import Primitives
import RedTeam
import Testing

private let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(3).joined(separator: "/")

/// Members with machines that are measured: one after the other, or they measure each other.
@Suite(.serialized) struct ArenaTests {}

extension ArenaTests {
    @Suite(.timeLimit(.minutes(10)), .serialized) struct RedTeamTests {
        @Test func `every cheater is caught every time, and honest machines are accepted`()
            async throws
        {
            let trials = Environment.value("ALTHING_REDTEAM_TRIALS").flatMap { Int($0) } ?? 1
            let report = try await RedTeamRun.run(repository: repository, trials: trials, seed: 1)
            #expect(report.cheaters.count >= 95)
            for line in report.cheaters {
                #expect(line.isCaught, "\(line.name): \(line.codes)")
            }
            #expect(report.honest.trials == (Arena.kernels + Arena.cardKernels).count * trials)
            #expect(report.honest.accepted == report.honest.trials)
        }

        @Test func `no single change of a right answer is accepted`() {
            let count = Environment.value("ALTHING_TAMPER_COUNT").flatMap { Int($0) } ?? 2000
            let report = TamperFuzz.run(count: count, seed: 1, threads: 2)
            #expect(report.tried == count)
            #expect(report.accepted.isEmpty)
            #expect(report.honest > 0 && report.refusedHonest == 0)
            // Both kinds of change were tried: some are caught by a hash, some by the product.
            #expect(report.codes["challenge.wrong-product", default: 0] > 0)
            #expect(report.codes["challenge.root-mismatch", default: 0] > 0)
        }
    }
}
