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

            Where ballots are hidden, --ballot names the file that keeps yours. While voting runs \
            the log learns a commitment to it, and takes a bond; when voting has ended, --reveal \
            counts the ballot and returns the bond. Without the file it can never be revealed.

            Example:
              althing vote 7 for --reason "the data are clean"
              althing vote 7 "for 60%, against 40%"
              althing vote 8 "for; approve kings, queens"
              althing vote 9 "for; rank kings > queens"
              althing vote 10 for --ballot ballot.json
              althing vote 10 --reveal --ballot ballot.json
            """)

    @Argument(help: "The proposal's number.")
    var proposal: UInt64

    @Argument(help: "for, against, abstain or veto, or more in words.")
    var choice: String?

    @Option(help: "Why; it is signed and shown with the vote.")
    var reason = ""

    @Option(
        help: ArgumentHelp(
            "Where ballots are hidden: the file that keeps yours.", valueName: "file"))
    var ballot: String?

    @Flag(help: "Reveal the ballot in the file, now that voting has ended.")
    var reveal = false

    @OptionGroup var options: SigningCommandOptions

    func validate() throws {
        guard reveal else {
            guard let choice else { throw ValidationError("Missing expected argument '<choice>'") }
            do {
                _ = try Statement(words: choice)
            } catch {
                throw ValidationError("`\(choice)` is no choice: \(error.message)")
            }
            return
        }
        if choice != nil || !reason.isEmpty {
            throw ValidationError("A revealed ballot says what its file says: name no choice")
        }
        if ballot == nil { throw ValidationError("--reveal needs --ballot, the ballot's file") }
    }

    func run() async throws { try await vote() }

    private func vote() async throws(Refusal) {
        let printer = options.printer
        let (words, receipt) = try await options.read.ask { (client) throws(Refusal) in
            let record = try await client.get("/api/v1/proposals/\(proposal)?brief=true")
            let shown = try ShownProposal(record)
            let (words, command) = try await command(shown, client)
            printer.errorScreen.line(
                shown.words(proposal, words).joined(separator: "\n"))
            return (
                words, try await options.signing.submit(command, to: client, printer: printer)
            )
        }
        printer.show(
            Presentation.facts(facts(words, receipt)) + [Receipts.line(receipt)],
            json: .object(
                [
                    JSON.Member("proposal", .int(proposal)), JSON.Member("choice", .string(words)),
                ]
                    + ["own", "lent"].map {
                        JSON.Member($0, .string(Receipts.field($0, of: "vote.cast", in: receipt)))
                    } + [JSON.Member("receipt", receipt)]))
    }

    private func facts(_ words: String, _ receipt: JSON) -> [(String, String)] {
        guard Receipts.event("vote.committed", in: receipt) == nil else {
            return [
                ("proposal", String(proposal)), ("committed to", words),
                ("bond", Receipts.field("bond", of: "vote.committed", in: receipt)),
                ("to be revealed from", ballot ?? "-"),
            ]
        }
        return [
            ("proposal", String(proposal)), ("choice", words),
            ("own power", Receipts.field("own", of: "vote.cast", in: receipt)),
            ("lent power", Receipts.field("lent", of: "vote.cast", in: receipt)),
        ]
    }

    /// What is signed, and the words of the ballot.
    private func command(
        _ shown: ShownProposal, _ client: ClusterClient
    ) async throws(Refusal) -> (words: String, AccountCommand) {
        guard let ballot else {
            guard !shown.isHidden else {
                throw Refusal(
                    "vote.hidden",
                    "ballots on this track are hidden: name with --ballot the file that keeps"
                        + " yours until it is revealed")
            }
            let words = choice ?? ""
            return (
                words,
                .vote(
                    proposal: proposal, title: shown.title, choice: words, effects: shown.effects,
                    reason: reason)
            )
        }
        guard shown.isHidden else {
            throw Refusal("vote.not-hidden", "ballots on this track are open: leave --ballot out")
        }
        let deployment = try await client.genesis().digest
        if reveal {
            let kept = try HiddenBallot(file: ballot)
            guard kept.deployment == deployment, kept.proposal == proposal else {
                throw Refusal(
                    "ballot.other", "the file's ballot is on another proposal", at: ballot)
            }
            return (
                kept.words,
                .revealVote(
                    proposal: proposal, title: shown.title, choice: kept.words,
                    effects: shown.effects, reason: kept.reason, salt: kept.salt)
            )
        }
        let made = try HiddenBallot(
            deployment: deployment, proposal: proposal, voter: try options.signing.account(),
            words: choice ?? "", reason: reason
        ).kept(in: ballot)
        return (
            made.words,
            .commitVote(
                proposal: proposal, title: shown.title, effects: shown.effects,
                commitment: made.commitment)
        )
    }
}

/// A proposal as a member shows it, checked against its own text.
private struct ShownProposal {
    let title: String
    let effects: Digest
    let text: String
    let isHidden: Bool

    init(_ record: JSON) throws(Refusal) {
        guard let title = record["title"]?.text,
            let effects = record["effects"]?.text.flatMap({ Digest(hex: $0) })
        else { throw Refusal("cluster.answer", "the member's proposal is malformed") }
        self.title = title
        self.effects = effects
        text = record["text"]?.text ?? ""
        isHidden = record["hidden"]?.flag == true
        try ShownProposal.check(text: text, title, effects)
    }

    /// What is signed, in words: the effects, or the options with theirs, are shown as the
    /// proposal's own header says them, which is what the digest in the ballot is taken of.
    func words(_ proposal: UInt64, _ choice: String) -> [String] {
        let header = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
            .prefix { $0 != "---" }.drop { !$0.hasPrefix("effects:") && !$0.hasPrefix("options:") }
            .dropFirst()
        let limit = 40
        var lines = [
            "You vote \(choice) on proposal \(proposal): \(Screen.sanitized(title))",
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
