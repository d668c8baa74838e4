// Machines that may be one are challenged together, and by whichever member they come to.

import Benchmarking
import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Testing
import Transport
import Wallet

@testable import Node

@Suite struct ChallengeGroupsTests {
    private func address(_ number: UInt8) -> Address {
        Address([UInt8](repeating: number, count: 20)) ?? .zero
    }

    private func machine(_ agent: UInt8, of owner: UInt8) -> ChallengeableMachine {
        ChallengeableMachine(
            agent: address(agent), owner: address(owner), isBusy: false, isSlow: false)
    }

    @Test func `an owner or a network joins machines, and so does a chain of both`() {
        let machines = [
            machine(1, of: 10), machine(2, of: 11), machine(3, of: 10), machine(4, of: 12),
            machine(5, of: 13), machine(6, of: 12),
        ]
        let networks = [
            address(1): "192.0.2.0/24", address(2): "198.51.100.0/24", address(4): "192.0.2.0/24",
            address(6): "198.51.100.0/24",
        ]
        let apart = ChallengeGroups.make(Array(machines.prefix(3)), networks: [:])
        #expect(apart.map { $0.map(\.agent) } == [[address(1), address(3)], [address(2)]])
        // 4 shares a network with 1, and an owner with 6, which shares a network with 2.
        let joined = ChallengeGroups.make(machines, networks: networks)
        #expect(
            joined.map { $0.map(\.agent) } == [
                [1, 2, 3, 4, 6].map(address), [address(5)],
            ])
        // The order in which they are found does not matter.
        let turned = ChallengeGroups.make(machines.reversed(), networks: networks)
        #expect(Set(turned.map { $0.map(\.agent) }) == Set(joined.map { $0.map(\.agent) }))
    }

    @Test func `who has proved a card is called to it, and nobody else is`() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        let policy = try BenchmarkPolicy(
            parsing: try Files.readText("\(root)/Policies/benchmarks.yaml"))
        let plain = ChallengeDraw.Machine(agent: address(1), devices: [])
        // Each shows another side of a card that may be the same.
        let cards = [
            ChallengeDraw.Machine(agent: address(2), devices: ["gpu.igemm8"]),
            ChallengeDraw.Machine(agent: address(3), devices: ["gpu.mem-fill"]),
        ]
        let suite = policy.suite.kernels.map(\.kernel)
        func drawn(_ machines: [ChallengeDraw.Machine]) throws -> [String: [Address]] {
            var drawn: [String: [Address]] = [:]
            for lot in 0..<100 as Range<UInt64> {
                let draw = try #require(ChallengeDraw(lot, policy, machines))
                drawn[draw.kernel.name] = draw.agents
            }
            return drawn
        }
        let alone = try drawn([plain])
        #expect(Set(alone.keys) == Set(suite))
        let all = try drawn([plain] + cards)
        #expect(Set(all.keys) == Set(suite + ["gpu.igemm8", "gpu.mem-fill"]))
        for (kernel, agents) in all {
            let expected: [UInt8] = suite.contains(kernel) ? [1, 2, 3] : [2, 3]
            #expect(agents == expected.map(address), "\(kernel)")
        }
    }

    @Test func `an address has a network, or is none`() {
        let networks: [(address: String, network: String?)] = [
            ("192.0.2.7", "192.0.2.0/24"), ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8::1", "2001:db8:0:0::/64"),
            ("fe80::1%eth0", "fe80:0:0:0::/64"), ("::1", "0:0:0:0::/64"), ("::", "0:0:0:0::/64"),
            ("", nil), ("192.0.2", nil), ("192.0.2.256", nil), ("1:2:3", nil), ("1::2::3", nil),
            ("1:2:3:4:5:6:7:8:9", nil), ("2001:db8:zz::1", nil), (":1", nil), ("%", nil),
        ]
        for (address, network) in networks {
            #expect(NetworkPrefix.of(address) == network, "\(address)")
        }
    }

    @Test func `where a client called from is believed between members only`() {
        let headers: HTTPHeaders = ["x-althing-client": "192.0.2.7"]
        let outside = HTTPRequest(
            method: "POST", target: "/", headers: headers, remoteAddress: "198.51.100.1")
        #expect(LeaderProxy.clientAddress(of: outside) == "198.51.100.1")
        let inside = HTTPRequest(
            method: "POST", target: "/", headers: headers,
            peer: PinnedKey([UInt8](repeating: 1, count: 32)), remoteAddress: "198.51.100.1")
        #expect(LeaderProxy.clientAddress(of: inside) == "192.0.2.7")
    }
}

