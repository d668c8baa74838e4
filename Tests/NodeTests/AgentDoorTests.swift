// Agents at the door: signing in, polling, uploading objects that every member then has.

import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Testing
import Transport
import Wallet

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct AgentDoorTests {
    private static func agentKey() throws(Refusal) -> Secp256k1PrivateKey {
        try Secp256k1PrivateKey(Deployment.secret([UInt8](repeating: 7, count: 32)))
    }

    private func greeting(
        _ deployment: Deployment, agent: Address, signer: Secp256k1PrivateKey,
        at time: UInt64 = SystemClock.now().milliseconds
    ) throws -> JSON {
        let text = SessionGreeting.text(genesis: deployment.genesis.digest, timestamp: time)
        let signature = try signer.sign(PersonalMessage.digest(Array(text.utf8)))
        return [
            "agent": .string(agent.hex), "timestamp": .int(time),
            "signature": .string(Hex.encode(signature.bytes)),
        ]
    }

    private func register(_ deployment: Deployment, _ client: ClusterClient) async throws {
        _ = try await client.submit(
            .registerProvider(
                machine: MachineDescription(
                    name: "machine", agent: try Self.agentKey().address, cores: 2,
                    memoryBytes: 1 << 30, isolation: "process"), stake: Amount(100_000_000)),
            key: try Deployment.key(5))
    }

    @Test func `only a registered agent with its own key signs in`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            let client = try deployment.client(1)
            defer { client.close() }
            let key = try Self.agentKey()
            let path = "/api/v1/provider/session"
            let honest = try greeting(deployment, agent: key.address, signer: key)
            #expect(await code { try await client.post(path, honest) } == "provider.unknown")
            try await register(deployment, client)
            let forged = try greeting(
                deployment, agent: key.address, signer: try Deployment.key(5))
            #expect(await code { try await client.post(path, forged) } == "signature.wrong-signer")
            let stale = try greeting(
                deployment, agent: key.address, signer: key,
                at: SystemClock.now().milliseconds - 120_000)
            #expect(await code { try await client.post(path, stale) } == "session.clock")
            let token = try #require(try await client.post(path, honest)["token"]?.text)
            // Nothing waits for this agent: the poll would sleep, so it is told of work it has not.
            let answer = try await client.post(
                "/api/v1/provider/poll", ["running": [1]], .init(token: token))
            #expect(answer["assignments"]?.elements?.isEmpty == true)
            #expect(
                await code {
                    try await client.post(
                        "/api/v1/provider/challenge", ["kernel": "none", "message": ""],
                        .init(token: token))
                } != "none")
        }
    }

    @Test func `an uploaded object lies on every member and is what it is called`() async throws {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let client = try deployment.client(leader)
            defer { client.close() }
            try await register(deployment, client)
            let key = try Self.agentKey()
            let token = try #require(
                try await client.post(
                    "/api/v1/provider/session",
                    try greeting(deployment, agent: key.address, signer: key))["token"]?.text)
            let object = Array("an object".utf8)
            let digest = SHA256.hash(object)
            let follower = try #require(deployment.members.first { $0 != leader })
            let path = "/api/v1/objects/\(digest.hex)"
            // A follower does not know the session; it passes the upload on.
            let put = try await deployment.ask(follower, "PUT", path, body: object, token: token)
            #expect(put.status == 200)
            #expect(try JSON.parse(put.body)["members"]?.unsigned == 3)
            for member in deployment.members {
                #expect(try await deployment.ask(member, "GET", path).body == object)
                let file =
                    "\(try deployment.settings(member).dataFolder)/objects/"
                    + "\(digest.hex.prefix(2))/\(digest.hex)"
                #expect(try Files.read(file) == object)
            }
            let wrong = try await deployment.ask(
                leader, "PUT", path, body: Array("something else".utf8), token: token)
            #expect(wrong.code == "object.digest")
            // Rot on one disk is found when the object is read, and mended from a peer.
            let damaged =
                "\(try deployment.settings(follower).dataFolder)/objects/"
                + "\(digest.hex.prefix(2))/\(digest.hex)"
            try Files.writeAtomically(damaged, Array("an abject".utf8))
            #expect(try await deployment.ask(follower, "GET", path).body == object)
            #expect(try Files.read(damaged) == object)
        }
    }

    private func request(_ byte: UInt8) -> (ServeRequest, AsyncStream<JSON>) {
        let (pieces, continuation) = AsyncStream.makeStream(of: JSON.self)
        return (
            ServeRequest(id: SHA256.hash([byte]), body: ["n": .int(byte)], pieces: continuation),
            pieces
        )
    }

    @Test func `a request goes to an agent that is there and back piece by piece`() async throws {
        let desk = ProviderDesk()
        let agent = try Self.agentKey().address
        let (question, pieces) = request(1)
        #expect(await desk.dispatch(question, to: agent) == false)
        _ = try await desk.open(agent)
        #expect(await desk.dispatch(question, to: agent))
        #expect(await desk.takeRequests(agent).count == 1)
        #expect(await desk.takeRequests(agent).isEmpty)
        #expect(
            await code { try await desk.deliver(["done": true], of: question.id, by: .zero) }
                == "request.unknown")
        try await desk.deliver(["text": "YQ=="], of: question.id, by: agent)
        try await desk.deliver(["done": true], of: question.id, by: agent)
        var taken: [JSON] = []
        for await piece in pieces { taken.append(piece) }
        #expect(taken == [["text": "YQ=="], ["done": true]])
        #expect(
            await code { try await desk.deliver(["done": true], of: question.id, by: agent) }
                == "request.unknown")
    }

    @Test func `a customer does not wait for an agent that is gone`() async throws {
        let desk = ProviderDesk()
        let agent = try Self.agentKey().address
        _ = try await desk.open(agent)
        let (question, pieces) = request(2)
        #expect(await desk.dispatch(question, to: agent))
        await desk.dropStalled(silentFor: 3_600_000_000_000)
        try await desk.deliver(["text": ""], of: question.id, by: agent)
        await desk.dropStalled(silentFor: 0)
        var count = 0
        for await _ in pieces { count += 1 }
        #expect(count == 1)
        #expect(await desk.takeRequests(agent).isEmpty)
    }

    @Test func `an agent has a few sessions, and the oldest makes room`() async throws {
        let desk = ProviderDesk()
        let agent = try Self.agentKey().address
        let other = try await desk.open(.zero)
        var tokens: [String] = []
        for _ in 0...ProviderDesk.sessionLimit { tokens.append(try await desk.open(agent)) }
        #expect(await code { try await desk.agent(token: tokens[0]) } == "session.unknown")
        for token in tokens.dropFirst() { #expect(try await desk.agent(token: token) == agent) }
        #expect(try await desk.agent(token: other) == .zero)
        #expect(await code { try await desk.agent(token: nil) } == "session.unknown")
    }
}

@Suite struct AgentPaceTests {
    /// A machine that is gone must not look present once its leases are taken back: it would be
    /// given the same task again and again, until the job is given up.
    @Test(arguments: [1, 100, 5999, 6000, 60_000] as [UInt64])
    func `who is given work was heard of before silence counts`(silence: UInt64) throws {
        var settings = try Deployment(members: 1).settings(1)
        settings.providerSilenceMilliseconds = silence
        #expect(settings.providerPresenceMilliseconds < silence)
        // Two polls may come late, and the agent is still there.
        #expect(settings.providerPollMilliseconds * 3 <= silence)
        #expect(settings.providerPollMilliseconds * 2 <= settings.providerPresenceMilliseconds + 1)
    }
}
