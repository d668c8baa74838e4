// `althing proposal`: from a file to a decision.

import ArgumentParser
import Client
import ControlPlane
import Governance
import Platform
import Primitives
import Terminal

/// The noun `proposal`.
struct ProposalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proposal",
        abstract: "Write, check, plan, submit and follow proposals.",
        discussion: """
            Example:
              althing proposal new --kind signal --file Proposals/0007-words.md
              althing proposal check Proposals/0007-words.md
              althing proposal plan Proposals/0007-words.md
              althing proposal submit Proposals/0007-words.md
            """,
        subcommands: [
            ProposalNew.self, ProposalCheck.self, ProposalPlan.self, ProposalSubmit.self,
            ProposalList.self, ProposalShow.self, ProposalExplain.self, ProposalCancel.self,
            ProposalDelay.self, ProposalStop.self,
        ])
}

/// A proposal's file.
struct ProposalDocument {
    /// The file's name without its folders, as it is signed.
    let name: String
    /// What it says.
    let file: ProposalFile

    /// Reads and checks a file; every refusal names file and line.
    init(_ path: String) throws(Refusal) {
        name = Files.name(of: path)
        file = try ProposalFile(
            parsing: try Files.readText(path, limit: ProposalFile.byteLimit), name: path)
        try checkAddresses(path)
    }

    /// An address that nobody could call need not be handed in to be refused.
    private func checkAddresses(_ path: String) throws(Refusal) {
        for case .changeMembers(let change) in file.allEffects {
            for seat in change.add {
                do throws(Refusal) {
                    _ = try HostPort(seat.address)
                } catch {
                    throw Refusal(
                        "members.address",
                        "\(path): the address of \(seat.name) is wrong: \(error.message)")
                }
            }
        }
    }
}

/// `proposal new`.
struct ProposalNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a proposal file to start from.",
        discussion: """
            The file that it writes is well formed; what it says stands for what you will say.

            Example:
              althing proposal new --file Proposals/0007-words.md --title "Say it"
              althing proposal new --kind treasury-spend --file Proposals/0008-pay.md
            """)

    @Option(help: "What it would do; a signal otherwise.")
    var kind: KindWord?

    @Option(help: ArgumentHelp("Where to write it.", valueName: "file"))
    var file: String

    @Option(help: "One line that voters sign.")
    var title = "Say in one line what would be decided"

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let text = ProposalNew.template(kind?.kind ?? .signal, title: title)
        _ = try ProposalFile(parsing: text, name: file)
        try Files.create(file, Array(text.utf8))
        output.printer.show(
            ["\(file): change it, then `althing proposal check \(file)`"],
            json: ["file": .string(file)])
    }

    private static func template(_ kind: ProposalKind, title: String) -> String {
        """
        ---
        format: proposal/1
        kind: \(kind.word)
        title: \(title)
        effects:
        \(kind.effectsTemplate)
        ---

        ## What

        What would be different afterwards.

        ## Why

        The problem, who has it, and what happens if nothing is done.

        ## Cost and risk

        What it costs at most, who is paid, what could go wrong.

        ## Alternatives

        What else was considered, and why this is better.

        """
    }
}

/// `proposal check`.
struct ProposalCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a proposal file without a cluster.",
        discussion: """
            Training data that lies in --corpus is compared with what the proposal says of it.

            Example:
              althing proposal check Proposals/0001-train-kings.md
            """)

    @Argument(help: "The file.")
    var file: String

    @Option(help: ArgumentHelp("Folder of data files.", valueName: "folder"))
    var corpus = "Deploy/corpus"

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let document = try ProposalDocument(file)
        let proposal = document.file
        let files = DataFiles(files: [], folder: corpus)
        let wanted = DataFiles.wanted(by: proposal)
        let found = try files.find(wanted)
        for data in wanted where found[data.digest] == nil {
            guard let other = files.candidates(for: data).first else { continue }
            output.printer.warn("\(other) has not the digest that the proposal names")
        }
        output.printer.show(
            Presentation.facts([
                ("title", proposal.title), ("kind", proposal.kind.word),
                ("effects", String(proposal.effects.count)),
                ("digest of the effects", proposal.effectsDigest.hex),
            ]) + ["the file is well formed"],
            json: [
                "ok": true, "title": .string(proposal.title), "kind": .string(proposal.kind.word),
                "effects": .int(proposal.effects.count),
                "effects_digest": .string(proposal.effectsDigest.hex),
                "body_digest": .string(proposal.bodyDigest.hex),
                "data": .array(
                    wanted.map {
                        [
                            "name": .string($0.name), "digest": .string($0.digest.contentName),
                            "file": found[$0.digest].map { .string($0) } ?? .null,
                        ]
                    }),
            ])
    }
}

