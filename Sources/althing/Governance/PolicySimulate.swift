// `althing policy simulate`: what a policy's text would have changed.

import ArgumentParser
import Client
import Primitives
import Terminal

/// `policy simulate`.
struct PolicySimulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Show what a policy's file would have changed, account by account.",
        discussion: """
            The cluster tries the file on a copy of its state with the code that pays and counts: \
            a revenue policy on the epochs closed last, a constitution on the votes that are open \
            or were decided last, a release policy on the models, a verification policy on the \
            machines. For the others it says why there is nothing to try. Nothing is changed.

            Example:
              althing policy simulate Policies/revenue.yaml --last 4
            """)

    @Argument(help: "The file, NAME.yaml.")
    var file: String

    @Option(help: "How many closed epochs, or votes, to try.")
    var last = 4

    @OptionGroup var read: ReadOptions

    func run() async throws { try await simulate() }

    private func simulate() async throws(Refusal) {
        let document = try PolicyDocument(file)
        let (answer, money) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.post(
                    "/api/v1/policies/\(document.name)/simulate",
                    ["text": .string(document.text), "limit": .int(last)]),
                try await AssetAmounts(client)
            )
        }
        let printer = read.printer
        let changed = answer["changed"]?.flag == true
        var lines = [
            "\(document.name), against the text in force: \(changed ? "changed" : "the same text")"
        ]
        for epoch in answer["epochs"]?.elements ?? [] {
            lines += [
                "",
                "epoch \(epoch["epoch"]?.shown ?? "-"), received"
                    + " \(money.text(epoch["received"]))",
            ]
            lines += PolicySimulate.accounts(epoch, money).lines(for: printer.screen)
        }
        if answer["epochs"]?.elements?.isEmpty == true { lines.append("no epoch is closed yet") }
        lines += PolicySimulate.votes(answer["votes"])
        lines += PolicySimulate.gates(answer, printer)
        if let note = answer["not_simulated"]?.text { lines.append(Screen.sanitized(note)) }
        printer.show(lines, json: answer)
    }

    private static func accounts(_ epoch: JSON, _ money: AssetAmounts) -> TextTable {
        Presentation.table(
            epoch["accounts"] ?? [],
            [
                .text("PAYEE", "payee"), .amount("WAS PAID", "was", money),
                .amount("WOULD BE", "would_be", money),
                .computed("DIFFERENCE", isNumber: true) { row in
                    let text = row["difference"]?.text ?? "0"
                    guard let sign = text.first, sign == "+" || sign == "-",
                        let units = Amount(decimal: text.dropFirst())
                    else { return "0" }
                    return String(sign) + money.text(units)
                },
            ])
    }

    /// Models at the release gate, machines that are trusted or not.
    private static func gates(_ answer: JSON, _ printer: Output) -> [String] {
        func word(_ key: String, _ yes: String, _ no: String) -> (JSON) -> String {
            { $0[key]?.flag == true ? yes : no }
        }
        if let models = answer["models"] {
            return Presentation.table(
                models,
                [
                    .text("MODEL", "model"), .text("STATUS", "status"),
                    .computed("AT THE GATE", word("passes", "passes", "fails")),
                    .computed("WOULD", word("would_pass", "pass", "fail")),
                    .text("BECAUSE", "would_object"),
                ]
            ).lines(for: printer.screen)
        }
        guard let providers = answer["providers"] else { return [] }
        return Presentation.table(
            providers,
            [
                .text("AGENT", "agent"), .text("NAME", "name"), .text("VERIFIED", "verified"),
                .text("WRONG", "wrong"), .computed("TRUSTED", word("trusted", "yes", "no")),
                .computed("WOULD BE", word("would_be_trusted", "yes", "no")),
            ]
        ).lines(for: printer.screen)
    }

    private static func votes(_ votes: JSON?) -> [String] {
        guard let votes = votes?.elements else { return [] }
        if votes.isEmpty { return ["no vote has opened yet"] }
        var lines: [String] = []
        for vote in votes {
            let passes = vote["passes"]?.flag == true
            let would = vote["would_pass"]?.flag == true
            lines += [
                "",
                Screen.sanitized(
                    "proposal \(vote["proposal"]?.shown ?? "-"), \(vote["title"]?.shown ?? "-"):"
                        + " \(vote["status"]?.shown ?? "-")"),
                "  counts as \(passes ? "passing" : "not passing"), would count as"
                    + " \(would ? "passing" : "not passing")\(passes == would ? "" : "  <- changes")",
            ]
            lines += (vote["lines"]?.elements ?? []).map { "  " + Screen.sanitized($0.shown) }
        }
        return lines
    }
}
