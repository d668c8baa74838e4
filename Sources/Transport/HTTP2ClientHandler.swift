// Puts a client's `HTTP2Session` on a NIO channel.

import CNGHTTP2
import NIOCore
import Primitives

/// Carries many exchanges at once.
final class HTTP2ClientHandler: ChannelInboundHandler, ExchangeCarrier {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    private var session: HTTP2Session?
    private var isReading = false
    private var flushIsScheduled = false
    private var isClosing = false
    private var idle: Scheduled<Void>?
    private let idleTimeout: Duration
    private let onReady: (Int) -> Void
    private let onClosing: @Sendable () -> Void

    /// `onReady` is called with the number of requests the server takes at once; `onClosing`, when
    /// no further request may be made.
    init(
        idleTimeout: Duration, onReady: @escaping (Int) -> Void,
        onClosing: @escaping @Sendable () -> Void
    ) {
        self.idleTimeout = idleTimeout
        self.onReady = onReady
        self.onClosing = onClosing
    }

    func start(_ exchange: ClientExchange) {
        guard let session, context != nil, session.takesRequests, !isClosing else {
            return exchange.fail(HTTP2ClientHandler.refused, mayRetry: true)
        }
        idle?.cancel()
        idle = nil
        exchange.begin(on: self)
        guard !exchange.isOver else { return }
        let request = exchange.request
        do throws(Refusal) {
            let stream = try session.request(
                method: request.method, scheme: request.url.isSecure ? "https" : "http",
                authority: request.url.authority, target: request.url.target,
                headers: request.headers, body: request.body)
            stream.exchange = exchange
            exchange.streamID = stream.id
        } catch {
            return exchange.fail(error, mayRetry: false)
        }
        scheduleFlush()
    }

    private static let refused = Refusal(
        "transport.unreachable", "the server takes no more requests on this connection")

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        do throws(Refusal) {
            session = try HTTP2Session(.client, limits: HTTPLimits())
        } catch { return fail(error) }
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelInactive(context: ChannelHandlerContext) {
        leave(Refusal("transport.unreachable", "the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(ClientConnector.refusal(error, whenUnknown: "transport.protocol"))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let session else { return }
        isReading = true
        let result = unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
            Result { () throws(Refusal) in try session.receive(bytes) }
        }
        if case .failure(let refusal) = result { return fail(refusal) }
        for event in session.takeEvents() { handle(event) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flush() }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Work

    private func handle(_ event: HTTP2Session.Event) {
        switch event {
        case .head(let stream):
            stream.exchange?.receive(ClientHead(status: stream.status, headers: stream.headers))
        case .data(let stream, let bytes):
            if let exchange = stream.exchange, !exchange.isOver {
                exchange.receive(bytes)
            } else {
                session?.consume(stream.id, bytes.count)
            }
        case .ended(let stream):
            stream.exchange?.finish()
        case .closed(let stream, let code): streamClosed(stream, code)
        case .settings: onReady(session?.remoteStreamLimit ?? 1)
        case .goAway: close()
        case .request, .refused: break
        }
    }

    private func streamClosed(_ stream: HTTP2Stream, _ code: UInt32) {
        let reason = String(cString: nghttp2_http2_strerror(code))
        stream.exchange?.fail(
            Refusal("transport.protocol", "the server ended the request: \(reason)"),
            mayRetry: code == NGHTTP2_REFUSED_STREAM.rawValue)
        stream.exchange = nil
        guard let session, session.streams.isEmpty else { return }
        if isClosing {
            context?.close(promise: nil)
        } else {
            closeWhenIdle()
        }
    }

    private func closeWhenIdle() {
        guard let context else { return }
        idle?.cancel()
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        idle = context.eventLoop.scheduleTask(in: TimeAmount(idleTimeout)) { me.value.close() }
    }

    /// Takes no more requests; closes when those in flight are done.
    func close() {
        isClosing = true
        onClosing()
        if session?.streams.isEmpty ?? true { context?.close(promise: nil) }
    }

    private func scheduleFlush() {
        guard !isReading, !flushIsScheduled, let context else { return }
        flushIsScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.flushIsScheduled = false
            self.flush()
        }
    }

    private func flush() {
        guard let session, let context else { return }
        do throws(Refusal) {
            var hasMore = true
            while hasMore, context.channel.isWritable {
                var out = context.channel.allocator.buffer(capacity: 4096)
                hasMore = try session.send(into: &out, limit: 64 << 10)
                guard out.readableBytes > 0 else { break }
                context.writeAndFlush(wrapOutboundOut(out), promise: nil)
            }
        } catch { return fail(error) }
        for event in session.takeEvents() { handle(event) }
        if session.isFinished { context.closeWhenSent() }
    }

    private func fail(_ refusal: Refusal) {
        leave(refusal)
        context?.close(promise: nil)
    }

    private func leave(_ refusal: Refusal) {
        onClosing()
        isClosing = true
        idle?.cancel()
        let streams = session?.streams ?? [:]
        session = nil
        for stream in streams.values {
            let isIdempotent = stream.exchange?.request.isIdempotent ?? false
            stream.exchange?.fail(refusal, mayRetry: isIdempotent && stream.status == 0)
        }
    }

    // MARK: ExchangeCarrier

    func cancel(_ exchange: ClientExchange) {
        guard let session, let stream = session.streams[exchange.streamID] else { return }
        session.reset(stream, .cancel)
        scheduleFlush()
    }

    func consumed(_ count: Int, by exchange: ClientExchange) {
        session?.consume(exchange.streamID, count)
        scheduleFlush()
    }
}
