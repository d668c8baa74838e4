// The calling side of a line between members: greets, and then only speaks.

import NIOCore
import Primitives

/// The calling side of one connection.
final class PeerClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private weak var link: PeerLink?
    private let hello: PeerHello
    private let timeout: Duration
    private var reader = PeerFrameReader()
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?
    private var isGreeted = false
    private var fault: Refusal?
    private var hasReported = false

    init(link: PeerLink, hello: PeerHello, timeout: Duration) {
        self.link = link
        self.hello = hello
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            me.value.fail(Refusal("transport.timeout", "the greeting was not answered"))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is TLSEstablished else { return context.fireUserInboundEventTriggered(event) }
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(bytes: peerFrame(.hello, hello.encoded))), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(Refusal) {
            for item in try reader.take(Array(unwrapInboundIn(data).readableBytesView)) {
                try take(item, context)
            }
        } catch { fail(error) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { pump() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isGreeted = false
        if !hasReported {
            hasReported = true
            let closed = Refusal("transport.unreachable", "the other member closed the connection")
            link?.disconnected(fault ?? closed)
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(ClientConnector.refusal(error, whenUnknown: "transport.unreachable"))
    }

    private func take(
        _ item: PeerFrameReader.Item, _ context: ChannelHandlerContext
    ) throws(Refusal) {
        switch item {
        case .hello(let bytes) where !isGreeted:
            let answer = try PeerHello(decoding: bytes)
            if let refusal = link?.check(answer) { throw refusal }
            isGreeted = true
            deadline?.cancel()
            let me = NIOLoopBound(self, eventLoop: context.eventLoop)
            let loop = context.eventLoop
            link?.connected(answer.from) {
                if loop.inEventLoop { me.value.pump() } else { loop.execute { me.value.pump() } }
            }
        case .refusal(let words):
            let parts = String(decoding: words, as: UTF8.self).split(separator: "\n", maxSplits: 1)
            guard parts.count == 2 else { fallthrough }
            throw Refusal(String(parts[0]), String(parts[1]))
        default: throw Refusal("transport.protocol", "the other member spoke out of turn")
        }
    }

    /// Sends while the socket takes it. Each batch is flushed, because only then does the channel
    /// know how full it is.
    private func pump() {
        while isGreeted, let context, context.channel.isWritable {
            var batch = context.channel.allocator.buffer(capacity: PeerLimits.piece)
            while batch.readableBytes < PeerLimits.piece, let frame = link?.nextFrame() {
                batch.writeBytes(frame)
            }
            guard batch.readableBytes > 0 else { return }
            context.writeAndFlush(wrapOutboundOut(batch), promise: nil)
        }
    }

    private func fail(_ refusal: Refusal) {
        // The first fault is the cause; those that follow from it say less.
        if fault == nil { fault = refusal }
        isGreeted = false
        context?.close(promise: nil)
    }
}
