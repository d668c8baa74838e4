// `althing account`: balances, transfers, delegation, keys for customers.

import ArgumentParser
import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Terminal
import Wallet

/// The noun `account`.
struct AccountCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Balances, transfers, delegation of votes, prepaid use.",
        discussion: """
            Example:
              althing account show
              althing account transfer 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed "5 CREDIT"
            """,
        subcommands: [
            AccountShow.self, AccountTransfer.self, AccountDelegate.self, AccountHistory.self,
            AccountDeposit.self, AccountKey.self, AccountAttest.self,
        ])
}

/// Whose account a reading command is about.
struct AccountChoice: ParsableArguments {
    @Argument(help: "The account; the keystore's otherwise.")
    var account: Address?

    @OptionGroup var signing: SigningOptions

    /// The account.
    func resolve() throws(Refusal) -> Address {
        if let account { return account }
        return try signing.account()
    }
}

/// `account show`.
struct AccountShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an account's balances, voting power and keys.",
        discussion: """
            Example:
              althing account show 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
            """)

    @OptionGroup var choice: AccountChoice
    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let address = try choice.resolve()
        let (account, money) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.get("/api/v1/accounts/\(address.hex)"),
                try await AssetAmounts(client)
            )
        }
        let printer = read.printer
        let balances = Presentation.table(
            account["balances"] ?? [],
            [
                .text("PURPOSE", "kind"),
                .computed("BALANCE", isNumber: true) {
                    money.text($0["balance"], of: $0["asset"]?.text)
                },
                .computed("AVAILABLE", isNumber: true) {
                    money.text($0["available"], of: $0["asset"]?.text)
                },
            ])
        let voting = account["voting"] ?? .null
        var facts = [
            ("account", address.checksummed), ("next nonce", account["next_nonce"]?.shown ?? "-"),
            ("votes held", money.text(voting["tokens"], of: money.governance)),
        ]
        facts += AccountPowers.facts(voting, money)
        for key in account["keys"]?.elements ?? [] {
            let state = key["revoked"]?.flag == true ? "revoked" : "valid"
            facts.append(
                ("key \(key["label"]?.shown ?? "-")", "\(key["digest"]?.shown ?? "-") \(state)"))
        }
        printer.show(
            Presentation.facts(facts) + AccountPowers.openVotes(account, money) + [""]
                + balances.lines(for: printer.screen), json: account)
    }
}

/// `account transfer`.
struct AccountTransfer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Send an amount to another account.",
        discussion: """
            An amount is a whole number of minimal units, or `12.5 CREDIT`.

            Example:
              althing account transfer 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed "5 CREDIT"
            """)

    @Argument(help: "Who receives it.")
    var to: Address

    @Argument(help: "How much.")
    var amount: String

    @Option(help: "The asset; the deployment's currency otherwise.")
    var asset: String?

    @Option(help: "A note that is signed and kept.")
    var memo = ""

    @OptionGroup var options: SigningCommandOptions

    func run() async throws { try await transfer() }

    private func transfer() async throws(Refusal) {
        let printer = options.printer
        let receipt = try await options.read.ask { (client) throws(Refusal) in
            let money = try await AssetAmounts(client)
            let symbol = asset ?? money.currency
            return try await options.signing.submit(
                .transfer(
                    asset: symbol, to: to, amount: try money.amount(amount, of: symbol),
                    memo: memo), to: client, printer: printer)
        }
        printer.show(
            ["sent to \(to.checksummed)", Receipts.line(receipt)], json: ["receipt": receipt])
    }
}

/// `account history`.
struct AccountHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show an account's transfers.",
        discussion: """
            Example:
              althing account history --limit 20
            """)

    @OptionGroup var choice: AccountChoice

    @Option(help: "At most so many.")
    var limit = 100

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let address = try choice.resolve()
        let (history, money) = try await read.ask { (client) throws(Refusal) in
            (
                try await client.get(
                    "/api/v1/accounts/\(address.hex)/history?limit=\(limit)"),
                try await AssetAmounts(client)
            )
        }
        let table = Presentation.table(
            history["transfers"] ?? [],
            [
                .time("TIME", "time"), .text("REASON", "reason"),
                .computed("AMOUNT", isNumber: true) { line in
                    let asset = line["from"]?.text?.split(separator: "/").last.map(String.init)
                    return money.text(line["amount"], of: asset)
                },
                .text("FROM", "from"), .text("TO", "to"),
            ])
        read.printer.show(table, json: history)
    }
}

/// `account deposit`.
struct AccountDeposit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deposit", abstract: "Put money into your prepaid balance.",
        discussion: """
            Requests made with your keys are paid from it and can never spend more.

            Example:
              althing account deposit "10 CREDIT"
            """)

    @Argument(help: "How much.")
    var amount: String

    @OptionGroup var options: SigningCommandOptions

    func run() async throws { try await deposit() }

    private func deposit() async throws(Refusal) {
        let printer = options.printer
        let (receipt, money) = try await options.read.ask { (client) throws(Refusal) in
            let money = try await AssetAmounts(client)
            return (
                try await options.signing.submit(
                    .fundPrepaid(amount: try money.amount(amount)), to: client, printer: printer),
                money
            )
        }
        let available = Receipts.event("account.prepaid", in: receipt)?["available"]
        printer.show(
            ["prepaid: \(money.text(available))", Receipts.line(receipt)],
            json: ["available": available ?? .null, "receipt": receipt])
    }
}
