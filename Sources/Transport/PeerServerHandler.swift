// The listening side of a line between members: checks the greeting, and then only listens.

import NIOCore
import Primitives

/// The listening side of one connection.
final class PeerServerHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let callbacks: PeerListener.Callbacks
    private let key: PinnedKey?
    private let peers: PeerTable
    private let helloTimeout: Duration
    private var reader = PeerFrameReader()
    private var peer: PeerIdentity?
    private var deadline: Scheduled<Void>?
    /// Whether this side has ended the connection, so that what comes of it is no fault.
    private var hasEnded = false

    init(
        callbacks: PeerListener.Callbacks, key: PinnedKey?, peers: PeerTable,
        helloTimeout: Duration
    ) {
        self.callbacks = callbacks
        self.key = key
        self.peers = peers
        self.helloTimeout = helloTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let (channel, fault, patience) = (context.channel, callbacks.fault, helloTimeout)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            fault(Refusal("transport.timeout", "a peer did not greet within \(patience)"))
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(Refusal) {
            for item in try reader.take(Array(unwrapInboundIn(data).readableBytesView)) {
                try take(item, context)
            }
        } catch {
            hasEnded = true
            callbacks.fault(error)
            let words = Array("\(error.code)\n\(error.message)".utf8.prefix(1024))
            context.writeAndFlush(
                wrapOutboundOut(ByteBuffer(bytes: peerFrame(.refusal, words))), promise: nil)
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is DrainRequested else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of a connection that is gone already nobody sent anything wrong: see `channelInactive`.
        if !hasEnded, context.channel.isActive, let refusal = error as? Refusal {
            hasEnded = true
            callbacks.fault(refusal)
        }
        context.close(promise: nil)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        hasEnded = true
        context.close(mode: mode, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        if !hasEnded, reader.isMidway {
            hasEnded = true
            callbacks.fault(
                Refusal("transport.protocol", "a peer's connection ended within a message"))
        }
        context.fireChannelInactive()
    }

    private func take(
        _ item: PeerFrameReader.Item, _ context: ChannelHandlerContext
    ) throws(Refusal) {
        switch (item, peer) {
        case (.message(let message), let peer?): callbacks.receive(peer, message)
        case (.hello(let bytes), nil): try greet(PeerHello(decoding: bytes), context)
        default: throw Refusal("transport.protocol", "a peer spoke out of turn")
        }
    }

    private func greet(_ hello: PeerHello, _ context: ChannelHandlerContext) throws(Refusal) {
        let own = callbacks.identity()
        let holder = key.flatMap(callbacks.member)
        let refusal =
            hello.refusal(own: own, keyHolder: holder) ?? callbacks.refuse(hello.from, key)
        if let refusal { throw refusal }
        deadline?.cancel()
        peer = hello.from
        peers.enter(context.channel, member: hello.from.member)
        let answer = PeerHello(from: own, to: hello.from.member)
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(bytes: peerFrame(.hello, answer.encoded))), promise: nil)
        callbacks.greeted(hello.from.member)
    }
}
