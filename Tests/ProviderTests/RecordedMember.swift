// A member as agents see it: objects to fetch, commands that are accepted, a stream to answer on.

import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Synchronization
import Transport

/// Answers an agent and keeps what it was sent.
final class RecordedMember: Sendable {
    let genesis: Genesis
    let key: Secp256k1PrivateKey
    private let objects = Mutex<[String: [UInt8]]>([:])
    private let fetched = Mutex<[String: Int]>([:])
    private let posted = Mutex<[(path: String, line: JSON)]>([])
    private let orders = Mutex<[AccountCommand]>([])

    init() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        genesis = try Genesis(
            parsing: try Files.readText("\(root)/Deploy/genesis.yaml"), name: "genesis.yaml",
            timings: .production, timestamp: Timestamp(milliseconds: 1_700_000_000_000))
        var seed = [UInt8](repeating: 5, count: 32)
        key = try Secp256k1PrivateKey(SecretBytes(consuming: &seed))
    }

    /// Holds an object under the digest of other bytes, or its own.
    @discardableResult
    func hold(_ bytes: [UInt8], as digest: Digest? = nil) -> Digest {
        let digest = digest ?? SHA256.hash(bytes)
        objects.withLock { $0[digest.hex] = bytes }
        return digest
    }

    /// How often an object was asked for.
    func fetches(of digest: Digest) -> Int { fetched.withLock { $0[digest.hex] ?? 0 } }

    /// The lines that were posted to a path, in order.
    func lines(at path: String) -> [JSON] {
        posted.withLock { $0.filter { $0.path == path }.map(\.line) }
    }

    /// The commands that were sent.
    var commands: [AccountCommand] { orders.withLock { $0 } }

    /// Serves while `body` runs with a client.
    func serve<Value>(_ body: (ClusterClient) async throws -> Value) async throws -> Value {
        let server = try await HTTPServer.start(HTTPServer.Configuration()) { self.answer($0) }
        let client = try ClusterClient(origins: ["http://127.0.0.1:\(server.port)"])
        do {
            let value = try await body(client)
            client.close()
            await server.shutdown(within: .zero)
            return value
        } catch {
            client.close()
            await server.shutdown(within: .zero)
            throw error
        }
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let objectPath = "/api/v1/objects/"
        if request.path.hasPrefix(objectPath) {
            let name = String(request.path.dropFirst(objectPath.count))
            fetched.withLock { $0[name, default: 0] += 1 }
            guard let bytes = objects.withLock({ $0[name] }) else {
                return HTTPResponse(
                    status: 404, contentType: "application/json",
                    text: #"{"error":{"code":"object.unknown","message":"no such object"}}"#)
            }
            return HTTPResponse(status: 200, body: .bytes(bytes))
        }
        let json = (try? JSON.parse(request.body)) ?? .null
        switch request.path {
        case "/api/v1/genesis":
            return HTTPResponse(
                status: 200, text: #"{"genesis":"\#(Hex.encode(genesis.encoded))"}"#)
        case "/api/v1/commands":
            if let bytes = json["envelope"]?.text.flatMap({ Hex.decode($0) }),
                case .account(let envelope)? = try? Envelope(decoding: bytes)
            {
                orders.withLock { $0.append(envelope.command) }
            }
            return HTTPResponse(status: 200, text: #"{"receipt":{"accepted":true}}"#)
        case let path where path.hasPrefix("/api/v1/provider/stream/"):
            posted.withLock { $0.append((path, json)) }
            return HTTPResponse(status: 200, text: "{}")
        default: return HTTPResponse(status: 200, text: #"{"next_nonce":1}"#)
        }
    }
}
