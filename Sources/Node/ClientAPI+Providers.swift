// Routes that agents call: sign in, fetch work, prove speed, answer customers. Always outbound from
// their side.

import Benchmarking
import ControlPlane
import Cryptography
import Platform
import Primitives
import Transport
import Wallet

extension ClientAPI {
    func providerRoutes() -> [Route] {
        [
            Route("POST", "/api/v1/provider/session", "Sign in as a provider's agent") {
                [self] request, _ async throws(Refusal) in try await openSession(request)
            },
            Route(
                "POST", "/api/v1/provider/poll", "Wait for work, at most five seconds",
                leaderOnly: true
            ) { [self] request, _ async throws(Refusal) in try await poll(request) },
            Route(
                "POST", "/api/v1/provider/challenge", "Exchange messages of a kernel challenge"
            ) { [self] request, _ async throws(Refusal) in try await challenge(request) },
            Route(
                "POST", "/api/v1/provider/stream/{request}",
                "Hand in pieces of an answer to a customer", leaderOnly: true
            ) { [self] request, values async throws(Refusal) in
                let agent = try await desk.agent(token: request.bearer)
                let id = try pathDigest(values, "request")
                for line in request.body.split(separator: 0x0A) {
                    try await desk.deliver(try JSON.parse(Array(line)), of: id, by: agent)
                }
                return .json(["taken": true])
            },
        ]
    }

    /// Signs an agent in: at the leader, who gives work, or, when it says `here`, at this member,
    /// which can challenge it as well as the leader can.
    private func openSession(_ request: HTTPRequest) async throws(Refusal) -> HTTPResponse {
        let body = try request.json()
        if await !member.isLeader {
            guard body["here"]?.flag == true else { return try await proxy.forward(request) }
            // A machine that was registered a moment ago is known here too.
            try await member.readBarrier()
        }
        guard let agent = Address(hex: try body.requiredText("agent")),
            let timestamp = body["timestamp"]?.unsigned
        else { throw Refusal("request.malformed", "`agent` and `timestamp` are needed") }
        let now = SystemClock.now().milliseconds
        guard timestamp <= now + 60_000, now <= timestamp + 60_000 else {
            throw Refusal(
                "session.clock", "the greeting's time is more than a minute from this clock")
        }
        let text = SessionGreeting.text(
            genesis: settings.genesis.digest, timestamp: timestamp)
        let signature = try RecoverableSignature(try body.requiredHex("signature"))
        let signer = try Secp256k1.recover(PersonalMessage.digest(Array(text.utf8)), signature)
        guard signer == agent else {
            throw Refusal("signature.wrong-signer", "the greeting is not signed by \(agent)")
        }
        _ = try await member.read { views throws(Refusal) in try views.provider(agent) }
        return .json(["token": .string(try await desk.open(agent))])
    }

    private func poll(_ request: HTTPRequest) async throws(Refusal) -> HTTPResponse {
        let agent = try await desk.agent(
            token: request.bearer, from: LeaderProxy.clientAddress(of: request))
        let body = try request.json()
        let running = Set((body["running"]?.elements ?? []).compactMap(\.unsigned))
        var work = try await work(for: agent)
        let requests = await desk.takeRequests(agent)
        let isCalled = await challenges.call(for: agent) != nil
        if requests.isEmpty, !isCalled, !work.hasNews(running) {
            await desk.sleep(agent, limit: .milliseconds(settings.providerPollMilliseconds))
            work = try await self.work(for: agent)
        }
        let late = requests.isEmpty ? await desk.takeRequests(agent) : requests
        return .json([
            "assignments": .array(work.assignments),
            "requests": .array(late.map(\.body)),
            "released_models": .array(work.models),
            "challenges": .array(await challenges.call(for: agent).map { [$0] } ?? []),
        ])
    }

    private struct Work: Sendable {
        var assignments: [JSON]
        var models: [JSON]

        /// Whether something differs from what the agent says it is doing.
        func hasNews(_ running: Set<UInt64>) -> Bool {
            let leases = Set(assignments.compactMap { $0["lease"]?.unsigned })
            return leases != running
        }
    }

    private func work(for agent: Address) async throws(Refusal) -> Work {
        try await member.read { (views) throws(Refusal) in
            Work(
                assignments: views.assignments(of: agent),
                models: views.releasedModels().map {
                    ["name": .string($0.name), "digest": .string($0.digest.hex)]
                })
        }
    }

    private func challenge(_ request: HTTPRequest) async throws(Refusal) -> HTTPResponse {
        // The clock stops when the message is here, whatever is done with it afterwards.
        let arrived = SystemClock.monotonicNanoseconds()
        let agent: Address
        do throws(Refusal) {
            agent = try await desk.agent(
                token: request.bearer, from: LeaderProxy.clientAddress(of: request))
        } catch {
            // Who signed in at the leader is challenged by the leader.
            guard await !member.isLeader else { throw error }
            return try await proxy.forward(request)
        }
        let body = try request.json()
        let message = try body.requiredHex("message")
        if let text = body["session"]?.text {
            guard let session = Digest(hex: text) else {
                throw Refusal("request.malformed", "`session` must be 64 hexadecimal digits")
            }
            return .json(
                try await challenges.receive(
                    agent, session: session, message: message, arrived: arrived))
        }
        let kernel = try body.requiredText("kernel")
        let call = body["call"]?.unsigned
        let (candidate, specification) = try await member.read { (views) throws(Refusal) in
            (
                ChallengeDesk.Candidate(
                    agent: agent, owner: try views.owner(of: agent),
                    hasProved: views.hasProved(kernel, agent)),
                try views.challenge(of: agent, kernel: kernel, isCalled: call != nil)
            )
        }
        return .json(
            try await challenges.open(
                candidate, kernel: kernel, call: call, message: message,
                specification: specification, arrived: arrived))
    }
}
