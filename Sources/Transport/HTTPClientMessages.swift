// What a client sends and gets.

public import Primitives

/// One request to a server.
public struct HTTPClientRequest: Sendable {
    /// `GET`, `POST`, ...
    public var method: String
    /// Where to.
    public var url: HTTPURL
    /// Header fields; `host` and `content-length` are added on sending.
    public var headers: HTTPHeaders
    /// The whole body.
    public var body: [UInt8]
    /// From sending to the response's header; nil waits for ever, as a long poll may.
    public var responseTimeout: Duration? = .seconds(30)
    /// Between two pieces of the response's body; nil waits for ever, as an event stream may.
    public var idleTimeout: Duration? = .seconds(30)
    /// The longest body that `send` collects.
    public var bodyLimit = 64 << 20
    /// The key that the server must prove, instead of what the client's settings say.
    public var pin: PinnedKey?

    /// Makes a request.
    public init(
        method: String = "GET", url: HTTPURL, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// Makes a request to an address given as text.
    public init(
        _ method: String = "GET", _ url: String, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) throws(Refusal) {
        self.init(method: method, url: try HTTPURL(url), headers: headers, body: body)
    }

    /// Whether sending it twice does no more than sending it once (RFC 9110, section 9.2.2).
    var isIdempotent: Bool {
        ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method)
    }
}

/// One complete response.
public struct HTTPClientResponse: Sendable {
    /// 200, 404, ...
    public var status: Int
    /// Header fields.
    public var headers: HTTPHeaders
    /// The whole body.
    public var body: [UInt8]

    /// The body as text; what is not UTF-8 is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// A response whose body is still coming.
public struct HTTPStreamedResponse: Sendable {
    /// 200, 404, ...
    public var status: Int
    /// Header fields.
    public var headers: HTTPHeaders
    /// The body, chunk by chunk. Letting go of it unread ends the request.
    public var body: HTTPBodyStream
}

/// The chunks of a body as they come; one task may read it, once.
///
/// The server is held back while nobody reads. A body that breaks off ends with an error.
public struct HTTPBodyStream: AsyncSequence, Sendable {
    /// A chunk of bytes.
    public typealias Element = [UInt8]
    /// A connection that broke, or fell silent.
    public typealias Failure = Refusal

    /// Ends the request when the last copy of the stream has gone.
    fileprivate final class Hold: Sendable {
        let pipe: BodyPipe
        init(_ pipe: BodyPipe) { self.pipe = pipe }
        deinit { pipe.abandon() }
    }

    private let hold: Hold

    init(_ pipe: BodyPipe) { hold = Hold(pipe) }

    /// Reads chunk by chunk.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let hold: Hold

        /// The next chunk, or nil at the end.
        public mutating func next() async throws(Refusal) -> [UInt8]? { try await hold.pipe.next() }

        /// The next chunk, or nil at the end.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Refusal) -> [UInt8]? { try await hold.pipe.next() }
    }

    /// Begins to read.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(hold: hold) }

    /// All the bytes, if they are no more than `limit`.
    public func collect(upTo limit: Int) async throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await hold.pipe.next() {
            guard bytes.count + chunk.count <= limit else {
                hold.pipe.abandon()
                throw Refusal(
                    "transport.body-too-long", "the response is longer than \(limit) bytes")
            }
            if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
        }
        return bytes
    }
}
