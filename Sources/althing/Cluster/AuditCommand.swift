// `althing audit`: believing nobody. A copy of the log is rebuilt from the genesis on.

import ArgumentParser
import Client
import ControlPlane
import Platform
import Primitives
import Terminal

/// The noun `audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Copy the log and check all of it; prove one command.",
        discussion: """
            Example:
              althing audit fetch --file log.audit
              althing audit run --file log.audit --genesis 2f9e0f6f...
            """,
        subcommands: [AuditFetch.self, AuditRun.self, AuditProve.self, AuditWatch.self])
}

/// `audit fetch`.
struct AuditFetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Copy the log with its signed head into a file.",
        discussion: """
            Example:
              althing audit fetch --file log.audit
            """)

    @Option(help: ArgumentHelp("Where to write the copy.", valueName: "file"))
    var file: String

    @OptionGroup var read: ReadOptions

    func run() async throws { try await fetch() }

    private func fetch() async throws(Refusal) {
        let printer = read.printer
        let copy = try await read.ask { (client) throws(Refusal) in
            // The head comes first: what it covers is then surely among the entries.
            let checkpoint = try await client.bytes("/log/checkpoint")
            let genesis = try await client.genesis()
            return AuditFile(
                genesis: genesis.encoded, entries: try await entries(client, printer),
                checkpoint: String(decoding: checkpoint, as: UTF8.self))
        }
        let bytes = copy.bytes
        try Files.writeAtomically(file, bytes)
        printer.show(
            Presentation.facts([
                ("entries", String(copy.entries.count)), ("bytes", String(bytes.count)),
                ("file", file),
            ]),
            json: [
                "file": .string(file), "entries": .int(copy.entries.count),
                "bytes": .int(bytes.count),
            ])
    }

    private func entries(_ client: ClusterClient, _ printer: Output) async throws(Refusal)
        -> [[UInt8]]
    {
        let progress = printer.progress("entries")
        var entries: [[UInt8]] = []
        while true {
            let next = StateMachine.genesisIndex + 1 + UInt64(entries.count)
            let page = try await LogPage(from: next, client)
            entries += page.entries
            progress.update(UInt64(entries.count), of: max(page.applied, UInt64(entries.count)))
            guard !page.entries.isEmpty,
                StateMachine.genesisIndex + UInt64(entries.count) < page.applied
            else { break }
        }
        progress.finish("\(entries.count)")
        return entries
    }
}

/// Some entries of the log, as a member gives them.
struct LogPage {
    /// The entries' canonical bytes, in order.
    let entries: [[UInt8]]
    /// The last entry that the member had applied.
    let applied: UInt64

    private static let size = 512

    /// Asks for the entries from `index` on.
    init(from index: UInt64, _ client: ClusterClient) async throws(Refusal) {
        let page = try await client.get("/api/v1/log/entries?from=\(index)&limit=\(LogPage.size)")
        var entries: [[UInt8]] = []
        for text in page["entries"]?.elements ?? [] {
            guard let bytes = text.text.flatMap({ Hex.decode($0) }) else {
                throw Refusal("cluster.answer", "an entry of the log is not hexadecimal")
            }
            entries.append(bytes)
        }
        self.entries = entries
        applied = page["applied_index"]?.unsigned ?? 0
    }
}

/// `audit run`.
struct AuditRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Check a copy of the log: every signature, tally and payout.",
        discussion: """
            Rebuilds the state from the genesis by the rules and compares it with the signed head. \
            Give --genesis, the deployment's name that you know from elsewhere: without it the \
            copy is checked against itself only. Exit code 1 names the first entry that does not \
            hold.

            Example:
              althing audit run --file log.audit --genesis 2f9e0f6f...
            """)

    @Option(help: ArgumentHelp("The copy.", valueName: "file"))
    var file: String

    @Option(help: "The genesis digest that you know.")
    var genesis: Digest?

    @OptionGroup var output: OutputOptions

    func run() async throws { try audit() }

    private func audit() throws(Refusal) {
        let copy = try AuditFile(parsing: try Files.read(file, limit: 1 << 32))
        let report = Auditor.run(copy, expected: genesis)
        let printer = output.printer
        if genesis == nil {
            printer.warn("no --genesis was given: the copy is checked against itself only")
        }
        printer.show(
            Presentation.facts(
                report.json,
                [
                    ("sound", "ok"), ("entries", "entries"), ("commands", "commands"),
                    ("signatures", "signatures"), ("events", "events"),
                    ("state digest", "state_digest"), ("signed tree size", "tree_size"),
                    ("signed by members", "signed_by"),
                ]), json: report.json)
        if let failure = report.failure {
            let place = report.badEntry.map { "entry \($0)" }
            throw Refusal(failure.code, failure.message, at: place ?? failure.place)
        }
    }
}

/// `audit prove`.
struct AuditProve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove", abstract: "Print the proof that a command is in the log.",
        discussion: """
            Example:
              althing audit prove --account 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --nonce 3
            """)

    @Option(help: "Who signed the command.")
    var account: Address

    @Option(help: "The command's nonce.")
    var nonce: UInt64

    @OptionGroup var read: ReadOptions

    func run() async throws {
        let answer = try await read.get("/api/v1/accounts/\(account.hex)/receipts/\(nonce)")
        let receipt = answer["receipt"] ?? .null
        let proof = answer["proof"]?.elements ?? []
        read.printer.show(
            Presentation.facts([
                ("accepted", receipt["accepted"]?.shown ?? "-"),
                ("envelope", receipt["envelope"]?.shown ?? "-"),
                ("entry", receipt["index"]?.shown ?? "-"), ("leaf", receipt["leaf"]?.shown ?? "-"),
                ("tree size", answer["tree_size"]?.shown ?? "-"),
                ("root", answer["root"]?.shown ?? "-"),
            ]) + proof.map { "path  \($0.shown)" }, json: answer)
    }
}
