// Outcomes of other governance systems against ours: `conformance governance PATH`.

import Primitives

enum GovernanceSuite: ConformanceSuite {
    static let name = "governance"

    /// A file's checker, by the file's name.
    private static let checkers: [(file: String, check: CaseCheck)] = [
        ("approval_committees.json", CommitteeCases.check),
        ("attacks.json", AttackCases.check),
        ("cosmos_tally.json", CosmosCases.check),
        ("delegation.json", DelegationCases.check),
        ("governor_scenarios.json", GovernorCases.check),
        ("opengov.json", OpenGovCases.check),
        ("participatory_budgeting.json", BudgetCases.check),
        ("retro_funding.json", RetroFundingCases.check),
        ("thresholds_daodao_aragon.json", ThresholdCases.check),
        ("voting_systems.json", VotingSystemCases.check),
    ]

    static func run(path: String) throws(Refusal) -> Score {
        var total = Score()
        for file in try Files.all(at: path) {
            let name = Files.name(file)
            if name == "eip712_vectors.json" {
                total += try typedData(file, name: name)
                continue
            }
            guard let checker = checkers.first(where: { $0.file == name }) else {
                print("\(name): not known, counted as failed")
                total += Score(passed: 0, failed: 1)
                continue
            }
            do throws(Refusal) {
                let document = try JSON.parse(try Files.read(file), limits: limits)
                total += score(document, name: name, checker.check)
            } catch {
                print("\(name): \(error.message), counted as failed")
                total += Score(passed: 0, failed: 1)
            }
        }
        return total
    }

    /// A real election with each ballot by itself is a large file.
    private static let limits = JSON.Limits(bytes: 256 << 20, depth: 256)

    /// Typed data is the crypto suite's matter.
    private static func typedData(_ file: String, name: String) throws(Refusal) -> Score {
        var tally = Tally()
        do {
            GovernanceTypedDataCases.check(
                try JSON.parse(try Files.read(file), limits: limits), &tally)
        } catch {
            tally.fail(error.message)
        }
        print("\(name): \(tally.score.passed) passed, \(tally.score.failed) failed")
        for failure in tally.failures { print("  \(failure)") }
        return tally.score
    }

    private static func score(_ document: JSON, name: String, _ check: CaseCheck) -> Score {
        var score = Score()
        var failures: [String] = []
        guard let cases = document["cases"]?.elements else {
            print("\(name): has no list of cases, counted as failed")
            return Score(passed: 0, failed: 1)
        }
        for item in cases {
            do {
                try check(item, document)
                score.passed += 1
            } catch {
                score.failed += 1
                failures.append("  \(item["id"]?.text ?? "?"): \(error.message)")
            }
        }
        print("\(name): \(score.passed) passed, \(score.failed) failed")
        for failure in failures { print(failure) }
        return score
    }
}

/// Checks one case of a file; throws what did not hold.
typealias CaseCheck = @Sendable (_ item: JSON, _ document: JSON) throws(Refusal) -> Void
