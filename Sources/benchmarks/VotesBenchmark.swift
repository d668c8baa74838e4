// Signed votes on three real members, each a process of its own, talking over loopback.
//
// The bound is the check of a signature: what `secp256k1` recovers a second on one core, times the
// cores. Everything else a vote costs (three logs, three states, the network, this client on the
// same machine) shares those cores with it.

import Client
import ControlPlane
import Cryptography
import Platform
import Primitives

/// `benchmarks votes`.
struct VotesBenchmark {
    private let voters = 2000
    private let rounds = 72
    /// Lines that send one vote a request, and lines that send votes collected by somebody.
    private let singles = VotesLoad(connections: 128, batch: 1)
    private let collected = VotesLoad(connections: 6, batch: 128)
    private let seconds = 8.0

    func run() async throws(Refusal) {
        let stage = try VotesStage(voters: voters)
        defer { stage.clear() }
        let cores = Machine.cores
        try await stage.start()
        let client = try await stage.leader()
        print("three members run, one leads; \(voters) voters sign \(rounds) votes each")
        let genesis = try await client.genesis()
        let envelopes = try await sign(stage, genesis)
        let rate = try recoverRate(genesis)
        print("recovering a signer: \(Int(rate)) a second on one core, \(cores) cores")
        try await stage.open(client)
        let alone = try await measure(singles, stage, client, envelopes[...], rate)
        var rest = envelopes[alone.used...]
        let peak = try await measure(collected, stage, client, rest, rate)
        rest = rest.dropFirst(peak.used)
        // Votes that come one by one at half the peak are more than one by one can be taken where
        // the peak is that of collected votes: each is timed in the way its peak was reached.
        try await singles.latency(client, rest, rate: alone.rate / 2, seconds: seconds / 2)
        rest = rest.dropFirst(Int(alone.rate * seconds / 4))
        try await VotesLoad(connections: 48, batch: 16).latency(
            client, rest, rate: peak.rate / 2, seconds: seconds / 2)
        try await stage.typeVotes(count: 15)
        try await stage.finish(client)
    }

    /// As many votes as go through; and what each cost in processor time, which says what a machine
    /// would do that has nothing else to do.
    private func measure(
        _ load: VotesLoad, _ stage: VotesStage, _ client: ClusterClient,
        _ votes: ArraySlice<Envelope>, _ recovered: Double
    ) async throws(Refusal) -> VotesLoad.Outcome {
        let before = (members: stage.memberSeconds, own: processorSeconds())
        let outcome = try await load.throughput(client, votes, seconds: seconds)
        let members = (stage.memberSeconds - before.members) / Double(outcome.used) * 1e6
        let own = (processorSeconds() - before.own) / Double(outcome.used) * 1e6
        let share = 1e6 / recovered / (members + own)
        print(
            "signed votes, \(load.batch) a request: "
                + outcome.line(of: recovered * Double(Machine.cores)) + " (must: 0.5)")
        print(
            "  processor time a vote: \(column(members, digits: 1, width: 0)) us in three members,"
                + " \(column(own, digits: 1, width: 0)) us here;"
                + " \(column(share, digits: 3, width: 0)) of it is a recovery")
        return outcome
    }

    /// Every voter's vote of each round, in the order in which they are sent.
    private func sign(_ stage: VotesStage, _ genesis: Genesis) async throws(Refusal) -> [Envelope] {
        let digests = CommandDigests(genesis: genesis)
        let signed = await withTaskGroup(of: (Int, Result<[Envelope], Refusal>).self) { group in
            for round in 0..<rounds {
                let vote = stage.vote(round.isMultiple(of: 3) ? "against" : "for")
                let keys = stage.keys
                group.addTask {
                    let signed = Result { () throws(Refusal) in
                        try keys.map { (key) throws(Refusal) in
                            try digests.sign(vote, nonce: UInt64(round + 1), key: key)
                        }
                    }
                    return (round, signed)
                }
            }
            var all: [(Int, Result<[Envelope], Refusal>)] = []
            for await part in group { all.append(part) }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var envelopes: [Envelope] = []
        for part in signed { envelopes += try part.get() }
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
}
