// Seats that come, go and change hands, over real sockets and disks.

import Client
import ControlPlane
import Cryptography
import Governance
import Platform
import Primitives
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(3)), .serialized) struct MembershipTests {
    private static let receiver = Address(hex: "0x00000000000000000000000000000000000000aa")

    private func transfer(_ client: ClusterClient) async throws {
        let receiver = try #require(Self.receiver)
        _ = try await client.submit(
            .transfer(asset: "CREDIT", to: receiver, amount: Amount(UInt128(1)), memo: "x"),
            key: try Deployment.key(0))
    }

    private func status(_ member: UInt64, _ origin: String) async throws(Refusal) -> JSON {
        let client = try ClusterClient(origins: [origin])
        defer { client.close() }
        return try await client.get("/api/v1/status")
    }

    private func voters(_ origin: String) async throws(Refusal) -> [UInt64] {
        try await status(0, origin)["voters"]?.elements?.compactMap(\.unsigned) ?? []
    }

    /// Runs `body` and stops every member whatever happens.
    private func with(
        _ deployment: Deployment, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    /// A proposal's way from its text to its execution.
    private func decide(_ text: String, _ client: ClusterClient) async throws {
        let file = try ProposalFile(parsing: text, name: "seat.md")
        let receipt = try await client.submit(
            .submitProposal(
                fileName: "seat.md", text: text, title: file.title, effects: file.effectsDigest),
            key: try Deployment.key(0))
        let event = receipt["events"]?.elements?.first { $0["kind"]?.text == "proposal.submitted" }
        let number = try #require(
            (event?["fields"]?["proposal"] ?? event?["proposal"])?.text.flatMap { UInt64($0) })
        func reaches(_ state: String) async throws {
            _ = try await eventually("proposal \(number) \(state)", limit: .seconds(60)) {
                () async throws(Refusal) -> Bool? in
                let found = try await client.get("/api/v1/proposals/\(number)")["status"]?.text
                return found == state ? true : nil
            }
        }
        try await reaches("voting")
        for voter in [UInt32(1), 2] {
            _ = try await client.submit(
                .vote(
                    proposal: number, title: file.title, choice: "for",
                    effects: file.effectsDigest, reason: ""),
                key: try Deployment.key(voter))
        }
        try await reaches("executed")
    }

    private func proposal(_ effects: String) -> String {
        "---\nformat: proposal/1\nkind: change-members\ntitle: Seats\neffects:\n\(effects)\n---\n\n"
            + "Because.\n"
    }

    @Test func `a vote puts one seat in another's place, and who went stops by itself`()
        async throws
    {
        let deployment = try Deployment(members: 3)
        try await with(deployment) {
            try await deployment.startAll()
            _ = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(origins: [1, 2].map { deployment.origin($0) })
            defer { client.close() }
            for _ in 0..<3 { try await transfer(client) }
            let (seat, key) = try deployment.newcomer(4)
            let token = JoinToken(
                firstKey: key, seat: seat, genesis: deployment.genesis.digest,
                expires: SystemClock.now().advanced(by: 600_000),
                contacts: deployment.genesis.seats)
            let folder = "\(deployment.folder.path)/member-4"
            // Before the vote, no member accepts the key.
            var early = try SeatLine(
                genesis: token.genesis, seat: 4, seed: key, contacts: token.contacts)
            early.patience = .milliseconds(300)
            #expect(await code { try await early.news() } == "cluster.unreachable")
            early.close()
            // Votes count once the power has been held for thirty days.
            try await Task.sleep(for: .seconds(31))
            try await decide(
                proposal(
                    "  - add:\n      - name: member-4\n        key: \""
                        + Hex.encode(seat.publicKey) + "\"\n        address: \(seat.peerAddress)\n"
                        + "    remove: [member-3]"), client)
            let joined = try await Joining.join(
                try JoinToken(token.text), dataFolder: folder, key: try Joining.key(for: token))
            #expect(joined.genesis == deployment.genesis)
            let file = SeatKeyFile("\(deployment.folder.path)/seat-4.key")
            try file.create(key)
            var settings = try MemberSettings(
                genesis: joined.genesis, seat: joined.seat, seed: key, dataFolder: folder)
            settings.tickMilliseconds = 20
            settings.keyFile = file
            try await deployment.start(4, settings: settings)
            _ = try await eventually("seat 4 to vote", limit: .seconds(60)) {
                () async throws(Refusal) -> Bool? in
                try await voters(deployment.origin(1)) == [1, 2, 4] ? true : nil
            }
            // The member that was voted out ends in order, and is not started again.
            #expect(await deployment.outcome(of: 3) == nil)
            let again = await code { try await deployment.start(3) }
            #expect(["seat.removed", "peer.removed"].contains(again))
            try await transfer(client)
            // The token's key is no longer the seat's.
            let standing = try await eventually("a key of its own", limit: .seconds(30)) {
                () async throws(Refusal) -> JSON? in
                let members = try await status(1, deployment.origin(1))["members"]?.elements ?? []
                let four = members.first { $0["id"]?.unsigned == 4 }
                let isNew = four?["public_key"]?.text != Hex.encode(seat.publicKey)
                return four?["standing"]?.text == "seated" && isNew ? four : nil
            }
            #expect(standing["origin"]?.text == seat.clientOrigin)
            // And one of the others may go: three vote.
            await deployment.stop(2)
            try await transfer(try ClusterClient(origins: [deployment.origin(1)]))
        }
    }

    private func addition(_ seats: Seat...) -> String {
        proposal(
            "  - add:\n"
                + seats.map {
                    "      - name: member-\($0.id)\n        key: \"\(Hex.encode($0.publicKey))\"\n"
                        + "        address: \($0.peerAddress)\n"
                }.joined())
    }

    @Test func `a vote takes seats back that do not come, and who had come halfway is told`()
        async throws
    {
        let deployment = try Deployment(members: 5)
        try await with(deployment) {
            try await deployment.startAll()
            let leader = try await deployment.leader(among: deployment.members)
            let client = try ClusterClient(origins: [1, 2].map { deployment.origin($0) })
            defer { client.close() }
            let (comes, key) = try deployment.newcomer(6)
            // The other never does: nobody listens there.
            let lostKey = Deployment.secret([UInt8](repeating: 7, count: 32))
            let lost = Seat(
                id: 7, publicKey: try Ed25519.publicKey(seed: lostKey),
                peerAddress: "127.0.0.1:9", clientOrigin: "http://127.0.0.1:9")
            func token(_ seat: Seat, _ key: SecretBytes) -> JoinToken {
                JoinToken(
                    firstKey: key, seat: seat, genesis: deployment.genesis.digest,
                    expires: SystemClock.now().advanced(by: 600_000),
                    contacts: deployment.genesis.seats)
            }
            try await Task.sleep(for: .seconds(31))
            try await decide(addition(comes, lost), client)
            let folder = "\(deployment.folder.path)/member-6"
            _ = try await Joining.join(token(comes, key), dataFolder: folder, key: key)
            var settings = try MemberSettings(
                genesis: deployment.genesis, seat: comes, seed: key, dataFolder: folder)
            settings.tickMilliseconds = 20
            try await deployment.start(6, settings: settings)
            // They were voted together, so the one that is there goes on learning.
            _ = try await eventually("the cluster to wait for seat 7") {
                () async throws(Refusal) -> Bool? in
                let status = try await status(1, deployment.origin(leader))
                let change = status["seat_change"] ?? .null
                guard status["learners"]?.elements?.compactMap(\.unsigned) == [6, 7],
                    change["add"]?.elements?.compactMap(\.unsigned) == [6, 7]
                else { return nil }
                return change["waits_for"]?.text?.hasPrefix("seat 7 has not joined") == true
                    ? true : nil
            }
            try await decide(proposal("  - remove: [member-6, member-7]"), client)
            #expect(await deployment.outcome(of: 6) == nil)
            let again = await code { try await deployment.start(6, settings: settings) }
            #expect(["seat.removed", "peer.removed"].contains(again))
            _ = try await eventually("nobody to learn any more") {
                () async throws(Refusal) -> Bool? in
                let status = try await status(1, deployment.origin(leader))
                return status["learners"]?.elements?.isEmpty == true
                    && status["seat_change"] == .null ? true : nil
            }
            #expect(try await voters(deployment.origin(leader)) == deployment.members)
            // And the other is told so when it comes after all.
            let late = await code {
                try await Joining.join(token(lost, lostKey), dataFolder: folder + "b", key: lostKey)
            }
            #expect(late == "peer.removed")
            try await transfer(client)
        }
    }

    @Test func `a token moves a seat to another machine, and the one before stops`() async throws {
        let deployment = try Deployment(members: 3)
        try await with(deployment) {
            try await deployment.startAll()
            _ = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(origins: [1, 3].map { deployment.origin($0) })
            defer { client.close() }
            try await transfer(client)
            let old = try deployment.settings(2)
            var place = old.seat
            let new = try deployment.newcomer(9).seat
            (place.peerAddress, place.clientOrigin) = (new.peerAddress, new.clientOrigin)
            let token = try await Joining.offer(old, at: place, for: 60_000)
            let folder = "\(deployment.folder.path)/new-2"
            let key = try Joining.key(for: token)
            let joined = try await Joining.join(token, dataFolder: folder, key: key)
            // Once is once.
            let second = try Joining.key(for: token)
            #expect(
                await code {
                    try await Joining.join(token, dataFolder: folder + "b", key: second)
                } == "cluster.unreachable")
            #expect(await deployment.outcome(of: 2) == nil)
            var settings = try MemberSettings(
                genesis: joined.genesis, seat: joined.seat, seed: key, dataFolder: folder)
            settings.tickMilliseconds = 20
            try await deployment.start(2, settings: settings)
            let life = MemberLife(seat: 2, number: 1).id
            _ = try await eventually("the new machine to vote") {
                () async throws(Refusal) -> Bool? in
                try await voters(deployment.origin(1)) == [1, 3, life] ? true : nil
            }
            await deployment.stop(3)
            try await transfer(try ClusterClient(origins: [deployment.origin(1)]))
            // The folder that was left behind is not started again.
            await deployment.stop(2)
            let again = await code { try await deployment.start(2) }
            #expect(["seat.taken", "peer.replaced", "peer.old-incarnation"].contains(again))
        }
    }

    @Test func `a seat's key is replaced while its member runs`() async throws {
        let deployment = try Deployment(members: 3)
        try await with(deployment) {
            for member in deployment.members {
                let file = SeatKeyFile("\(deployment.folder.path)/seat-\(member).key")
                try file.create(try deployment.settings(member).seed)
                try await deployment.start(member) { $0.keyFile = file }
            }
            _ = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(
                origins: deployment.members.map { deployment.origin($0) })
            defer { client.close() }
            try await transfer(client)
            for member in deployment.members {
                var settings = try deployment.settings(member)
                settings.keyFile = SeatKeyFile("\(deployment.folder.path)/seat-\(member).key")
                let file = try #require(settings.keyFile)
                let seat = try await Joining.rotateKey(settings, file: file)
                #expect(seat.publicKey != settings.ownKey)
                #expect(try Ed25519.publicKey(seed: try file.read()) == seat.publicKey)
                try await transfer(client)
            }
            for member in deployment.members {
                _ = try await eventually("member \(member) to be connected to all") {
                    () async throws(Refusal) -> Bool? in
                    let text = try await deployment.ask(member, "GET", "/metrics").text
                    let lines = text.split(separator: "\n").filter {
                        $0.hasPrefix("althing_peer_connected{")
                    }
                    return lines.count == 2 && lines.allSatisfy { $0.hasSuffix(" 1") } ? true : nil
                }
            }
            try await transfer(client)
            for member in deployment.members {
                #expect(try await verdictCode(by: member, deployment) == "provider.unknown")
            }
            _ = try await deployment.agreement(of: [1, 2, 3])
        }
    }

    /// What the leader says to a verdict of a member that has another key than in the genesis: that
    /// there is no such provider, and not that there is no such member.
    private func verdictCode(by member: UInt64, _ deployment: Deployment) async throws -> String {
        let leader = try await deployment.leader(among: deployment.members)
        func seed(_ seat: UInt64) throws -> SecretBytes {
            try SeatKeyFile("\(deployment.folder.path)/seat-\(seat).key").read()
        }
        var settings = try deployment.settings(member)
        settings.seed = try seed(member)
        let seats = try deployment.genesis.seats.map { seat in
            var seat = seat
            seat.publicKey = try Ed25519.publicKey(seed: try seed(seat.id))
            return seat
        }
        let line = try OperatorLine(settings, to: seats)
        defer { line.close() }
        let record = BenchmarkRecord(
            provider: .zero, kernel: "cpu.sgemm.1t", session: .zero, passed: true, code: "",
            work: 1, nanoseconds: 1, evidence: .zero)
        let envelope = try MemberEnvelope(
            member: member, command: .recordBenchmark(record), genesis: deployment.genesis.digest,
            seed: settings.seed)
        var request = try line.caller.request("POST", leader, VerdictLine.path)
        request.body = Envelope.member(envelope).encoded
        return try await line.caller.json(request)["code"]?.text ?? ""
    }

    @Test func `a member of an older level stops where the level rises, and is not started again`()
        async throws
    {
        let deployment = try Deployment(members: 3)
        try await with(deployment) {
            // Two know a level that the third does not; it is not there to be asked.
            for member in [UInt64(1), 2] { try await deployment.start(member) }
            try await deployment.start(3) { $0.featureLevel = 1 }
            let leader = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(origins: [deployment.origin(leader)])
            defer { client.close() }
            try await transfer(client)
            try await Task.sleep(for: .seconds(1))
            // Not while somebody answers that he does not know it.
            let level = try await client.get("/api/v1/status")["feature_level"]?.unsigned
            #expect(level == 1)
            await deployment.stop(3)
            try await deployment.start(3)
            for member in deployment.members {
                _ = try await eventually("the level of this program at \(member)") {
                    () async throws(Refusal) -> Bool? in
                    try await status(member, deployment.origin(member))["feature_level"]?.unsigned
                        == FeatureLevel.supported ? true : nil
                }
            }
            await deployment.stop(3)
            let old = await code { try await deployment.start(3) { $0.featureLevel = 1 } }
            #expect(old == "level.newer")
        }
    }

    @Test func `a token's text is read whole or not at all`() throws {
        let deployment = try Deployment(members: 3)
        let (seat, key) = try deployment.newcomer(4)
        let token = JoinToken(
            firstKey: key, seat: seat, genesis: deployment.genesis.digest,
            expires: SystemClock.now(), contacts: deployment.genesis.seats)
        let text = token.text
        let read = try JoinToken(" \(text)\n")
        #expect(read.genesis == token.genesis)
        #expect(read.seat == seat)
        #expect(read.contacts == deployment.genesis.seats)
        #expect(read.expires == token.expires)
        #expect(!"\(token)".contains(Hex.encode(key.exposed())))
        for place in stride(from: 0, to: text.count, by: 7) {
            var letters = Array(text)
            letters[place] = letters[place] == "A" ? "B" : "A"
            #expect(throws: Refusal.self) { try JoinToken(String(letters)) }
        }
        for count in [0, 10, text.count - 1] {
            #expect(throws: Refusal.self) { try JoinToken(String(text.prefix(count))) }
        }
    }
}
