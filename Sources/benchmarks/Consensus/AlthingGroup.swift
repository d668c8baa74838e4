// Three Althing members on loopback, at default settings but for the bench route.

import Glibc
import Platform
import Primitives
import Synchronization
import Transport

/// Our side.
final class AlthingGroup: Contender {
    let name = "althing"
    let folder: String
    let client: HTTPClient
    /// The members' own network; nil for loopback.
    let network: BenchNetwork?
    private let program: String
    private let ports: PortBlock
    private var basePort: Int { ports.first }
    private let environment: @Sendable (Int) -> [(name: String, value: String)]
    private let members: Mutex<[Int: ChildProcess]>

    /// Lays a deployment's foundation in `folder` and starts its members.
    ///
    /// - Parameters:
    ///   - network: where the members live; nil for loopback.
    ///   - environment: added to a member's surroundings.
    init(
        folder: String, network: BenchNetwork? = nil,
        environment: @escaping @Sendable (Int) -> [(name: String, value: String)] = { _ in [] }
    ) async throws(Refusal) {
        self.folder = folder
        self.network = network
        client = try HTTPClient()
        program = try AlthingGroup.program()
        ports = try sixPorts()
        self.environment = environment
        members = Mutex([:])
        try await makeDeployment()
        for member in 1...3 { try await start(member) }
        _ = try await leader()
    }

    /// `althing` beside this program.
    private static func program() throws(Refusal) -> String {
        let path = try Files.parent(of: Files.resolved("/proc/self/exe")) + "/althing"
        guard Files.exists(path) else {
            throw Refusal(
                "benchmarks.program",
                "there is no \(path): swift build -c release --product althing")
        }
        return path
    }

    private static func inheritedEnvironment() -> [(name: String, value: String)] {
        ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"].compactMap { name in
            getenv(name).map { (name, String(cString: $0)) }
        }
    }

    private func makeDeployment() async throws(Refusal) {
        try Files.makeFolders(folder)
        // The name is the second lock before opaque puts.
        let genesis = try Files.readText("\(packageRoot)/Deploy/genesis.yaml")
            .replacing("name: althing-development", with: "name: althing-bench")
        try Files.create("\(folder)/genesis.yaml", Array(genesis.utf8))
        var command = ChildCommand(
            program,
            [
                "cluster", "init", "--genesis", "\(folder)/genesis.yaml", "--timings",
                "\(packageRoot)/Deploy/production.yaml", "--policies", "\(packageRoot)/Policies",
                "--members", "3", "--base-port", "\(basePort)", "--output", "\(folder)/deployment",
                "--host", (1...3).map(host).joined(separator: ","),
            ])
        command.timeLimitNanoseconds = 60_000_000_000
        let outcome = try await ChildProcess.run(command)
        guard outcome.isSuccess else {
            throw Refusal("benchmarks.deployment", outcome.error.text)
        }
    }

    // MARK: Members

    /// A member's folder.
    func home(_ member: Int) -> String { "\(folder)/deployment/member-\(member)" }

    private func host(_ member: Int) -> String { network?.address(member) ?? "127.0.0.1" }

    /// Where clients reach a member.
    func origin(_ member: Int) -> String {
        "http://\(host(member)):\(basePort + 2 * (member - 1))"
    }

    /// Starts a member that does not run.
    func start(_ member: Int) async throws(Refusal) {
        let arguments = ["node", "run", "--home", home(member), "--bench-route"]
        var command = ChildCommand(program, arguments)
        if let network {
            let (launcher, rest) = network.inside(member, program, arguments)
            command = ChildCommand(launcher, rest)
        }
        let added = environment(member)
        if !added.isEmpty { command.environment = AlthingGroup.inheritedEnvironment() + added }
        command.output = .none
        command.error = .file("\(folder)/member-\(member).log")
        let child = try await ChildProcess.start(command)
        members.withLock { $0[member] = child }
    }

    /// Ends a member at once, as a crash does, and waits until it is gone.
    func crash(_ member: Int) async { await crash(member, byKill: true) }

    /// Waits until a member is gone.
    func crash(_ member: Int, byKill: Bool) async {
        guard let child = members.withLock({ $0.removeValue(forKey: member) }) else { return }
        if byKill { child.kill() }
        _ = await child.outcome()
    }

    /// A member's process.
    func process(_ member: Int) -> ChildProcess? { members.withLock { $0[member] } }

    var processes: [ChildProcess] {
        members.withLock { members in members.sorted { $0.key < $1.key }.map(\.value) }
    }

    func stop() async {
        for child in processes { child.terminate() }
        for child in processes { _ = await child.outcome() }
        client.close()
    }

    // MARK: Asking

    /// A member's own view, or nil when it does not answer.
    func status(_ member: Int) async -> JSON? {
        guard var request = try? HTTPClientRequest("GET", "\(origin(member))/api/v1/status") else {
            return nil
        }
        request.responseTimeout = .milliseconds(500)
        guard let answer = try? await client.send(request), answer.status == 200 else { return nil }
        return try? JSON.parse(answer.body)
    }

    /// The member that leads, waiting for one.
    func leader(among members: [Int] = [1, 2, 3]) async throws(Refusal) -> Int {
        try await waiting("a leader") {
            for member in members {
                if await status(member)?["role"]?.text == "leader" { return member }
            }
            return nil
        }
    }

    /// One figure of a member's `/metrics`.
    func metric(_ name: String, of member: Int) async throws(Refusal) -> Double {
        let request = try HTTPClientRequest("GET", "\(origin(member))/metrics")
        let lines = try await client.send(request).text.split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix(name + " ") }),
            let value = line.split(separator: " ").last.flatMap({ Double($0) })
        else { throw Refusal("benchmarks.metric", "there is no figure \(name)") }
        return value
    }

    func address(of load: Load) async throws(Refusal) -> String {
        try await origin(leader()) + (load == .put ? "/bench" : "/bench/get")
    }

    func body(of load: Load) -> [UInt8] {
        load == .put ? BenchPut.key + BenchPut.value : BenchPut.key
    }

    var headers: [String] { [] }

    func putCount() async throws(Refusal) -> UInt64 {
        let leader = try await leader()
        guard let count = await status(leader)?["bench_puts"]?.integer else {
            throw Refusal("benchmarks.count", "the leader does not tell how many puts it applied")
        }
        return UInt64(max(0, count))
    }
}
