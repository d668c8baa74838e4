// `althing simulate mutants`: known bugs, each planted on purpose, must be found.

import ArgumentParser
import Primitives
import Simulator
import Terminal

/// `simulate mutants`.
struct SimulateMutants: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutants",
        abstract: "Plant known bugs of consensus systems and show the seed that finds each.",
        discussion: """
            Exit code 1 when fewer than nine of ten are found.

            Example:
              althing simulate mutants --seeds 1..400
            """)

    @Option(help: ArgumentHelp("The seeds to try for each bug.", valueName: "A..B"))
    var seeds = SeedRange(seeds: 1...400)

    @Option(help: ArgumentHelp("Only this bug.", valueName: "name"))
    var only: String?

    @OptionGroup var simulation: SimulationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let printer = output.printer
        let mutants = Mutant.all.filter { only == nil || $0.name == only }
        guard !mutants.isEmpty else {
            throw Refusal("usage.flaw", "there is no planted bug named \(only ?? "")")
        }
        let blueprint = try simulation.campaign().blueprint
        var table = TextTable([
            .text("BUG"), .text("SIMULATION"), .number("SEED"), .text("FOUND AS"),
            .text("SEEN IN"),
        ])
        var rows: [JSON] = []
        var found = 0
        let progress = printer.progress("bugs")
        for (place, mutant) in mutants.enumerated() {
            let kill = await mutant.firstKill(
                in: seeds.seeds, blueprint: blueprint, width: simulation.jobs)
            if kill != nil { found += 1 }
            let seed = kill.map { "\($0.seed)" } ?? "-"
            let code = kill?.violation.code ?? "-"
            table.add([mutant.name, mutant.simulation, seed, code, mutant.source])
            rows.append([
                "bug": .string(mutant.name), "simulation": .string(mutant.simulation),
                "seed": kill.map { JSON.int($0.seed) } ?? .null, "found_as": .string(code),
                "message": .string(kill?.violation.message ?? ""),
                "source": .string(mutant.source),
            ])
            progress.update(
                UInt64(place + 1), of: UInt64(mutants.count), "\(mutant.name): \(seed)")
        }
        progress.finish("\(found) of \(mutants.count) found")
        printer.show(
            table,
            json: ["mutants": .array(rows), "found": .int(found), "planted": .int(mutants.count)])
        printer.say("\(found) of \(mutants.count) found")
        guard found * 10 >= mutants.count * 9 else { throw ExitCode(ExitStatus.refused) }
    }
}
