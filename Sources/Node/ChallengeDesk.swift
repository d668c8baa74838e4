// Challenges in progress: the verifier's side of the kernel suite, on this member's clock.

import Benchmarking
import ControlPlane
import Cryptography
import Logging
import Platform
import Primitives

/// The challenges this member is holding the clock for.
actor ChallengeDesk {
    private struct Running {
        var agent: Address
        var kernel: String
        var verifier: ChallengeVerifier
        var opened: UInt64
    }

    private var running: [Digest: Running] = [:]
    private let member: ClusterMember
    private let logger: Logger

    /// The most challenges at once: each may hold a few megabytes.
    private static let limit = 64
    /// After how many nanoseconds an unfinished challenge is forgotten.
    private static let patience: UInt64 = 600_000_000_000

    init(member: ClusterMember, logger: Logger) {
        self.member = member
        self.logger = logger
    }

    /// Opens a challenge for an agent; answers its session and the first messages.
    func open(
        _ agent: Address, kernel: String, message: [UInt8], specification: ChallengeSpecification
    ) async throws(Refusal) -> JSON {
        let now = SystemClock.monotonicNanoseconds()
        running = running.filter { _, old in
            let isReplaced = old.agent == agent && old.kernel == kernel
            return !isReplaced && now &- old.opened < ChallengeDesk.patience
        }
        guard running.count < ChallengeDesk.limit else {
            throw Refusal("challenge.busy", "too many challenges are running; try again shortly")
        }
        let session = SHA256.hash(try SystemEntropy.bytes(32) + agent.bytes)
        let verifier = try ChallengeVerifier(
            entropy: try SystemEntropy.bytes(32), provider: agent, session: session,
            specification: specification, now: now)
        running[session] = Running(
            agent: agent, kernel: kernel, verifier: verifier, opened: now)
        return try await receive(agent, session: session, message: message)
    }

    /// Takes an agent's next message.
    func receive(_ agent: Address, session: Digest, message: [UInt8]) async throws(Refusal) -> JSON
    {
        guard var challenge = running[session], challenge.agent == agent else {
            throw Refusal("challenge.unknown", "this agent has no challenge \(session)")
        }
        let step = challenge.verifier.receive(
            bytes: message, now: SystemClock.monotonicNanoseconds())
        running[session] = challenge
        var answer: [JSON.Member] = [
            JSON.Member("session", .string(session.hex)),
            JSON.Member(
                "messages", .array(step.replies.map { .string(Hex.encode($0.encoded)) })),
        ]
        if let verdict = step.verdict {
            running[session] = nil
            try await record(verdict, challenge)
            answer.append(JSON.Member("verdict", ChallengeDesk.json(verdict)))
        } else {
            answer.append(JSON.Member("verdict", .null))
        }
        return .object(answer)
    }

    private func record(_ verdict: ChallengeVerdict, _ challenge: Running) async throws(Refusal) {
        let record = BenchmarkRecord(
            provider: challenge.agent, kernel: challenge.kernel, session: verdict.session,
            passed: verdict.outcome == .accepted, code: verdict.code,
            work: verdict.sample?.work ?? 0, nanoseconds: verdict.sample?.nanoseconds ?? 0,
            evidence: verdict.evidence)
        let receipt = try await member.submit(.recordBenchmark(record))
        guard receipt.accepted else { throw Refusal(receipt.code, receipt.message) }
        logger.info(
            "challenge judged",
            metadata: [
                "provider": "\(challenge.agent)", "kernel": "\(challenge.kernel)",
                "code": "\(verdict.code)",
            ])
    }

    private static func json(_ verdict: ChallengeVerdict) -> JSON {
        [
            "passed": .bool(verdict.outcome == .accepted), "code": .string(verdict.code),
            "message": .string(verdict.message),
            "work": .int(verdict.sample?.work ?? 0),
            "nanoseconds": .int(verdict.sample?.nanoseconds ?? 0),
            "rate": .int(verdict.sample?.perSecond ?? 0),
            "evidence": .string(verdict.evidence.hex),
        ]
    }
}