/// `proposal plan`.
struct ProposalPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a proposal would do if it passed now.",
        discussion: """
            The cluster runs the effects on a copy of its state and changes nothing.

            Example:
              althing proposal plan Proposals/0001-train-kings.md
            """)

    @Argument(help: "The file.")
    var file: String

    @OptionGroup var read: ReadOptions

    func run() async throws { try await plan() }

    private func plan() async throws(Refusal) {
        let document = try ProposalDocument(file)
        let (plan, money) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.post(
                    "/api/v1/proposals/plan",
                    [
                        "file_name": .string(document.name),
                        "text": .string(document.file.text),
                    ]), try await AssetAmounts(client)
            )
        }
        read.printer.show(ProposalPlan.lines(plan, money), json: plan)
    }

    private static func lines(_ plan: JSON, _ money: AssetAmounts) -> [String] {
        let track = plan["track"] ?? .null
        func duration(_ key: String) -> String {
            Durations.text(milliseconds: track[key]?.unsigned ?? 0)
        }
        var lines = Presentation.facts([
            ("title", plan["title"]?.shown ?? "-"), ("kind", plan["kind"]?.shown ?? "-"),
            ("deposit", money.text(track["deposit"])),
            ("voting opens after", duration("delay_milliseconds")),
            ("voting lasts", duration("period_milliseconds")),
            ("then waits", duration("timelock_milliseconds")),
        ])
        for effect in plan["effects"]?.elements ?? [] {
            lines.append("")
            let apart = ["changed_lines", "data"]
            let members = (effect.members ?? []).filter { !apart.contains($0.key) }
            lines += Presentation.facts(
                members.map { member in
                    let isMoney = ["budget", "least_cost", "amount"].contains(member.key)
                    return (
                        member.key.replacing("_", with: " "),
                        isMoney ? money.text(member.value) : member.value.shown
                    )
                })
            for data in effect["data"]?.elements ?? [] {
                let facts = ["name", "bytes", "licence"].map { data[$0]?.shown ?? "-" }
                lines += [
                    "data  \(facts[0]), \(facts[1]) bytes, \(facts[2])",
                    "  \(data["digest"]?.shown ?? "-")",
                ].map(Screen.sanitized)
            }
            for line in effect["changed_lines"]?.elements ?? [] {
                lines.append("  " + Screen.sanitized(line.shown))
            }
        }
        return lines
    }
}

/// `proposal list`.
struct ProposalList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List proposals, newest first.",
        discussion: """
            Example:
              althing proposal list --status voting
            """)

    @Option(help: "Only those with this status.")
    var status: StatusWord?

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let all = try await read.get("/api/v1/proposals").elements ?? []
        let chosen = all.filter { status == nil || $0["status"]?.text == status?.word }
        let table = Presentation.table(
            .array(chosen),
            [
                .number("ID", "id"), .text("KIND", "kind"), .text("STATUS", "status"),
                .number("FOR", "for"), .number("AGAINST", "against"), .number("QUORUM", "quorum"),
                .computed("VOTING") { proposal in
                    let time = Presentation.time(proposal["voting_step_at"]?.text ?? "")
                    return (proposal["voting_step"]?.text).map { "\($0) \(time)" } ?? "-"
                },
                .text("TITLE", "title"),
            ])
        read.printer.show(table, json: ["proposals": .array(chosen)])
    }
}

/// `proposal cancel`.
struct ProposalCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Withdraw your own proposal.",
        discussion: """
            Example:
              althing proposal cancel 7 --reason "found a better way"
            """)

    @Argument(help: "The proposal's number.")
    var id: UInt64

    @OptionGroup var why: ReasonOption
    @OptionGroup var options: SigningCommandOptions

    func run() async throws {
        try await options.submit(.cancelProposal(proposal: id, reason: why.reason)) { _ in
            ["proposal \(id) is withdrawn"]
        }
    }
}
