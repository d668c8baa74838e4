// `althing vote`: a signed ballot.

import ArgumentParser
import Client
import ControlPlane
import Governance
import Primitives
import Terminal

/// `vote`.
struct VoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vote", abstract: "Vote on a proposal.",
        discussion: """
            The ballot that you sign holds the proposal's title, your choice in words and the \
            digest of the effects, so that it can be counted for nothing else. Where a proposal \
            offers options, or a funding round has projects, the words say which.

            Example:
              althing vote 7 for --reason "the data are clean"
              althing vote 7 "for 60%, against 40%"
              althing vote 8 "for; approve kings, queens"
              althing vote 9 "for; rank kings > queens"
            """)

    @Argument(help: "The proposal's number.")
    var proposal: UInt64

    @Argument(help: "for, against, abstain or veto, or more in words.")
    var choice: Statement

    @Option(help: "Why; it is signed and shown with the vote.")
    var reason = ""

    @OptionGroup var options: SigningCommandOptions

    func run() async throws { try await vote() }

    private func vote() async throws(Refusal) {
        let printer = options.printer
        let receipt = try await options.read.ask { (client) throws(Refusal) in
            let record = try await client.get("/api/v1/proposals/\(proposal)")
            guard let title = record["title"]?.text,
                let effects = record["effects"]?.text.flatMap({ Digest(hex: $0) })
            else { throw Refusal("cluster.answer", "the member's proposal is malformed") }
            try VoteCommand.check(text: record["text"]?.text ?? "", title, effects)
            let text = record["text"]?.text ?? ""
            printer.errorScreen.line(
                VoteCommand.words(proposal, title, choice, text).joined(separator: "\n"))
            return try await options.signing.submit(
                .vote(
                    proposal: proposal, title: title, choice: choice.words, effects: effects,
                    reason: reason), to: client, printer: printer)
        }
        let own = Receipts.field("own", of: "vote.cast", in: receipt)
        let lent = Receipts.field("lent", of: "vote.cast", in: receipt)
        printer.show(
            Presentation.facts([
                ("proposal", String(proposal)), ("choice", choice.words), ("own power", own),
                ("lent power", lent),
            ]) + [Receipts.line(receipt)],
            json: [
                "proposal": .int(proposal), "choice": .string(choice.words), "own": .string(own),
                "lent": .string(lent), "receipt": receipt,
            ])
    }

    /// What is signed, in words: the effects, or the options with theirs, are shown as the
    /// proposal's own header says them, which is what the digest in the ballot is taken of.
    private static func words(
        _ proposal: UInt64, _ title: String, _ choice: Statement, _ text: String
    ) -> [String] {
        let header = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
            .prefix { $0 != "---" }.drop { !$0.hasPrefix("effects:") && !$0.hasPrefix("options:") }
            .dropFirst()
        let limit = 40
        var lines = [
            "You vote \(choice.words) on proposal \(proposal): \(Screen.sanitized(title))",
            "If it passes, this happens by itself:",
        ]
        lines += header.prefix(limit).map { "  " + Screen.sanitized(String($0)) }
        if header.count > limit { lines.append("  ... and \(header.count - limit) lines more") }
        return lines
    }

    /// Title and effects are computed again from the text, so that a member cannot have one text
    /// read and another signed.
    private static func check(text: String, _ title: String, _ effects: Digest) throws(Refusal) {
        let file = try ProposalFile(parsing: text, name: "proposal")
        guard file.title == title, file.effectsDigest == effects else {
            throw Refusal(
                "cluster.answer",
                "the proposal's text does not have the title and effects that"
                    + " the member claims: ask another member")
        }
    }
}
