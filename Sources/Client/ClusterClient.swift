// The API as typed calls: one place where the CLI, agents and tests ask a cluster.
//
// Knows several members and goes on to the next when one cannot be reached. A signed command may be
// sent any number of times: its nonce makes the second time harmless.

public import ControlPlane
public import Cryptography
public import Primitives
import Synchronization
import Transport

/// Asks a cluster.
public final class ClusterClient: Sendable {
    private let origins: [String]
    private let http: HTTPClient
    private let preferred = Mutex<Int>(0)
    private let known = Mutex<Genesis?>(nil)

    /// A client of the members at these origins, `http://host:port`.
    ///
    /// Throws `cluster.no-members` for an empty list.
    public init(origins: [String]) throws(Refusal) {
        guard !origins.isEmpty else {
            throw Refusal(
                "cluster.no-members",
                "no member is named: use --cluster http://host:port or ALTHING_CLUSTER")
        }
        self.origins = origins
        http = try HTTPClient()
    }

    /// Closes idle connections.
    public func close() { http.close() }

    // MARK: Requests

    /// How a request is to be made.
    public struct Options: Sendable {
        /// A bearer token.
        public var token: String?
        /// How long to wait for the answer to begin.
        public var timeout = Duration.seconds(30)

        /// The usual.
        public init(token: String? = nil, timeout: Duration = .seconds(30)) {
            self.token = token
            self.timeout = timeout
        }
    }

    /// A JSON answer; throws the cluster's refusal, or `transport.*` when no member answers.
    public func get(_ path: String, _ options: Options = Options()) async throws(Refusal) -> JSON {
        try ClusterClient.json(try await send("GET", path, body: [], nil, options))
    }

    /// Posts JSON and reads the JSON answer.
    public func post(_ path: String, _ body: JSON, _ options: Options = Options())
        async throws(Refusal) -> JSON
    {
        try ClusterClient.json(
            try await send(
                "POST", path, body: Array(body.compact.utf8), "application/json", options))
    }

    /// Posts bytes and reads the JSON answer.
    public func post(_ path: String, bytes: [UInt8], _ options: Options = Options())
        async throws(Refusal) -> JSON
    {
        try ClusterClient.json(
            try await send("POST", path, body: bytes, "application/x-ndjson", options))
    }

    /// A text or binary answer.
    public func bytes(_ path: String, _ options: Options = Options()) async throws(Refusal)
        -> [UInt8]
    {
        try await send("GET", path, body: [], nil, options)
    }

    /// An object by its digest, checked.
    public func object(_ digest: Digest, _ options: Options = Options()) async throws(Refusal)
        -> [UInt8]
    {
        let bytes = try await bytes("/api/v1/objects/\(digest.hex)", options)
        guard SHA256.hash(bytes) == digest else {
            throw Refusal("object.digest", "the member sent something else than \(digest)")
        }
        return bytes
    }

    /// Uploads an object.
    public func upload(_ bytes: [UInt8], _ options: Options = Options()) async throws(Refusal) {
        let digest = SHA256.hash(bytes)
        _ = try await send(
            "PUT", "/api/v1/objects/\(digest.hex)", body: bytes, "application/octet-stream",
            options)
    }

    /// Whether a failure lies with one member or with the moment, so that asking again may help.
    public static func isPassing(_ refusal: Refusal) -> Bool {
        refusal.code.hasPrefix("transport.")
            || [
                "cluster.no-leader", "cluster.not-leader", "cluster.timeout", "member.stopped",
                "raft.proposal-dropped",
            ].contains(refusal.code)
    }

    /// How long a request waits for a cluster that is electing.
    private static let electionPatience = Duration.seconds(5)

