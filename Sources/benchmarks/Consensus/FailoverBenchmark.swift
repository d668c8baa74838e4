// How soon after the leader's end the next write is acknowledged, at default settings, and what a
// disk that hangs does.

import Glibc
import Platform
import Primitives
import Transport

/// `benchmarks failover`.
struct FailoverBenchmark {
    let kills: Int

    func run() async throws(Refusal) {
        let folder = try BenchFolder.make("failover")
        defer { BenchFolder.remove(folder) }
        let shim = try await StallShim.build(in: folder)
        let group = try await AlthingGroup(folder: "\(folder)/althing") { member in
            [
                ("LD_PRELOAD", shim),
                ("ALTHING_STALL_FILE", "\(folder)/stall-\(member)"),
            ]
        }
        do throws(Refusal) {
            try await killLeaders(group)
            try await stall(group, folder)
            await group.stop()
        } catch {
            await group.stop()
            throw error
        }
    }

    // MARK: Kills

    private func killLeaders(_ group: AlthingGroup) async throws(Refusal) {
        var times: [Double] = []
        for turn in 0..<kills {
            let leader = try await group.leader()
            try await caughtUp(group)
            let survivors = [1, 2, 3].filter { $0 != leader }
            let process = group.process(leader)
            let start = SystemClock.monotonicNanoseconds()
            process?.kill()
            try await group.firstPut(among: survivors, value: UInt8(truncatingIfNeeded: turn))
            times.append(Double(SystemClock.monotonicNanoseconds() - start) / 1e6)
            await group.crash(leader)
            try await group.start(leader)
        }
        try await caughtUp(group)
        times.sort()
        printNow(
            "leader killed \(kills) times, next write acknowledged after (ms): p50",
            column(times[times.count / 2], width: 1), " p99",
            column(times[min(times.count - 1, times.count * 99 / 100)], width: 1), " worst",
            column(times.last ?? 0, width: 1))
    }

    /// Waits until every member has applied what the leader had applied at the call.
    private func caughtUp(_ group: AlthingGroup) async throws(Refusal) {
        let leader = try await group.leader()
        let target = await group.status(leader)?["applied_index"]?.integer ?? 0
        _ = try await waiting("every member to catch up", seconds: 60) { () -> Bool? in
            for member in 1...3 {
                let applied = await group.status(member)?["applied_index"]?.integer ?? -1
                guard applied >= target else { return nil }
            }
            return true
        }
    }

    // MARK: Stalls

    private func stall(_ group: AlthingGroup, _ folder: String) async throws(Refusal) {
        let first = try await group.leader()
        let file = "\(folder)/stall-\(first)"
        let others = [1, 2, 3].filter { $0 != first }
        // The disk hangs in a flush, so there has to be one.
        let start = SystemClock.monotonicNanoseconds()
        try Files.create(file, [])
        try await group.firstPut(among: others, value: 200, nudging: first)
        let elapsed = Double(SystemClock.monotonicNanoseconds() - start) / 1e6
        let second = try await group.leader(among: others)
        try Files.remove(file)
        printNow(
            "leader's disk hung: member \(second) answers writes after",
            column(elapsed, width: 1), "ms")
        try await caughtUp(group)
        try await hiccup(group, folder)
    }

    /// A stall shorter than half an election timeout changes nothing.
    private func hiccup(_ group: AlthingGroup, _ folder: String) async throws(Refusal) {
        let leader = try await group.leader()
        let term = await group.status(leader)?["term"]?.integer ?? 0
        for _ in 0..<5 {
            let file = "\(folder)/stall-\(leader)"
            try Files.create(file, [])
            _ = await group.put(1, to: leader, timeout: .milliseconds(200))
            try Files.remove(file)
            try? await Task.sleep(for: .milliseconds(300))
        }
        let present = try await group.leader()
        let after = await group.status(present)?["term"]?.integer ?? 0
        printNow("5 stalls of 0.2 s: \(after - term) elections")
    }
}

extension AlthingGroup {
    /// Puts one value through a member; whether it was acknowledged.
    func put(_ value: UInt8, to member: Int, timeout: Duration) async -> Bool {
        guard var request = try? HTTPClientRequest("POST", "\(origin(member))/bench") else {
            return false
        }
        request.body = BenchPut.key + [value]
        request.responseTimeout = timeout
        return (try? await client.send(request))?.status == 200
    }

    /// Puts until somebody acknowledges; `nudging` gets puts too, whose answers do not count.
    func firstPut(
        among members: [Int], value: UInt8, nudging other: Int? = nil
    ) async throws(Refusal) {
        let nudge = other.map { other in
            Task {
                while !Task.isCancelled {
                    _ = await put(value, to: other, timeout: .milliseconds(500))
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
        }
        defer { nudge?.cancel() }
        let end = SystemClock.monotonicNanoseconds() + 30_000_000_000
        while SystemClock.monotonicNanoseconds() < end {
            for member in members {
                if await put(value, to: member, timeout: .seconds(2)) { return }
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw Refusal("benchmarks.timeout", "no member acknowledged a write for 30 seconds")
    }
}
