// Raw bytes at the members' port of a member that runs: whatever comes is dropped, counted and
// logged once a second, and nobody else's line notices.

import ControlPlane
import Primitives
import Raft
import Testing

@testable import Node
@testable import Transport

@Suite(.timeLimit(.minutes(2))) struct PeerDoorTests {
    /// Member 1 of three runs. The test plays the others; member 3's line stands all the while.
    private struct Scene: Sendable {
        let deployment: Deployment
        let lines: HeardLines
        let place: HostPort

        func greeting(
            as member: UInt64 = 2, to: UInt64 = 1, cluster: Digest? = nil, epoch: UInt64 = 1
        ) -> [UInt8] {
            let from = PeerIdentity(
                cluster: cluster ?? deployment.genesis.digest, epoch: epoch, member: member,
                incarnation: 1)
            return peerFrame(.hello, PeerHello(from: from, to: to).encoded)
        }

        /// One of member 1's counters.
        func count(_ name: String) async throws -> Int {
            let text = try await deployment.ask("GET", "/metrics").text
            let head = "althing_peer_\(name)_total "
            let line = text.split(separator: "\n").first { $0.hasPrefix(head) }
            return try #require(line.flatMap { Int($0.dropFirst(head.count)) })
        }

        /// A caller that has shown member 2's key, greeted and been answered.
        /// A busy machine may be too slow for one attempt.
        func greeted(within limit: Duration = .seconds(9)) async throws -> RawPeer {
            for _ in 0..<20 {
                let peer = try await RawPeer.connect(place, tls: .grown(2))
                peer.send(greeting())
                let end = ContinuousClock.now + limit
                while peer.words.isEmpty, !peer.isGone, ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(10))
                }
                if peer.words.first == PeerFrameKind.hello.rawValue { return peer }
                peer.cut()
            }
            throw Refusal("test.timeout", "the greeting was not answered")
        }
    }

    private func withScene(
        handshake: Duration = .seconds(10), _ body: (Scene) async throws -> Void
    ) async throws {
        let deployment = try Deployment(members: 3)
        let lines = HeardLines()
        do {
            try await deployment.start(1, logger: lines.logger) {
                $0.peerLimits.handshakeTimeout = handshake
            }
            let seat = try #require(deployment.genesis.seats.first)
            let scene = Scene(
                deployment: deployment, lines: lines, place: try HostPort(seat.peerAddress))
            try await withHonestLine(scene) { try await body(scene) }
        } catch {
            await deployment.stopAll()
            throw error
        }
        #expect(await deployment.stop(1) == nil)
    }

    /// Member 3's line comes up before and has not been down after.
    private func withHonestLine(_ scene: Scene, _ body: () async throws -> Void) async throws {
        let (states, signal) = AsyncStream.makeStream(of: PeerLinkState.self)
        let own = PeerIdentity(
            cluster: scene.deployment.genesis.digest, epoch: 1, member: 3, incarnation: 1)
        let link = try PeerLink(
            PeerLink.Configuration(
                member: 1,
                key: try #require(PinnedKey(scene.deployment.genesis.seats[0].publicKey)),
                host: scene.place.host, port: scene.place.port,
                identity: try TLSIdentity(seed: [UInt8](repeating: 3, count: 32))),
            own: { own }, onChange: { signal.yield($0) })
        for await state in states { if case .connected = state { break } }
        try await body()
        // Still heard, on the line that there was.
        let before = try await scene.count("received_bytes")
        link.send(Message(.heartbeatResponse, to: 1, from: 3, term: 1).encoded, priority: .urgent)
        _ = try await eventually("member 3 to be heard") { () async throws(Refusal) -> Bool? in
            let count = (try? await scene.count("received_bytes")) ?? 0
            return count > before ? true : nil
        }
        #expect(link.isConnected)
        signal.finish()
        var breaks: [PeerLinkState] = []
        for await state in states { breaks.append(state) }
        #expect(breaks.isEmpty)
        link.close()
    }

    /// What somebody does, and what is to be said of it.
    private struct Intrusion: Sendable {
        let what: String
        var code = "transport.protocol"
        let act: @Sendable (Scene) async throws -> RawPeer
    }

    private static let strangers: [Intrusion] = [
        Intrusion(what: "bytes that are no TLS") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: nil)
            peer.send(Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8))
            return peer
        },
        Intrusion(what: "no certificate", code: "transport.tls-untrusted") { scene in
            try await RawPeer.connect(scene.place, tls: RawPeer.Certificate.none)
        },
        Intrusion(what: "a key of no seat", code: "transport.tls-untrusted") { scene in
            try await RawPeer.connect(scene.place, tls: .grown(99))
        },
        Intrusion(what: "a member of another cluster", code: "peer.wrong-cluster") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: .grown(2))
            peer.send(scene.greeting(cluster: .zero))
            return peer
        },
        Intrusion(what: "a call for another member", code: "peer.wrong-member") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: .grown(2))
            peer.send(scene.greeting(to: 3))
            return peer
        },
        Intrusion(what: "another's number", code: "peer.wrong-key") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: .grown(2))
            peer.send(scene.greeting(as: 3))
            return peer
        },
        Intrusion(what: "another epoch", code: "peer.wrong-epoch") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: .grown(2))
            peer.send(scene.greeting(epoch: 2))
            return peer
        },
        Intrusion(what: "a greeting of another version", code: "peer.version") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: .grown(2))
            peer.send(peerFrame(.hello, [9, 9, 9]))
            return peer
        },
        Intrusion(what: "a message before the greeting") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: .grown(2))
            peer.send(peerFrame(.bulkPiece, [UInt8](repeating: 0, count: 64 << 10)))
            return peer
        },
        Intrusion(what: "a greeting without end") { scene in
            let peer = try await RawPeer.connect(scene.place, tls: .grown(2))
            peer.send(peerFrame(.hello, [UInt8](repeating: 0, count: 2000)))
            return peer
        },
    ]

    private static let guests: [Intrusion] = [
        Intrusion(what: "a frame of unknown kind") { scene in
            let peer = try await scene.greeted()
            peer.send([9, 0, 0, 0, 1, 0])
            return peer
        },
        Intrusion(what: "a frame longer than allowed") { scene in
            let peer = try await scene.greeted()
            peer.send([PeerFrameKind.urgentEnd.rawValue, 0, 1, 0, 1, 0])
            return peer
        },
        Intrusion(what: "a message longer than allowed") { scene in
            let peer = try await scene.greeted()
            let piece = peerFrame(.bulkPiece, [UInt8](repeating: 0, count: PeerLimits.piece))
            for _ in 0...PeerLimits.message / PeerLimits.piece { peer.send(piece) }
            return peer
        },
        Intrusion(what: "the greeting once more") { scene in
            let peer = try await scene.greeted()
            peer.send(scene.greeting())
            return peer
        },
        Intrusion(what: "a frame cut short") { scene in
            let peer = try await scene.greeted()
            peer.send(Array(peerFrame(.urgentEnd, [UInt8](repeating: 0, count: 100)).dropLast()))
            peer.cut()
            return peer
        },
        Intrusion(what: "a message cut short") { scene in
            let peer = try await scene.greeted()
            peer.send(peerFrame(.bulkPiece, [UInt8](repeating: 0, count: 100)))
            peer.cut()
            return peer
        },
        Intrusion(what: "what another connection said, played again") { scene in
            let recorded = try await scene.greeted()
            let peer = try await RawPeer.connect(scene.place, tls: nil)
            peer.send(recorded.sentOverWire)
            await peer.end()
            recorded.cut()
            return peer
        },
    ]

    @Test func `each kind of wrong connection is ended, counted and named`() async throws {
        try await withScene { scene in
            var counted = try await scene.count("refused_connections")
            for intrusion in Self.strangers + Self.guests {
                let before = scene.lines.all.count
                let peer = try await intrusion.act(scene)
                await peer.end()
                counted += 1
                _ = try await eventually(intrusion.what) { () async throws(Refusal) -> Bool? in
                    (try? await scene.count("refused_connections")) == counted ? true : nil
                }
                // The next of the same code would be left out for up to a second.
                let codes = scene.lines.all.dropFirst(before).map(\.code)
                let wasSaid = scene.lines.all.prefix(before).contains { $0.code == intrusion.code }
                #expect(
                    codes == [intrusion.code] || (codes.isEmpty && wasSaid), "\(intrusion.what)")
            }
            #expect(try await scene.deployment.ask("GET", "/healthz").status == 200)
        }
    }

    @Test func `who is connected and never greets is sent away and counted`() async throws {
        try await withScene(handshake: .seconds(1)) { scene in
            let before = try await scene.count("refused_connections")
            let silent = try await RawPeer.connect(scene.place, tls: nil)
            await silent.end()
            #expect(try await scene.count("refused_connections") == before + 1)
            let shy = try await RawPeer.connect(scene.place, tls: .grown(2))
            await shy.end()
            #expect(try await scene.count("refused_connections") == before + 2)
            let said = scene.lines.with(code: "transport.timeout")
            #expect(1...2 ~= said.count)
            #expect(said.first?.why.contains("TLS handshake") == true)
            // Who has greeted may be silent for as long as it likes.
            let guest = try await scene.greeted(within: .milliseconds(900))
            let counted = try await scene.count("refused_connections")
            try await Task.sleep(for: .seconds(1.5))
            #expect(!guest.isGone)
            guest.cut()
            await guest.end()
            #expect(try await scene.count("refused_connections") == counted)
        }
    }

    @Test func `a flood of them is one line a second, and holds nothing`() async throws {
        try await withScene { scene in
            let start = ContinuousClock.now
            let before = try await scene.count("refused_connections")
            for _ in 0..<100 {
                let peer = try await RawPeer.connect(scene.place, tls: nil)
                peer.send([UInt8](repeating: 0xFF, count: 100))
                await peer.end()
            }
            _ = try await eventually("all to be counted") { () async throws(Refusal) -> Bool? in
                (try? await scene.count("refused_connections")) == before + 100 ? true : nil
            }
            let seconds = Int((ContinuousClock.now - start) / .seconds(1))
            #expect(1...seconds + 1 ~= scene.lines.with(code: "transport.protocol").count)
        }
    }

    @Test func `one address does not take all connections`() async throws {
        let deployment = try Deployment(members: 3)
        let lines = HeardLines()
        try await deployment.start(1, logger: lines.logger) {
            $0.peerLimits.connectionsPerAddress = 4
            $0.peerLimits.handshakeTimeout = .seconds(600)
        }
        let scene = Scene(
            deployment: deployment, lines: lines,
            place: try HostPort(deployment.genesis.seats[0].peerAddress))
        var peers: [RawPeer] = []
        for _ in 0..<4 { peers.append(try await RawPeer.connect(scene.place, tls: nil)) }
        let before = try await scene.count("refused_connections")
        let fifth = try await RawPeer.connect(scene.place, tls: .grown(2))
        await fifth.end()
        #expect(try await scene.count("refused_connections") == before + 1)
        #expect(lines.with(code: "transport.crowded").count == 1)
        for peer in peers { peer.cut() }
        #expect(await deployment.stop(1) == nil)
    }
}
