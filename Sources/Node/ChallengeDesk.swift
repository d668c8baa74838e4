// Challenges in progress: the verifier's side of the kernel suite, on this member's clock.
//
// What is held here lives in the memory of one member and decides nothing: a verdict counts when it
// is on the log. Any member takes a machine that comes by itself; machines that are called together
// come to the leader, whose one clock starts them. A member that stops takes its challenges with
// it, and nobody has failed them.

import Benchmarking
import ControlPlane
import Cryptography
import Logging
import Platform
import Primitives

/// The challenges this member is holding the clock for.
actor ChallengeDesk {
    /// A machine that comes to be challenged.
    struct Candidate: Sendable {
        let agent: Address
        let owner: Address
        /// Whether it has a score of the kernel.
        let hasProved: Bool
    }

    private struct Running {
        var candidate: Candidate
        var kernel: String
        var verifier: ChallengeVerifier
        var group: UInt64?

        var agent: Address { candidate.agent }

        /// Whether it was called to what it has shown that it can do: then it is not free to give
        /// up, or to be silent, before the clock runs. It would come alone another time.
        var mustAnswer: Bool { group != nil && candidate.hasProved }
    }

    private var running: [Digest: Running] = [:]
    private var calls = ChallengeCalls()
    private let line: VerdictLine
    private let logger: Logger

    /// The most challenges at once of machines that come by themselves: each may hold a few
    /// megabytes. Who is called always finds room: it would fail for want of it.
    static let limit = 64
    /// The most of these that machines of one owner hold: a machine may sit on its challenge until
    /// the time for it ends, and whoever owns many would keep all others out.
    static let limitOfOwner = 24

    init(line: VerdictLine, logger: Logger) {
        self.line = line
        self.logger = logger
    }

    /// The verdict on who was called and did not come.
    private static let unanswered = "challenge.unanswered"

    // MARK: Messages

    /// Opens a challenge for an agent; answers its session and the first messages.
    ///
    /// An agent has one challenge at a time. To open another while the clock runs is to abort.
    /// Throws `challenge.busy` when this member, or the owner, holds as many as it may.
    func open(
        _ candidate: Candidate, kernel: String, call: UInt64?, message: [UInt8],
        specification: ChallengeSpecification, arrived: UInt64
    ) async throws(Refusal) -> JSON {
        let agent = candidate.agent
        if let call { try calls.answer(call, by: agent, kernel: kernel) }
        for (session, old) in running where old.agent == agent {
            try await abandon(session, old, at: arrived)
        }
        if call == nil { try findRoom(for: candidate.owner) }
        let session = SHA256.hash(try SystemEntropy.bytes(32) + agent.bytes)
        let verifier = try ChallengeVerifier(
            entropy: try SystemEntropy.bytes(32), provider: agent, session: session,
            specification: specification, now: arrived)
        running[session] = Running(
            candidate: candidate, kernel: kernel, verifier: verifier, group: call)
        return try await receive(agent, session: session, message: message, arrived: arrived)
    }

    /// Refuses who comes by itself when there is no room.
    private func findRoom(for owner: Address) throws(Refusal) {
        let uncalled = running.values.filter { $0.group == nil }
        guard uncalled.count < ChallengeDesk.limit else {
            throw Refusal("challenge.busy", "too many challenges are running; try again shortly")
        }
        guard uncalled.count(where: { $0.candidate.owner == owner }) < ChallengeDesk.limitOfOwner
        else {
            throw Refusal(
                "challenge.busy",
                "machines of \(owner) hold \(ChallengeDesk.limitOfOwner) challenges, which is all"
                    + " that one owner may; end one first")
        }
    }

    /// Takes an agent's next message, which arrived at `arrived` on the monotonic clock.
    func receive(
        _ agent: Address, session: Digest, message: [UInt8], arrived: UInt64
    ) async throws(Refusal) -> JSON {
        guard let begun = running[session], begun.agent == agent else {
            throw Refusal("challenge.unknown", "this agent has no challenge \(session)")
        }
        var arrived = arrived
        let isReady = ChallengeDesk.isReady(message)
        if isReady, let group = begun.group {
            // All machines of an owner start at the same instant: one device cannot be ten.
            guard let gate = calls.ready(group, agent) else {
                throw try await turnAway(session, begun, from: group)
            }
            await gate.wait()
            arrived = SystemClock.monotonicNanoseconds()
        }
        // The state may have moved while this waited.
        guard var challenge = running[session] else {
            throw Refusal("challenge.unknown", "this agent has no challenge \(session)")
        }
        let step = challenge.verifier.receive(bytes: message, now: arrived)
        // READY may have waited here while another's proof was checked: that is nobody's work.
        if isReady { challenge.verifier.seedLeft(at: SystemClock.monotonicNanoseconds()) }
        running[session] = challenge
        if let verdict = step.verdict { try await end(session, verdict, challenge) }
        return .object([
            JSON.Member("session", .string(session.hex)),
            JSON.Member(
                "messages", .array(step.replies.map { .string(Hex.encode($0.encoded)) })),
            JSON.Member("verdict", step.verdict.map { ChallengeDesk.json($0) } ?? .null),
        ])
    }

    private static func isReady(_ message: [UInt8]) -> Bool {
        guard message.count <= 64, case .ready? = try? ChallengeMessage.received(message) else {
            return false
        }
        return true
    }

    // MARK: Ends

    /// Ends what is out of time; called several times a second, on every member.
    func sweep() async throws(Refusal) {
        let now = SystemClock.monotonicNanoseconds()
        for (session, var challenge) in running {
            guard let verdict = challenge.verifier.tick(now: now).verdict else { continue }
            try await end(session, verdict, challenge)
        }
    }

    /// Fails machines that are there and did not come when they were called.
    func sweepCalls(present: Set<Address>) async throws(Refusal) {
        for lapsed in calls.lapsed(now: SystemClock.monotonicNanoseconds(), present: present) {
            try await noteUnanswered(lapsed, SHA256.hash(try SystemEntropy.bytes(32)))
        }
    }

    /// Fails a machine that is ready when those it was called with have started without it; gives
    /// what to tell it.
    private func turnAway(
        _ session: Digest, _ late: Running, from group: UInt64
    ) async throws(Refusal) -> Refusal {
        running[session] = nil
        calls.leave(group, late.agent)
        try await noteUnanswered(
            ChallengeCalls.Lapsed(
                agent: late.agent, kernel: late.kernel,
                version: late.verifier.specification.kernelVersion.version), session)
        return Refusal(
            ChallengeDesk.unanswered,
            "the machines that were called together started without this one")
    }

    private func noteUnanswered(
        _ lapsed: ChallengeCalls.Lapsed, _ session: Digest
    ) async throws(Refusal) {
        try await line.record(
            BenchmarkRecord(
                provider: lapsed.agent, kernel: lapsed.kernel, version: lapsed.version,
                session: session, passed: false, code: ChallengeDesk.unanswered, work: 0,
                nanoseconds: 0, evidence: .zero))
    }

    private func abandon(_ session: Digest, _ old: Running, at now: UInt64) async throws(Refusal) {
        var challenge = old
        let abort = ChallengeMessage.abort(session: session, reason: "opened another challenge")
        if let verdict = challenge.verifier.receive(abort, now: now).verdict {
            try await end(session, verdict, challenge)
        }
    }

    /// Forgets a challenge and puts its verdict on record, unless nothing was learned.
    private func end(
        _ session: Digest, _ verdict: ChallengeVerdict, _ challenge: Running
    ) async throws(Refusal) {
        running[session] = nil
        if let group = challenge.group { calls.leave(group, challenge.agent) }
        guard verdict.outcome != .void || challenge.mustAnswer else { return }
        let code = verdict.outcome == .void ? ChallengeDesk.unanswered : verdict.code
        logger.info(
            "challenge judged",
            metadata: [
                "provider": "\(challenge.agent)", "kernel": "\(challenge.kernel)",
                "code": "\(code)",
            ])
        try await line.record(
            BenchmarkRecord(
                provider: challenge.agent, kernel: challenge.kernel,
                version: challenge.verifier.specification.kernelVersion.version,
                session: verdict.session, passed: verdict.outcome == .accepted,
                code: code, work: verdict.sample?.work ?? 0,
                nanoseconds: verdict.sample?.nanoseconds ?? 0, evidence: verdict.evidence))
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

    // MARK: Calls

    /// Calls all of these machines to one kernel, to start at the same instant.
    func call(_ agents: [Address], kernel: Kernel, within nanoseconds: UInt64) {
        calls.call(
            agents, kernel: kernel, now: SystemClock.monotonicNanoseconds(), within: nanoseconds)
    }

    /// Machines that are called and have not finished.
    var called: Set<Address> { calls.agents }

    /// Machines that missed what they were called to: they get no work until they have come.
    var owing: Set<Address> { calls.owing }

    /// What an agent is called to now; nil for nothing, or when it has begun.
    func call(for agent: Address) -> JSON? { calls.json(for: agent) }
}
