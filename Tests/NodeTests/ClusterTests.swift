// Members in one process over real sockets and disks: elections, commands, reads, stops, restarts.

import Client
import ControlPlane
import Cryptography
import Primitives
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct ClusterTests {
    private static let receiver = Address(hex: "0x00000000000000000000000000000000000000aa")

    /// What an account holds of the currency, as a member says.
    private func balance(of address: Address, at member: UInt64, _ deployment: Deployment)
        async throws -> String?
    {
        let client = try deployment.client(member)
        defer { client.close() }
        let account = try await client.get("/api/v1/accounts/\(address.hex)")
        return account["balances"]?.elements?.first { $0["asset"]?.text == "CREDIT" }?["balance"]?
            .text
    }

    private func transfer(_ amount: UInt64, through member: UInt64, _ deployment: Deployment)
        async throws -> JSON
    {
        let client = try deployment.client(member)
        defer { client.close() }
        return try await client.submit(
            .transfer(
                asset: "CREDIT", to: try #require(Self.receiver), amount: Amount(UInt128(amount)),
                memo: "test"),
            key: try Deployment.key(0))
    }

    @Test func `a follower takes a transfer and every member reads it at once`() async throws {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let follower = try #require([1, 2, 3].first { $0 != leader })
            let receipt = try await transfer(5, through: follower, deployment)
            #expect(receipt["accepted"]?.flag == true)
            let receiver = try #require(Self.receiver)
            for member in deployment.members {
                #expect(try await balance(of: receiver, at: member, deployment) == "5")
            }
            _ = try await deployment.agreement(of: [1, 2, 3])
        }
    }

    @Test func `the same command twice gives the same receipt and happens once`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            let client = try deployment.client(1)
            defer { client.close() }
            let receiver = try #require(Self.receiver)
            let envelope = try CommandSigning.sign(
                .transfer(asset: "CREDIT", to: receiver, amount: Amount(7), memo: ""), nonce: 1,
                genesis: deployment.genesis, key: try Deployment.key(0))
            let first = try await client.submit(envelope)
            let second = try await client.submit(envelope)
            #expect(first == second)
            #expect(try await balance(of: receiver, at: 1, deployment) == "7")
            let other = try CommandSigning.sign(
                .transfer(asset: "CREDIT", to: receiver, amount: Amount(8), memo: ""), nonce: 1,
                genesis: deployment.genesis, key: try Deployment.key(0))
            #expect(await code { try await client.submit(other) } == "nonce.conflict")
        }
    }

    @Test func `commands handed in together are answered one by one`() async throws {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let follower = try #require([1, 2, 3].first { $0 != leader })
            let client = try deployment.client(follower)
            defer { client.close() }
            let receiver = try #require(Self.receiver)
            func transfer(_ amount: UInt128, nonce: UInt64) throws(Refusal) -> Envelope {
                try CommandSigning.sign(
                    .transfer(asset: "CREDIT", to: receiver, amount: Amount(amount), memo: ""),
                    nonce: nonce, genesis: deployment.genesis, key: try Deployment.key(0))
            }
            guard case .account(var forged) = try transfer(4, nonce: 4) else { return }
            forged.nonce = 5
            let tick = try MemberEnvelope(
                member: 1, command: .tick, genesis: deployment.genesis.digest,
                seed: SecretBytes([UInt8](repeating: 9, count: 32)))
            let batch = [
                try transfer(1, nonce: 1), .account(forged), try transfer(2, nonce: 2),
                try transfer(2, nonce: 2), .member(tick), try transfer(9, nonce: 2),
                try transfer(4, nonce: 4),
            ]
            let answers = try await client.submit(batch: batch)
            #expect(
                answers.map { $0?.code } == [
                    nil, "signature.wrong-signer", nil, nil, "signature.wrong-signer",
                    "nonce.conflict", nil,
                ])
            #expect(try await balance(of: receiver, at: follower, deployment) == "7")
            // Handed in again, everything has its answer and nothing happens.
            #expect(
                try await client.submit(batch: batch).map { $0?.code } == answers.map { $0?.code })
            #expect(try await balance(of: receiver, at: leader, deployment) == "7")
            #expect(
                await code { try await client.submit(batch: []) } == "request.malformed")
            _ = try await deployment.agreement(of: [1, 2, 3])
        }
    }

    @Test func `commands of one account sent at the same time all happen`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            let receiver = try #require(Self.receiver)
            let client = try deployment.client(1)
            defer { client.close() }
            let key = try Deployment.key(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...5 {
                    group.addTask {
                        _ = try await client.submit(
                            .transfer(
                                asset: "CREDIT", to: receiver, amount: Amount(UInt128(number)),
                                memo: "\(number)"), key: key)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await balance(of: receiver, at: 1, deployment) == "15")
        }
    }

    @Test func `a stopped leader is replaced and comes back to the same state`() async throws {
        try await withDeployment(members: 3) { deployment in
            let first = try await deployment.leader(among: [1, 2, 3])
            _ = try await transfer(1, through: first, deployment)
            await deployment.stop(first)
            let others = deployment.members.filter { $0 != first }
            let second = try await deployment.leader(among: others)
            #expect(second != first)
            let follower = try #require(others.first { $0 != second })
            _ = try await transfer(2, through: follower, deployment)
            try await deployment.start(first)
            _ = try await deployment.agreement(of: [1, 2, 3])
            let receiver = try #require(Self.receiver)
            let reading = try await eventually("the first member to read") {
                () async throws(Refusal) -> String? in
                try? await balance(of: receiver, at: first, deployment)
            }
            #expect(reading == "3")
        }
    }

    @Test func `a restart of every member keeps everything`() async throws {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            _ = try await transfer(11, through: leader, deployment)
            let head = try await deployment.client(leader).get("/api/v1/log/entries")
            await deployment.stopAll()
            try await deployment.startAll()
            _ = try await deployment.leader(among: [1, 2, 3])
            let receiver = try #require(Self.receiver)
            let reading = try await eventually("a read after the restart") {
                () async throws(Refusal) -> String? in
                try? await balance(of: receiver, at: leader, deployment)
            }
            #expect(reading == "11")
            let again = try await deployment.client(leader).get("/api/v1/log/entries")
            let before = try #require(head["entries"]?.elements)
            let after = try #require(again["entries"]?.elements)
            #expect(Array(after.prefix(before.count)) == before)
            _ = try await deployment.agreement(of: [1, 2, 3])
        }
    }

    @Test func `a member with another key than its seat's stays outside`() async throws {
        let deployment = try Deployment(members: 3)
        try await outsider(of: deployment) {
            $0.seed = Deployment.secret([UInt8](repeating: 99, count: 32))
        }
    }

    @Test func `a member of another deployment stays outside`() async throws {
        let deployment = try Deployment(members: 3)
        try await outsider(of: deployment) { $0.genesis.name = "another" }
    }

    /// Starts two members as they should be and the third changed: the two decide, the third knows
    /// nothing.
    private func outsider(
        of deployment: Deployment, _ change: @escaping @Sendable (inout MemberSettings) -> Void
    ) async throws {
        do {
            try await deployment.start(3, change)
            try await deployment.start(1)
            try await deployment.start(2)
            let leader = try await deployment.leader(among: [1, 2])
            _ = try await transfer(4, through: leader, deployment)
            let status = try JSON.parse(try await deployment.ask(3, "GET", "/api/v1/status").body)
            #expect(status["leader"] == .null)
            #expect(status["applied_index"]?.unsigned == StateMachine.genesisIndex)
            #expect(try await deployment.ask(3, "GET", "/readyz").status == 503)
            let read = try await deployment.ask(3, "GET", "/api/v1/proposals")
            #expect(read.status == 503)
            #expect(read.code == "cluster.no-leader")
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }
}
