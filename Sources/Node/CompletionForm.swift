// Answers in the shapes that OpenAI's clients read.

import ControlPlane
import Cryptography
import Primitives

struct CompletionForm {
    let exchange: Gateway.Exchange
    let chat: Bool

    private func envelope(_ object: String, _ rest: [JSON.Member]) -> JSON {
        .object(
            [
                JSON.Member("id", .string((chat ? "chatcmpl-" : "cmpl-") + exchange.id.hex)),
                JSON.Member("object", .string(object)),
                JSON.Member("created", .int(exchange.created)),
                JSON.Member("model", .string(exchange.model.name)),
                JSON.Member("system_fingerprint", .string(exchange.model.digest.contentName)),
            ] + rest)
    }

    private static func tokens(_ end: Gateway.Ending) -> JSON {
        [
            "prompt_tokens": .int(end.promptTokens),
            "completion_tokens": .int(end.completionTokens),
            "total_tokens": .int(end.promptTokens + end.completionTokens),
            "cost": .amount(end.charged),
        ]
    }

    func whole(_ text: String, _ end: Gateway.Ending) -> JSON {
        let choice: JSON =
            chat
            ? [
                "index": 0, "message": ["role": "assistant", "content": .string(text)],
                "finish_reason": .string(end.reason),
            ]
            : ["index": 0, "text": .string(text), "finish_reason": .string(end.reason)]
        return envelope(
            chat ? "chat.completion" : "text_completion",
            [
                JSON.Member("choices", .array([choice])),
                JSON.Member("usage", CompletionForm.tokens(end)),
            ])
    }

    private func chunk(_ choices: [JSON], usage: JSON? = nil) -> JSON {
        var rest = [JSON.Member("choices", .array(choices))]
        if let usage { rest.append(JSON.Member("usage", usage)) }
        return envelope(chat ? "chat.completion.chunk" : "text_completion", rest)
    }

    func opening() -> JSON {
        chunk([
            ["index": 0, "delta": ["role": "assistant", "content": ""], "finish_reason": .null]
        ])
    }

    func piece(_ text: String) -> JSON {
        chunk([
            chat
                ? ["index": 0, "delta": ["content": .string(text)], "finish_reason": .null]
                : ["index": 0, "text": .string(text), "finish_reason": .null]
        ])
    }

    func closing(_ end: Gateway.Ending) -> JSON {
        chunk([
            chat
                ? ["index": 0, "delta": [:], "finish_reason": .string(end.reason)]
                : ["index": 0, "text": "", "finish_reason": .string(end.reason)]
        ])
    }

    func usage(_ end: Gateway.Ending) -> JSON {
        chunk([], usage: CompletionForm.tokens(end))
    }
}
