// Serving released models: the agent's side of a customer's request.

import Client
import ControlPlane
import Cryptography
import LanguageModel
import Logging
import Primitives
import Synchronization

/// Models ready to answer, and the requests being answered.
actor ModelServer {
    private let settings: AgentSettings
    private let client: ClusterClient
    private let cache: ObjectCache
    private let logger: Logger
    private var sessions: [String: GenerationSession] = [:]
    private var digests: [String: Digest] = [:]

    init(settings: AgentSettings, client: ClusterClient, cache: ObjectCache, logger: Logger) {
        self.settings = settings
        self.client = client
        self.cache = cache
        self.logger = logger
    }

    /// Loads released models that are not loaded yet and offers them.
    func offer(_ models: [JSON]) async {
        for model in models {
            guard let name = model["name"]?.text,
                let digest = model["digest"]?.text.flatMap({ Digest(hex: $0) }),
                digests[name] != digest
            else { continue }
            digests[name] = digest
            do throws(Refusal) {
                let bytes = try await client.object(digest)
                sessions[name] = try GenerationSession(try ModelParameters(parsing: bytes))
                _ = try await client.submit(
                    .offerServing(model: name, offered: true), key: settings.key)
                logger.info("model served", metadata: ["model": "\(name)"])
            } catch {
                digests[name] = nil
                sessions[name] = nil
                logger.warning(
                    "model not served",
                    metadata: ["model": "\(name)", "code": "\(error.code)"])
            }
        }
    }

    /// Answers one request, streaming pieces as they are made.
    func answer(_ request: JSON, token: @Sendable () async -> String?) async {
        guard let id = request["request"]?.text.flatMap({ Digest(hex: $0) }) else { return }
        let path = "/api/v1/provider/stream/\(id.hex)"
        do throws(Refusal) {
            let end = try await generate(request, id: id) { (piece) throws(Refusal) in
                let line = Array(
                    (JSON.object([JSON.Member("text", .string(Base64.encode(piece)))])
                        .compact + "\n").utf8)
                _ = try await client.post(path, bytes: line, .init(token: await token()))
            }
            _ = try await client.post(
                path, bytes: Array((end.compact + "\n").utf8), .init(token: await token()))
        } catch {
            logger.warning("request not answered", metadata: ["code": "\(error.code)"])
            let line = JSON.object([JSON.Member("error", .string(error.code))]).compact + "\n"
            _ = try? await client.post(path, bytes: Array(line.utf8), .init(token: await token()))
        }
    }

    private func generate(
        _ request: JSON, id: Digest, _ send: ([UInt8]) async throws(Refusal) -> Void
    ) async throws(Refusal) -> JSON {
        guard let name = request["model"]?.text, let session = sessions[name] else {
            throw Refusal("model.not-loaded", "this agent does not serve the model")
        }
        guard let prompt = request["prompt"]?.text.flatMap({ Base64.decode($0) }),
            let limit = request["max_tokens"]?.unsigned,
            let temperature = request["temperature_millionths"]?.unsigned
        else { throw Refusal("request.malformed", "the request is malformed") }
        let sampling = try Sampling(
            temperaturePermille: UInt32(clamping: temperature / 1000),
            seed: request["seed"]?.unsigned ?? 0)
        var search = StopSearch(
            (request["stop"]?.elements ?? []).compactMap { $0.text.map { Array($0.utf8) } })
        let start = prompt.isEmpty ? Generation.emptyPrompt : prompt
        var made: [UInt8] = []
        var text: [UInt8] = []
        while made.count < Int(limit), !search.isStopped {
            // A piece at a time, so that the customer sees it grow; the draws depend on the seed
            // and the position alone, so pieces join as if made in one go.
            let room = min(ModelServer.pieceLength, Int(limit) - made.count)
            let piece = try session.run(prompt: start + made, sampling: sampling, limit: room)
            guard !piece.isEmpty else { break }
            made += piece
            let released = search.take(piece)
            text += released
            if !released.isEmpty { try await send(released) }
        }
        let rest = search.finish()
        text += rest
        if !rest.isEmpty { try await send(rest) }
        return try receipt(
            id, promptTokens: prompt.count, text, search.isStopped ? "stop" : "length")
    }

    /// How many tokens are made between two looks at the queue.
    private static let pieceLength = 16

    private func receipt(
        _ id: Digest, promptTokens: Int, _ text: [UInt8], _ reason: String
    ) throws(Refusal) -> JSON {
        var reading = UsageReading(
            request: id, provider: settings.key.address, promptTokens: UInt64(promptTokens),
            completionTokens: UInt64(text.count), completion: SHA256.hash(text), signature: [])
        let genesis = knownGenesis.withLock { $0 }
        guard let genesis else {
            throw Refusal("cluster.unreachable", "the deployment is not known yet")
        }
        let digest = try CommandSigning.receiptDigest(
            reading, genesis: genesis, genesisDigest: genesis.digest)
        reading.signature = try settings.key.sign(digest).bytes
        return [
            "done": true, "prompt_tokens": .int(reading.promptTokens),
            "completion_tokens": .int(reading.completionTokens),
            "completion_digest": .string(reading.completion.hex),
            "signature": .string(Hex.encode(reading.signature)), "finish_reason": .string(reason),
        ]
    }

    private let knownGenesis = Mutex<Genesis?>(nil)

    /// Notes the deployment, whose digest every receipt is signed for.
    func note(genesis: Genesis) { knownGenesis.withLock { $0 = genesis } }
}
