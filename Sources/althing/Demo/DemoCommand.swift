// `althing demo`: the whole road on this machine.

import ArgumentParser
import Glibc
import Platform
import Primitives

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Walk the whole road on this machine: three members, four providers, real work.",
        discussion: """
            Founds a cluster from Deploy/genesis.yaml, brings providers, trains a model that token \
            holders voted for, sells its answers, shares out the revenue and audits the log. Every \
            step is a command of this program, and is shown.

            Example:
              althing demo --once
            """)

    @Flag(help: "Stop when the road is done; otherwise the cluster stays up until Ctrl-C.")
    var once = false

    @Option(
        help: "The repository with Deploy/, Policies/ and Proposals/; found by itself if not given."
    )
    var root: String?

    @Option(
        name: .customLong("base-port"),
        help: "The first of six ports of 127.0.0.1; the first free ones from 7420 on otherwise.")
    var basePort: Int?

    @Flag(help: "Keep the folder with keys, logs and data, and say where it is.")
    var keep = false

    @Option(name: [.short, .long], help: "table or json; with json the last line is one object.")
    var output = "table"

    func validate() throws {
        guard ["table", "json"].contains(output) else {
            throw ValidationError("--output is table or json")
        }
        guard 1024...65_000 ~= basePort ?? DemoCommand.usualPort else {
            throw ValidationError("--base-port lies in 1024 to 65000")
        }
    }

    func run() async throws {
        // Before anything is there that would have to be tidied up.
        let stops = try Signals.arrivals(of: [SIGINT, SIGTERM, SIGHUP])
        try DemoCommand.checkTools()
        let root = try DemoFiles.root(given: root)
        let ports = try DemoCommand.ports(given: basePort)
        let temporary = try TemporaryFolder(prefix: "althing-demo")
        let folder = keep ? "\(temporary.path)-kept" : temporary.path
        if keep { try Files.makeFolders(folder, mode: 0o700) }
        let stage = try DemoStage(root: root, folder: folder, quiet: output == "json")
        let first = ports?.first ?? basePort ?? DemoCommand.usualPort
        let work = Task {
            try await Self.walk(stage, basePort: first, once: once, output: output)
        }
        let watch = Task {
            for await _ in stops { work.cancel() }
        }
        defer {
            watch.cancel()
            withExtendedLifetime((temporary, ports)) {}
        }
        let result = await work.result
        if keep { stage.teller.tell("kept: \(folder)") }
        try result.get()
    }

    /// Better now than in the middle of the road.
    private static func checkTools() throws(Refusal) {
        for (tool, package) in [("bwrap", "bubblewrap"), ("curl", "curl")]
        where Environment.find(program: tool) == nil {
            throw Refusal(
                "demo.missing-tool", "\(tool) is not installed: apt install \(package)")
        }
    }

    private static let usualPort = 7420
    private static let portCount = 6

    /// The ports to use when none were named; nil when those that were named are free.
    private static func ports(given first: Int?) throws(Refusal) -> PortBlock? {
        guard let first else { return try PortBlock(portCount, startingAt: usualPort) }
        if let taken = (first..<first + portCount).first(where: { !PortBlock.isFree($0) }) {
            throw Refusal(
                "demo.port-in-use",
                "port \(taken) of 127.0.0.1 is taken: name others with --base-port, or none")
        }
        return nil
    }

    private static func walk(
        _ stage: DemoStage, basePort: Int, once: Bool, output: String
    ) async throws {
        var script = DemoScript(stage: stage)
        do {
            try await script.run(basePort: basePort)
            if output == "json" { Standard.out(script.summary.json.compact) }
            if output == "table" { stage.teller.tell("\ndone in \(script.summary.seconds) s") }
            if !once { await stay(stage) }
        } catch {
            if !Task.isCancelled { stage.tellLastWords() }
            await stage.clear()
            throw error
        }
        await stage.clear()
    }

    private static func stay(_ stage: DemoStage) async {
        stage.teller.tell(
            """

            The cluster stays up. Try:
              open \(stage.origins[0])/
              export ALTHING_CLUSTER=\(stage.origins.joined(separator: ","))
              althing proposal list
              althing provider list
              althing ask kings "In the beginning" --api-key-file \(stage.folder)/api.key
            Ctrl-C ends it and leaves nothing behind.
            """)
        while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(200)) }
    }
}
