// One assignment from its inputs to its signed result: fetch, run in the sandbox, upload, hand in.

import Client
import ControlPlane
import Cryptography
import Governance
import Logging
import Platform
import Primitives
import Sandbox

/// An assignment as the cluster gives it.
struct Assignment: Sendable {
    let lease: UInt64
    let task: UInt64
    let order: TaskOrder
    let deadline: Timestamp
    let parameters: Digest
    let momentum: Digest
    let deltas: [Digest]
    let data: [Digest]

    /// Reads an assignment; throws `task.order`.
    init(_ json: JSON) throws(Refusal) {
        func digests(_ key: String) throws(Refusal) -> [Digest] {
            let texts = json[key]?.elements ?? []
            let digests = texts.compactMap { $0.text.flatMap { Digest(hex: $0) } }
            guard digests.count == texts.count else {
                throw Refusal("task.order", "the assignment's `\(key)` are malformed")
            }
            return digests
        }
        let words: [(String, TaskKind)] = [
            ("initialise", .initialise), ("segment", .segment), ("aggregate", .aggregate),
            ("evaluate", .evaluate),
        ]
        guard let lease = json["lease"]?.unsigned, let task = json["task"]?.unsigned,
            let kind = words.first(where: { $0.0 == json["kind"]?.text })?.1,
            let round = json["round"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
            let ordinal = json["ordinal"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
            let deadline = json["deadline"]?.unsigned,
            let plan = json["plan"]?.text.flatMap({ Hex.decode($0) }),
            let parameters = json["parameters"]?.text.flatMap({ Digest(hex: $0) }),
            let final = json["final_parameters"]?.text.flatMap({ Digest(hex: $0) }),
            let momentum = json["momentum"]?.text.flatMap({ Digest(hex: $0) })
        else { throw Refusal("task.order", "the assignment is malformed") }
        self.lease = lease
        self.task = task
        self.deadline = Timestamp(milliseconds: deadline)
        order = TaskOrder(
            kind: kind, round: round, ordinal: ordinal, plan: try TrainingPlan(decoding: plan))
        self.parameters = kind == .evaluate ? final : parameters
        self.momentum = momentum
        deltas = try digests("deltas")
        data = try digests("data")
    }
}

/// Runs assignments.
struct TaskRunner: Sendable {
    let settings: AgentSettings
    let client: ClusterClient
    let cache: ObjectCache
    let sandbox: Sandbox
    let logger: Logger

    /// Runs an assignment and hands its result in; a failure is reported under the lease.
    func run(_ assignment: Assignment, token: @Sendable () async -> String?) async {
        let started = SystemClock.monotonicNanoseconds()
        do throws(Refusal) {
            if settings.drill == .silence { return }
            let yield = try await execute(assignment)
            for object in yield.objects {
                try await upload(object, token)
            }
            _ = try await client.submit(
                .completeTask(
                    lease: assignment.lease, task: assignment.task, output: yield.output),
                key: settings.key)
            logger.info(
                "task done",
                metadata: [
                    "task": "\(assignment.task)", "kind": "\(assignment.order.kind.word)",
                    "milliseconds":
                        "\((SystemClock.monotonicNanoseconds() - started) / 1_000_000)",
                ])
        } catch {
            await report(error, assignment)
        }
    }

    private func report(_ refusal: Refusal, _ assignment: Assignment) async {
        logger.warning(
            "task not done",
            metadata: [
                "task": "\(assignment.task)", "code": "\(refusal.code)",
                "why": "\(refusal.message)",
            ])
        guard refusal.code != "lease.over", !Task.isCancelled else { return }
        _ = try? await client.submit(
            .failTask(
                lease: assignment.lease, task: assignment.task,
                reason: String("\(refusal.code): \(refusal.message)".prefix(500))),
            key: settings.key)
    }

    /// The leader takes uploads of agents; its session may have to be opened anew first.
    private func upload(_ object: [UInt8], _ token: @Sendable () async -> String?)
        async throws(Refusal)
    {
        var last = Refusal("object.unexpected", "the object was not taken")
        for _ in 0..<20 {
            do throws(Refusal) {
                try await client.upload(object, .init(token: await token()))
                return
            } catch {
                let retriable = ["object.unexpected", "session.unknown", "object.not-replicated"]
                guard retriable.contains(error.code) || ClusterClient.isPassing(error) else {
                    throw error
                }
                last = error
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
        throw last
    }

    // MARK: Execution

    private func execute(_ assignment: Assignment) async throws(Refusal) -> TaskYield {
        let folder = try TemporaryFolder(prefix: "althing-task")
        let output = "\(folder.path)/output"
        try Files.makeFolders(output)
        let orderPath = "\(folder.path)/order.json"
        try Files.writeAtomically(
            orderPath, Array(TaskFiles.encode(assignment.order).compact.utf8))
        var task = SandboxTask(
            try Executable.own(), ["run-task", "{inputs}", "{output}"], outputFolder: output)
        task.inputs = try await inputs(assignment)
        task.inputs.append(.init(name: TaskFiles.order, path: orderPath))
        task.limits.memoryBytes = settings.memoryBytes
        task.limits.outputBytes = 256 << 20
        let left = assignment.deadline.since(SystemClock.now())
        task.limits.wallMilliseconds = max(1000, left)
        let driver: SandboxDriver =
            sandbox.report.isIsolationAvailable ? .bubblewrap : .process
        let result = try await sandbox.run(task, driver: driver)
        guard result.isSuccess else {
            let words = String(result.error.text.suffix(300))
            throw Refusal(
                "task.failed",
                "the program \(result.ending.words)" + (words.isEmpty ? "" : ": \(words)"))
        }
        var yield = try TaskFiles.collect(output: output)
        if settings.drill == .wrongResults, assignment.order.kind == .segment {
            yield = try tampered(yield)
        }
        withExtendedLifetime(folder) {}
        return yield
    }

    private func inputs(_ assignment: Assignment) async throws(Refusal) -> [SandboxTask.Input] {
        var inputs: [SandboxTask.Input] = []
        for (number, digest) in assignment.data.enumerated() {
            inputs.append(.init(name: "data-\(number)", path: try await cache.path(digest)))
        }
        guard assignment.order.kind != .initialise else { return inputs }
        inputs.append(.init(name: "parameters", path: try await cache.path(assignment.parameters)))
        guard assignment.order.kind == .aggregate else { return inputs }
        inputs.append(.init(name: "momentum", path: try await cache.path(assignment.momentum)))
        for (number, digest) in assignment.deltas.enumerated() {
            inputs.append(.init(name: "delta-\(number)", path: try await cache.path(digest)))
        }
        return inputs
    }

    /// The drill: an answer that looks right and is not.
    private func tampered(_ yield: TaskYield) throws(Refusal) -> TaskYield {
        var wrong = yield
        guard var delta = wrong.objects.first, let last = delta.indices.last else { return yield }
        delta[last] ^= 1
        wrong.objects[0] = delta
        return wrong
    }
}
