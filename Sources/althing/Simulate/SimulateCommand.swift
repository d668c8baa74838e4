// `althing simulate`: whole clusters in virtual time, each from one seed.

import ArgumentParser
import ControlPlane
import Platform
import Primitives
import Simulator

/// The noun `simulate`.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run whole clusters in virtual time under faults, each from one seed.",
        discussion: """
            Example:
              althing simulate cluster --seeds 1..500
              althing simulate group --seeds 1..10000
              althing simulate mutants
            """,
        subcommands: [SimulateCluster.self, SimulateGroup.self, SimulateMutants.self])
}

/// A range of seeds, `A..B`, both included; or one seed.
struct SeedRange: ExpressibleByArgument {
    /// The seeds.
    let seeds: ClosedRange<UInt64>

    /// The most seeds of one command.
    static let limit: UInt64 = 10_000_000

    init?(argument: String) {
        let parts = argument.split(separator: "..", omittingEmptySubsequences: false)
        guard parts.count == 1 || parts.count == 2, let low = parts.first.flatMap({ UInt64($0) }),
            let high = parts.last.flatMap({ UInt64($0) }), low <= high, high - low < Self.limit
        else { return nil }
        seeds = low...high
    }
}

/// What every simulation needs to know.
struct SimulationOptions: ParsableArguments {
    @Option(help: "How many members the cluster has: 1, 3 or 5.")
    var members = 3

    @Option(help: ArgumentHelp("Folder of the policies.", valueName: "folder"))
    var policies = "Policies"

    @Option(help: "How many runs go on at once.")
    var jobs = 2

    func validate() throws {
        guard [1, 3, 5].contains(members) else {
            throw ValidationError("--members is 1, 3 or 5")
        }
        guard 1...256 ~= jobs else { throw ValidationError("--jobs lies in 1 to 256") }
    }

    /// The runs that these options ask for, as yet of no flaw.
    func campaign() throws(Refusal) -> Campaign {
        var texts: [(name: String, text: String)] = []
        for name in Genesis.requiredPolicies {
            texts.append((name, try Files.readText("\(policies)/\(name).yaml")))
        }
        var campaign = Campaign(
            blueprint: try Blueprint(members: members, policies: texts))
        campaign.width = jobs
        return campaign
    }
}
