// Snapshots: the log stays short, whoever lags or lost its state gets it whole, audits still get
// every entry since the genesis.

import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(2))) struct SnapshotTests {
    private static let receiver = Address(hex: "0x00000000000000000000000000000000000000aa")

    /// Snapshots often, so that a test need not wait for thousands of entries.
    private static func often(_ settings: inout MemberSettings) {
        settings.snapshotEntries = 20
        settings.trailingEntries = 5
    }

    private func withFrequentSnapshots(
        members: Int, _ body: @Sendable (Deployment) async throws -> Void
    ) async throws {
        let deployment = try Deployment(members: members)
        do {
            for member in deployment.members { try await deployment.start(member, Self.often) }
            try await body(deployment)
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    private func transfers(_ count: Int, through member: UInt64, _ deployment: Deployment)
        async throws
    {
        let client = try deployment.client(member)
        defer { client.close() }
        let receiver = try #require(Self.receiver)
        for _ in 0..<count {
            _ = try await client.submit(
                .transfer(asset: "CREDIT", to: receiver, amount: Amount(1), memo: ""),
                key: try Deployment.key(0))
        }
    }

    private func figure(_ name: String, of member: UInt64, _ deployment: Deployment)
        async throws(Refusal) -> UInt64
    {
        let client = try deployment.client(member)
        defer { client.close() }
        return try await client.get("/api/v1/status")[name]?.unsigned ?? 0
    }

    private func waitForCompaction(of member: UInt64, past index: UInt64, _ deployment: Deployment)
        async throws
    {
        _ = try await eventually("member \(member) to compact its log") {
            () async throws(Refusal) -> Bool? in
            try await figure("first_index", of: member, deployment) > index ? true : nil
        }
    }

    /// Every entry since the genesis, as an auditor gets them from a member.
    private func audit(_ member: UInt64, _ deployment: Deployment) async throws -> AuditReport {
        let client = try deployment.client(member)
        defer { client.close() }
        var entries: [[UInt8]] = []
        var last: UInt64 = .max
        while UInt64(entries.count) + 1 < last {
            let page = try await client.get(
                "/api/v1/log/entries?from=\(entries.count + 2)&limit=16")
            let texts = page["entries"]?.elements ?? []
            if texts.isEmpty { break }
            entries += texts.compactMap { $0.text.flatMap { Hex.decode($0) } }
            last = page["applied_index"]?.unsigned ?? 0
        }
        let checkpoint = try await deployment.ask(member, "GET", "/log/checkpoint").text
        return Auditor.run(
            AuditFile(
                genesis: deployment.genesis.encoded, entries: entries, checkpoint: checkpoint),
            expected: deployment.genesis.digest)
    }

    @Test func `a member that missed what the log no longer has gets a snapshot`() async throws {
        try await withFrequentSnapshots(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let late = try #require(deployment.members.first { $0 != leader })
            let behind = try await figure("applied_index", of: late, deployment)
            await deployment.stop(late)
            try await transfers(60, through: leader, deployment)
            try await waitForCompaction(of: leader, past: behind + 10, deployment)
            try await deployment.start(late, Self.often)
            _ = try await deployment.agreement(of: [1, 2, 3])
            // It applied none of the entries between: its log begins behind them.
            #expect(try await figure("first_index", of: late, deployment) > behind + 1)
            let report = try await audit(late, deployment)
            #expect(report.failure == nil)
            #expect(report.commands >= 60)
            _ = try await eventually("the history to be filled") {
                () async throws(Refusal) -> Bool? in
                let first = try await figure("first_index", of: late, deployment)
                return try await figure("history_index", of: late, deployment) + 1 >= first
                    ? true : nil
            }
            // It takes part again, also as one that remembers over a restart.
            await deployment.stop(late)
            try await deployment.start(late, Self.often)
            try await transfers(3, through: late, deployment)
            _ = try await deployment.agreement(of: [1, 2, 3])
        }
    }

    @Test func `a rotten state is found and had again, from the member's own snapshot`()
        async throws
    {
        try await withFrequentSnapshots(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            try await transfers(60, through: 1, deployment)
            try await waitForCompaction(of: 1, past: 20, deployment)
            await deployment.stop(1)
            try rot("\(deployment.folder.path)/member-1/state.sqlite")
            try await deployment.start(1, Self.often)
            _ = try await eventually("the state to be sound again") {
                () async throws(Refusal) -> Bool? in
                let client = try deployment.client(1)
                defer { client.close() }
                let status = try await client.get("/api/v1/status")
                guard status["role"]?.text == "leader" else { return nil }
                let account = try await client.get(
                    "/api/v1/accounts/0x00000000000000000000000000000000000000aa")
                let credit = account["balances"]?.elements?.first { $0["asset"]?.text == "CREDIT" }
                return credit?["balance"]?.text == "60" ? true : nil
            }
            #expect(try await audit(1, deployment).failure == nil)
        }
    }

    @Test func `a member without state and snapshots is helped by the others`() async throws {
        try await withFrequentSnapshots(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let hurt = try #require(deployment.members.first { $0 != leader })
            try await transfers(60, through: leader, deployment)
            try await waitForCompaction(of: hurt, past: 20, deployment)
            await deployment.stop(hurt)
            let home = "\(deployment.folder.path)/member-\(hurt)"
            try Files.remove(home + "/state.sqlite")
            try Files.removeTree(home + "/snapshots")
            try await deployment.start(hurt, Self.often)
            _ = try await deployment.agreement(of: [1, 2, 3])
            try await transfers(2, through: hurt, deployment)
            _ = try await deployment.agreement(of: [1, 2, 3])
        }
    }

    @Test func `a snapshot is sent no faster than its cap`() async throws {
        let deployment = try Deployment(members: 1)
        let rate: UInt64 = 400_000
        try await deployment.start(1) { $0.snapshotBytesPerSecond = rate }
        do {
            _ = try await deployment.leader(among: [1])
            try await transfers(3, through: 1, deployment)
            let line = try OperatorLine(try deployment.settings(1))
            defer { line.close() }
            let fetcher = try SnapshotFetcher(
                dataFolder: deployment.folder.path, caller: line.caller, logger: quietLogger)
            let start = ContinuousClock.now
            let found = try await fetcher.newest(covering: 3, from: 1)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            #expect(found.index >= 3)
            #expect(seconds >= 0.95 * Double(found.size) / Double(rate), "\(found.size) bytes")
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    @Test func `a state of a newer version is refused with advice`() async throws {
        let deployment = try Deployment(members: 1)
        let settings = try deployment.settings(1)
        try Files.makeFolders(settings.dataFolder)
        // SQLite keeps the application's version at byte 60 of the header.
        let path = settings.dataFolder + "/state.sqlite"
        try StateDatabase(path: path).commit([], appliedIndex: 1)
        var bytes = try Files.read(path)
        bytes[63] = 99
        try Files.writeAtomically(path, bytes)
        let refusal = await code { try await deployment.start(1) }
        #expect(refusal == "state.newer")
    }

    @Test func `the history gives every entry back and names what rotted`() throws {
        let folder = try TemporaryFolder(prefix: "althing-history")
        let genesis = Digest.zero
        let history = try History(dataFolder: folder.path, genesis: genesis)
        var chain = genesis
        var entries: [AuditEntry] = []
        for index in UInt64(2)...301 {
            let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: Int(index))
            chain = StateMachine.chained(chain, index: index, term: 1, kind: 0, payload: payload)
            entries.append(
                AuditEntry(index: index, term: 1, kind: 0, payload: payload, chain: chain))
        }
        try history.append(Array(entries[..<100]))
        #expect(throws: Refusal.self) { try history.append(Array(entries[101...])) }
        try history.append(Array(entries[100...]))
        let again = try History(dataFolder: folder.path, genesis: genesis)
        #expect(again.lastIndex == 301)
        #expect(try again.entries(from: 90, limit: 5) == Array(entries[88..<93]))
        #expect(try again.entries(from: 100, limit: 5).map(\.index) == [100, 101])
        #expect(try again.entries(from: 302, limit: 5).isEmpty)
        let name = try #require(try Files.list(folder.path + "/history").first)
        var bytes = try Files.read("\(folder.path)/history/\(name)")
        bytes[33] ^= 0xFF
        try Files.writeAtomically("\(folder.path)/history/\(name)", bytes)
        #expect(throws: Refusal.self) { try again.entries(from: 2, limit: 5) }
    }

    /// Damages every page of a database but the first few, as a failing disk does.
    private func rot(_ path: String) throws {
        var bytes = try Files.read(path)
        for page in stride(from: 8192, to: bytes.count - 4096, by: 4096) {
            for offset in stride(from: 3000, to: 4000, by: 50) { bytes[page + offset] ^= 0x55 }
        }
        try Files.writeAtomically(path, bytes)
    }
}
