// Opens a client's connection: TCP, TLS, and the protocol the server chose.

import NIOCore
import NIOHTTP1
import NIOPosix
import Platform
import Primitives

/// A connection that takes requests.
struct ClientConnection: Sendable {
    /// The handler that carries the exchanges.
    enum Carrier: Sendable {
        case http1(NIOLoopBound<HTTP1ClientHandler>)
        case http2(NIOLoopBound<HTTP2ClientHandler>)
    }

    let channel: any Channel
    let carrier: Carrier
    /// How many requests it takes at once.
    let capacity: Int

    /// Starts an exchange; called on the channel's event loop.
    func start(_ exchange: ClientExchange) {
        switch carrier {
        case .http1(let handler): handler.value.start(exchange)
        case .http2(let handler): handler.value.start(exchange)
        }
    }
}

/// How to open a connection.
struct ClientConnector: Sendable {
    /// TLS for the connection; nil for plaintext.
    var tls: (context: TLSContext, verification: TLSVerification)?
    var connectTimeout: Duration
    var idleTimeout: Duration

    /// Connects; `onClosing` is called when the connection takes no more requests.
    func connect(
        host: String, port: Int, onClosing: @escaping @Sendable () -> Void
    ) async throws(Refusal) -> ClientConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let ready = loop.makePromise(of: ClientConnection.self)
        let deadline = loop.scheduleTask(in: TimeAmount(connectTimeout)) {
            ready.fail(
                Refusal(
                    "transport.timeout",
                    "\(host):\(port) could not be reached within \(connectTimeout)"))
        }
        let connecting = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.closeSocketOnExec()
                    if let tls {
                        try pipeline.addHandler(
                            TLSHandler(tls.context, verification: tls.verification))
                    }
                    let selector = ClientSelector(
                        isSecure: tls != nil, ready: ready, idleTimeout: idleTimeout,
                        onClosing: onClosing)
                    try pipeline.addHandler(selector)
                }
            }
            .connect(host: host, port: port)
        connecting.whenFailure { ready.fail($0) }
        ready.futureResult.whenFailure { _ in
            connecting.whenSuccess { $0.close(promise: nil) }
        }
        defer { deadline.cancel() }
        do {
            return try await ready.futureResult.get()
        } catch {
            let refusal = ClientConnector.refusal(error, whenUnknown: "transport.unreachable")
            throw Refusal(refusal.code, "\(host):\(port): \(refusal.message)")
        }
    }

    /// What a failure of NIO's means to a person.
    static func refusal(_ error: any Error, whenUnknown code: String) -> Refusal {
        switch error {
        case let refusal as Refusal: refusal
        case ChannelError.connectTimeout:
            Refusal("transport.timeout", "no connection within the time allowed")
        case is NIOConnectionError, is IOError:
            Refusal("transport.unreachable", ClientConnector.reason(error))
        case is HTTPParserError: Refusal("transport.protocol", "the answer is not HTTP (\(error))")
        default: Refusal(code, "the connection failed (\(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "the name is not known"
        case let error as IOError: SystemError.sentence(for: error.errnoCode)
        default: "\(error)"
        }
    }
}

/// Waits until a new connection can take requests.
final class ClientSelector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let isSecure: Bool
    private let ready: EventLoopPromise<ClientConnection>
    private let idleTimeout: Duration
    private let onClosing: @Sendable () -> Void

    init(
        isSecure: Bool, ready: EventLoopPromise<ClientConnection>, idleTimeout: Duration,
        onClosing: @escaping @Sendable () -> Void
    ) {
        self.isSecure = isSecure
        self.ready = ready
        self.idleTimeout = idleTimeout
        self.onClosing = onClosing
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { installHTTP1(context) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let established = event as? TLSEstablished else {
            return context.fireUserInboundEventTriggered(event)
        }
        if established.applicationProtocol == "h2" {
            installHTTP2(context)
        } else {
            installHTTP1(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ready.fail(error)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ready.fail(
            Refusal("transport.unreachable", "the server closed the connection at once"))
        context.fireChannelInactive()
    }

    private func installHTTP1(_ context: ChannelHandlerContext) {
        let handler = HTTP1ClientHandler(idleTimeout: idleTimeout, onClosing: onClosing)
        do {
            try context.pipeline.syncOperations.addHandlers(
                HTTPRequestEncoder(),
                ByteToMessageHandler(
                    HTTPResponseDecoder(
                        leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop)),
                handler)
        } catch { return ready.fail(error) }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
        let bound = NIOLoopBound(handler, eventLoop: context.eventLoop)
        ready.succeed(
            ClientConnection(channel: context.channel, carrier: .http1(bound), capacity: 1))
    }

    private func installHTTP2(_ context: ChannelHandlerContext) {
        let channel = context.channel
        let ready = ready
        // The server's settings come first; they say how many requests it takes at once. Until
        // then this handler stays, to hear of a refusal.
        var installed: NIOLoopBound<HTTP2ClientHandler>?
        let handler = HTTP2ClientHandler(
            idleTimeout: idleTimeout,
            onReady: { capacity in
                guard let bound = installed else { return }
                installed = nil
                ready.succeed(
                    ClientConnection(
                        channel: channel, carrier: .http2(bound), capacity: max(1, capacity)))
            },
            onClosing: onClosing)
        installed = NIOLoopBound(handler, eventLoop: context.eventLoop)
        do {
            try context.pipeline.syncOperations.addHandler(handler)
        } catch { ready.fail(error) }
    }
}