    private func send(
        _ method: String, _ path: String, body: [UInt8], _ contentType: String?,
        _ options: Options
    ) async throws(Refusal) -> [UInt8] {
        let first = preferred.withLock { $0 }
        var failure = Refusal("cluster.unreachable", "no member answers")
        var attempt = 0
        let end = ContinuousClock.now + ClusterClient.electionPatience
        // Every member is tried twice; one that answers that there is no leader yet is given the
        // time of an election.
        while attempt < origins.count * 2
            || (!failure.code.hasPrefix("transport.") && ContinuousClock.now < end)
        {
            let index = (first + attempt) % origins.count
            attempt += 1
            do throws(Refusal) {
                let answer = try await one(
                    origins[index], method, path, body: body, contentType, options)
                preferred.withLock { $0 = index }
                return answer
            } catch {
                guard ClusterClient.isPassing(error), !Task.isCancelled else { throw error }
                failure = error
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        guard failure.code.hasPrefix("transport.") else { throw failure }
        throw Refusal(
            "cluster.unreachable",
            "none of \(origins.joined(separator: ", ")) answers: \(failure.message)")
    }

    private func one(
        _ origin: String, _ method: String, _ path: String, body: [UInt8],
        _ contentType: String?, _ options: Options
    ) async throws(Refusal) -> [UInt8] {
        var request = HTTPClientRequest(
            method: method, url: try HTTPURL(origin + path), body: body)
        if let contentType { request.headers.add("content-type", contentType) }
        if let token = options.token { request.headers.add("authorization", "Bearer \(token)") }
        request.responseTimeout = options.timeout
        let answer = try await http.send(request)
        guard 200..<300 ~= answer.status else {
            throw ClusterClient.refusal(answer.body, status: answer.status)
        }
        return answer.body
    }

    private static func refusal(_ body: [UInt8], status: Int) -> Refusal {
        guard let error = (try? JSON.parse(body))?["error"], let code = error["code"]?.text,
            let message = error["message"]?.text
        else { return Refusal("cluster.answer", "the member answered with status \(status)") }
        return Refusal(code, message, at: error["place"]?.text)
    }

    private static func json(_ bytes: [UInt8]) throws(Refusal) -> JSON { try JSON.parse(bytes) }

    // MARK: Streams

    /// Posts JSON and passes each server-sent event's data on, until the stream ends.
    public func stream(
        _ path: String, _ body: JSON, _ options: Options = Options(),
        _ take: (String) async throws(Refusal) -> Void
    ) async throws(Refusal) {
        let origin = origins[preferred.withLock { $0 } % origins.count]
        var request = HTTPClientRequest(
            method: "POST", url: try HTTPURL(origin + path), body: Array(body.compact.utf8))
        request.headers.add("content-type", "application/json")
        if let token = options.token { request.headers.add("authorization", "Bearer \(token)") }
        request.idleTimeout = .seconds(120)
        let answer = try await http.stream(request)
        guard 200..<300 ~= answer.status else {
            let body = try await answer.body.collect(upTo: 1 << 20)
            throw ClusterClient.refusal(body, status: answer.status)
        }
        var parser = ServerSentEventParser()
        var pieces = answer.body.makeAsyncIterator()
        while let piece = try await pieces.next() {
            for event in try parser.take(piece) { try await take(event.data) }
        }
    }

    // MARK: Commands

    /// The deployment's first state, asked once.
    public func genesis() async throws(Refusal) -> Genesis {
        if let genesis = known.withLock({ $0 }) { return genesis }
        let answer = try await get("/api/v1/genesis")
        guard let bytes = answer["genesis"]?.text.flatMap({ Hex.decode($0) }) else {
            throw Refusal("cluster.answer", "the member's genesis is malformed")
        }
        let genesis = try Genesis(decoding: bytes)
        known.withLock { $0 = genesis }
        return genesis
    }

    /// The nonce an account should use next.
    public func nextNonce(of account: Address) async throws(Refusal) -> UInt64 {
        try await get("/api/v1/accounts/\(account.hex)")["next_nonce"]?.unsigned ?? 1
    }

    /// Signs a command, sends it until it is answered, and gives the receipt.
    ///
    /// Throws the state's refusal. Sending again after a lost answer is safe: same nonce, same
    /// bytes. When another command of the same account took the nonce meanwhile, this one was not
    /// done and never will be under it: it is signed anew.
    public func submit(_ command: AccountCommand, key: Secp256k1PrivateKey) async throws(Refusal)
        -> JSON
    {
        let genesis = try await genesis()
        for _ in 0..<ClusterClient.nonceAttempts {
            let envelope = try CommandSigning.sign(
                command, nonce: try await nextNonce(of: key.address), genesis: genesis, key: key)
            do throws(Refusal) {
                return try await submit(envelope)
            } catch {
                guard ["nonce.conflict", "nonce.too-low"].contains(error.code) else { throw error }
            }
        }
        throw Refusal(
            "nonce.conflict", "other commands of \(key.address) keep taking the next nonce")
    }

    private static let nonceAttempts = 16

    /// Sends a signed command until it is answered.
    public func submit(_ envelope: Envelope) async throws(Refusal) -> JSON {
        let body: JSON = ["envelope": .string(Hex.encode(envelope.encoded))]
        var last = Refusal("cluster.unreachable", "no member answers")
        for attempt in 0..<12 {
            do throws(Refusal) {
                return try await post("/api/v1/commands", body)["receipt"] ?? .null
            } catch {
                guard ClusterClient.isPassing(error) || error.code == "cluster.unreachable" else {
                    throw error
                }
                last = error
            }
            try? await Task.sleep(for: .milliseconds(100 * (attempt + 1)))
        }
        throw last
    }

    /// Hands in commands that others signed, all at once, and gives each one's refusal, or nil.
    ///
    /// Throws when the request as a whole got no answer: then any of them may have been done, and
    /// all of them can be sent again.
    public func submit(batch envelopes: [Envelope]) async throws(Refusal) -> [Refusal?] {
        let texts = envelopes.map { JSON.string(Hex.encode($0.encoded)) }
        let answer = try await post("/api/v1/commands/batch", ["envelopes": .array(texts)])
        guard let answers = answer["answers"]?.elements, answers.count == envelopes.count else {
            throw Refusal("cluster.answer", "the member did not answer each command")
        }
        return answers.map { answer in
            guard answer["accepted"]?.flag != true else { return nil }
            return Refusal(answer["code"]?.text ?? "", answer["message"]?.text ?? "")
        }
    }
}
