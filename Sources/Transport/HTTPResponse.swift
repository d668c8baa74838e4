// A response: status, header fields, and a body that is at hand or produced while it is read.

public import Primitives

/// One response.
public struct HTTPResponse: Sendable {
    /// What follows the header.
    public enum Body: Sendable {
        /// All of it, at hand; its length is announced.
        case bytes([UInt8])
        /// Produced while the client reads: the producer suspends when the client is slow, and its
        /// `write` throws once the client has gone. The body ends when the producer returns.
        case stream(@Sendable (HTTPBodyWriter) async throws(Refusal) -> Void)
    }

    /// 200, 404, ...
    public var status: Int
    /// Header fields; `content-length` and `date` are added on sending.
    public var headers: HTTPHeaders
    /// The body.
    public var body: Body

    /// Makes a response.
    public init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Makes a response of text.
    public init(status: Int, contentType: String = "text/plain; charset=utf-8", text: String) {
        self.init(
            status: status, headers: ["content-type": contentType], body: .bytes(Array(text.utf8)))
    }

    /// A stream of server-sent events.
    public static func events(
        _ produce: @escaping @Sendable (HTTPBodyWriter) async throws(Refusal) -> Void
    ) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: ["content-type": "text/event-stream", "cache-control": "no-store"],
            body: .stream(produce))
    }

    /// Whether a status forbids a body (RFC 9110, section 6.4.1).
    static func hasNoBody(status: Int) -> Bool {
        status < 200 || status == 204 || status == 304
    }
}

/// Where the producer of a streamed body writes.
public struct HTTPBodyWriter: Sendable {
    let pipe: BodyPipe

    /// Hands bytes to the connection. Suspends while the client is more than a buffer behind, and
    /// throws `transport.closed` when it has gone away.
    public func write(_ bytes: [UInt8]) async throws(Refusal) { try await pipe.write(bytes) }

    /// Writes text.
    public func write(_ text: String) async throws(Refusal) { try await write(Array(text.utf8)) }

    /// Writes one server-sent event.
    public func write(_ event: ServerSentEvent) async throws(Refusal) {
        try await write(Array(event.text.utf8))
    }
}
