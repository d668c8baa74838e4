// Real processes under real faults, with clients at work: killed, stopped, with a disk that hangs,
// cut off from the others.
// What the clients saw is held against one register a key.

import Glibc
import Platform
import Primitives
import Transport

/// `benchmarks faults`.
struct FaultsBenchmark {
    let rounds: Int

    private static let clients = 6
    private static let keys = 3

    private enum Fault: String, CaseIterable {
        case killLeader = "SIGKILL to the leader"
        case killFollower = "SIGKILL to a follower"
        case killAll = "SIGKILL to all three"
        case pauseLeader = "SIGSTOP to the leader for 3 s"
        case pauseFollower = "SIGSTOP to a follower for 3 s"
        case stallLeader = "the leader's disk hangs for 3 s"
        case stallFollower = "a follower's disk hangs for 3 s"
        case cutLeader = "the leader cut off for 4 s"
        case cutFollower = "a follower cut off for 4 s"

        var needsNetwork: Bool { self == .cutLeader || self == .cutFollower }
    }

    func run() async throws(Refusal) {
        let folder = try BenchFolder.make("faults")
        defer { BenchFolder.remove(folder) }
        let shim = try await StallShim.build(in: folder)
        let network = BenchNetwork.isPermitted ? try await BenchNetwork() : nil
        do throws(Refusal) {
            try await run(in: folder, shim, network)
            await network?.remove()
        } catch {
            await network?.remove()
            throw error
        }
    }

    private func run(
        in folder: String, _ shim: String, _ network: BenchNetwork?
    ) async throws(Refusal) {
        let group = try await AlthingGroup(folder: "\(folder)/althing", network: network) {
            member in
            [
                ("LD_PRELOAD", shim),
                ("ALTHING_STALL_FILE", "\(folder)/stall-\(member)"),
            ]
        }
        if network == nil { printNow("not the superuser: no member is cut off from the others") }
        do throws(Refusal) {
            var holds = true
            for _ in 0..<rounds {
                for fault in Fault.allCases where network != nil || !fault.needsNetwork {
                    holds = try await survive(fault, group, folder) && holds
                }
            }
            await group.stop()
            guard holds else {
                throw Refusal("benchmarks.history", "a history is not linearizable")
            }
        } catch {
            await group.stop()
            throw error
        }
    }

    /// Clients work for a while, the fault strikes, and they work on.
    private func survive(
        _ fault: Fault, _ group: AlthingGroup, _ folder: String
    ) async throws(Refusal) -> Bool {
        // Keys of one fault are not those of another: a value that was put before is not expected.
        let history = FaultHistory(keys: FaultsBenchmark.keys)
        for key in 0..<FaultsBenchmark.keys { try await reset(key, group) }
        let clients = (0..<FaultsBenchmark.clients).map { number in
            Task {
                await FaultClient(
                    number: number, keys: FaultsBenchmark.keys, group: group, history: history
                ).run()
            }
        }
        try? await Task.sleep(for: .milliseconds(700))
        let leader = try await group.leader()
        let follower = leader % 3 + 1
        switch fault {
        case .killLeader: try await restart([leader], group)
        case .killFollower: try await restart([follower], group)
        case .killAll: try await restart([1, 2, 3], group)
        case .pauseLeader: await pause(leader, group)
        case .pauseFollower: await pause(follower, group)
        case .stallLeader: try await stall(leader, folder)
        case .stallFollower: try await stall(follower, folder)
        case .cutLeader: try await cut(leader, group)
        case .cutFollower: try await cut(follower, group)
        }
        try? await Task.sleep(for: .milliseconds(1500))
        for client in clients { client.cancel() }
        for client in clients { await client.value }
        _ = try await group.leader()
        let (line, holds) = history.verdict()
        printNow("\(fault.rawValue.padded(34)) \(line)")
        return holds
    }

    /// Puts 0 under a key, as every history begins.
    private func reset(_ key: Int, _ group: AlthingGroup) async throws(Refusal) {
        let client = FaultClient(
            number: 0, keys: FaultsBenchmark.keys, group: group,
            history: FaultHistory(keys: FaultsBenchmark.keys))
        _ = try await waiting("key \(key) to be reset") { () -> Bool? in
            for member in 1...3 where await client.putZero(key, at: member) { return true }
            return nil
        }
    }

    private func restart(_ members: [Int], _ group: AlthingGroup) async throws(Refusal) {
        for member in members { group.process(member)?.kill() }
        for member in members { await group.crash(member) }
        try? await Task.sleep(for: .milliseconds(800))
        for member in members { try await group.start(member) }
    }

    private func pause(_ member: Int, _ group: AlthingGroup) async {
        group.process(member)?.signal(SIGSTOP)
        try? await Task.sleep(for: .seconds(3))
        group.process(member)?.signal(SIGCONT)
    }

    private func cut(_ member: Int, _ group: AlthingGroup) async throws(Refusal) {
        try await group.network?.cut(member)
        try? await Task.sleep(for: .seconds(4))
        try await group.network?.mend(member)
    }

    private func stall(_ member: Int, _ folder: String) async throws(Refusal) {
        let file = "\(folder)/stall-\(member)"
        try Files.create(file, [])
        try? await Task.sleep(for: .seconds(3))
        try Files.remove(file)
    }
}

extension FaultClient {
    /// Puts 0 under a key; whether it was acknowledged.
    func putZero(_ key: Int, at member: Int) async -> Bool {
        await ask(member, "/bench", name(key) + Array("0".utf8))?.status == 200
    }
}
