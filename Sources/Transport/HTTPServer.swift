// A listening server: accepts, counts, hands connections to their protocol, and shuts down in
// order.

import Glibc
import NIOCore
import NIOPosix
public import Primitives
import Synchronization

/// How a server proves who it is, and whom it asks for proof.
public struct TLSServerSettings: Sendable {
    /// Whether clients show a certificate.
    public enum ClientCertificate: Sendable {
        /// They are not asked.
        case none
        /// They may; a key that is shown must be accepted by the closure.
        case optional(@Sendable (PinnedKey) -> Bool)
        /// They must, and the closure accepts the key.
        case required(@Sendable (PinnedKey) -> Bool)
    }

    /// The server's certificate and key.
    public var identity: TLSIdentity
    /// What is asked of clients.
    public var clientCertificate: ClientCertificate

    /// Makes settings.
    public init(identity: TLSIdentity, clientCertificate: ClientCertificate = .none) {
        self.identity = identity
        self.clientCertificate = clientCertificate
    }

    func makeContext(protocols: [String]) throws(Refusal) -> (TLSContext, TLSVerification) {
        switch clientCertificate {
        case .none:
            let role = TLSContext.Role.server(asksCertificate: false, needsCertificate: false)
            return (try TLSContext(role, identity: identity, protocols: protocols), .none)
        case .optional(let accepts):
            let role = TLSContext.Role.server(asksCertificate: true, needsCertificate: false)
            return (try TLSContext(role, identity: identity, protocols: protocols), .key(accepts))
        case .required(let accepts):
            let role = TLSContext.Role.server(asksCertificate: true, needsCertificate: true)
            return (try TLSContext(role, identity: identity, protocols: protocols), .key(accepts))
        }
    }
}

/// An HTTP server on one port: HTTP/1.1 and HTTP/2, in plaintext or over TLS 1.3.
public final class HTTPServer: Sendable {
    /// Where and how to listen.
    public struct Configuration: Sendable {
        /// The address to listen on: `127.0.0.1`, `::`, `0.0.0.0`.
        public var host: String
        /// The port; zero lets the system choose.
        public var port: Int
        /// TLS, or nil for plaintext.
        public var tls: TLSServerSettings?
        /// Bounds and deadlines.
        public var limits: HTTPLimits
        /// Protocols other than HTTP, by their ALPN names.
        var others: [String: @Sendable (any Channel, PinnedKey?) throws -> Void] = [:]
        /// Hears why a connection ended before it spoke a protocol: a handshake that failed or was
        /// never done, one connection too many.
        var onFault: @Sendable (Refusal) -> Void = { _ in }
        /// Where all connections live; nil spreads them over the process' loops.
        public var loop: TransportLoop?
        /// Whether a responder starts on the connection's loop, for what answers at once. Without
        /// it, it starts on the shared pool, where it may compute and touch the disk.
        public var respondsOnLoop = true
        /// What is answered without a task of its own; see `HTTPDirectResponder`.
        public var direct: HTTPDirectResponder?

        /// Makes a configuration.
        public init(
            host: String = "127.0.0.1", port: Int = 0, tls: TLSServerSettings? = nil,
            limits: HTTPLimits = HTTPLimits()
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.limits = limits
        }
    }

    private let listener: any Channel
    private let connections: ConnectionTable
    /// The port the server listens on.
    public let port: Int

    private init(listener: any Channel, connections: ConnectionTable) {
        self.listener = listener
        self.connections = connections
        port = listener.localAddress?.port ?? 0
    }

    /// Begins to listen. Refuses with `transport.port-in-use` when another program has the port.
    public static func start(
        _ configuration: Configuration, responder: @escaping HTTPResponder
    ) async throws(Refusal) -> HTTPServer {
        let limits = configuration.limits
        let installer = ProtocolInstaller(
            service: HTTPService(
                responder: responder, direct: configuration.direct,
                startsOnLoop: configuration.respondsOnLoop, limits: limits),
            others: configuration.others, onFault: configuration.onFault)
        let protocols = configuration.others.keys.sorted() + ["h2", "http/1.1"]
        let tls = try configuration.tls?.makeContext(protocols: protocols)
        let connections = ConnectionTable(limits)
        let group = MultiThreadedEventLoopGroup.singleton
        let home: any EventLoopGroup = configuration.loop?.loop ?? group
        let bootstrap = ServerBootstrap(group: group, childGroup: home)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.closeSocketOnExec()
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel) else {
                        configuration.onFault(HTTPServer.crowded)
                        return channel.close(promise: nil)
                    }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.closeSocketOnExec()
                    if let (context, verification) = tls {
                        try pipeline.addHandler(TLSHandler(context, verification: verification))
                    }
                    try pipeline.addHandler(
                        ProtocolSelector(installer: installer, isSecure: tls != nil))
                }
            }
        do {
            let host = configuration.host
            let listener = try await bootstrap.bind(host: host, port: configuration.port).get()
            return HTTPServer(listener: listener, connections: connections)
        } catch {
            throw bindRefusal(error, configuration)
        }
    }

    private static let crowded = Refusal(
        "transport.crowded", "there are too many connections, in all or from one address")

    /// Says why a port could not be opened.
    private static func bindRefusal(_ error: any Error, _ configuration: Configuration) -> Refusal {
        let place = "port \(configuration.port) of \(configuration.host)"
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            return Refusal(
                "transport.port-in-use",
                "\(place) is in use by another program: stop it, or choose another port")
        case EACCES:
            return Refusal(
                "transport.port-forbidden",
                "\(place) may not be opened by this user: choose a port above 1023")
        default: return Refusal("transport.listen", "\(place) cannot be opened: \(error)")
        }
    }

    /// How many connections are open.
    public var connectionCount: Int { connections.count }

    /// Stops accepting, lets requests in flight finish for up to `limit`, then closes what is left.
    public func shutdown(within limit: Duration = .seconds(10)) async {
        try? await listener.close()
        let open = connections.closeToNewcomers()
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(DrainRequested()) }
        let force = listener.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            for channel in open { channel.close(promise: nil) }
        }
        for channel in open { try? await channel.closeFuture.get() }
        force.cancel()
    }
}
