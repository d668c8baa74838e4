// TLS on a NIO channel, by OpenSSL over two memory BIOs: ciphertext is put into one and taken out
// of the other. The `SSL` never leaves its event loop.

import COpenSSL
import NIOCore
import Primitives

/// Fired up the pipeline when the handshake is done.
struct TLSEstablished: Sendable {
    /// The protocol both sides agreed on.
    let applicationProtocol: String?
    /// The Ed25519 key of the other side's certificate.
    let peer: PinnedKey?
}

/// Encrypts and decrypts one connection.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase { case handshaking, open, ended }

    /// More plaintext than this before the handshake is done is a fault of the caller.
    private static let waitingLimit = 1 << 20
    private static let recordSize = 16 * 1024

    private let ssl: OpaquePointer
    /// OpenSSL keeps what it needs of the context, but not what its callbacks borrow: a server may
    /// be gone before its last handshake.
    private let shared: TLSContext
    private let fromNetwork: OpaquePointer
    private let toNetwork: OpaquePointer
    /// Held for OpenSSL, which borrows it during the handshake.
    private let judge: KeyJudge?
    private var phase = Phase.handshaking
    private var waiting: [(ByteBuffer, EventLoopPromise<Void>?)] = []
    private var waitingBytes = 0
    /// Promises of plaintext that is encrypted but not yet handed to the socket.
    private var unsent: [EventLoopPromise<Void>] = []

    init(_ context: TLSContext, verification: TLSVerification) throws(Refusal) {
        shared = context
        ERR_clear_error()
        guard let ssl = SSL_new(context.raw) else {
            throw OpenSSLError.refusal("transport.tls", "OpenSSL made no connection")
        }
        guard let inward = BIO_new(BIO_s_mem()), let outward = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw OpenSSLError.refusal("transport.tls", "OpenSSL made no buffers")
        }
        (self.ssl, fromNetwork, toNetwork) = (ssl, inward, outward)
        SSL_set_bio(ssl, inward, outward)  // the SSL owns both from here
        if context.isServer { SSL_set_accept_state(ssl) } else { SSL_set_connect_state(ssl) }
        switch verification {
        case .none: judge = nil
        case .key(let accepts): judge = KeyJudge(accepts)
        case .system(let host):
            judge = nil
            guard SSL_set1_host(ssl, host) == 1, copenssl_set_host_name(ssl, host) == 1 else {
                throw OpenSSLError.refusal("transport.tls", "\(host) is not a host name")
            }
        }
        if let judge { SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(judge).toOpaque()) }
    }

    deinit { SSL_free(ssl) }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { advanceHandshake(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { failWaiting() }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        advanceHandshake(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .ended else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
            _ = BIO_write(fromNetwork, bytes.baseAddress, Int32(clamping: bytes.count))
        }
        if phase == .handshaking { advanceHandshake(context) }
        if phase == .open { decrypt(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // A read may leave something to say: an alert, the answer to a key update.
        drain(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Without the other side's close-notify nobody can tell an end from a cut.
        if phase != .ended {
            let sentence =
                phase == .open
                ? "the connection was cut without a TLS close" : "the TLS handshake was cut off"
            phase = .ended
            context.fireErrorCaught(Refusal("transport.protocol", sentence))
        }
        failWaiting()
        context.fireChannelInactive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data)
        switch phase {
        case .open: encrypt(context, bytes, promise)
        case .handshaking where waitingBytes + bytes.readableBytes <= TLSHandler.waitingLimit:
            waiting.append((bytes, promise))
            waitingBytes += bytes.readableBytes
        case .handshaking, .ended: promise?.fail(BodyPipe.closed)
        }
    }

    func flush(context: ChannelHandlerContext) { drain(context) }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if phase == .open {
            ERR_clear_error()
            SSL_shutdown(ssl)
            ERR_clear_error()
        }
        phase = .ended
        drain(context)
        context.close(mode: mode, promise: promise)
    }

    // MARK: OpenSSL

    private func advanceHandshake(_ context: ChannelHandlerContext) {
        guard phase == .handshaking else { return }
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result != 1, SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ {
            return fail(context, "the TLS handshake failed")
        }
        drain(context)
        guard result == 1 else { return }
        phase = .open
        for (bytes, promise) in waiting { encrypt(context, bytes, promise) }
        waiting = []
        drain(context)
        context.fireUserInboundEventTriggered(
            TLSEstablished(applicationProtocol: negotiatedProtocol(), peer: peerKey()))
    }

    private func negotiatedProtocol() -> String? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return name.map {
            String(decoding: UnsafeBufferPointer(start: $0, count: Int(length)), as: UTF8.self)
        }
    }

    private func peerKey() -> PinnedKey? {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return nil }
        return TLSIdentity.rawKey(of: X509_get0_pubkey(certificate))
    }

    private func decrypt(_ context: ChannelHandlerContext) {
        while phase == .open {
            ERR_clear_error()
            var plain = context.channel.allocator.buffer(capacity: TLSHandler.recordSize)
            var result: Int32 = 0
            plain.writeWithUnsafeMutableBytes(minimumWritableBytes: TLSHandler.recordSize) {
                result = SSL_read(ssl, $0.baseAddress, Int32(clamping: $0.count))
                return max(0, Int(result))
            }
            if result > 0 {
                context.fireChannelRead(wrapInboundOut(plain))
                continue
            }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: return
            case SSL_ERROR_ZERO_RETURN:
                phase = .ended
                return context.close(promise: nil)
            default: return fail(context, "the TLS conversation failed")
            }
        }
    }

    private func encrypt(
        _ context: ChannelHandlerContext, _ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>?
    ) {
        guard bytes.readableBytes > 0 else {
            // Nothing to encrypt, but its promise may stand for all that was written before.
            drain(context)
            return context.write(wrapOutboundOut(bytes), promise: promise)
        }
        ERR_clear_error()
        let result = bytes.withUnsafeReadableBytes {
            SSL_write(ssl, $0.baseAddress, Int32(clamping: $0.count))
        }
        if result <= 0 {
            promise?.fail(OpenSSLError.conversationRefusal("the TLS write failed"))
        } else if let promise {
            unsent.append(promise)
        }
    }

    /// Sends what OpenSSL has to say.
    private func drain(_ context: ChannelHandlerContext) {
        let count = copenssl_bio_pending(toNetwork)
        guard count > 0 else { return context.flush() }
        var sealed = context.channel.allocator.buffer(capacity: count)
        sealed.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
            max(0, Int(BIO_read(toNetwork, $0.baseAddress, Int32(clamping: count))))
        }
        let promises = unsent
        unsent = []
        let sent = promises.isEmpty ? nil : context.eventLoop.makePromise(of: Void.self)
        for promise in promises { sent?.futureResult.cascade(to: promise) }
        context.writeAndFlush(wrapOutboundOut(sealed), promise: sent)
    }

    private func fail(_ context: ChannelHandlerContext, _ sentence: String) {
        let refusal = OpenSSLError.conversationRefusal(sentence)
        phase = .ended
        drain(context)  // the alert that tells the other side why
        failWaiting()
        context.fireErrorCaught(refusal)
        context.close(promise: nil)
    }

    private func failWaiting() {
        for (_, promise) in waiting { promise?.fail(BodyPipe.closed) }
        for promise in unsent { promise.fail(BodyPipe.closed) }
        waiting = []
        unsent = []
    }
}
