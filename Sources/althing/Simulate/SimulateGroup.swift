// `althing simulate group`: the consensus core alone, hundreds of seeds a second.

import ArgumentParser
import Primitives
import Simulator
import Terminal

/// `simulate group`.
struct SimulateGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group",
        abstract: "Break groups of consensus cores alone: membership, snapshots, damage.",
        discussion: """
            Example:
              althing simulate group --seeds 1..10000
            """)

    @Option(help: ArgumentHelp("The seeds, both ends included.", valueName: "A..B"))
    var seeds = SeedRange(seeds: 1...1000)

    @Option(help: "How many runs go on at once.")
    var jobs = 2

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard 1...256 ~= jobs else { throw ValidationError("--jobs lies in 1 to 256") }
    }

    func run() async throws {
        var group = GroupRun()
        group.width = jobs
        let printer = output.printer
        let progress = printer.progress("seeds")
        let range = seeds.seeds
        let count = range.upperBound - range.lowerBound + 1
        var outcome = GroupOutcome()
        await group.run(range) { report in
            progress.update(report.seed - range.lowerBound + 1, of: count)
            outcome.add(report)
            if let violation = report.violation, output.output == .table {
                printer.warn("seed \(report.seed): \(violation.code): \(violation.message)")
                printer.warn("replay: althing simulate group --seeds \(report.seed)")
            }
            return true
        }
        progress.finish("\(outcome.seeds) seeds")
        let facts: [(label: String, value: String)] = [
            ("seeds", "\(outcome.seeds)"), ("violations", "\(outcome.violations.count)"),
            ("entries", "\(outcome.entries)"), ("elections", "\(outcome.elections)"),
            ("changes of membership", "\(outcome.changes)"), ("reads", "\(outcome.reads)"),
            ("unreadable entries", "\(outcome.damaged)"),
            ("logs begun anew, ends kept", "\(outcome.tailsKept)"),
            ("waiting for a disk", "\(outcome.waiting)"),
            ("disturbed, without pre-vote", "\(outcome.disturbed)"), ("trace", outcome.traceText),
        ]
        let violations = outcome.violations.map { report -> JSON in
            [
                "seed": .int(report.seed), "code": .string(report.violation?.code ?? ""),
                "message": .string(report.violation?.message ?? ""),
            ]
        }
        printer.show(
            Presentation.facts(facts),
            json: [
                "seeds": .int(outcome.seeds), "violations": .array(violations),
                "entries": .int(outcome.entries), "elections": .int(outcome.elections),
                "changes": .int(outcome.changes), "reads": .int(outcome.reads),
                "damaged": .int(outcome.damaged), "waiting": .int(outcome.waiting),
                "tails_kept": .int(outcome.tailsKept), "disturbed": .int(outcome.disturbed),
                "trace": .string(outcome.traceText),
            ])
        guard outcome.violations.isEmpty else { throw ExitCode(ExitStatus.refused) }
    }
}
