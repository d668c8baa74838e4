// Machines as the state knows them, and what they earned.

import ArgumentParser
import Benchmarking
import Client
import ControlPlane
import Platform
import Primitives
import Terminal

/// `provider list`.
struct ProviderList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List every machine.",
        discussion: """
            Example:
              althing provider list
            """)

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (providers, money) = try await read.ask { (client) throws(Refusal) in
            (try await client.get("/api/v1/providers"), try await AssetAmounts(client))
        }
        let table = Presentation.table(
            providers,
            [
                .text("NAME", "name"), .text("AGENT", "agent"), .number("CORES", "cores"),
                .text("ISOLATION", "isolation"), .amount("STAKE", "stake", money),
                .number("VERIFIED", "verified_results"), .number("WRONG", "wrong_results"),
                .computed("STATE", ProviderReading.state),
            ])
        read.printer.show(table, json: ["providers": providers])
    }
}

/// Words about machines.
enum ProviderReading {
    /// Whether a machine takes work.
    static func state(_ provider: JSON) -> String {
        if let reason = provider["quarantine"]?.text, !reason.isEmpty {
            return
                "quarantined until \(Presentation.time(provider["quarantined_until"]?.text ?? ""))"
        }
        if provider["draining"]?.flag == true { return "draining" }
        return provider["pace"]?["slow"]?.flag == true
            ? "offered, slower than its score" : "offered"
    }

    /// The headline and the groups it comes from.
    static func points(_ provider: JSON) -> String {
        guard let points = provider["points"] else { return "-" }
        let groups = (points["groups"]?.elements ?? []).map {
            "\($0["group"]?.shown ?? "") \($0["points"]?.shown ?? "")"
        }
        return "\(points["headline"]?.shown ?? "-") (\(groups.joined(separator: ", ")); "
            + "\(points["reference"]?.shown ?? "") version \(points["version"]?.shown ?? "") is 1000)"
    }

    /// How long its jobs take against what its scores promise.
    static func pace(_ provider: JSON) -> String {
        guard let pace = provider["pace"], let runs = pace["long_runs"]?.unsigned, runs > 0 else {
            return "-"
        }
        return "\(Presentation.share(pace["ratio_millionths"])) of the predicted time, \(runs) runs"
    }

    /// What should be known about a score.
    static func note(_ score: JSON) -> String {
        var words: [String] = []
        if score["usable"]?.flag == false { words.append("not usable") }
        if score["unsteady"]?.flag == true { words.append("unsteady") }
        if let failures = score["failures_in_a_row"]?.unsigned, failures > 0 {
            words.append("\(failures) failed")
        }
        return words.joined(separator: ", ")
    }
}

/// `provider show`.
struct ProviderShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a machine with its proved scores.",
        discussion: """
            Example:
              althing provider show 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
              althing provider show 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --plot scores.svg
            """)

    @Argument(help: "The machine's agent.")
    var agent: Address

    @Option(help: ArgumentHelp("Draw the history of its scores, as SVG.", valueName: "file"))
    var plot: String?

    @Flag(help: "List every challenge on record, the oldest first.")
    var history = false

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (provider, money) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.get("/api/v1/providers/\(agent.hex)"),
                try await AssetAmounts(client)
            )
        }
        let printer = read.printer
        let scores = Presentation.table(
            provider["scores"] ?? [],
            [
                .text("KERNEL", "kernel"), .number("RATE/S", "rate"), .text("UNIT", "unit"),
                .number("LOWER BOUND", "lower_bound"), .number("SAMPLES", "samples"),
                .computed("AGE") { Presentation.age($0["age_milliseconds"]) },
                .computed("NOTE", ProviderReading.note),
            ])
        if let plot { try draw(provider, to: plot) }
        let facts = Presentation.facts([
            ("name", provider["name"]?.shown ?? "-"), ("agent", agent.hex),
            ("owner", provider["owner"]?.shown ?? "-"),
            ("cores", provider["cores"]?.shown ?? "-"),
            ("memory, bytes", provider["memory_bytes"]?.shown ?? "-"),
            ("isolation", provider["isolation"]?.shown ?? "-"),
            ("stake", money.text(provider["stake"])),
            ("state", ProviderReading.state(provider)),
            ("verified results", provider["verified_results"]?.shown ?? "-"),
            ("wrong results", provider["wrong_results"]?.shown ?? "-"),
            ("lost leases", provider["lost_leases"]?.shown ?? "-"),
            ("points", ProviderReading.points(provider)),
            ("jobs against score", ProviderReading.pace(provider)),
        ])
        var lines = facts + [""] + scores.lines(for: printer.screen)
        if history { lines += [""] + challenges(provider).lines(for: printer.screen) }
        printer.show(lines, json: provider)
    }

    private func challenges(_ provider: JSON) -> TextTable {
        Presentation.table(
            provider["samples"] ?? [],
            [
                .time("TIME", "time"), .text("KERNEL", "kernel"), .number("RATE/S", "rate"),
                .text("CODE", "code"), .number("MEMBER", "member"),
            ])
    }

    private func draw(_ provider: JSON, to path: String) throws(Refusal) {
        let points = ScorePlot.Point.all(in: provider["samples"] ?? [])
        let svg = ScorePlot.svg(points, title: "\(provider["name"]?.text ?? "") \(agent.hex)")
        try Files.writeAtomically(path, Array(svg.utf8))
    }
}

