// Puts a server's `HTTP2Session` on a NIO channel.

import CNGHTTP2
import NIOCore
import Primitives

/// Requests up to the responder, responses down to the socket, one write a turn of the loop.
final class HTTP2ServerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let writeSize = 64 << 10

    private let service: HTTPService
    private let peer: PinnedKey?
    private var session: HTTP2Session?
    private var context: ChannelHandlerContext?
    private var remoteAddress = ""
    private var date = HTTPDate()
    private var isReading = false
    private var flushIsScheduled = false
    private var isDraining = false
    private var isClosing = false
    private var idleTicks: UInt32 = 0
    private var blockedTicks: UInt32 = 0
    private var ticker: RepeatedTask?

    init(service: HTTPService, peer: PinnedKey?) {
        self.service = service
        self.peer = peer
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        remoteAddress = plainAddress(context.remoteAddress)
        do throws(Refusal) {
            session = try HTTP2Session(.server, limits: service.limits)
        } catch { return fail(error) }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let interval = TimeAmount(service.limits.tick)
        ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            _ in me.value.tick()
        }
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) { tearDown() }

    func channelInactive(context: ChannelHandlerContext) {
        tearDown()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let session else { return }
        isReading = true
        idleTicks = 0
        do throws(Refusal) {
            try receive(unwrapInboundIn(data), session)
        } catch { return fail(error) }
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

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is DrainRequested else { return context.fireUserInboundEventTriggered(event) }
        isDraining = true
        session?.goAway()
        flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func tearDown() {
        ticker?.cancel()
        ticker = nil
        let streams = session?.streams ?? [:]
        session = nil
        context = nil
        for stream in streams.values {
            stream.task?.cancel()
            if case .pipe(let pipe) = stream.source { pipe.abandon() }
        }
    }

    // MARK: Work

    private func receive(_ bytes: ByteBuffer, _ session: HTTP2Session) throws(Refusal) {
        let result = bytes.withUnsafeReadableBytes { bytes in
            Result { () throws(Refusal) in try session.receive(bytes) }
        }
        try result.get()
    }

    private func handle(_ event: HTTP2Session.Event) {
        switch event {
        case .request(let stream): answer(stream)
        case .refused(let stream, let status):
            respond(stream.id, HTTPResponse(status: status, text: "\(status)\n"), nil)
        case .closed(let stream, _): stream.task?.cancel()
        case .head, .data, .ended, .settings, .goAway: break
        }
    }

    private func answer(_ stream: HTTP2Stream) {
        guard let context, !stream.isGone else { return }
        let request = stream.takeRequest(peer: peer, remoteAddress: remoteAddress)
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let id = stream.id
        stream.task = service.start(
            request, on: context.eventLoop,
            deliver: { me.value.respond(id, $0, $1) },
            onReadable: { me.value.resume(id) })
    }

    private func respond(_ id: Int32, _ response: HTTPResponse, _ pipe: BodyPipe?) {
        guard let session else {  // the connection is gone
            pipe?.abandon()
            return
        }
        let source: HTTP2Stream.Source
        switch response.body {
        case .bytes(let bytes): source = .bytes(bytes, sent: 0)
        case .stream: source = pipe.map { .pipe($0) } ?? .none
        }
        do throws(Refusal) {
            try session.respond(
                to: id, status: response.status, headers: response.headers, date: date.now(),
                source: source)
        } catch { return fail(error) }
        idleTicks = 0
        scheduleFlush()
    }

    private func resume(_ id: Int32) {
        session?.resume(id)
        scheduleFlush()
    }

    private func tick() {
        guard let session, let context else { return }
        let limits = service.limits
        session.tick()
        idleTicks = session.streams.isEmpty ? idleTicks + 1 : 0
        blockedTicks = context.channel.isWritable ? 0 : blockedTicks + 1
        if blockedTicks > limits.ticks(limits.stallTimeout) {
            return context.close(promise: nil)
        }
        if idleTicks > limits.ticks(limits.idleTimeout), !isDraining {
            isDraining = true
            session.goAway()
        }
        flush()
        for event in self.session?.takeEvents() ?? [] { handle(event) }
    }

    /// One write for all the answers of this turn of the loop.
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
                hasMore = try session.send(into: &out, limit: HTTP2ServerHandler.writeSize)
                guard out.readableBytes > 0 else { break }
                context.writeAndFlush(wrapOutboundOut(out), promise: nil)
            }
        } catch { return fail(error) }
        for event in session.takeEvents() { handle(event) }
        let isDone = isDraining && session.streams.isEmpty && !session.wantsToSend
        if !isClosing, session.isFinished || isDone {
            isClosing = true
            context.closeWhenSent()
        }
    }

    private func fail(_ refusal: Refusal) {
        context?.fireErrorCaught(refusal)
        context?.close(promise: nil)
    }
}
