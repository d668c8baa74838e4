// A provider's agent: signs in, waits for work over connections it opened itself, runs one task at
// a time, answers customers beside it.

public import Client
import ControlPlane
public import Cryptography
public import Logging
import Platform
public import Primitives
import Sandbox
import Wallet

/// A provider's agent.
public actor Agent {
    private let settings: AgentSettings
    private let client: ClusterClient
    private let runner: TaskRunner
    private let server: ModelServer
    private let logger: Logger
    private var token: String?
    private var running: [UInt64: Task<Void, Never>] = [:]
    /// The challenge it was called to, while that runs.
    private var challenge: Task<Void, Never>?

    /// Prepares an agent; finds out what isolation this machine offers.
    ///
    /// Throws `sandbox.unavailable` where tasks cannot be isolated and plain processes are not
    /// allowed.
    public init(settings: AgentSettings, logger: Logger) async throws(Refusal) {
        self.settings = settings
        self.logger = logger
        client = try ClusterClient(origins: settings.cluster)
        let report = await SandboxProbe.check()
        guard report.isIsolationAvailable || settings.allowsPlainProcess else {
            throw Refusal(
                "sandbox.unavailable",
                report.problems.first ?? "tasks cannot be isolated on this machine")
        }
        let cache = try ObjectCache(folder: settings.dataFolder + "/objects", client: client)
        runner = TaskRunner(
            settings: settings, client: client, cache: cache,
            sandbox: Sandbox(report, allowsPlainProcess: settings.allowsPlainProcess),
            logger: logger)
        server = ModelServer(settings: settings, client: client, cache: cache, logger: logger)
    }

    /// Works until the surrounding task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do throws(Refusal) {
                await server.note(genesis: try await client.genesis())
                try await turn()
            } catch {
                if error.code == "session.unknown" {
                    token = nil
                } else {
                    logger.info("waiting", metadata: ["code": "\(error.code)"])
                    try? await Task.sleep(for: .milliseconds(500))
                }
            }
        }
        for task in running.values { task.cancel() }
        challenge?.cancel()
        client.close()
        // What a task leaves, its control group above all, goes when its run returns.
        for task in running.values { await task.value }
    }

    private func turn() async throws(Refusal) {
        if token == nil { token = try await AgentSession.open(client, key: settings.key) }
        let answer = try await client.post(
            "/api/v1/provider/poll",
            ["running": .array(running.keys.sorted().map { .int($0) })],
            .init(token: token, timeout: .seconds(15)))
        let assignments = answer["assignments"]?.elements ?? []
        let leases = Set(assignments.compactMap { $0["lease"]?.unsigned })
        for (lease, task) in running where !leases.contains(lease) {
            task.cancel()
            running[lease] = nil
        }
        for json in assignments { try start(json) }
        for call in answer["challenges"]?.elements ?? [] { answerCall(call) }
        if settings.serves {
            await server.offer(answer["released_models"]?.elements ?? [])
            for request in answer["requests"]?.elements ?? [] {
                Task { [server] in await server.answer(request) { await self.currentToken } }
            }
        }
    }

    private var currentToken: String? { token }

    /// Comes when the cluster calls for a challenge; one at a time.
    private func answerCall(_ call: JSON) {
        guard challenge == nil, let kernel = call["kernel"]?.text,
            let number = call["call"]?.unsigned
        else { return }
        let run = BenchmarkRun(client: client, key: settings.key)
        challenge = Task { [logger] in
            do throws(Refusal) {
                let verdict = try await run.challenge(kernel: kernel, call: number)
                logger.info(
                    "challenged",
                    metadata: [
                        "kernel": "\(kernel)", "code": "\(verdict["code"]?.text ?? "")",
                    ])
            } catch {
                logger.info("challenge put off", metadata: ["code": "\(error.code)"])
            }
            self.challengeEnded()
        }
    }

    private func challengeEnded() { challenge = nil }

    private func start(_ json: JSON) throws(Refusal) {
        let assignment = try Assignment(json)
        guard running[assignment.lease] == nil else { return }
        running[assignment.lease] = Task { [runner] in
            await runner.run(assignment) { await self.currentToken }
        }
    }
}

/// Signing in.
public enum AgentSession {
    /// Opens a session for an agent; throws what the cluster refuses.
    ///
    /// - Parameter here: whether the member that answers keeps the session, to challenge the agent;
    ///   otherwise the leader does, who also gives work.
    public static func open(
        _ client: ClusterClient, key: Secp256k1PrivateKey, here: Bool = false
    ) async throws(Refusal) -> String {
        let genesis = try await client.genesis()
        let timestamp = SystemClock.now().milliseconds
        let text = SessionGreeting.text(genesis: genesis.digest, timestamp: timestamp)
        let signature = try key.sign(PersonalMessage.digest(Array(text.utf8)))
        let answer = try await client.post(
            "/api/v1/provider/session",
            [
                "agent": .string(key.address.hex), "timestamp": .int(timestamp),
                "signature": .string(Hex.encode(signature.bytes)), "here": .bool(here),
            ])
        guard let token = answer["token"]?.text else {
            throw Refusal("cluster.answer", "the member gave no session")
        }
        return token
    }
}
