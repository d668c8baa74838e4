// The client: one value that keeps its connections and sends requests over them.

import NIOCore
public import Primitives

/// How a client decides that a server is the right one.
public enum ServerTrust: Sendable {
    /// By an authority that the system trusts.
    case system
    /// By its Ed25519 key, accepted by the closure.
    case key(@Sendable (PinnedKey) -> Bool)
}

/// Sends requests: HTTP/1.1 to `http` addresses, HTTP/2 (or 1.1, as the server likes) over TLS 1.3
/// to `https` addresses.
public final class HTTPClient: Sendable {
    /// Settings of a client.
    public struct Configuration: Sendable {
        /// Which servers are trusted; a request's own `pin` goes before it.
        public var trust: ServerTrust
        /// The certificate shown to servers that ask for one.
        public var identity: TLSIdentity?
        /// From resolving the name to the end of the TLS handshake.
        public var connectTimeout = Duration.seconds(10)
        /// A connection with nothing in flight is closed after this.
        public var idleTimeout = Duration.seconds(60)

        /// Makes settings.
        public init(trust: ServerTrust = .system, identity: TLSIdentity? = nil) {
            self.trust = trust
            self.identity = identity
        }
    }

    /// A request is tried again when the server cannot have acted on it, this often in all.
    private static let attemptLimit = 3

    private let configuration: Configuration
    private let pool = ClientPool()
    private let keyContext: TLSContext
    private let systemContext: TLSContext

    /// Makes a client. Connections are opened as they are needed.
    public init(_ configuration: Configuration = Configuration()) throws(Refusal) {
        self.configuration = configuration
        let protocols = ["h2", "http/1.1"]
        keyContext = try TLSContext(
            .clientOfKey, identity: configuration.identity, protocols: protocols)
        systemContext = try TLSContext(
            .clientOfSystem, identity: configuration.identity, protocols: protocols)
    }

    deinit { pool.close() }

    /// Closes every connection; requests in flight fail.
    public func close() { pool.close() }

    /// Sends a request and collects the response.
    ///
    /// Refuses with `transport.unreachable`, `transport.timeout`, `transport.tls-untrusted`,
    /// `transport.protocol`, `transport.body-too-long` or `transport.cancelled`; a status of 400
    /// and above is an answer like any other.
    public func send(_ request: HTTPClientRequest) async throws(Refusal) -> HTTPClientResponse {
        let response = try await stream(request)
        let body = try await response.body.collect(upTo: request.bodyLimit)
        return HTTPClientResponse(status: response.status, headers: response.headers, body: body)
    }

    /// Sends a request and gives the response as soon as its header is here.
    public func stream(_ request: HTTPClientRequest) async throws(Refusal) -> HTTPStreamedResponse {
        let url = request.url
        let origin = Origin(
            isSecure: url.isSecure, host: url.host, port: url.port, pin: request.pin)
        let connector = connector(for: request)
        var attempt = 1
        while true {
            let lease = try await pool.acquire(origin) { onClosing throws(Refusal) in
                try await connector.connect(host: url.host, port: url.port, onClosing: onClosing)
            }
            let (outcome, body) = await HTTPClient.perform(request, lease)
            switch outcome {
            case .head(let head):
                return HTTPStreamedResponse(
                    status: head.status, headers: head.headers, body: HTTPBodyStream(body))
            case .failed(let refusal, let mayRetry):
                attempt += 1
                guard mayRetry, attempt <= HTTPClient.attemptLimit else { throw refusal }
            }
        }
    }

    private func connector(for request: HTTPClientRequest) -> ClientConnector {
        var connector = ClientConnector(
            tls: nil, connectTimeout: configuration.connectTimeout,
            idleTimeout: configuration.idleTimeout)
        guard request.url.isSecure else { return connector }
        switch (request.pin, configuration.trust) {
        case (let pin?, _): connector.tls = (keyContext, .key { $0 == pin })
        case (nil, .key(let accepts)): connector.tls = (keyContext, .key(accepts))
        case (nil, .system):
            connector.tls = (systemContext, .system(host: request.url.host))
        }
        return connector
    }

    /// Runs a request on a connection up to the response's header.
    private static func perform(
        _ request: HTTPClientRequest, _ lease: ConnectionLease
    ) async -> (ExchangeOutcome, BodyPipe) {
        let connection = lease.connection
        let loop = connection.channel.eventLoop
        let exchange = NIOLoopBoundBox<ClientExchange?>.makeEmptyBox(eventLoop: loop)
        let pipe = BodyPipe(onSpace: { count in
            loop.execute { exchange.value?.readerTook(count) }
        })
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                loop.execute {
                    let started = ClientExchange(
                        request, pipe: pipe, on: loop, waiter: waiter, onEnd: lease.release)
                    exchange.value = started
                    connection.start(started)
                }
            }
        } onCancel: {
            pipe.abandon()
        }
        return (outcome, pipe)
    }
}
