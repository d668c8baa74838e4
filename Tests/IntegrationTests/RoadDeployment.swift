// A deployment of one member, run by the program itself, with keystores of a few of its holders.

import Glibc
import Platform
import Primitives
import Testing

/// One member, its folder, and people.
actor RoadDeployment {
    nonisolated let program: String
    nonisolated let folder: TemporaryFolder
    private nonisolated let ports: PortBlock
    private var children: [String: ChildProcess] = [:]

    nonisolated var path: String { folder.path }
    nonisolated var origin: String { "http://127.0.0.1:\(ports.first)" }
    nonisolated var home: String { "\(path)/cluster/member-1" }

    /// People of the development genesis, by their index in its mnemonic.
    static let people = ["maintainer": 0, "voter": 1, "second": 2, "owner": 5]

    /// Makes the folders; `policies`, `day` and the genesis' guardian may differ from the
    /// repository's.
    init(
        program: String, policies: String = "Policies", day: String = "1s", guardian: String? = nil
    ) async throws {
        self.program = program
        folder = try TemporaryFolder(prefix: "althing-integration")
        ports = try RoadProgram.freePorts(2)
        let path = folder.path
        try Files.create("\(path)/password", Array("secret-canary\n".utf8), mode: 0o600)
        try Files.create("\(path)/wrong", Array("another\n".utf8), mode: 0o600)
        try Files.create(
            "\(path)/timings.yaml", Array("floors: development\nday: \(day)\n".utf8))
        var genesis = try Files.readText("\(RoadProgram.root)/Deploy/genesis.yaml")
        if let guardian { genesis += "\nguardian: \"\(guardian)\"\n" }
        try Files.create("\(path)/genesis.yaml", Array(genesis.utf8))
        let made = try await run([
            "cluster", "init", "--genesis", "\(path)/genesis.yaml", "--timings",
            "\(path)/timings.yaml", "--policies", policies, "--members", "1", "--base-port",
            "\(ports.first)", "--output", "\(path)/cluster",
        ])
        #expect(made.status == 0, "\(made.error.text)")
        for (name, index) in Self.people.sorted(by: { $0.value < $1.value }) {
            let key = try await run([
                "wallet", "import", "--mnemonic-file", "Deploy/development.mnemonic", "--index",
                "\(index)", "--light", "--file", "\(path)/\(name).json",
            ])
            #expect(key.status == 0, "\(key.error.text)")
        }
    }

    nonisolated private var environment: [(name: String, value: String)] {
        [("ALTHING_CLUSTER", origin), ("ALTHING_PASSWORD_FILE", "\(path)/password")]
    }

    /// Runs a command as a person would.
    nonisolated func run(
        _ words: [String], environment more: [(name: String, value: String)] = []
    ) async throws -> ChildOutcome {
        try await RoadProgram.run(program, words, environment: environment + more)
    }

    /// Runs a command of somebody.
    nonisolated func run(_ words: [String], as person: String) async throws -> ChildOutcome {
        try await run(words + ["--keystore", "\(path)/\(person).json", "--yes"])
    }

    /// Starts a command that goes on running.
    func start(_ name: String, _ words: [String]) async throws {
        children[name] = try await RoadProgram.start(
            program, words, log: "\(path)/\(name).log", environment: environment)
    }

    /// Starts the member and waits until it leads.
    func startMember() async throws {
        try await start("member", ["node", "run", "--home", home])
        do {
            _ = try await RoadProgram.eventually("the member to lead") {
                try await answers() ? true : nil
            }
        } catch {
            Issue.record("the member's log: \(log("member").suffix(3000))")
            throw error
        }
    }

    /// Whether the cluster reads and has a leader.
    nonisolated func answers() async throws -> Bool {
        try await run(["proposal", "list", "--output", "json"]).status == 0
    }

    /// What a command prints as JSON.
    nonisolated func json(_ words: [String]) async throws -> JSON {
        try JSON.parse(try await run(words + ["--output", "json"]).output.text)
    }

    /// What a process left in its log.
    nonisolated func log(_ name: String) -> String {
        (try? Files.readText("\(path)/\(name).log")) ?? ""
    }

    /// Whether a process that was started still runs.
    func isRunning(_ name: String) -> Bool { children[name]?.isRunning ?? false }

    /// Ends a process in order; its exit code.
    @discardableResult
    func end(_ name: String) async -> Int32? {
        guard let child = children.removeValue(forKey: name) else { return nil }
        child.terminate()
        return await child.outcome().status
    }

    /// Ends everything.
    func clear() async {
        for name in children.keys.sorted() { await end(name) }
    }
}

/// Runs `body` on a deployment and ends its processes whatever happens.
func withRoadDeployment<Value: Sendable>(
    policies: String = "Policies", day: String = "1s", guardian: String? = nil,
    _ body: @Sendable (RoadDeployment) async throws -> Value
) async throws -> Value {
    let program = try #require(CommandLineProgram.built)
    let deployment = try await RoadDeployment(
        program: program.path, policies: policies, day: day, guardian: guardian)
    do {
        let value = try await body(deployment)
        await deployment.clear()
        return value
    } catch {
        await deployment.clear()
        throw error
    }
}
