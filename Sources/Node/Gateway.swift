// The customers' door: chat completions and completions in OpenAI's form, metered.
//
// A request's highest cost is held on the log before any token is computed, and what was computed
// is charged after; the text itself is relayed and never written anywhere.

import ControlPlane
import Cryptography
import Logging
import Platform
import Primitives
import Transport

/// Answers customers.
final class Gateway: Sendable {
    let settings: MemberSettings
    let member: ClusterMember
    let desk: ProviderDesk
    let logger: Logger

    init(settings: MemberSettings, member: ClusterMember, desk: ProviderDesk, logger: Logger) {
        self.settings = settings
        self.member = member
        self.desk = desk
        self.logger = logger
    }

    func routes() -> [Route] {
        [
            Route("GET", "/v1/models", "Models that can be asked") {
                [self] _, _ async throws(Refusal) in
                try await member.readBarrier()
                return .json(
                    try await member.read { (views) throws(Refusal) in
                        Gateway.list(views.releasedModels())
                    })
            },
            Route(
                "POST", "/v1/chat/completions", "Ask a model, in OpenAI's chat form",
                leaderOnly: true
            ) { [self] request, _ async throws(Refusal) in await complete(request, chat: true) },
            Route(
                "POST", "/v1/completions", "Ask a model, in OpenAI's text form", leaderOnly: true
            ) { [self] request, _ async throws(Refusal) in await complete(request, chat: false) },
        ]
    }

    private static func list(_ models: [ModelRecord]) -> JSON {
        [
            "object": "list",
            "data": .array(
                models.map {
                    [
                        "id": .string($0.name), "object": "model", "owned_by": "commons",
                        "digest": .string($0.digest.contentName),
                        "prompt_price": .amount($0.promptPrice),
                        "completion_price": .amount($0.completionPrice),
                    ]
                }),
        ]
    }

    private func complete(_ request: HTTPRequest, chat: Bool) async -> HTTPResponse {
        do throws(Refusal) {
            let question = try CompletionRequest(try request.json(), chat: chat)
            guard let token = request.bearer else {
                throw Refusal("key.missing", "send an API key: `authorization: Bearer <key>`")
            }
            let key = SHA256.hash(Array(token.utf8))
            guard try await member.read({ (views) throws(Refusal) in views.keyOwner(key) }) != nil
            else {
                throw Refusal("key.unknown", "this API key is not registered or was withdrawn")
            }
            let exchange = try await open(question, key: key)
            return question.stream ? streamed(exchange, question) : await whole(exchange, question)
        } catch {
            return Gateway.refused(error)
        }
    }

    /// An answer on its way.
    struct Exchange: Sendable {
        let id: Digest
        let model: ModelRecord
        let provider: Address
        let promptTokens: UInt64
        let pieces: AsyncStream<JSON>
        let created: UInt64
    }

    private func open(_ question: CompletionRequest, key: Digest) async throws(Refusal) -> Exchange
    {
        let found = try await member.read { (views) throws(Refusal) in
            (views.releasedModel(question.model), views.servers(of: question.model))
        }
        guard let model = found.0 else {
            throw Refusal("model.unknown", "there is no released model `\(question.model)`")
        }
        let id = SHA256.hash(try SystemEntropy.bytes(32))
        let receipt = try await member.submit(
            .reserveUsage(
                request: id, key: key, model: model.name,
                promptTokens: UInt64(question.prompt.count), maximumTokens: question.maximumTokens))
        guard receipt.accepted else { throw Refusal(receipt.code, receipt.message) }
        let (pieces, continuation) = AsyncStream.makeStream(of: JSON.self)
        let request = ServeRequest(
            id: id, body: question.body(id: id, model: model), pieces: continuation)
        // A different server comes first each time, by the request's own random name.
        let servers = found.1.sorted()
        let start = servers.isEmpty ? 0 : Int(id.prefix64 % UInt64(servers.count))
        for server in servers[start...] + servers[..<start] {
            if await desk.dispatch(request, to: server) {
                return Exchange(
                    id: id, model: model, provider: server,
                    promptTokens: UInt64(question.prompt.count), pieces: pieces,
                    created: SystemClock.now().milliseconds / 1000)
            }
        }
        await void(id, "no provider serves the model")
        throw Refusal("model.not-served", "no provider serves `\(model.name)` right now")
    }

    func void(_ request: Digest, _ reason: String) async {
        _ = try? await member.submit(.voidUsage(request: request, reason: reason))
        await desk.finish(request)
    }

    // MARK: Answers

    private func whole(_ exchange: Exchange, _ question: CompletionRequest) async -> HTTPResponse {
        do throws(Refusal) {
            var text: [UInt8] = []
            let end = try await relay(exchange) { (bytes) throws(Refusal) in text += bytes }
            let form = CompletionForm(exchange: exchange, chat: question.chat)
            return .json(form.whole(String(decoding: text, as: UTF8.self), end))
        } catch {
            return Gateway.refused(error)
        }
    }

