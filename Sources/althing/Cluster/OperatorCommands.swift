// What an operator asks of the own member: to stop in order, to let another lead.

import ArgumentParser
import Node
import Primitives
import Terminal

/// The member whose operator asks, by its folder.
struct MemberHomeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The member's folder with its configuration and its seat's key.", valueName: "folder"))
    var home: String

    /// The member's settings.
    func settings() throws(Refusal) -> MemberSettings {
        try MemberConfiguration(home: home).settings(home: home)
    }

    /// Asks the running member.
    func act(_ verb: String) async throws(Refusal) -> JSON {
        let line = try OperatorLine(try settings())
        defer { line.close() }
        return try await line.act(verb)
    }
}

/// `cluster drain`.
struct ClusterDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Stop a member so that no client notices.",
        discussion: """
            The member hands over what it leads, answers what it took, and ends with exit code 0. \
            Where the others would be too few to go on, that is refused; SIGTERM does the same \
            without asking. A rolling restart is: drain a member, start it again, wait until \
            `cluster status` shows it caught up, take the next.

            Example:
              althing cluster drain --home deployment/member-1
            """)

    @OptionGroup var home: MemberHomeOptions

    @Flag(help: "Stop it also where the cluster stands still without it.")
    var anyway = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await home.act("drain" + (anyway ? "?anyway=true" : ""))
        output.printer.show(
            Presentation.facts([
                ("drained", "member \(answer["member"]?.shown ?? "-")"),
                ("leader", answer["leader"]?.shown ?? "-"),
            ]), json: answer)
    }
}

/// `cluster transfer-leader`.
struct ClusterTransferLeader: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer-leader", abstract: "Make another member the leader.",
        discussion: """
            Asked of any member. Without --to, the leader itself must be asked, and names the \
            member whose log reaches furthest.

            Example:
              althing cluster transfer-leader --home deployment/member-1 --to 2
            """)

    @OptionGroup var home: MemberHomeOptions

    @Option(help: "The seat that shall lead.")
    var to: UInt64?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await home.act("transfer-leader" + (to.map { "?to=\($0)" } ?? ""))
        output.printer.show(
            Presentation.facts([("leader", answer["leader"]?.shown ?? "-")]), json: answer)
    }
}
