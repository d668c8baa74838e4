import Primitives

@testable import Transport

/// Identities made from a byte.
func identity(_ byte: UInt8) throws -> TLSIdentity {
    try TLSIdentity(seed: [UInt8](repeating: byte, count: 32))
}

func key(_ byte: UInt8) throws -> PinnedKey {
    guard let key = try identity(byte).publicKey else { throw Refusal("test", "no key") }
    return key
}

/// Answers with what it was asked.
let echo: HTTPResponder = { request in
    var headers: HTTPHeaders = ["content-type": "text/plain"]
    if let peer = request.peer { headers["x-peer"] = peer.description }
    headers["x-host"] = request.headers["Host"]
    headers["x-method"] = request.method
    headers["x-query"] = request.queryText
    let body = request.body.isEmpty ? Array(request.path.utf8) : request.body
    return HTTPResponse(status: 200, headers: headers, body: .bytes(body))
}

/// A server that lives as long as a test's closure.
func withServer<Value>(
    tls: TLSServerSettings? = nil, limits: HTTPLimits = HTTPLimits(),
    _ responder: @escaping HTTPResponder = echo,
    _ body: (HTTPServer) async throws -> Value
) async throws -> Value {
    let server = try await HTTPServer.start(
        HTTPServer.Configuration(tls: tls, limits: limits), responder: responder)
    do {
        let value = try await body(server)
        await server.shutdown(within: .seconds(5))
        return value
    } catch {
        await server.shutdown(within: .zero)
        throw error
    }
}

/// The address of a path on a server.
func address(_ server: HTTPServer, _ path: String, secure: Bool = false) throws -> HTTPURL {
    try HTTPURL("\(secure ? "https" : "http")://127.0.0.1:\(server.port)\(path)")
}

/// The code of the refusal that `work` ends with; "none" when it succeeds.
func code<Value>(_ work: () async throws -> Value) async -> String {
    do {
        _ = try await work()
        return "none"
    } catch let refusal as Refusal {
        return refusal.code
    } catch {
        return "\(error)"
    }
}
