// HTTP/1.1 on the server's side, above NIO's decoder: one request at a time, collected, answered.
//
// NIO's pipelining handler above the decoder holds later requests back until the answer is out. A
// client that closes even its sending half has gone: what it waited for is cancelled.

import NIOCore
import NIOHTTP1
import Primitives

/// Requests up to the responder, responses down to the encoder.
final class HTTP1ServerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        /// Between requests.
        case idle
        /// A request is coming in.
        case receiving(HTTPRequestHead, [UInt8])
        /// A request is whole, and the responder is at work or its body is being sent.
        case answering(keepsAlive: Bool, isHead: Bool)
        /// The last bytes are on their way out, and nothing more is read.
        case closing
        /// They are out, and what still comes is thrown away.
        case lingering
    }

    /// How long what a refused client still sends is thrown away.
    private static let lingering = Duration.seconds(2)

    private static let pieceSize = 64 << 10

    private let service: HTTPService
    private let peer: PinnedKey?
    private var context: ChannelHandlerContext?
    private var remoteAddress = ""
    private var phase = Phase.idle
    private var task: Task<Void, Never>?
    private var pipe: BodyPipe?
    /// What is left of a body that was at hand.
    private var rest = ByteBuffer()
    private var date = HTTPDate()
    private var isDraining = false
    private var isRefused = false
    /// Counts answers, so that one that comes late is not taken for another's.
    private var turn = 0
    private var phaseTicks: UInt32 = 0
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
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let interval = TimeAmount(service.limits.tick)
        ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            _ in me.value.tick()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { tearDown() }

    func channelInactive(context: ChannelHandlerContext) {
        tearDown()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), phase) {
        case (.head(let head), .idle): begin(head)
        case (.body(let bytes), .receiving(let head, var body)):
            phase = .idle  // lets go of the array, so that appending does not copy it
            if body.count + bytes.readableBytes > service.limits.bodyBytes {
                return refuse(413)
            }
            bytes.withUnsafeReadableBytes { body.append(contentsOf: $0) }
            phase = .receiving(head, body)
        case (.end, .receiving(let head, let body)): answer(head, body)
        default: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            sendRest()
            sendBody()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is DrainRequested {
            isDraining = true
            if case .idle = phase { context.close(promise: nil) }
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch phase {
        case .idle where error is HTTPParserError: refuse(400)
        case .receiving where error is HTTPParserError: refuse(400)
        default: context.close(promise: nil)
        }
    }

    private func tearDown() {
        ticker?.cancel()
        ticker = nil
        context = nil
        task?.cancel()
        task = nil
        pipe?.abandon()
        pipe = nil
        phase = .closing
    }

    // MARK: Requests

    private func begin(_ head: HTTPRequestHead) {
        phaseTicks = 0
        let size = head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        guard size <= service.limits.headerBytes else { return refuse(431) }
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard announced <= service.limits.bodyBytes else { return refuse(413) }
        var body: [UInt8] = []
        body.reserveCapacity(min(announced, 1 << 20))
        phase = .receiving(head, body)
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            let interim = HTTPResponseHead(version: .http1_1, status: .continue)
            context?.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8]) {
        guard let context else { return }
        var headers = HTTPHeaders()
        for (name, value) in head.headers { headers.add(name, value) }
        let request = HTTPRequest(
            method: head.method.rawValue, target: head.uri, headers: headers, body: body,
            peer: peer, remoteAddress: remoteAddress)
        phase = .answering(keepsAlive: head.isKeepAlive, isHead: head.method == .HEAD)
        phaseTicks = 0
        turn += 1
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let mine = turn
        let started = service.start(
            request, on: context.eventLoop,
            deliver: { response, pipe in
                guard me.value.turn == mine else {
                    pipe?.abandon()
                    return
                }
                me.value.respond(response, pipe)
            },
            onReadable: { if me.value.turn == mine { me.value.sendBody() } })
        if case .answering = phase, turn == mine { task = started }
    }

    private func refuse(_ status: Int) {
        // The rest of the request is thrown away, so the connection cannot be used again. It is
        // still read for a while: to close over unread bytes would destroy the answer on its way.
        isRefused = true
        phase = .answering(keepsAlive: false, isHead: false)
        turn += 1
        respond(HTTPResponse(status: status, text: "\(status)\n"), nil)
    }

    // MARK: Responses

    private func respond(_ response: HTTPResponse, _ pipe: BodyPipe?) {
        guard let context, case .answering(let keepsAlive, let isHead) = phase else {
            pipe?.abandon()
            return
        }
        var headers = NIOHTTP1.HTTPHeaders()
        for field in response.headers.fields where !isOfConnection(field.name) {
            headers.add(name: field.name, value: field.value)
        }
        headers.add(name: "date", value: date.now())
        if !keepsAlive || isDraining { headers.add(name: "connection", value: "close") }
        let mayHaveBody = !HTTPResponse.hasNoBody(status: response.status)
        if case .bytes(let bytes) = response.body, mayHaveBody {
            headers.add(name: "content-length", value: String(bytes.count))
        }
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        guard mayHaveBody, !isHead else {
            pipe?.abandon()
            return finish()
        }
        switch response.body {
        case .bytes(let bytes):
            if bytes.count <= HTTP1ServerHandler.pieceSize {
                let body = context.channel.allocator.buffer(bytes: bytes)
                context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
                return finish()
            }
            rest = context.channel.allocator.buffer(bytes: bytes)
            sendRest()
        case .stream:
            self.pipe = pipe
            context.flush()
            sendBody()
        }
    }

    /// Sends a long body piece by piece, so that a slow client is told from one that has stopped.
    private func sendRest() {
        while rest.readableBytes > 0, let context, context.channel.isWritable {
            let count = min(rest.readableBytes, HTTP1ServerHandler.pieceSize)
            guard let piece = rest.readSlice(length: count) else { return }
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
            if rest.readableBytes == 0 { finish() }
        }
    }

    /// Sends what the producer has ready, as far as the socket takes it.
    private func sendBody() {
        while let pipe, let context, context.channel.isWritable {
            var bytes = context.channel.allocator.buffer(capacity: 16 << 10)
            var taken = BodyPipe.Taken.empty
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: 16 << 10) { space in
                taken = pipe.take(into: space)
                if case .bytes(let count) = taken { return count }
                return 0
            }
            switch taken {
            case .bytes:
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
            case .empty: return
            case .end:
                self.pipe = nil
                finish()
            case .failed:  // cut off, so that the client sees that something is missing
                context.close(promise: nil)
            }
        }
    }

    private func finish() {
        guard let context, case .answering(let keepsAlive, _) = phase else { return }
        task = nil
        turn += 1
        phaseTicks = 0
        if keepsAlive && !isDraining {
            phase = .idle
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            phase = .closing
            let me = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
                me.value.lastByteIsOut()
            }
        }
    }

    private func lastByteIsOut() {
        phase = .lingering
        phaseTicks = 0
        context?.close(mode: isRefused ? .output : .all, promise: nil)
    }

    private func isOfConnection(_ name: String) -> Bool {
        name == "content-length" || name == "transfer-encoding" || name == "connection"
            || name == "date"
    }

    // MARK: Deadlines

    private func tick() {
        guard let context else { return }
        let limits = service.limits
        phaseTicks += 1
        blockedTicks = context.channel.isWritable ? 0 : blockedTicks + 1
        if blockedTicks > limits.ticks(limits.stallTimeout) { return context.close(promise: nil) }
        switch phase {
        case .idle:
            if phaseTicks > limits.ticks(limits.idleTimeout) { context.close(promise: nil) }
        case .lingering:
            if phaseTicks > limits.ticks(HTTP1ServerHandler.lingering) {
                context.close(promise: nil)
            }
        case .receiving(_, let body):
            let earned = limits.ticks(
                .milliseconds(body.count * 1000 / max(1, limits.bodyBytesPerSecond)))
            if phaseTicks > limits.ticks(limits.requestTimeout) &+ earned { refuse(408) }
        case .answering, .closing: break
        }
    }
}
