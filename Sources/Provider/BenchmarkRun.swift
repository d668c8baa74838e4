// The prover's side of the kernel suite over HTTP: greet, warm up, compute on the member's clock,
// prove, hear the verdict.

import Benchmarking
public import Client
import ControlPlane
public import Cryptography
import Platform
public import Primitives

/// Runs challenges against a cluster.
public struct BenchmarkRun: Sendable {
    private let client: ClusterClient
    private let key: Secp256k1PrivateKey

    /// A run for an agent's key.
    public init(client: ClusterClient, key: Secp256k1PrivateKey) {
        self.client = client
        self.key = key
    }

    /// The share of the memory that a challenge may take: one part in four.
    static let memoryPart: UInt64 = 4

    /// Runs one kernel's challenge and gives the member's verdict.
    ///
    /// - Parameter call: the member's call that this answers, if it called.
    public func challenge(kernel: String, call: UInt64? = nil) async throws(Refusal) -> JSON {
        // Who is called starts with others, at the leader; any member can challenge one alone.
        let token = try await AgentSession.open(client, key: key, here: call == nil)
        let options = ClusterClient.Options(token: token, timeout: .seconds(120))
        let prover = ChallengeProver(
            provider: key.address, agent: "althing",
            memoryLimit: Machine.memoryBytes / BenchmarkRun.memoryPart,
            accelerator: try ChallengeDevice(for: kernel))
        let workers = ParallelWorkers.all
        var session: String?
        var outgoing: [ChallengeMessage] = [prover.hello]
        while !outgoing.isEmpty {
            let message = outgoing.removeFirst()
            var body: [JSON.Member] = [
                JSON.Member("kernel", .string(kernel)),
                JSON.Member("message", .string(Hex.encode(message.encoded))),
            ]
            if let session { body.append(JSON.Member("session", .string(session))) }
            if let call { body.append(JSON.Member("call", .int(call))) }
            let answer = try await client.post(
                "/api/v1/provider/challenge", .object(body), options)
            session = answer["session"]?.text
            if let verdict = answer["verdict"], verdict != .null { return verdict }
            for text in answer["messages"]?.elements ?? [] {
                guard let bytes = text.text.flatMap({ Hex.decode($0) }) else {
                    throw Refusal("challenge.answer", "the member's message is malformed")
                }
                try react(
                    try prover.receive(try ChallengeMessage(decoding: bytes)), prover, workers,
                    &outgoing)
            }
            if outgoing.isEmpty, let proof = prover.nextProof() { outgoing.append(proof) }
        }
        throw Refusal("challenge.unfinished", "the challenge ended without a verdict")
    }

    private func react(
        _ step: ProverStep, _ prover: ChallengeProver, _ workers: Workers,
        _ outgoing: inout [ChallengeMessage]
    ) throws(Refusal) {
        switch step {
        case .warmUp: outgoing.append(try prover.warmUp(workers))
        case .compute: outgoing += try prover.compute(workers)
        case .prove:
            if let proof = prover.nextProof() { outgoing.append(proof) }
        case .send(let message): outgoing.append(message)
        case .finished: break
        }
    }
}
