// Finds out what a new server connection speaks, and installs the handlers for it.

import NIOCore
import NIOHTTP1
import Primitives

/// Installs the handlers of a protocol on a server's connection.
struct ProtocolInstaller: Sendable {
    let service: HTTPService
    /// Protocols other than HTTP that this port speaks, by their ALPN names.
    let others: [String: @Sendable (any Channel, PinnedKey?) throws -> Void]
    /// Hears why a connection ended before it spoke a protocol.
    let onFault: @Sendable (Refusal) -> Void

    func install(_ name: String, peer: PinnedKey?, on channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        if let other = others[name] {
            try other(channel, peer)
        } else if name == "h2" {
            try pipeline.addHandler(HTTP2ServerHandler(service: service, peer: peer))
        } else {
            try pipeline.addHandlers(
                HTTPResponseEncoder(),
                ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                HTTPServerPipelineHandler(), HTTP1ServerHandler(service: service, peer: peer))
        }
    }
}

/// Waits for the first bytes of a plaintext connection, or for the end of a TLS handshake; then
/// installs the protocol's handlers and leaves.
final class ProtocolSelector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// What a client that knows that we speak HTTP/2 says first (RFC 9113, section 3.4).
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let installer: ProtocolInstaller
    private let isSecure: Bool
    private var held: ByteBuffer?
    private var deadline: Scheduled<Void>?

    init(installer: ProtocolInstaller, isSecure: Bool) {
        self.installer = installer
        self.isSecure = isSecure
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let (channel, onFault, isSecure) = (context.channel, installer.onFault, isSecure)
        let patience = installer.service.limits.handshakeTimeout
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            if isSecure {
                onFault(
                    Refusal(
                        "transport.timeout", "the TLS handshake was not done within \(patience)"))
            }
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        held.setOrWriteBuffer(&bytes)
        guard !isSecure, let held else { return }
        let start = held.readableBytesView.prefix(ProtocolSelector.preface.count)
        if !ProtocolSelector.preface.starts(with: start) {
            select("http/1.1", nil, context)
        } else if start.count == ProtocolSelector.preface.count {
            select("h2", nil, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let established = event as? TLSEstablished {
            select(established.applicationProtocol ?? "http/1.1", established.peer, context)
        } else if event is DrainRequested {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isSecure, let refusal = error as? Refusal { installer.onFault(refusal) }
        context.close(promise: nil)
    }

    private func select(_ name: String, _ peer: PinnedKey?, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        do {
            try installer.install(name, peer: peer, on: context.channel)
        } catch {
            return context.close(promise: nil)
        }
        if let bytes = held {
            held = nil
            context.fireChannelRead(NIOAny(bytes))
            context.fireChannelReadComplete()
        }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
