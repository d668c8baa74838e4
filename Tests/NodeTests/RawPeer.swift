// A caller at a members' port whose every byte a test chooses.

import ControlPlane
import NIOCore
import NIOPosix
import Primitives
import Synchronization

@testable import Transport

/// A connection to a members' port, with TLS or without, that says nothing by itself.
struct RawPeer: Sendable {
    private let channel: any Channel
    private let heard: Heard
    private let wire: Wire

    /// Connects. `tls` is what the caller shows; nil speaks no TLS.
    static func connect(_ place: HostPort, tls: Certificate?) async throws -> RawPeer {
        let (heard, wire) = (Heard(), Wire())
        let context = try tls.map { certificate in
            try TLSContext(
                .clientOfKey,
                identity: try certificate.seed.map {
                    try TLSIdentity(seed: [UInt8](repeating: $0, count: 32))
                },
                protocols: [PeerListener.protocolName])
        }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(WireHandler(wire))
                    if let context {
                        try pipeline.addHandler(
                            TLSHandler(context, verification: .key { _ in true }))
                    }
                    try pipeline.addHandler(HeardHandler(heard))
                }
            }
            .connect(host: place.host, port: place.port).get()
        return RawPeer(channel: channel, heard: heard, wire: wire)
    }

    /// What a caller shows in the handshake.
    enum Certificate: Sendable {
        case none
        /// One with the key grown from this byte.
        case grown(UInt8)

        var seed: UInt8? { if case .grown(let seed) = self { seed } else { nil } }
    }

    /// Sends bytes; whether they arrive shows in what follows.
    func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// Ends the connection, with whatever is half out.
    func cut() { channel.close(promise: nil) }

    /// Waits until the connection is gone, whoever ended it.
    func end() async { try? await channel.closeFuture.get() }

    /// Whether it is gone.
    var isGone: Bool { !channel.isActive }

    /// What was heard so far, decrypted.
    var words: [UInt8] { heard.bytes.withLock { $0 } }

    /// What went over the wire from here so far, encrypted.
    var sentOverWire: [UInt8] { wire.bytes.withLock { $0 } }
}

private final class Heard: Sendable { let bytes = Mutex<[UInt8]>([]) }
private final class Wire: Sendable { let bytes = Mutex<[UInt8]>([]) }

private final class HeardHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: Heard

    init(_ heard: Heard) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        heard.bytes.withLock { $0 += bytes }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

private final class WireHandler: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private let wire: Wire

    init(_ wire: Wire) { self.wire = wire }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = Array(unwrapOutboundIn(data).readableBytesView)
        wire.bytes.withLock { $0 += bytes }
        context.write(data, promise: promise)
    }
}