/// `provider drain`.
struct ProviderDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Stop new work on a machine, or offer it again.",
        discussion: """
            Waits until the machine has handed in what it runs, unless --no-wait is given.

            Example:
              althing provider drain 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
            """)

    @Argument(help: "The machine's agent.")
    var agent: Address

    @Flag(help: "Offer the machine again.")
    var undo = false

    @OptionGroup var options: SigningCommandOptions

    func run() async throws { try await drain() }

    private func drain() async throws(Refusal) {
        let printer = options.printer
        let receipt = try await options.read.ask { (client) throws(Refusal) in
            let receipt = try await options.signing.submit(
                .drainProvider(provider: agent, draining: !undo), to: client, printer: printer)
            if !undo, !options.signing.noWait { try await waitUntilIdle(client) }
            return receipt
        }
        printer.show(
            ["\(agent.hex) \(undo ? "is offered again" : "takes no new work")"]
                + [Receipts.line(receipt)], json: ["receipt": receipt])
    }

    /// Looks at the running jobs until none of their tasks is leased to the machine.
    private func waitUntilIdle(_ client: ClusterClient) async throws(Refusal) {
        while true {
            var isBusy = false
            for job in try await client.get("/api/v1/jobs").elements ?? [] {
                guard let id = job["id"]?.unsigned, job["finished"]?.text?.isEmpty == true else {
                    continue
                }
                let why = try await client.get("/api/v1/jobs/\(id)/why")
                isBusy =
                    isBusy
                    || (why["running"]?.elements ?? []).contains {
                        $0["provider"]?.text == agent.hex
                    }
            }
            guard isBusy else { return }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }
}

/// `provider earnings`.
struct ProviderEarnings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "earnings", abstract: "Show what a machine's owner was paid for work.",
        discussion: """
            Example:
              althing provider earnings 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
            """)

    @Argument(help: "The machine's agent.")
    var agent: Address

    @Option(help: "At most so many transfers.")
    var limit = 200

    @OptionGroup var read: ReadOptions

    private static let reasons: Set<String> = [
        "jobPayment", "heldRelease", "heldReversal", "revenueShare", "slash",
    ]

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (provider, history, money) = try await read.ask { (client) throws(Refusal) in
            let provider = try await client.get("/api/v1/providers/\(agent.hex)")
            let owner = provider["owner"]?.text ?? agent.hex
            return (
                provider,
                try await client.get("/api/v1/accounts/\(owner)/history?limit=\(limit)"),
                try await AssetAmounts(client)
            )
        }
        let owner = provider["owner"]?.text ?? ""
        let lines = (history["transfers"]?.elements ?? []).filter { line in
            ProviderEarnings.reasons.contains(line["reason"]?.text ?? "")
        }
        var total = Amount.zero
        for line in lines where line["to"]?.text?.contains(owner) == true {
            total = try total.adding(line["amount"]?.amount ?? .zero)
        }
        let printer = read.printer
        let table = Presentation.table(
            .array(lines),
            [
                .time("TIME", "time"), .text("REASON", "reason"),
                .amount("AMOUNT", "amount", money),
            ])
        printer.show(
            Presentation.facts([("owner", owner), ("paid", money.text(total))]) + [""]
                + table.lines(for: printer.screen),
            json: [
                "agent": .string(agent.hex), "owner": .string(owner), "paid": .amount(total),
                "transfers": .array(lines),
            ])
    }
}
