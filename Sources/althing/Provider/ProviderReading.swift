// Machines as the state knows them, and what they earned.

import ArgumentParser
import Client
import ControlPlane
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
        return provider["draining"]?.flag == true ? "draining" : "offered"
    }
}

/// `provider show`.
struct ProviderShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a machine with its proved scores.",
        discussion: """
            Example:
              althing provider show 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
            """)

    @Argument(help: "The machine's agent.")
    var agent: Address

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
                .number("SAMPLES", "samples"),
            ])
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
        ])
        printer.show(facts + [""] + scores.lines(for: printer.screen), json: provider)
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
