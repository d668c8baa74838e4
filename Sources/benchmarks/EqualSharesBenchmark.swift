// Equal shares at the size of a large city's election, exact, against pabutools.

import Glibc
import Governance
import Platform
import Primitives

/// An election made from a seed: popular projects are approved more often, as they are in life.
struct EqualSharesBenchmark {
    private let projects = 160
    private let voters = 90_000
    private let budget: UInt128 = 9_000_000

    func run() throws(Refusal) {
        let (costs, ballots) = election()
        let plain = BudgetElection(
            budget: Rational(budget),
            projects: costs.enumerated().map {
                BudgetProject(name: name($0.offset), cost: Rational($0.element))
            }, approvals: ballots.map { ($0, 1) }, utility: .cost)
        let start = processorSeconds()
        let merged = plain.merged()
        let outcome = merged.equalShares()
        let seconds = processorSeconds() - start
        print(
            "equal shares, exact, \(projects) projects x \(voters) voters"
                + " (\(merged.ballots.count) different ballots): \(outcome.order.count) winners in"
                + " \(column(seconds, digits: 2, width: 0)) s (must: 1 s)")
        measureRound(merged)
        try compare(outcome, seconds, costs, ballots)
    }

    /// A funding round's end as the state machine does it, inside one entry: raised shares, then
    /// what still fits.
    private func measureRound(_ election: BudgetElection) {
        let start = processorSeconds()
        let winners = GovernanceEngine.funded(by: election)
        print(
            "the same as the end of a funding round, in one entry: \(winners.count) winners in"
                + " \(column(processorSeconds() - start, digits: 2, width: 0)) s")
    }

    private func name(_ project: Int) -> String {
        let digits = String(project)
        return "p" + String(repeating: "0", count: 3 - digits.count) + digits
    }

    private func election() -> (costs: [UInt128], ballots: [[Int]]) {
        var random = SplitMix64(seed: 2022)
        let costs = (0..<projects).map { _ in UInt128(10_000 + random.next() % 490_000) }
        let ballots = (0..<voters).map { _ -> [Int] in
            var approved: Set<Int> = []
            let count = 1 + Int(random.next() % 5)
            while approved.count < count {
                // The lesser of two draws: low numbers are popular.
                let draws = (random.next() % UInt64(projects), random.next() % UInt64(projects))
                approved.insert(Int(Swift.min(draws.0, draws.1)))
            }
            return approved.sorted()
        }
        return (costs, ballots)
    }

    /// The same election by pabutools, where it is installed.
    private func compare(
        _ outcome: BudgetOutcome, _ seconds: Double, _ costs: [UInt128], _ ballots: [[Int]]
    ) throws(Refusal) {
        var lines = ["\(budget)", costs.map(\.description).joined(separator: " ")]
        lines += ballots.map { $0.map(String.init).joined(separator: " ") }
        let folder = try TemporaryFolder(prefix: "althing-equal-shares")
        let path = folder.path + "/election"
        try Files.create(path, Array((lines.joined(separator: "\n") + "\n").utf8))
        let python = getenv("ALTHING_PYTHON").map { String(cString: $0) } ?? "python3"
        let script = "\(packageRoot)/Deploy/benchmarks/pabutools_equal_shares.py"
        let (output, status) = capture("\(python) \(script) \(path) 2>/dev/null")
        withExtendedLifetime(folder) {}
        let words = output.split(whereSeparator: \.isWhitespace)
        guard status == 0, let peer = words.first.flatMap({ Double($0) }) else {
            print("pabutools is not installed: pip install pabutools, or name a Python that has it")
            print("  in ALTHING_PYTHON; its outcome was not compared")
            return
        }
        let same = words.dropFirst().compactMap { Int($0) } == outcome.winners
        print(
            "pabutools: \(column(peer, digits: 1, width: 0)) s,"
                + " \(column(peer / seconds, digits: 0, width: 0)) times as long,"
                + " \(same ? "the same winners" : "OTHER winners")")
        if !same { throw Refusal("benchmark.winners", "pabutools has other winners") }
    }
}
