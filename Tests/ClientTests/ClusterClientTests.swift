// The client against servers that answer as members do, well and badly.

import ControlPlane
import Cryptography
import Platform
import Primitives
import Synchronization
import Testing
import Transport

@testable import Client

@Suite(.timeLimit(.minutes(1))) struct ClusterClientTests {
    /// Serves while `body` runs.
    private func withMember<Value>(
        _ responder: @escaping HTTPResponder, _ body: (String) async throws -> Value
    ) async throws -> Value {
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(), responder: responder)
        do {
            let value = try await body("http://127.0.0.1:\(server.port)")
            await server.shutdown(within: .zero)
            return value
        } catch {
            await server.shutdown(within: .zero)
            throw error
        }
    }

    private func refusal<Value>(_ work: () async throws(Refusal) -> Value) async -> Refusal? {
        do throws(Refusal) {
            _ = try await work()
            return nil
        } catch {
            return error
        }
    }

    private static func refused(_ code: String, status: Int) -> HTTPResponse {
        HTTPResponse(
            status: status, contentType: "application/json",
            text: #"{"error":{"code":"\#(code)","message":"a sentence","place":"line 3"}}"#)
    }

    @Test func `a client needs a member`() async {
        let found = await refusal { () async throws(Refusal) in try ClusterClient(origins: []) }
        #expect(found?.code == "cluster.no-members")
    }

    @Test func `nobody there is said with every name`() async throws {
        let client = try ClusterClient(origins: ["http://127.0.0.1:1", "http://127.0.0.1:2"])
        defer { client.close() }
        let found = await refusal { () async throws(Refusal) in try await client.get("/") }
        #expect(found?.code == "cluster.unreachable")
        #expect(found?.message.contains("http://127.0.0.1:1, http://127.0.0.1:2") == true)
    }

    @Test func `the next member is asked when the first is not there`() async throws {
        try await withMember({ _ in HTTPResponse(status: 200, text: "{}") }) { origin in
            let client = try ClusterClient(origins: ["http://127.0.0.1:1", origin])
            defer { client.close() }
            _ = try await client.get("/")
            #expect(try await client.get("/") == [:])
        }
    }

    @Test func `a refusal arrives whole`() async throws {
        try await withMember({ _ in Self.refused("vote.closed", status: 409) }) { origin in
            let client = try ClusterClient(origins: [origin])
            defer { client.close() }
            let found = await refusal { () async throws(Refusal) in try await client.get("/") }
            #expect(found == Refusal("vote.closed", "a sentence", at: "line 3"))
        }
    }

    @Test(arguments: ["", "<html>", #"{"error":"x"}"#])
    func `an answer that is no member's is named by its status`(_ body: String) async throws {
        try await withMember({ _ in HTTPResponse(status: 500, text: body) }) { origin in
            let client = try ClusterClient(origins: [origin])
            defer { client.close() }
            let found = await refusal { () async throws(Refusal) in try await client.get("/") }
            #expect(found?.code == "cluster.answer")
            #expect(found?.message.contains("500") == true)
        }
    }

    @Test func `what passes is asked again`() async throws {
        let count = Counter()
        try await withMember({ _ in
            count.next() == 1
                ? Self.refused("cluster.no-leader", status: 503)
                : HTTPResponse(status: 200, text: #"{"n":2}"#)
        }) { origin in
            let client = try ClusterClient(origins: [origin])
            defer { client.close() }
            #expect(try await client.get("/")["n"]?.unsigned == 2)
        }
    }

    @Test func `an object that is another is refused`() async throws {
        try await withMember({ _ in HTTPResponse(status: 200, text: "other") }) { origin in
            let client = try ClusterClient(origins: [origin])
            defer { client.close() }
            let wanted = SHA256.hash(Array("this".utf8))
            let found = await refusal { () async throws(Refusal) in
                try await client.object(wanted)
            }
            #expect(found?.code == "object.digest")
            let right = SHA256.hash(Array("other".utf8))
            #expect(try await client.object(right) == Array("other".utf8))
        }
    }

    @Test func `a command whose nonce was taken is signed anew`() async throws {
        let genesis = try genesis()
        let asked = Counter()
        let nonces = Mutex<[UInt64]>([])
        let responder: HTTPResponder = { request in
            switch request.path {
            case "/api/v1/genesis":
                return HTTPResponse(
                    status: 200, text: #"{"genesis":"\#(Hex.encode(genesis.encoded))"}"#)
            case "/api/v1/commands":
                guard let text = (try? JSON.parse(request.body))?["envelope"]?.text,
                    let bytes = Hex.decode(text),
                    case .account(let envelope)? = try? Envelope(decoding: bytes)
                else { return Self.refused("request.malformed", status: 400) }
                nonces.withLock { $0.append(envelope.nonce) }
                return envelope.nonce < 3
                    ? Self.refused("nonce.conflict", status: 409)
                    : HTTPResponse(status: 200, text: #"{"receipt":{"accepted":true}}"#)
            default: return HTTPResponse(status: 200, text: "{\"next_nonce\":\(asked.next())}")
            }
        }
        try await withMember(responder) { origin in
            let client = try ClusterClient(origins: [origin])
            defer { client.close() }
            var seed = [UInt8](repeating: 5, count: 32)
            let key = try Secp256k1PrivateKey(SecretBytes(consuming: &seed))
            let receipt = try await client.submit(
                .transfer(asset: "CREDIT", to: key.address, amount: Amount(1), memo: ""), key: key)
            #expect(receipt["accepted"]?.flag == true)
        }
        #expect(nonces.withLock { $0 } == [1, 2, 3])
    }

    @Test func `events of a stream are passed on until it ends`() async throws {
        let responder: HTTPResponder = { request in
            guard request.body == Array(#"{"q":1}"#.utf8) else {
                return Self.refused("key.unknown", status: 401)
            }
            return .events { writer throws(Refusal) in
                for data in ["one", "two", "[DONE]"] {
                    try await writer.write(ServerSentEvent(data: data))
                }
            }
        }
        try await withMember(responder) { origin in
            let client = try ClusterClient(origins: [origin])
            defer { client.close() }
            var taken: [String] = []
            try await client.stream("/", ["q": 1]) { (data) throws(Refusal) in taken.append(data) }
            #expect(taken == ["one", "two", "[DONE]"])
            let found = await refusal { () async throws(Refusal) in
                try await client.stream("/", ["q": 2]) { (_) throws(Refusal) in }
            }
            #expect(found?.code == "key.unknown")
        }
    }

    private func genesis() throws(Refusal) -> Genesis {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        return try Genesis(
            parsing: try Files.readText("\(root)/Deploy/genesis.yaml"), name: "genesis.yaml",
            timings: .production, timestamp: Timestamp(milliseconds: 1_700_000_000_000))
    }
}

/// Counts calls from any thread.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    /// One more than before.
    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