    private func streamed(_ exchange: Exchange, _ question: CompletionRequest) -> HTTPResponse {
        .events { [self] writer throws(Refusal) in
            let form = CompletionForm(exchange: exchange, chat: question.chat)
            var buffer = UTF8Pieces()
            if question.chat {
                try await writer.write(ServerSentEvent(data: form.opening().compact))
            }
            let end = try await relay(exchange) { (bytes) throws(Refusal) in
                let text = buffer.take(bytes)
                if !text.isEmpty {
                    try await writer.write(ServerSentEvent(data: form.piece(text).compact))
                }
            }
            let rest = buffer.finish()
            if !rest.isEmpty {
                try await writer.write(ServerSentEvent(data: form.piece(rest).compact))
            }
            try await writer.write(ServerSentEvent(data: form.closing(end).compact))
            if question.includeUsage {
                try await writer.write(ServerSentEvent(data: form.usage(end).compact))
            }
            try await writer.write(ServerSentEvent(data: "[DONE]"))
        }
    }

    /// How an answer ended.
    struct Ending: Sendable {
        var promptTokens: UInt64
        var completionTokens: UInt64
        var reason: String
        var charged: Amount
    }

    /// Passes pieces on, and charges what came whatever happens to the customer's connection.
    private func relay(
        _ exchange: Exchange, _ take: ([UInt8]) async throws(Refusal) -> Void
    ) async throws(Refusal) -> Ending {
        let (text, feed) = AsyncStream.makeStream(of: [UInt8].self)
        // A task of its own: whoever hangs up before the end has still had the text.
        let settling = Task { () -> Result<Ending, Refusal> in
            defer { feed.finish() }
            do throws(Refusal) {
                return .success(try await self.settle(exchange, feed))
            } catch {
                return .failure(error)
            }
        }
        for await piece in text { try await take(piece) }
        return try await settling.value.get()
    }

    /// Works off the provider's pieces; what was held is charged or released at the end.
    private func settle(_ exchange: Exchange, _ feed: AsyncStream<[UInt8]>.Continuation)
        async throws(Refusal) -> Ending
    {
        var text: [UInt8] = []
        for await piece in exchange.pieces {
            if let bytes = piece["text"]?.text.flatMap({ Base64.decode($0) }) {
                text += bytes
                feed.yield(bytes)
            } else if piece["done"]?.flag == true {
                do throws(Refusal) {
                    return try await charge(exchange, piece, text)
                } catch {
                    await void(exchange.id, "the receipt does not hold: \(error.code)")
                    throw error
                }
            } else if let reason = piece["error"]?.text {
                await void(exchange.id, "the provider failed: \(reason.prefix(200))")
                throw Refusal("model.failed", "the serving provider failed; nothing was charged")
            }
        }
        await void(exchange.id, "the provider vanished")
        throw Refusal("model.failed", "the serving provider vanished; nothing was charged")
    }

    /// Charges what the provider signed, if it is what the customer got.
    private func charge(_ exchange: Exchange, _ piece: JSON, _ text: [UInt8])
        async throws(Refusal) -> Ending
    {
        guard let prompt = piece["prompt_tokens"]?.unsigned,
            let completion = piece["completion_tokens"]?.unsigned,
            let digest = piece["completion_digest"]?.text.flatMap({ Digest(hex: $0) }),
            let signature = piece["signature"]?.text.flatMap({ Hex.decode($0) })
        else { throw Refusal("model.failed", "the provider's receipt is malformed") }
        guard prompt == exchange.promptTokens, completion == UInt64(text.count),
            digest == SHA256.hash(text)
        else { throw Refusal("model.failed", "the provider's receipt is not for what it sent") }
        let reading = UsageReading(
            request: exchange.id, provider: exchange.provider, promptTokens: prompt,
            completionTokens: completion, completion: digest, signature: signature)
        do throws(Refusal) {
            try UsageReceipt.check(reading, genesis: settings.genesis)
        } catch {
            throw Refusal("model.failed", "the provider's receipt is refused: \(error.message)")
        }
        let receipt = try await member.submit(.postUsage(reading))
        guard receipt.accepted else { throw Refusal(receipt.code, receipt.message) }
        let charged = receipt.events.first { $0.kind == "usage.posted" }?["charged"]
        return Ending(
            promptTokens: prompt, completionTokens: completion,
            reason: piece["finish_reason"]?.text ?? "stop",
            charged: charged.flatMap { Amount(decimal: $0) } ?? .zero)
    }

    // MARK: Refusals

    private static func refused(_ refusal: Refusal) -> HTTPResponse {
        let (status, type): (Int, String) =
            switch refusal.code {
            case "ledger.insufficient-funds": (402, "insufficient_quota")
            case "key.missing", "key.unknown": (401, "authentication_error")
            case "model.unknown": (404, "invalid_request_error")
            case "model.not-served", "cluster.no-leader", "cluster.not-leader":
                (503, "service_unavailable")
            case "model.failed": (502, "api_error")
            default: (400, "invalid_request_error")
            }
        return .json(
            [
                "error": [
                    "message": .string(refusal.message), "type": .string(type), "param": .null,
                    "code": .string(refusal.code),
                ]
            ], status: status)
    }
}
