// `althing proposal show` and `explain`: how a vote stands and what decides it.

import ArgumentParser
import Client
import Platform
import Primitives
import Terminal

/// `proposal show`.
struct ProposalShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a proposal, how its vote stands, and who voted.",
        discussion: """
            With --saved an answer of `--output json` is drawn again, without a cluster.

            Example:
              althing proposal show 7
            """)

    @Argument(help: "The proposal's number.")
    var id: UInt64

    @Flag(help: "Leave the text out.")
    var noText = false

    @Option(help: ArgumentHelp("Draw a saved answer instead of asking.", valueName: "file"))
    var saved: String?

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let proposal = try await proposal()
        let printer = read.printer
        var lines = ProposalScreen(proposal, columns: printer.screen.columns).lines
        let votes = proposal["votes"] ?? .array([])
        if votes.elements?.isEmpty == false {
            let table = Presentation.table(
                votes,
                [
                    .text("VOTER", "voter"), .text("CHOICE", "choice"), .number("OWN", "own"),
                    .number("LENT", "lent"), .text("REASON", "reason"),
                ])
            lines += [""] + table.lines(for: printer.screen)
        }
        if !noText { lines += [""] + Presentation.lines(of: proposal["text"]?.text ?? "") }
        printer.show(lines, json: proposal)
    }

    private func proposal() async throws(Refusal) -> JSON {
        if let saved {
            let answer = try JSON.parse(try Files.read(saved, limit: 16 << 20))
            guard answer["id"]?.unsigned == id else {
                throw Refusal("proposal.saved", "\(saved) is not about proposal \(id)")
            }
            return answer
        }
        let (proposal, votes) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.get("/api/v1/proposals/\(id)"),
                try await client.get("/api/v1/proposals/\(id)/votes")
            )
        }
        return .object((proposal.members ?? []) + [JSON.Member("votes", votes)])
    }
}

/// `proposal explain`.
struct ProposalExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show the arithmetic that decides a proposal.",
        discussion: """
            Example:
              althing proposal explain 7
            """)

    @Argument(help: "The proposal's number.")
    var id: UInt64

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let answer = try await read.get("/api/v1/proposals/\(id)/explain")
        guard answer["status"]?.text != "submitted" else {
            read.printer.show(
                ["proposal \(id), submitted: \(ProposalScreen.beforeOpening)"], json: answer)
            return
        }
        let passes = answer["passes"]?.flag == true
        var lines = [
            "proposal \(id), \(answer["status"]?.shown ?? "-"): "
                + (passes ? "it passes" : "it does not pass")
        ]
        lines += (answer["lines"]?.elements ?? []).map { Screen.sanitized($0.shown) }
        if let change = answer["would_change_it"], let votes = change["votes"]?.amount {
            lines.append(
                "\(votes) more \(change["choice"]?.shown ?? "-") would make it"
                    + (passes ? " fail" : " pass"))
        }
        read.printer.show(lines, json: answer)
    }
}
