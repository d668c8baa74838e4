// `althing simulate cluster`: seeds that must all hold.

import ArgumentParser
import Primitives
import Simulator
import Terminal

/// `simulate cluster`.
struct SimulateCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Break members, disks, clocks and the network; check what must hold.",
        discussion: """
            A run has a phase in which anything may break and nothing may go wrong, then one in \
            which nothing breaks and everything must come to an end. The same seed gives the same \
            trace. Exit code 1 if a seed violated something; each is printed with the command \
            that replays it.

            Example:
              althing simulate cluster --seeds 1..500
              althing simulate cluster --seeds 17 --story
              althing simulate cluster --seeds 1..10000 --corruption
            """)

    @Option(help: ArgumentHelp("The seeds, both ends included.", valueName: "A..B"))
    var seeds = SeedRange(seeds: 1...100)

    @Option(help: ArgumentHelp("A known bug to plant.", valueName: "name"))
    var flaw: String?

    @Flag(help: "Let what one disk holds rot all the time, and little else go wrong.")
    var corruption = false

    @Flag(help: "Tell what happens, in words.")
    var story = false

    @Flag(help: "Show how often each rare path was reached.")
    var probes = false

    @OptionGroup var simulation: SimulationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard let flaw, Flaw(rawValue: flaw) == nil else { return }
        let names = Flaw.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--flaw is one of: \(names)")
    }

    func run() async throws {
        var campaign = try simulation.campaign()
        campaign.flaw = flaw.flatMap { Flaw(rawValue: $0) }
        if corruption { campaign.lengths = .corruption }
        if story { return try tellStories(campaign) }
        let printer = output.printer
        let progress = printer.progress("seeds")
        let range = seeds.seeds
        let count = range.upperBound - range.lowerBound + 1
        let outcome = await campaign.run(range) { report in
            progress.update(report.seed - range.lowerBound + 1, of: count)
            if let violation = report.violation, output.output == .table {
                printer.warn("seed \(report.seed): \(violation.code): \(violation.message)")
                printer.warn("replay: \(report.replay)")
            }
            return true
        }
        progress.finish("\(outcome.seeds) seeds")
        printer.show(lines(outcome), json: json(outcome))
        guard outcome.violations.isEmpty else { throw ExitCode(ExitStatus.refused) }
    }

    /// Runs the seeds one by one and tells of each what happened.
    private func tellStories(_ campaign: Campaign) throws {
        var isBroken = false
        for seed in seeds.seeds {
            let report = Simulation(
                blueprint: campaign.blueprint, seed: seed, lengths: campaign.lengths,
                flaw: campaign.flaw, tells: true
            ).run()
            for sentence in report.story { Standard.out(sentence) }
            Standard.out("trace \(report.traceText)")
            if let violation = report.violation {
                isBroken = true
                Standard.out("seed \(seed): \(violation.code): \(violation.message)")
            }
        }
        guard !isBroken else { throw ExitCode(ExitStatus.refused) }
    }

    private func lines(_ outcome: CampaignOutcome) -> [String] {
        var facts: [(label: String, value: String)] = [
            ("seeds", "\(outcome.seeds)"), ("violations", "\(outcome.violations.count)"),
            ("virtual time", "\(outcome.virtualMilliseconds / 1000) s"),
            ("entries", "\(outcome.entries)"), ("operations", "\(outcome.operations)"),
            ("undecided histories", "\(outcome.undecidedHistories)"),
            ("trace", outcome.traceText),
        ]
        let unreached = outcome.probes.unreached.map(\.rawValue)
        if !unreached.isEmpty {
            facts.append(("paths not reached", unreached.joined(separator: ", ")))
        }
        if probes {
            for (probe, count) in outcome.probes.all {
                facts.append((probe.rawValue, "\(count)"))
            }
        }
        return Presentation.facts(facts)
    }

    private func json(_ outcome: CampaignOutcome) -> JSON {
        let violations = outcome.violations.map { report -> JSON in
            [
                "seed": .int(report.seed), "code": .string(report.violation?.code ?? ""),
                "message": .string(report.violation?.message ?? ""),
                "replay": .string(report.replay),
            ]
        }
        let reached = outcome.probes.all.map { probe, count in
            JSON.Member(probe.rawValue, .int(count))
        }
        return [
            "seeds": .int(outcome.seeds), "violations": .array(violations),
            "virtual_milliseconds": .int(outcome.virtualMilliseconds),
            "entries": .int(outcome.entries), "operations": .int(outcome.operations),
            "undecided_histories": .int(outcome.undecidedHistories),
            "trace": .string(outcome.traceText), "probes": .object(reached),
        ]
    }
}

extension SeedRange {
    init(seeds: ClosedRange<UInt64>) { self.seeds = seeds }
}
