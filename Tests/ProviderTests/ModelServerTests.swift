// A customer's request at the agent: pieces as they are made, stop texts, and a receipt that the
// agent is bound by.

import Client
import ControlPlane
import Cryptography
import LanguageModel
import Logging
import Platform
import Primitives
import Testing

@testable import Provider

@Suite(.timeLimit(.minutes(1))) struct ModelServerTests {
    private static let parameters = Result { try SmallRun.run(threads: 1).inputs.final }

    private let request = SHA256.hash([7])
    private var path: String { "/api/v1/provider/stream/\(request.hex)" }

    private func question(_ prompt: String, _ more: [JSON.Member] = []) -> JSON {
        let fields: [JSON.Member] = [
            JSON.Member("request", .string(request.hex)), JSON.Member("model", "small"),
            JSON.Member("prompt", .string(Base64.encode(Array(prompt.utf8)))),
            JSON.Member("max_tokens", 40), JSON.Member("temperature_millionths", 800_000),
            JSON.Member("seed", 3),
        ]
        return .object(fields.filter { field in !more.contains { $0.key == field.key } } + more)
    }

    /// What a member receives when the agent is asked, after it offered the model.
    private func answer(_ questions: JSON...) async throws -> (RecordedMember, [JSON]) {
        let member = try RecordedMember()
        let digest = member.hold(try Self.parameters.get())
        try await member.serve { client in
            let folder = try TemporaryFolder(prefix: "althing-serving")
            let settings = AgentSettings(cluster: [], key: member.key, dataFolder: folder.path)
            let server = ModelServer(
                settings: settings, client: client,
                cache: try ObjectCache(folder: folder.path, client: client),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await server.note(genesis: member.genesis)
            await server.offer([["name": "small", "digest": .string(digest.hex)]])
            await server.offer([["name": "small", "digest": .string(digest.hex)]])
            for question in questions { await server.answer(question) { "token" } }
        }
        return (member, member.lines(at: path))
    }

    private func text(_ lines: [JSON]) -> [UInt8] {
        lines.flatMap { $0["text"]?.text.flatMap { Base64.decode($0) } ?? [] }
    }

    /// The text as it is made in one go.
    private func whole(_ prompt: [UInt8], limit: Int) throws -> [UInt8] {
        try Generation.run(
            try ModelParameters(parsing: try Self.parameters.get()), prompt: prompt,
            sampling: try Sampling(temperaturePermille: 800, seed: 3), limit: limit)
    }

    @Test func `a model is offered once`() async throws {
        let (member, _) = try await answer()
        #expect(member.commands == [.offerServing(model: "small", offered: true)])
    }

    @Test(arguments: ["the king", ""])
    func `pieces join as if made in one go`(_ prompt: String) async throws {
        let (_, lines) = try await answer(question(prompt))
        #expect(lines.count == 4)
        #expect(text(lines) == (try whole(Array(prompt.utf8), limit: 40)))
    }

    @Test func `the receipt is signed for what was sent`() async throws {
        let (member, lines) = try await answer(question("the king"))
        let end = try #require(lines.last)
        #expect(end["done"]?.flag == true && end["finish_reason"]?.text == "length")
        #expect(end["prompt_tokens"]?.unsigned == 8 && end["completion_tokens"]?.unsigned == 40)
        let reading = UsageReading(
            request: request, provider: member.key.address, promptTokens: 8, completionTokens: 40,
            completion: SHA256.hash(text(lines)), signature: [])
        let digest = try CommandSigning.receiptDigest(
            reading, genesis: member.genesis, genesisDigest: member.genesis.digest)
        let bytes = try #require(end["signature"]?.text.flatMap { Hex.decode($0) })
        let signature = try RecoverableSignature(bytes)
        #expect(try Secp256k1.recover(digest, signature) == member.key.address)
    }

    @Test func `nothing of a stop text is sent, and what comes after it is not made`() async throws
    {
        let plain = try whole(Array("the king".utf8), limit: 40)
        let start = try #require(plain.firstIndex { 0x21...0x7E ~= $0 })
        let stop = String(UnicodeScalar(plain[start]))
        let (_, lines) = try await answer(
            question("the king", [JSON.Member("stop", [.string(stop), "never said"])]))
        #expect(lines.last?["finish_reason"]?.text == "stop")
        #expect(text(lines) == Array(plain[..<start]))
        #expect(lines.last?["completion_tokens"]?.unsigned == UInt64(start))
    }

    @Test func `what cannot be answered says why`() async throws {
        let (_, lines) = try await answer(
            question("a", [JSON.Member("model", "other")]),
            question("a", [JSON.Member("max_tokens", "many")]),
            question("a", [JSON.Member("temperature_millionths", 101_000_000_000)]),
            ["nothing": "known"])
        #expect(
            lines.map { $0["error"]?.text } == [
                "model.not-loaded", "request.malformed", "generation.sampling",
            ])
    }
}
