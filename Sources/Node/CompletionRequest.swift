// A customer's question in OpenAI's form, read strictly enough to be priced.

import ControlPlane
import Primitives

/// What a customer asks.
struct CompletionRequest: Sendable {
    let model: String
    /// The prompt's bytes: for this family of models a token is a byte.
    let prompt: [UInt8]
    let maximumTokens: UInt64
    let temperatureMillionths: UInt64
    let seed: UInt64
    let stop: [String]
    let stream: Bool
    let includeUsage: Bool
    let chat: Bool

    /// Reads the body; throws `request.malformed`.
    init(_ body: JSON, chat: Bool) throws(Refusal) {
        self.chat = chat
        model = try body.requiredText("model")
        prompt = chat ? try CompletionRequest.conversation(body) : try CompletionRequest.text(body)
        let limit = try CompletionRequest.number(body, "max_tokens")
        let newerLimit = try CompletionRequest.number(body, "max_completion_tokens")
        maximumTokens = limit ?? newerLimit ?? 128
        guard 1...100_000 ~= maximumTokens else {
            throw Refusal("request.malformed", "`max_tokens` must be 1 to 100000")
        }
        temperatureMillionths = try CompletionRequest.temperature(body["temperature"])
        let seed = try CompletionRequest.number(body, "seed")
        self.seed = seed ?? 0
        stop = try CompletionRequest.stops(body["stop"])
        let stream = try CompletionRequest.flag(body, "stream")
        self.stream = stream ?? false
        let options = body["stream_options"] ?? .null
        let includeUsage = try CompletionRequest.flag(options, "include_usage")
        self.includeUsage = includeUsage ?? false
        let answers = try CompletionRequest.number(body, "n")
        guard (answers ?? 1) == 1 else {
            throw Refusal("request.malformed", "`n` must be 1: one answer a request")
        }
    }

    /// A whole number from zero, or nothing; anything else was meant to say something.
    private static func number(_ body: JSON, _ key: String) throws(Refusal) -> UInt64? {
        guard let value = body[key], value != .null else { return nil }
        guard let number = value.unsigned else {
            throw Refusal("request.malformed", "`\(key)` must be a whole number from 0")
        }
        return number
    }

    private static func flag(_ body: JSON, _ key: String) throws(Refusal) -> Bool? {
        guard let value = body[key], value != .null else { return nil }
        guard let flag = value.flag else {
            throw Refusal("request.malformed", "`\(key)` must be true or false")
        }
        return flag
    }

    private static func stops(_ value: JSON?) throws(Refusal) -> [String] {
        let refusal = Refusal("request.malformed", "`stop` is up to 4 texts of 1 to 64 bytes")
        let words: [JSON]
        switch value {
        case nil, .null?: return []
        case .string(let word)?: words = [.string(word)]
        case .array(let list)?: words = list
        default: throw refusal
        }
        let stops = words.compactMap(\.text)
        guard stops.count == words.count, stops.count <= 4,
            stops.allSatisfy({ 1...64 ~= $0.utf8.count })
        else { throw refusal }
        return stops
    }

    private static func text(_ body: JSON) throws(Refusal) -> [UInt8] {
        let prompt = Array(try body.requiredText("prompt").utf8)
        guard !prompt.isEmpty else {
            throw Refusal("request.malformed", "`prompt` must not be empty")
        }
        return prompt
    }

    /// The conversation as plain text, a paragraph a message: the built-in models have no chat
    /// form.
    private static func conversation(_ body: JSON) throws(Refusal) -> [UInt8] {
        guard let messages = body["messages"]?.elements, !messages.isEmpty else {
            throw Refusal("request.malformed", "`messages` must be a list that is not empty")
        }
        var text = ""
        for message in messages {
            guard message["role"]?.text != nil, let content = message["content"]?.text else {
                throw Refusal(
                    "request.malformed", "each message needs a `role` and a text `content`")
            }
            if !text.isEmpty { text += "\n" }
            text += content
        }
        guard !text.isEmpty else { throw Refusal("request.malformed", "the messages are empty") }
        return Array(text.utf8)
    }

    /// A temperature from 0 to 2 with at most six decimals, in millionths.
    private static func temperature(_ value: JSON?) throws(Refusal) -> UInt64 {
        guard let value, value != .null else { return 800_000 }
        guard case .number(let text) = value, let millionths = millionths(text),
            millionths <= 2_000_000
        else { throw Refusal("request.malformed", "`temperature` must be a number from 0 to 2") }
        return millionths
    }

    private static func millionths(_ text: String) -> UInt64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first.flatMap({ UInt64($0) }), whole < 1000 else {
            return nil
        }
        var fraction = parts.count == 2 ? String(parts[1].prefix(6)) : ""
        while fraction.utf8.count < 6 { fraction += "0" }
        return UInt64(fraction).map { whole * 1_000_000 + $0 }
    }

    /// The question as an agent gets it.
    func body(id: Digest, model record: ModelRecord) -> JSON {
        [
            "request": .string(id.hex), "model": .string(model),
            "model_digest": .string(record.digest.hex),
            "prompt": .string(Base64.encode(prompt)), "max_tokens": .int(maximumTokens),
            "temperature_millionths": .int(temperatureMillionths), "seed": .int(seed),
            "stop": .array(stop.map { .string($0) }),
        ]
    }
}
