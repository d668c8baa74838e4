// `althing ask`: a question to a released model, the answer as it comes.

import ArgumentParser
import Client
import Cryptography
import Platform
import Primitives
import Synchronization
import Terminal

/// `ask`.
struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask", abstract: "Ask a released model.",
        discussion: """
            Paid from the prepaid balance behind the API key; what was used is on record, the \
            text is not.

            Example:
              althing ask kings "In the beginning" --api-key-file key.txt
            """)

    @Argument(help: "The model's name.")
    var model: String

    @Argument(help: "The prompt.")
    var prompt: String

    @Option(
        help: ArgumentHelp(
            "File with the API key, mode 0600; ALTHING_API_KEY_FILE otherwise.",
            valueName: "file"))
    var apiKeyFile: String?

    @Option(help: "The most tokens of the answer.")
    var maxTokens = 128

    @Option(help: "0 always takes the likeliest token; more takes more chances.")
    var temperature: Double?

    @Option(help: "The same seed gives the same answer.")
    var seed: UInt64?

    @OptionGroup var read: ReadOptions

    func run() async throws { try await ask() }

    private func ask() async throws(Refusal) {
        guard let path = apiKeyFile ?? Environment.value("ALTHING_API_KEY_FILE") else {
            throw Refusal("usage.api-key", "give --api-key-file or ALTHING_API_KEY_FILE")
        }
        let key = String(decoding: try PasswordOptions.read(path).exposed(), as: UTF8.self)
        let options = ClusterClient.Options(token: key, timeout: .seconds(120))
        let printer = read.printer
        if printer.format == .json {
            try await whole(options, printer)
        } else {
            try await streamed(options, printer)
        }
    }

    private func body(stream: Bool) -> JSON {
        var members = [
            JSON.Member("model", .string(model)),
            JSON.Member("messages", [["role": "user", "content": .string(prompt)]]),
            JSON.Member("max_tokens", .int(maxTokens)), JSON.Member("stream", .bool(stream)),
        ]
        if let temperature {
            members.append(JSON.Member("temperature", .number(String(temperature))))
        }
        if let seed { members.append(JSON.Member("seed", .int(seed))) }
        if stream { members.append(JSON.Member("stream_options", ["include_usage": true])) }
        return .object(members)
    }

    private func whole(_ options: ClusterClient.Options, _ printer: Output) async throws(Refusal) {
        let answer = try await read.ask { (client) throws(Refusal) in
            try await client.post("/v1/chat/completions", body(stream: false), options)
        }
        printer.show(
            [],
            json: [
                "model": .string(model),
                "text": answer["choices"]?[0]?["message"]?["content"] ?? .null,
                "finish_reason": answer["choices"]?[0]?["finish_reason"] ?? .null,
                "usage": answer["usage"] ?? .null, "id": answer["id"] ?? .null,
            ])
    }

    private func streamed(_ options: ClusterClient.Options, _ printer: Output)
        async throws(Refusal)
    {
        let usage = Mutex<JSON>(.null)
        try await read.ask { (client) throws(Refusal) in
            try await client.stream("/v1/chat/completions", body(stream: true), options) {
                (data) throws(Refusal) in
                guard data != "[DONE]" else { return }
                let chunk = try JSON.parse(data)
                if let error = chunk["error"] {
                    throw Refusal(
                        error["code"]?.text ?? "model.failed",
                        error["message"]?.text ?? "the answer broke off")
                }
                if let text = chunk["choices"]?[0]?["delta"]?["content"]?.text {
                    printer.screen.write(AskCommand.visible(text))
                }
                if let used = chunk["usage"], used != .null { usage.withLock { $0 = used } }
            }
        }
        printer.screen.line()
        let used = usage.withLock { $0 }
        if used != .null {
            printer.errorScreen.line(
                "\(used["prompt_tokens"]?.shown ?? "-") tokens asked,"
                    + " \(used["completion_tokens"]?.shown ?? "-") answered")
        }
    }

    /// A model's text may hold anything: only line ends and tabs reach the terminal as they are.
    private static func visible(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            if character == "\n" || character == "\t" {
                result.unicodeScalars.append(character)
            } else {
                result += Screen.sanitized(String(character))
            }
        }
        return result
    }
}
