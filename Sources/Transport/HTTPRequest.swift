// A request as a route sees it: complete, whatever version of HTTP brought it.

/// One complete request.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST`, ...: upper case, as sent.
    public var method: String
    /// The target before the question mark, still percent-coded.
    public var path: String
    /// The target after the question mark, still percent-coded; empty without one.
    public var queryText: String
    /// Header fields; the authority of HTTP/2 is found under `host`.
    public var headers: HTTPHeaders
    /// The whole body.
    public var body: [UInt8]
    /// The key of the client's certificate, on a connection authenticated both ways.
    public var peer: PinnedKey?
    /// The client's address, without the port: `192.0.2.7`, `::1`.
    public var remoteAddress: String

    /// Makes a request by hand, as tests do. `target` is a path, with or without a query.
    public init(
        method: String, target: String, headers: HTTPHeaders = [:], body: [UInt8] = [],
        peer: PinnedKey? = nil, remoteAddress: String = ""
    ) {
        self.method = method
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = String(target[..<mark])
            queryText = String(target[target.utf8.index(after: mark)...])
        } else {
            path = target
            queryText = ""
        }
        self.headers = headers
        self.body = body
        self.peer = peer
        self.remoteAddress = remoteAddress
    }

    /// The parameters after the question mark.
    public var query: HTTPQuery { HTTPQuery(parsing: queryText) }

    /// The decoded parts of the path between slashes, empty ones left out; nil when an escape is
    /// broken. A slash that was escaped stays inside its part.
    public var pathSegments: [String]? {
        var segments: [String] = []
        for part in path.split(separator: "/") {
            guard let segment = PercentCoding.decode(part) else { return nil }
            segments.append(segment)
        }
        return segments
    }
}

/// What answers requests. It starts on the connection's event loop and must not block it: what
/// takes long suspends or hops to an actor of its own.
public typealias HTTPResponder = @Sendable (HTTPRequest) async -> HTTPResponse

/// Answers requests that are worth no task: it gives false for those that are not its own, and
/// calls the closure once, now or later, from any thread, for those that are. It must not block,
/// and cannot learn that the client has gone.
public typealias HTTPDirectResponder =
    @Sendable (HTTPRequest, @escaping @Sendable (HTTPResponse) -> Void) -> Bool
