// Signed votes on three real members, each a process of its own, talking over loopback.
//
// The bound is the check of a signature: what `secp256k1` recovers a second on one core, times the
// cores. Everything else a vote costs (three logs, three states, the network, this client on the
// same machine) shares those cores with it.

import Client
import ControlPlane
import Cryptography
import Glibc
import Platform
import Primitives
import Synchronization

/// A number that several tasks count up.
private final class SharedCounter: Sendable {
    private let value = Atomic<Int>(0)

    /// The number before one is added.
    func take() -> Int { value.add(1, ordering: .relaxed).oldValue }

    /// How often it was counted up.
    var count: Int { value.load(ordering: .relaxed) }
}

/// `benchmarks votes`.
struct VotesBenchmark {
    private let voters = 2000
    private let rounds = 30
    private let connections = 128

    func run() async throws(Refusal) {
        let stage = try VotesStage(voters: voters)
        defer { stage.clear() }
        let cores = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        try await stage.start()
        let client = try await stage.leader()
        let genesis = try await client.genesis()
        let envelopes = try sign(stage, genesis)
        let rate = try recoverRate(genesis)
        print("recovering a signer: \(Int(rate)) a second on one core, \(Int(cores)) cores")
        try await stage.open(client)
        let peak = try await throughput(client, envelopes)
        print(
            "signed votes: \(Int(peak.rate)) a second,"
                + " \(column(peak.rate / (rate * cores), digits: 3, width: 0)) of cores x recover"
                + " (must: 0.5); \(peak.refused) refused")
        try await latency(client, envelopes, from: peak.used, rate: peak.rate / 2)
        try await stage.typeVotes(count: 15)
        try await stage.finish(client)
    }

    // MARK: Signing

    /// Every voter's vote of each round, in the order in which they are sent.
    private func sign(_ stage: VotesStage, _ genesis: Genesis) throws(Refusal) -> [Envelope] {
        var envelopes: [Envelope] = []
        for round in 0..<rounds {
            for key in stage.keys {
                envelopes.append(
                    try CommandSigning.sign(
                        stage.vote(round.isMultiple(of: 3) ? "against" : "for"),
                        nonce: UInt64(round + 1), genesis: genesis, key: key))
            }
        }
        return envelopes
    }

    private func recoverRate(_ genesis: Genesis) throws(Refusal) -> Double {
        var entropy = SHA256.hash(Array("a signer".utf8)).bytes
        let key = try Secp256k1PrivateKey(SecretBytes(consuming: &entropy))
        let digest = genesis.digest
        let signature = try key.sign(digest)
        let count = 20_000
        let start = processorSeconds()
        for _ in 0..<count { _ = try Secp256k1.recover(digest, signature) }
        return Double(count) / (processorSeconds() - start)
    }

    // MARK: Load

    private struct Load {
        var rate: Double
        var used: Int
        var refused: Int
    }

    /// As many as a number of connections bring through in some seconds.
    private func throughput(_ client: ClusterClient, _ envelopes: [Envelope])
        async throws(Refusal) -> Load
    {
        let next = SharedCounter()
        let refused = SharedCounter()
        let start = SystemClock.monotonicNanoseconds()
        let end = start + 8_000_000_000
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<connections {
                group.addTask {
                    while SystemClock.monotonicNanoseconds() < end {
                        let index = next.take()
                        guard index < envelopes.count else { return }
                        if (try? await client.submit(envelopes[index])) == nil {
                            _ = refused.take()
                        }
                    }
                }
            }
        }
        let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        let used = Swift.min(next.count, envelopes.count)
        let lost = refused.count
        return Load(rate: Double(used - lost) / seconds, used: used, refused: lost)
    }

    /// Votes at a steady rate, each timed from when it should have been sent.
    private func latency(
        _ client: ClusterClient, _ envelopes: [Envelope], from first: Int, rate: Double
    ) async throws(Refusal) {
        let count = Swift.min(envelopes.count - first, Int(rate * 6))
        guard count > 100 else {
            throw Refusal("benchmark.votes", "only \(count) signed votes are left to time")
        }
        let start = SystemClock.monotonicNanoseconds() + 10_000_000
        let next = SharedCounter()
        var times = await withTaskGroup(of: [Double].self) { group in
            for _ in 0..<connections {
                group.addTask {
                    var times: [Double] = []
                    while true {
                        let number = next.take()
                        guard number < count else { return times }
                        let due = start + UInt64(Double(number) / rate * 1e9)
                        let now = SystemClock.monotonicNanoseconds()
                        if due > now {
                            try? await Task.sleep(for: .nanoseconds(Int64(due - now)))
                        }
                        _ = try? await client.submit(envelopes[first + number])
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
            "at half that rate: p50 \(column(times[times.count / 2], digits: 1, width: 0)) ms,"
                + " p99 \(column(times[times.count * 99 / 100], digits: 1, width: 0)) ms"
                + " (must: 250 ms)")
    }
}
