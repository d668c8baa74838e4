// The one executable: every role of a deployment is a subcommand.

import ArgumentParser
import Platform
import Primitives
import Terminal

/// The root command.
@main
struct Althing: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "althing",
        abstract: "Decide together what to train, train it together, share what it earns.",
        discussion: """
            Commands that talk to a cluster find its members by --cluster or ALTHING_CLUSTER: \
            origins such as http://host:port, separated by commas. Commands that sign take \
            --keystore or ALTHING_KEYSTORE.

            Exit codes: 0 done; 1 refused, with error[CODE]: sentence on standard error; \
            2 the cluster could not be reached or trusted; 64 wrong usage.

            Example:
              althing wallet new
              althing proposal list --cluster http://127.0.0.1:7000
              althing vote 7 for
            """,
        version: AlthingVersion.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Deciding",
                subcommands: [ProposalCommand.self, VoteCommand.self, PolicyCommand.self]),
            CommandGroup(
                name: "Holding",
                subcommands: [WalletCommand.self, AccountCommands.self, RevenueCommand.self]),
            CommandGroup(
                name: "Working",
                subcommands: [
                    ProviderCommand.self, JobCommand.self, ModelCommand.self, AskCommand.self,
                    RunTaskCommand.self,
                ]),
            CommandGroup(
                name: "Running and checking",
                subcommands: [
                    ClusterCommand.self, NodeCommand.self, AuditCommand.self, DemoCommand.self,
                    SimulateCommand.self,
                ]),
        ])

    /// Runs the command that the arguments name and ends with the exit code of the contract.
    static func main() async {
        Signals.ignoreBrokenPipes()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let refusal as Refusal {
            Output(.table).refuse(refusal)
            exit(withError: ExitCode(ExitStatus.of(refusal)))
        } catch {
            exit(withError: error)
        }
    }
}

/// The program's version.
enum AlthingVersion {
    /// The version as `althing --version` prints it.
    static let text = "0.1.0"
}
