// Votes sent to a member by a number of connections, as fast as it takes them or at a steady rate.

import Client
import ControlPlane
import Platform
import Primitives
import Synchronization

/// Numbers that several tasks count up.
private final class SharedCounter: Sendable {
    private let value = Atomic<Int>(0)

    /// The number before `count` is added.
    func take(_ count: Int = 1) -> Int { value.add(count, ordering: .relaxed).oldValue }

    /// What was counted so far.
    var count: Int { value.load(ordering: .relaxed) }
}

/// How votes are sent.
struct VotesLoad {
    /// Requests under way at once.
    let connections: Int
    /// Votes in one request.
    let batch: Int

    /// What came through.
    struct Outcome {
        var rate: Double
        var used: Int
        var refused: Int

        /// The outcome beside a bound, votes a second.
        func line(of bound: Double) -> String {
            "\(Int(rate)) a second, \(column(rate / bound, digits: 3, width: 0)) of cores x"
                + " recover; \(refused) refused"
        }
    }

    /// Sends votes; gives how many were refused.
    private func send(_ votes: ArraySlice<Envelope>, to client: ClusterClient) async -> Int {
        guard votes.count > 1 else {
            guard let vote = votes.first else { return 0 }
            return (try? await client.submit(vote)) == nil ? 1 : 0
        }
        let answers = try? await client.submit(batch: Array(votes))
        return answers.map { $0.count { $0 != nil } } ?? votes.count
    }

    /// As many as come through in some seconds.
    func throughput(
        _ client: ClusterClient, _ votes: ArraySlice<Envelope>, seconds: Double
    ) async throws(Refusal) -> Outcome {
        let next = SharedCounter()
        let refused = SharedCounter()
        let start = SystemClock.monotonicNanoseconds()
        let end = start + UInt64(seconds * 1e9)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<connections {
                group.addTask {
                    while SystemClock.monotonicNanoseconds() < end {
                        let first = next.take(batch)
                        guard first + batch <= votes.count else { return }
                        let part = votes.dropFirst(first).prefix(batch)
                        _ = refused.take(await send(part, to: client))
                    }
                }
            }
        }
        let time = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        let used = Swift.min(next.count, votes.count / batch * batch)
        guard used > refused.count else {
            throw Refusal("benchmark.votes", "every vote was refused")
        }
        return Outcome(
            rate: Double(used - refused.count) / time, used: used, refused: refused.count)
    }

    /// Votes at a steady rate, each request timed from when it should have been sent.
    func latency(
        _ client: ClusterClient, _ votes: ArraySlice<Envelope>, rate: Double, seconds: Double
    ) async throws(Refusal) {
        let count = Swift.min(votes.count, Int(rate * seconds)) / batch
        guard count > 10 else {
            throw Refusal("benchmark.votes", "only \(votes.count) signed votes are left to time")
        }
        let start = SystemClock.monotonicNanoseconds() + 10_000_000
        let next = SharedCounter()
        let refused = SharedCounter()
        var times = await withTaskGroup(of: [Double].self) { group in
            for _ in 0..<connections {
                group.addTask {
                    var times: [Double] = []
                    while true {
                        let number = next.take()
                        guard number < count else { return times }
                        let due = start + UInt64(Double(number * batch) / rate * 1e9)
                        let now = SystemClock.monotonicNanoseconds()
                        if due > now {
                            try? await Task.sleep(for: .nanoseconds(Int64(due - now)))
                        }
                        let part = votes.dropFirst(number * batch).prefix(batch)
                        _ = refused.take(await send(part, to: client))
                        times.append(Double(SystemClock.monotonicNanoseconds() - due) / 1e6)
                    }
                }
            }
            var all: [Double] = []
            for await part in group { all += part }
            return all
        }
        times.sort()
        print(
            "at \(Int(rate)) votes a second, \(batch) a request:"
                + " p50 \(column(times[times.count / 2], digits: 1, width: 0)) ms,"
                + " p99 \(column(times[times.count * 99 / 100], digits: 1, width: 0)) ms"
                + " (must: 250 ms); \(refused.count) refused")
    }
}
