// HTTP/1.1 on the client's side, above NIO's encoder and decoder: one request at a time.

import NIOCore
import NIOHTTP1
import Primitives

/// Carries one exchange after the other.
final class HTTP1ClientHandler: ChannelDuplexHandler, ExchangeCarrier {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPClientRequestPart

    private var context: ChannelHandlerContext?
    private var exchange: ClientExchange?
    private var isFirst = true
    private var staysOpen = true
    private var readIsHeld = false
    private var idle: Scheduled<Void>?
    private let idleTimeout: Duration
    private let onClosing: @Sendable () -> Void

    /// `onClosing` is called when no further request may be made.
    init(idleTimeout: Duration, onClosing: @escaping @Sendable () -> Void) {
        self.idleTimeout = idleTimeout
        self.onClosing = onClosing
    }

    func start(_ exchange: ClientExchange) {
        guard let context, self.exchange == nil, staysOpen else {
            return exchange.fail(closedEarly, mayRetry: true)
        }
        idle?.cancel()
        idle = nil
        self.exchange = exchange
        exchange.begin(on: self)
        guard !exchange.isOver else { return }
        let request = exchange.request
        var headers = NIOHTTP1.HTTPHeaders()
        headers.add(name: "host", value: request.url.authority)
        for field in request.headers.fields
        where field.name != "host" && field.name != "content-length" {
            headers.add(name: field.name, value: field.value)
        }
        if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
            headers.add(name: "content-length", value: String(request.body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: .init(rawValue: request.method), uri: request.url.target,
            headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.body.isEmpty {
            let body = context.channel.allocator.buffer(bytes: request.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private let closedEarly = Refusal(
        "transport.unreachable", "the server closed the connection before it answered")

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            var headers = HTTPHeaders()
            for (name, value) in head.headers { headers.add(name, value) }
            staysOpen = head.isKeepAlive
            exchange.receive(ClientHead(status: Int(head.status.code), headers: headers))
        case .body(let bytes): exchange.receive(Array(bytes.readableBytesView))
        case .end: finish(exchange)
        }
    }

    private func finish(_ exchange: ClientExchange) {
        self.exchange = nil
        isFirst = false
        if !staysOpen { onClosing() }
        exchange.finish()
        if staysOpen { waitForNext() } else { context?.close(promise: nil) }
    }

    private func waitForNext() {
        guard let context, exchange == nil else { return }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        idle = context.eventLoop.scheduleTask(in: TimeAmount(idleTimeout)) {
            guard me.value.exchange == nil else { return }
            me.value.staysOpen = false
            me.value.onClosing()
            me.value.context?.close(promise: nil)
        }
    }

    func read(context: ChannelHandlerContext) {
        if let exchange, exchange.pipe.isFull { readIsHeld = true } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave(closedEarly)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        leave(ClientConnector.refusal(error, whenUnknown: "transport.protocol"))
        context.close(promise: nil)
    }

    private func leave(_ refusal: Refusal) {
        onClosing()
        staysOpen = false
        idle?.cancel()
        let exchange = exchange
        self.exchange = nil
        // A connection that was kept for later may have been closed under our feet; only then is
        // it known that the server never saw the request.
        let mayRetry = !isFirst && (exchange?.request.isIdempotent ?? false)
        exchange?.fail(refusal, mayRetry: mayRetry)
    }

    // MARK: ExchangeCarrier

    func cancel(_ exchange: ClientExchange) {
        guard self.exchange === exchange else { return }
        self.exchange = nil
        staysOpen = false
        onClosing()
        context?.close(promise: nil)
    }

    func consumed(_ count: Int, by exchange: ClientExchange) {
        guard readIsHeld, !exchange.pipe.isFull else { return }
        readIsHeld = false
        context?.read()
    }
}
