// What comes over the members' port and is not theirs: dropped, counted, and without effect.

import ControlPlane
import Cryptography
import Primitives
import Raft
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct PeerFaultTests {
    /// A line to member 1 that shows the key grown from `seed` and greets as member `number`.
    private func line(
        _ deployment: Deployment, seed: UInt8, as number: UInt64, cluster: Digest? = nil,
        incarnation: UInt64 = 1, epoch: UInt64 = 1
    ) throws -> PeerLink {
        let seat = try #require(deployment.genesis.seats.first)
        let address = try HostPort(seat.peerAddress)
        let own = PeerIdentity(
            cluster: cluster ?? deployment.genesis.digest, epoch: epoch, member: number,
            incarnation: incarnation)
        return try PeerLink(
            PeerLink.Configuration(
                member: 1, key: try #require(PinnedKey(seat.publicKey)), host: address.host,
                port: address.port,
                identity: try TLSIdentity(seed: [UInt8](repeating: seed, count: 32))),
            own: { own })
    }

    /// Waits until a counter of member 1 is no longer zero.
    private func expectCount(_ name: String, _ deployment: Deployment) async throws {
        _ = try await eventually(name) { () async throws(Refusal) -> Bool? in
            let text = try await deployment.ask("GET", "/metrics").text
            return text.contains("\nalthing_peer_\(name)_total 0\n") ? nil : true
        }
    }

    /// Member 1 of three is up, alone: the test plays the others.
    private func withLoneMember(_ body: (Deployment) async throws -> Void) async throws {
        let deployment = try Deployment(members: 3)
        do {
            try await deployment.start(1)
            try await body(deployment)
        } catch {
            await deployment.stopAll()
            throw error
        }
        let failure = await deployment.stop(1)
        #expect(failure == nil)
    }

    @Test func `bytes that are no message are dropped and counted`() async throws {
        try await withLoneMember { deployment in
            let line = try line(deployment, seed: 2, as: 2)
            defer { line.close() }
            var message = Message(.heartbeat, to: 1, from: 2, term: 1).encoded
            line.send([], priority: .urgent)
            line.send([255, 255, 255], priority: .urgent)
            line.send(Array(message.dropLast()), priority: .urgent)
            message[0] = 19  // a message to its own log never travels
            line.send(message, priority: .bulk)
            try await expectCount("malformed_messages", deployment)
            #expect(try await deployment.ask("GET", "/healthz").status == 200)
        }
    }

    @Test func `a message in another's name, or for another, is dropped and counted`() async throws
    {
        try await withLoneMember { deployment in
            let line = try line(deployment, seed: 2, as: 2)
            defer { line.close() }
            line.send(Message(.heartbeat, to: 1, from: 3, term: 99).encoded, priority: .urgent)
            line.send(Message(.heartbeat, to: 3, from: 2, term: 99).encoded, priority: .urgent)
            try await expectCount("foreign_messages", deployment)
            let text = try await deployment.ask("GET", "/metrics").text
            #expect(!text.contains("althing_raft_term 99\n"))
        }
    }

    @Test func `a message that is said again changes nothing`() async throws {
        try await withLoneMember { deployment in
            let line = try line(deployment, seed: 2, as: 2)
            defer { line.close() }
            let entry = Entry(term: 7, index: 2, data: [])
            let append = Message(
                .append, to: 1, from: 2, term: 7, logTerm: 1, index: 1, entries: [entry], commit: 2)
            for _ in 0..<50 { line.send(append.encoded, priority: .bulk) }
            _ = try await eventually("the entry to be applied once") {
                () async throws(Refusal) -> Bool? in
                let text = try await deployment.ask("GET", "/metrics").text
                return text.contains("althing_raft_applied_index 2\n") ? true : nil
            }
            let text = try await deployment.ask("GET", "/metrics").text
            #expect(text.contains("\nalthing_raft_last_index 2\n"))
        }
    }

    @Test func `a key of no seat is refused at the handshake`() async throws {
        try await withLoneMember { deployment in
            let line = try line(deployment, seed: 99, as: 2)
            defer { line.close() }
            try await expectCount("refused_connections", deployment)
            #expect(!line.isConnected)
        }
    }

    @Test func `a message in the name of another life than the one that greeted is dropped`()
        async throws
    {
        try await withLoneMember { deployment in
            let line = try line(deployment, seed: 2, as: 2, incarnation: 2)
            defer { line.close() }
            // The seat's key is shown, and the greeting says its second life: that one may speak.
            line.send(Message(.heartbeat, to: 1, from: 2, term: 99).encoded, priority: .urgent)
            try await expectCount("foreign_messages", deployment)
            let text = try await deployment.ask("GET", "/metrics").text
            #expect(!text.contains("althing_raft_term 99\n"))
        }
    }

    @Test func `a member of another epoch is refused at the greeting`() async throws {
        try await withLoneMember { deployment in
            let line = try line(deployment, seed: 2, as: 2, epoch: 2)
            defer { line.close() }
            try await expectCount("refused_connections", deployment)
            #expect(!line.isConnected)
        }
    }

    @Test func `a member of another deployment is refused at the greeting`() async throws {
        try await withLoneMember { deployment in
            let line = try line(deployment, seed: 2, as: 2, cluster: .zero)
            defer { line.close() }
            try await expectCount("refused_connections", deployment)
            #expect(!line.isConnected)
        }
    }
}
