// Three members of Debian's etcd on loopback, at default settings.
//
// h2load speaks gRPC to it: the body of a request is one message of protocol buffers behind five
// bytes (a zero, and the length in four), sent to `/etcdserverpb.KV/Put` and `/Range`.

import Glibc
import Platform
import Primitives
import Synchronization
import Transport

/// The other side.
final class EtcdGroup: Contender {
    let name = "etcd"
    let folder: String
    let client: HTTPClient
    private let ports: PortBlock
    private var basePort: Int { ports.first }
    private let members: Mutex<[Int: ChildProcess]>

    /// Starts three members with data in folders of their own.
    init(folder: String) async throws(Refusal) {
        self.folder = folder
        client = try HTTPClient()
        ports = try sixPorts()
        members = Mutex([:])
        try Files.makeFolders(folder)
        for member in 1...3 { try await start(member) }
        _ = try await leader()
    }

    /// Its version, or nil when it is not installed.
    static func version() async -> String? {
        let outcome = try? await ChildProcess.run(ChildCommand("etcd", ["--version"]))
        guard let outcome, outcome.isSuccess else { return nil }
        return outcome.output.text.split(separator: "\n").first.map(String.init)
    }

    private func clientURL(_ member: Int) -> String { "http://127.0.0.1:\(basePort + 2 * member)" }

    private func peerURL(_ member: Int) -> String {
        "http://127.0.0.1:\(basePort + 2 * member + 1)"
    }

    /// A member's data.
    func dataFolder(_ member: Int) -> String { "\(folder)/etcd-\(member)" }

    /// Starts a member that does not run.
    func start(_ member: Int) async throws(Refusal) {
        let all = (1...3).map { "m\($0)=\(peerURL($0))" }.joined(separator: ",")
        let hasData = Files.exists(dataFolder(member))
        var command = ChildCommand(
            "etcd",
            [
                "--name", "m\(member)", "--data-dir", dataFolder(member),
                "--listen-client-urls", clientURL(member),
                "--advertise-client-urls", clientURL(member), "--listen-peer-urls", peerURL(member),
                "--initial-advertise-peer-urls", peerURL(member), "--initial-cluster", all,
                "--initial-cluster-state", hasData ? "existing" : "new", "--log-level", "error",
            ])
        command.output = .none
        command.error = .file("\(folder)/etcd-\(member).log")
        let child = try await ChildProcess.start(command)
        members.withLock { $0[member] = child }
    }

    /// Ends a member at once and waits until it is gone.
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

    /// Calls the JSON gateway of a member; nil when it does not answer.
    func call(
        _ method: String, _ body: String, of member: Int, timeout: Duration = .milliseconds(500)
    ) async -> JSON? {
        guard
            var request = try? HTTPClientRequest(
                "POST", "\(clientURL(member))/v3/\(method)",
                headers: ["content-type": "application/json"], body: Array(body.utf8))
        else { return nil }
        request.responseTimeout = timeout
        guard let answer = try? await client.send(request), answer.status == 200 else { return nil }
        return try? JSON.parse(answer.body)
    }

    /// The member that leads, waiting for one.
    func leader(among candidates: [Int] = [1, 2, 3]) async throws(Refusal) -> Int {
        try await waiting("a leader of etcd") {
            for member in candidates {
                guard let status = await call("maintenance/status", "{}", of: member) else {
                    continue
                }
                if let leader = status["leader"]?.text,
                    leader == status["header"]?["member_id"]?.text
                {
                    return member
                }
            }
            return nil
        }
    }

    func address(of load: Load) async throws(Refusal) -> String {
        let method = load == .put ? "Put" : "Range"
        return try await clientURL(leader()) + "/etcdserverpb.KV/\(method)"
    }

    /// A message behind its five bytes. Field 1 is the key, field 2 of a put the value.
    func body(of load: Load) -> [UInt8] {
        var message: [UInt8] = [0x0A, UInt8(BenchPut.key.count)] + BenchPut.key
        if load == .put {
            message += [0x12, UInt8(BenchPut.value.count & 0x7F) | 0x80]
            message += [UInt8(BenchPut.value.count >> 7)] + BenchPut.value
        }
        return [0, 0, 0, UInt8(message.count >> 8), UInt8(message.count & 0xFF)] + message
    }

    var headers: [String] { ["content-type: application/grpc", "te: trailers"] }

    /// Its revision grows by one with each put.
    func putCount() async throws(Refusal) -> UInt64 {
        let leader = try await leader()
        let status = await call("maintenance/status", "{}", of: leader)
        guard let text = status?["header"]?["revision"]?.text, let revision = UInt64(text) else {
            throw Refusal("benchmarks.count", "etcd does not tell its revision")
        }
        return revision
    }
}
