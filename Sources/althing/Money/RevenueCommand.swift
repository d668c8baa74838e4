// `althing revenue`: what came in and who got it.

import ArgumentParser
import Client
import Platform
import Primitives
import Terminal

/// The noun `revenue`.
struct RevenueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revenue", abstract: "Epochs of revenue: statements, previews, claims.",
        discussion: """
            Example:
              althing revenue show
              althing revenue statement 1
            """,
        subcommands: [
            RevenueShow.self, RevenuePreview.self, RevenueStatement.self, RevenueClaims.self,
        ])
}

/// `revenue show`.
struct RevenueShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the epochs.",
        discussion: """
            Example:
              althing revenue show
            """)

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (revenue, money) = try await read.ask { (client) throws(Refusal) in
            (try await client.get("/api/v1/revenue"), try await AssetAmounts(client))
        }
        let printer = read.printer
        let table = Presentation.table(
            revenue["epochs"] ?? [],
            [
                .number("EPOCH", "epoch"), .time("CLOSED", "closed"),
                .amount("RECEIVED", "received", money), .amount("PAID", "paid", money),
                .amount("CARRIED", "carried", money),
                .computed("CLAIMS ROOT") { Presentation.short($0["claims_root"]?.shown ?? "-") },
            ])
        let facts = Presentation.facts([
            ("running epoch", revenue["running_epoch"]?.shown ?? "-"),
            ("closes", Presentation.time(revenue["closes_at"]?.text ?? "")),
            ("received so far", money.text(revenue["received_so_far"])),
        ])
        printer.show(facts + [""] + table.lines(for: printer.screen), json: revenue)
    }
}

/// `revenue preview`.
struct RevenuePreview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Show what the running epoch would pay now.",
        discussion: """
            Example:
              althing revenue preview
            """)

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (preview, money) = try await read.ask { (client) throws(Refusal) in
            (try await client.get("/api/v1/revenue/preview"), try await AssetAmounts(client))
        }
        let table = Presentation.table(
            preview["lines"] ?? [],
            [.text("ROLE", "role"), .text("PAYEE", "payee"), .amount("AMOUNT", "amount", money)])
        let printer = read.printer
        printer.show(
            ["epoch \(preview["epoch"]?.shown ?? "-"): \(money.text(preview["received"])) received"]
                + table.lines(for: printer.screen), json: preview)
    }
}

/// `revenue statement`.
struct RevenueStatement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement", abstract: "Show an epoch's payouts with what earned them.",
        discussion: """
            Example:
              althing revenue statement 1
            """)

    @Argument(help: "The epoch's number.")
    var epoch: UInt64

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (statement, money) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.get("/api/v1/revenue/epochs/\(epoch)"),
                try await AssetAmounts(client)
            )
        }
        let table = Presentation.table(
            statement["lines"] ?? [],
            [
                .text("ROLE", "role"), .text("PAYEE", "payee"),
                .computed("SHARE", isNumber: true) { line in
                    Shares.text(millionths: line["role_share_millionths"]?.unsigned ?? 0)
                },
                .computed("WEIGHT", isNumber: true) {
                    "\($0["weight"]?.shown ?? "-")/\($0["role_weight"]?.shown ?? "-")"
                },
                .amount("AMOUNT", "amount", money), .text("FACTS", "facts"),
            ])
        let printer = read.printer
        let facts = Presentation.facts([
            ("epoch", String(epoch)),
            ("closed", Presentation.time(statement["closed"]?.text ?? "")),
            ("received", money.text(statement["received"])),
            ("carried in", money.text(statement["carried_in"])),
            ("paid", money.text(statement["paid"])),
            ("carried on", money.text(statement["carried"])),
        ])
        printer.show(facts + [""] + table.lines(for: printer.screen), json: statement)
    }
}

/// Shares in words.
enum Shares {
    /// `12.5%` for 125,000 millionths.
    static func text(millionths: UInt64) -> String {
        let whole = millionths / 10_000
        var fraction = String(millionths % 10_000)
        fraction = String(repeating: "0", count: 4 - fraction.count) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole)%" : "\(whole).\(fraction)%"
    }
}

/// `revenue claims`.
struct RevenueClaims: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claims", abstract: "Print an epoch's claims tree, as OpenZeppelin dumps it.",
        discussion: """
            Example:
              althing revenue claims 1 --file claims.json
            """)

    @Argument(help: "The epoch's number.")
    var epoch: UInt64

    @Option(help: ArgumentHelp("Write the tree's dump here.", valueName: "file"))
    var file: String?

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (claims, money) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.get("/api/v1/revenue/epochs/\(epoch)/claims"),
                try await AssetAmounts(client)
            )
        }
        if let file {
            try Files.writeAtomically(
                file, Array(((claims["dump"] ?? claims).pretty + "\n").utf8))
        }
        let table = Presentation.table(
            claims["claims"] ?? [],
            [
                .number("INDEX", "index"), .text("ACCOUNT", "account"),
                .amount("AMOUNT", "amount", money),
            ])
        let printer = read.printer
        printer.show(
            ["root \(claims["root"]?.shown ?? "-")"]
                + (file.map { ["dump written to \($0)"] } ?? [])
                + table.lines(for: printer.screen), json: claims)
    }
}
