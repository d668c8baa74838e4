// `althing provider`: a machine that works for the commons.

import ArgumentParser
import ControlPlane
import Cryptography
import Logging
import Platform
import Primitives
import Provider
import Sandbox
import Telemetry
import Terminal

/// The noun `provider`.
struct ProviderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider",
        abstract: "Machines: register, prove their speed, run, see what they earn.",
        discussion: """
            Example:
              althing provider init --home machine --cluster http://127.0.0.1:7000
              althing provider register --home machine --name shed-1 --stake "100 CREDIT"
              althing provider bench --home machine
              althing provider run --home machine
            """,
        subcommands: [
            ProviderInit.self, ProviderCheck.self, ProviderRegister.self, ProviderBench.self,
            ProviderRun.self, ProviderList.self, ProviderShow.self, ProviderDrain.self,
            ProviderEarnings.self,
        ])
}

/// `provider init`.
struct ProviderInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a provider's folder with a key for its agent.",
        discussion: """
            The agent's key signs results and nothing else; the owner's key stays elsewhere.

            Example:
              althing provider init --home machine --cluster http://127.0.0.1:7000
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let agent = try ProviderHome.make(home.home, cluster: cluster.origins)
        output.printer.show(
            Presentation.facts([("agent", agent.hex), ("folder", home.home)]),
            json: ["agent": .string(agent.hex), "home": .string(home.home)])
    }
}

/// `provider check`.
struct ProviderCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "See what this machine offers and what it lacks.",
        discussion: """
            Example:
              althing provider check
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = await SandboxProbe.check()
        let json: JSON = [
            "cores": .int(Machine.cores), "memory_bytes": .int(Machine.memoryBytes),
            "isolation": .string(report.isIsolationAvailable ? "bubblewrap" : "process"),
            "bubblewrap": report.bubblewrapVersion.map { .string($0) } ?? .null,
            "filters_system_calls": .bool(report.filtersSystemCalls),
            "problems": .array(report.problems.map { .string($0) }),
        ]
        output.printer.show(
            Presentation.facts(
                json,
                [
                    ("cores", "cores"), ("memory, bytes", "memory_bytes"),
                    ("isolation", "isolation"), ("bubblewrap", "bubblewrap"),
                    ("system calls filtered", "filters_system_calls"), ("problems", "problems"),
                ]), json: json)
    }
}

/// `provider register`.
struct ProviderRegister: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "Register a machine with a stake.",
        discussion: """
            Signed by the owner. The stake comes from the owner's wallet and answers for wrong \
            results.

            Example:
              althing provider register --home machine --name shed-1 --stake "100 CREDIT"
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: "A name for people: lower-case letters, digits and -.")
    var name: String

    @Option(help: "The stake: minimal units, or `100 CREDIT`.")
    var stake: String

    @Option(help: "Processors offered; all of them otherwise.")
    var cores: UInt64?

    @Option(help: "Memory offered in bytes; all of it otherwise.")
    var memory: UInt64?

    @Option(help: "bubblewrap or process; what the machine can do otherwise.")
    var isolation: String?

    @OptionGroup var options: SigningCommandOptions

    func run() async throws { try await register() }

    private func register() async throws(Refusal) {
        let home = try ProviderHome(home.home, cluster: [])
        let kind: String
        if let isolation {
            kind = isolation
        } else {
            kind = await SandboxProbe.check().isIsolationAvailable ? "bubblewrap" : "process"
        }
        let machine = MachineDescription(
            name: name, agent: try home.agent(), cores: cores ?? UInt64(Machine.cores),
            memoryBytes: memory ?? Machine.memoryBytes, isolation: kind)
        guard machine.cores <= UInt64(Machine.cores), machine.memoryBytes <= Machine.memoryBytes
        else {
            throw Refusal(
                "provider.claim",
                "this machine has \(Machine.cores) cores and \(Machine.memoryBytes) bytes of"
                    + " memory; a claim beyond it fails its first challenge")
        }
        let printer = options.printer
        let receipt = try await options.read.ask { (client) throws(Refusal) in
            let amount = try await AssetAmounts(client).amount(stake)
            return try await options.signing.submit(
                .registerProvider(machine: machine, stake: amount), to: client, printer: printer)
        }
        printer.show(
            Presentation.facts([("agent", machine.agent.hex), ("name", name)])
                + [Receipts.line(receipt)],
            json: ["agent": .string(machine.agent.hex), "receipt": receipt])
    }
}

/// `provider run`.
struct ProviderRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Work: fetch tasks, run them isolated, hand results in.",
        discussion: """
            Opens connections outwards only. Logs a JSON object a line to standard error. SIGTERM \
            and SIGINT stop it. A drill commits a fault on purpose, so that an operator can watch \
            the cluster deal with it.

            Example:
              althing provider run --home machine
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var cluster: ClusterOptions

    @Flag(help: "Run tasks only; serve no released models.")
    var noServe = false

    @Flag(help: "Run tasks as plain processes where bubblewrap is missing.")
    var allowPlainProcess = false

    @Option(help: "Commit a fault on purpose: wrong-results or silence.")
    var drill: Drill?

    @Option(help: "The most memory a task may take, in bytes.")
    var taskMemory: UInt64 = 1 << 30

    func run() async throws { try await start() }

    private func start() async throws(Refusal) {
        let home = try ProviderHome(home.home, cluster: cluster.origins)
        guard !home.cluster.isEmpty else {
            throw Refusal(
                "cluster.no-members",
                "no member is named: use --cluster http://host:port or ALTHING_CLUSTER")
        }
        try Files.makeFolders(home.dataFolder)
        let lock = try FileLock.claim(dataFolder: home.dataFolder)
        defer { withExtendedLifetime(lock) {} }
        var settings = AgentSettings(
            cluster: home.cluster, key: try home.key(), dataFolder: home.dataFolder)
        settings.serves = !noServe
        settings.allowsPlainProcess = allowPlainProcess
        settings.drill = drill
        settings.memoryBytes = taskMemory
        let logger = Telemetry.logger(
            "provider", metadata: ["agent": "\(settings.key.address)"])
        if let drill {
            Output(.table).warn("this agent commits a fault on purpose: \(drill.rawValue)")
        }
        let agent = try await Agent(settings: settings, logger: logger)
        try await Stopping.run { () async throws(Refusal) in await agent.run() }
    }
}
