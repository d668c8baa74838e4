// `althing node`: one member of the cluster as a process.

import ArgumentParser
import Node
import Platform
import Primitives
import Telemetry
import Terminal

/// The noun `node`.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Run a member of the cluster.",
        discussion: """
            Example:
              althing node run --home deployment/member-1
            """,
        subcommands: [NodeRun.self, NodeJoin.self, NodeRejoin.self])
}

/// `node rejoin`.
struct NodeRejoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejoin", abstract: "Let a seat whose data is lost begin a new life.",
        discussion: """
            A member that lost its data folder must not come back under its old name: it would \
            deny what it had promised. This asks the cluster, with the seat's key, for a new one. \
            Started then, the member learns the state and the log, and takes its old self's place \
            in the votes by itself once it has caught up. The data folder must be empty.

            `node run` does this by itself where the folder `seat.key.memory` beside the key says \
            that the seat was a member before; this is for a key that was saved without it.

            Example:
              althing node rejoin --home deployment/member-3
              althing node run --home deployment/member-3
            """)

    @OptionGroup var home: MemberHomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let id = try await Rejoin.ask(
            try MemberConfiguration(home: home.home).settings(home: home.home, checksKey: false))
        output.printer.show(
            Presentation.facts([
                ("member", "\(id)"), ("start", "althing node run --home \(home.home)"),
            ]), json: ["id": .int(id)])
    }
}

/// `node run`.
struct NodeRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a member until it is told to stop.",
        discussion: """
            Logs a JSON object a line to standard error. SIGTERM and SIGINT stop the member in \
            order: it finishes what it has, hands over what it leads, and exits with 0.

            Example:
              althing node run --home deployment/member-1
            """)

    @Option(help: ArgumentHelp("The member's folder, from cluster init.", valueName: "folder"))
    var home: String

    @Option(help: "debug, info, warning or error; the configuration's otherwise.")
    var logLevel: String?

    @Flag(
        help: ArgumentHelp(
            "Take opaque puts under /bench, in a deployment made for measuring.",
            visibility: .hidden))
    var benchRoute = false

    func run() async throws {
        try await NodeRun.start(home, logLevel: logLevel, benchRoute: benchRoute)
    }

    /// Runs the member of a folder until it is told to stop.
    static func start(_ home: String, logLevel: String? = nil, benchRoute: Bool = false)
        async throws(Refusal)
    {
        let configuration = try MemberConfiguration(home: home)
        var settings = try configuration.settings(home: home)
        settings.takesBenchPuts = benchRoute
        let word = logLevel ?? configuration.logLevel
        guard let level = Telemetry.level(named: word) else {
            throw Refusal("usage.log-level", "there is no log level `\(word)`")
        }
        let logger = Telemetry.logger("node", level: level)
        let process = MemberProcess(settings: settings, logger: logger)
        try await Stopping.run { () async throws(Refusal) in try await process.run() }
    }
}
