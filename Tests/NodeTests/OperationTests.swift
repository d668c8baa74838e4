// What operators do: stop members in order, move leadership, back up, restore.

import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Synchronization
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(2))) struct OperationTests {
    private static let receiver = Address(hex: "0x00000000000000000000000000000000000000aa")

    private func transfer(_ amount: UInt64, _ client: ClusterClient) async throws {
        let receiver = try #require(Self.receiver)
        _ = try await client.submit(
            .transfer(
                asset: "CREDIT", to: receiver, amount: Amount(UInt128(amount)), memo: "x"),
            key: try Deployment.key(0))
    }

    private func balance(at member: UInt64, _ deployment: Deployment) async throws(Refusal)
        -> String?
    {
        let client = try deployment.client(member)
        defer { client.close() }
        let account = try await client.get(
            "/api/v1/accounts/0x00000000000000000000000000000000000000aa")
        return account["balances"]?.elements?.first { $0["asset"]?.text == "CREDIT" }?["balance"]?
            .text
    }

    @Test func `a rolling restart costs no client an error`() async throws {
        try await withDeployment(members: 3) { deployment in
            _ = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(
                origins: deployment.members.map { deployment.origin($0) })
            defer { client.close() }
            let isOver = Atomic<Bool>(false)
            let writer = Task { () async throws -> (done: Int, slowest: Duration) in
                var done = 0
                var slowest = Duration.zero
                while !isOver.load(ordering: .relaxed) {
                    let start = ContinuousClock.now
                    try await transfer(1, client)
                    slowest = max(slowest, ContinuousClock.now - start)
                    done += 1
                }
                return (done, slowest)
            }
            for member in deployment.members {
                #expect(await deployment.stop(member) == nil)
                try await deployment.start(member)
                _ = try await deployment.leader(among: [1, 2, 3])
            }
            isOver.store(true, ordering: .relaxed)
            let (done, slowest) = try await writer.value
            #expect(done > 3)
            // How long it may take is for the benchmarks to say; a client gives up after this.
            #expect(slowest < .seconds(30), "the slowest of \(done) took \(slowest)")
            let reading = try await balance(at: 1, deployment)
            #expect(reading == "\(done)")
        }
    }

    @Test func `leadership moves when its operator asks, and nobody else may ask`() async throws {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let target = try #require(deployment.members.first { $0 != leader })
            let line = try OperatorLine(try deployment.settings(leader))
            defer { line.close() }
            let answer = try await line.act("transfer-leader?to=\(target)")
            #expect(answer["leader"]?.unsigned == target)
            #expect(try await deployment.leader(among: [1, 2, 3]) == target)
            #expect(await code { try await line.act("transfer-leader?to=9") } == "member.unknown")
            #expect(await code { try await line.act("explode") } == "route.unknown")
            // Another seat's key opens the line, but does not command this member.
            var foreign = try deployment.settings(target)
            foreign.seat.peerAddress = try deployment.settings(leader).seat.peerAddress
            foreign.seat.publicKey = try deployment.settings(leader).seat.publicKey
            let other = try OperatorLine(foreign)
            defer { other.close() }
            #expect(await code { try await other.act("drain") } == "operator.key")
        }
    }

    @Test func `a drained member ends, and the status says why there is no leader`() async throws {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let line = try OperatorLine(try deployment.settings(leader))
            defer { line.close() }
            let answer = try await line.act("drain")
            #expect(answer["leader"]?.unsigned != leader)
            #expect(await deployment.outcome(of: leader) == nil)
            let others = deployment.members.filter { $0 != leader }
            _ = try await deployment.leader(among: others)
            await deployment.stop(others[0])
            let reason = try await eventually("a reason") { () async throws(Refusal) -> String? in
                let client = try deployment.client(others[1])
                defer { client.close() }
                return try await client.get("/api/v1/status")["leaderless_reason"]?.text
            }
            #expect(reason.contains("1 of 3 members are connected and 2 are needed"))
        }
    }

    @Test func `a member that the others need is not drained, and who is down does not lead`()
        async throws
    {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let others = deployment.members.filter { $0 != leader }
            await deployment.stop(others[0])
            let line = try OperatorLine(try deployment.settings(leader))
            defer { line.close() }
            _ = try await eventually("member \(others[0]) to be missed") {
                () async throws(Refusal) -> Bool? in
                await code { try await line.act("transfer-leader?to=\(others[0])") }
                    == "cluster.transfer-failed" ? true : nil
            }
            let start = ContinuousClock.now
            let refusal = await code { try await line.act("transfer-leader?to=\(others[0])") }
            #expect(refusal == "cluster.transfer-failed")
            // At once: commands would wait for as long as an attempt lasts.
            #expect(ContinuousClock.now - start < .seconds(1))
            #expect(await code { try await line.act("drain") } == "cluster.quorum")
            #expect(try await deployment.leader(among: [leader, others[1]]) == leader)
            let gone = try OperatorLine(try deployment.settings(others[0]))
            defer { gone.close() }
            #expect(await code { try await gone.act("drain") } == "cluster.unreachable")
            _ = try await line.act("drain?anyway=true")
            #expect(await deployment.outcome(of: leader) == nil)
        }
    }

    @Test func `a backup proves itself, and a restore opens a new epoch`() async throws {
        let deployment = try Deployment(members: 3)
        do {
            try await deployment.startAll()
            let leader = try await deployment.leader(among: [1, 2, 3])
            let client = try deployment.client(leader)
            defer { client.close() }
            for amount in UInt64(1)...5 { try await transfer(amount, client) }
            let file = deployment.folder.path + "/monday.backup"
            let taken = try await Backup.take(
                try deployment.settings(leader), to: file, logger: quietLogger)
            try await transfer(100, client)
            await deployment.stopAll()

            let verified = try Backup.verify(file, expected: deployment.genesis.digest)
            #expect(verified.stateDigest == taken.stateDigest)
            #expect(verified.signatures >= 5)
            try damageIsNamed(file)
            let settings = try deployment.settings(1)
            #expect(await code { try Backup.restore(file, into: settings) } == "restore.not-empty")

            // One member stays in the old epoch.
            for member in [UInt64(1), 2] {
                try Files.removeTree(try deployment.settings(member).dataFolder)
                let report = try Backup.restore(file, into: try deployment.settings(member))
                #expect(report.epoch == 2)
            }
            try await deployment.startAll()
            _ = try await deployment.leader(among: [1, 2])
            let reading = try await eventually("the restored balance") {
                () async throws(Refusal) -> String? in try await balance(at: 1, deployment)
            }
            #expect(reading == "15")
            let events = try await eventually("the epoch on record") {
                () async throws(Refusal) -> String? in
                let client = try deployment.client(1)
                defer { client.close() }
                let text = try await client.get("/api/v1/events?limit=5000").compact
                return text.contains("epoch-opened") ? text : nil
            }
            #expect(events.contains("restored from a backup of entry \(taken.index)"))
            #expect(await deployment.outcome(of: 3) == nil)
            #expect(await code { try await deployment.start(3) } == "peer.past-epoch")
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    @Test func `a seat that lost its data comes back under a new name`() async throws {
        let often: @Sendable (inout MemberSettings) -> Void = {
            $0.snapshotEntries = 20
            $0.trailingEntries = 5
        }
        let deployment = try Deployment(members: 3)
        do {
            for member in deployment.members { try await deployment.start(member, often) }
            _ = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(
                origins: deployment.members.map { deployment.origin($0) })
            defer { client.close() }
            for _ in 0..<40 { try await transfer(1, client) }
            // One by one, every machine of the cluster is replaced.
            for seat in deployment.members {
                await deployment.stop(seat)
                let settings = try deployment.settings(seat)
                #expect(await code { try await Rejoin.ask(settings) } == "rejoin.not-empty")
                try Files.removeTree(settings.dataFolder)
                let id = try await Rejoin.ask(settings)
                #expect(id != seat)
                #expect(MemberLife.seat(of: id) == seat)
                try await deployment.start(seat, often)
                _ = try await eventually("the new life to vote") {
                    () async throws(Refusal) -> Bool? in
                    let client = try deployment.client(seat)
                    defer { client.close() }
                    let voters = try await client.get("/api/v1/status")["voters"]?.elements ?? []
                    return voters.count == 3 && voters.contains { $0.unsigned == id } ? true : nil
                }
                try await transfer(1, client)
                // What the life before still has to say is not heard.
                let other = try #require(deployment.genesis.seats.first { $0.id != seat })
                let refusal = try await deployment.greeting(
                    to: other.id, as: seat, incarnation: 1)
                #expect(refusal?.code == "peer.old-incarnation")
            }
            _ = try await deployment.agreement(of: [1, 2, 3])
            #expect(try await balance(at: 1, deployment) == "43")
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    @Test func `a seat whose data is lost begins a new life by itself`() async throws {
        let deployment = try Deployment(members: 3)
        do {
            for seat in deployment.members {
                try await deployment.start(seat, settings: try deployment.remembered(seat))
            }
            _ = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(
                origins: deployment.members.map { deployment.origin($0) })
            defer { client.close() }
            for _ in 0..<3 { try await transfer(1, client) }
            let settings = try deployment.remembered(3)
            await deployment.stop(3)
            let log = settings.dataFolder + "/log"
            try Files.removeTree(log)
            let half = await code { try await deployment.start(3, settings: settings) }
            #expect(half == "seat.log-lost")
            try Files.removeTree(settings.dataFolder)
            try await deployment.start(3, settings: settings)
            let life = MemberLife(seat: 3, number: 1).id
            _ = try await eventually("the new life to vote") {
                () async throws(Refusal) -> Bool? in
                let status = try JSON.parse(
                    try await deployment.ask(3, "GET", "/api/v1/status").body)
                let voters = status["voters"]?.elements ?? []
                return voters.count == 3 && voters.contains { $0.unsigned == life } ? true : nil
            }
            // The life goes on where its folder is as it was.
            await deployment.stop(3)
            try await deployment.start(3, settings: settings)
            try await transfer(1, client)
            _ = try await deployment.agreement(of: [1, 2, 3])
            #expect(try MemberLife.read(settings.dataFolder, seat: 3).id == life)
            #expect(try await balance(at: 3, deployment) == "4")
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    @Test func `a lone member whose data is lost does not begin from the genesis`() async throws {
        let deployment = try Deployment(members: 1)
        let settings = try deployment.remembered(1)
        try await deployment.start(1, settings: settings)
        await deployment.stop(1)
        try Files.removeTree(settings.dataFolder)
        let found = await code { try await deployment.start(1, settings: settings) }
        #expect(found == "seat.data-lost")
        try Files.removeTree(try #require(settings.memory).folder)
        try await deployment.start(1, settings: settings)
        await deployment.stopAll()
    }

    @Test func `one survivor recovers the cluster, and the others come back`() async throws {
        let deployment = try Deployment(members: 3)
        do {
            try await deployment.startAll()
            _ = try await deployment.leader(among: [1, 2, 3])
            let client = try ClusterClient(
                origins: deployment.members.map { deployment.origin($0) })
            defer { client.close() }
            for _ in 0..<3 { try await transfer(1, client) }
            _ = try await deployment.agreement(of: [1, 2, 3])
            await deployment.stopAll()
            let survivor = try deployment.settings(1)
            let plan = try Recovery.plan(survivor)
            #expect(plan.epoch == 2)
            #expect(try Recovery.perform(survivor, keepsTail: true).committed == plan.committed)
            try await deployment.start(1)
            _ = try await deployment.leader(among: [1])
            #expect(try await balance(at: 1, deployment) == "3")
            // A member of the old epoch counts for nothing.
            try await deployment.start(3)
            let stale = try JSON.parse(try await deployment.ask(3, "GET", "/api/v1/status").body)
            #expect(stale["leader"] == .null)
            await deployment.stop(3)
            for seat in [UInt64(2), 3] {
                let settings = try deployment.settings(seat)
                try Files.removeTree(settings.dataFolder)
                _ = try await Rejoin.ask(settings)
                try await deployment.start(seat)
                try await transfer(1, client)
            }
            _ = try await deployment.agreement(of: [1, 2, 3])
            _ = try await eventually("three voters") { () async throws(Refusal) -> Bool? in
                let client = try deployment.client(1)
                defer { client.close() }
                let status = try await client.get("/api/v1/status")
                return status["voters"]?.elements?.count == 3 ? true : nil
            }
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    /// Flips a bit here and there, cuts the end off: never taken for good.
    private func damageIsNamed(_ file: String) throws {
        let bytes = try Files.read(file)
        let hurt = file + ".hurt"
        for place in stride(from: 20, to: bytes.count, by: max(1, bytes.count / 40)) {
            var copy = bytes
            copy[place] ^= 0x04
            try Files.writeAtomically(hurt, copy)
            #expect(throws: Refusal.self, "byte \(place)") { try Backup.verify(hurt) }
        }
        try Files.writeAtomically(hurt, Array(bytes.dropLast(41)))
        #expect(throws: Refusal.self) { try Backup.verify(hurt) }
    }
}