@Suite(.timeLimit(.minutes(2))) struct FollowerChallengeTests {
    private static func key() throws(Refusal) -> Secp256k1PrivateKey {
        try Secp256k1PrivateKey(Deployment.secret([UInt8](repeating: 9, count: 32)))
    }

    private func token(
        _ deployment: Deployment, _ client: ClusterClient, here: Bool
    ) async throws -> String {
        let (key, time) = (try Self.key(), SystemClock.now().milliseconds)
        let text = SessionGreeting.text(genesis: deployment.genesis.digest, timestamp: time)
        let signature = try key.sign(PersonalMessage.digest(Array(text.utf8)))
        let answer = try await client.post(
            "/api/v1/provider/session",
            [
                "agent": .string(key.address.hex), "timestamp": .int(time),
                "signature": .string(Hex.encode(signature.bytes)), "here": .bool(here),
            ])
        return try #require(answer["token"]?.text)
    }

    /// The kernel's challenge, answered honestly; gives the verdict.
    private func challenge(_ client: ClusterClient, token: String) async throws -> JSON {
        let prover = ChallengeProver(
            provider: try Self.key().address, agent: "test", memoryLimit: 1 << 30)
        var outgoing = [prover.hello]
        var session = JSON.null
        while !outgoing.isEmpty {
            let message = outgoing.removeFirst()
            let answer = try await client.post(
                "/api/v1/provider/challenge",
                [
                    "kernel": "cpu.sha256.mt", "session": session,
                    "message": .string(Hex.encode(message.encoded)),
                ], .init(token: token))
            session = answer["session"] ?? .null
            if let verdict = answer["verdict"], verdict != .null { return verdict }
            for text in answer["messages"]?.elements ?? [] {
                let bytes = try #require(text.text.flatMap { Hex.decode($0) })
                switch try prover.receive(try ChallengeMessage(decoding: bytes)) {
                case .warmUp: outgoing.append(try prover.warmUp(.serial))
                case .compute: outgoing += try prover.compute(.serial)
                case .prove: while let piece = prover.nextProof() { outgoing.append(piece) }
                case .send(let answer): outgoing.append(answer)
                case .finished: break
                }
            }
        }
        return .null
    }

    @Test func `any member holds the clock, and its verdict goes on the log in its name`()
        async throws
    {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let follower = try #require(deployment.members.first { $0 != leader })
            let client = try deployment.client(follower)
            defer { client.close() }
            _ = try await client.submit(
                .registerProvider(
                    machine: MachineDescription(
                        name: "machine", agent: try Self.key().address, cores: 2,
                        memoryBytes: 1 << 30, isolation: "process"), stake: Amount(100_000_000)),
                key: try Deployment.key(5))
            // Signed in at the follower, and, through it, at the leader, which load may move.
            for here in [true, false] {
                let leading = try await client.get("/api/v1/status")["leader"]?.unsigned
                let verdict = try await challenge(
                    client, token: try await token(deployment, client, here: here))
                #expect(verdict["code"] == "challenge.accepted")
                let record = try await client.get(
                    "/api/v1/providers/\(try Self.key().address.hex)")
                let sample = record["samples"]?.elements?.last
                let after = try await client.get("/api/v1/status")["leader"]?.unsigned
                if here || leading == after {
                    #expect(sample?["member"]?.unsigned == (here ? follower : leading))
                }
                #expect(sample?["evidence"] == verdict["evidence"])
            }
        }
    }

    @Test func `no verdict is taken from outside, or in another's name`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            let record = BenchmarkRecord(
                provider: .zero, kernel: "cpu.sgemm.1t", session: .zero, passed: true, code: "",
                work: 1, nanoseconds: 1, evidence: .zero)
            let envelope = try MemberEnvelope(
                member: 1, command: .recordBenchmark(record),
                genesis: deployment.genesis.digest,
                seed: Deployment.secret([UInt8](repeating: 1, count: 32)))
            // At the clients' door there is no such path, however well the verdict is signed.
            let answer = try await deployment.ask(
                1, "POST", VerdictLine.path, body: Envelope.member(envelope).encoded)
            #expect(answer.status == 404)
        }
    }
}
