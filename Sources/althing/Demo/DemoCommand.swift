// `althing demo`: the whole road on this machine.

import ArgumentParser
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

    @Option(name: .customLong("base-port"), help: "The first of six ports of 127.0.0.1.")
    var basePort = 7420

    @Flag(help: "Keep the folder with keys, logs and data, and say where it is.")
    var keep = false

    @Option(name: [.short, .long], help: "table or json; with json the last line is one object.")
    var output = "table"

    func validate() throws {
        guard ["table", "json"].contains(output) else {
            throw ValidationError("--output is table or json")
        }
        guard 1024...65_000 ~= basePort else {
            throw ValidationError("--base-port lies in 1024 to 65000")
        }
    }

    func run() async throws {
        let root = try DemoFiles.root(given: root)
        let temporary = try TemporaryFolder(prefix: "althing-demo")
        let folder = keep ? "\(temporary.path)-kept" : temporary.path
        if keep { try Files.makeFolders(folder, mode: 0o700) }
        let stage = try DemoStage(root: root, folder: folder, quiet: output == "json")
        let work = Task {
            try await Self.walk(stage, basePort: basePort, once: once, output: output)
        }
        try Signals.watch { _ in work.cancel() }
        defer { withExtendedLifetime(temporary) {} }
        let result = await work.result
        if keep { stage.teller.tell("kept: \(folder)") }
        try result.get()
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
