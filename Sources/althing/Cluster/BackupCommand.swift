// `althing cluster backup` and `cluster restore`.

import ArgumentParser
import Logging
import Node
import Platform
import Primitives
import Telemetry
import Terminal

/// `cluster backup`.
struct ClusterBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Take a backup; prove that one can be restored.",
        discussion: """
            A backup is the genesis, the whole log, the state and a signed checkpoint. It holds no \
            key. Only `backup verify` says that it is good: it restores it and replays everything.

            Example:
              althing cluster backup take --home deployment/member-1 --file monday.backup
              althing cluster backup verify --file monday.backup
            """,
        subcommands: [BackupTake.self, BackupVerify.self])

    static func show(_ report: BackupReport, _ printer: Output, verified: Bool) {
        var facts = [
            ("genesis", report.genesis.hex), ("up to entry", "\(report.index)"),
            ("state digest", report.stateDigest.hex), ("entries", "\(report.entries)"),
            ("bytes", "\(report.bytes)"), ("epoch", "\(report.epoch)"),
        ]
        if verified { facts.append(("signatures verified", "\(report.signatures)")) }
        printer.show(Presentation.facts(facts), json: report.json)
    }
}

/// `cluster backup take`.
struct BackupTake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "take", abstract: "Back up a running cluster from one of its members.",
        discussion: """
            Writes go on meanwhile. The file must not exist.

            Example:
              althing cluster backup take --home deployment/member-1 --file monday.backup
            """)

    @OptionGroup var home: MemberHomeOptions

    @Option(help: ArgumentHelp("Where to write the backup.", valueName: "file"))
    var file: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = try await Backup.take(
            try home.settings(), to: file, logger: Telemetry.logger("backup", level: .error))
        ClusterBackup.show(report, output.printer, verified: false)
    }
}

/// `cluster backup verify`.
struct BackupVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Restore a backup in a scratch folder and replay it.",
        discussion: """
            Checks every byte, every row of the state and every signature, applies every entry \
            from the genesis on and compares the state that results. Exit code 1 names the section \
            and byte, or the entry, that does not hold.

            Example:
              althing cluster backup verify --file monday.backup --genesis 2f9e0f6f...
            """)

    @Option(help: ArgumentHelp("The backup.", valueName: "file"))
    var file: String

    @Option(help: "The genesis digest that you know.")
    var genesis: Digest?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let printer = output.printer
        if genesis == nil {
            printer.warn("no --genesis was given: the backup is checked against itself only")
        }
        ClusterBackup.show(
            try Backup.verify(file, expected: genesis), printer, verified: true)
    }
}

/// `cluster restore`.
struct ClusterRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a member's data from a backup, in a new epoch.",
        discussion: """
            To be done for every member, from one and the same backup, before any of them starts. \
            The data folder must be empty: a restore replaces nothing. Members that still live in \
            the old epoch are told so at the first greeting and count for nothing. The new epoch \
            goes on the log, where every audit finds it.

            Example:
              althing cluster restore --file monday.backup --home deployment/member-1
            """)

    @Option(help: ArgumentHelp("The backup.", valueName: "file"))
    var file: String

    @OptionGroup var home: MemberHomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = try Backup.restore(file, into: try home.settings())
        ClusterBackup.show(report, output.printer, verified: false)
    }
}
