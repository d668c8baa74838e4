// One side's standing TLS settings: version, certificate, protocols offered, whom to ask for a
// certificate. Built once, then shared by every connection.

import COpenSSL
import Primitives

/// What a connection does with the certificate of the other side.
enum TLSVerification: Sendable {
    /// The chain must lead to an authority that the system trusts, and name this host.
    case system(host: String)
    /// The certificate's Ed25519 key must be accepted; nothing else in it counts.
    case key(@Sendable (PinnedKey) -> Bool)
    /// No certificate is asked for.
    case none
}

/// An `SSL_CTX`.
///
/// Unchecked because OpenSSL's type is opaque: the context is changed only in `init`, OpenSSL
/// counts its references atomically and locks what it keeps inside, and `SSL_new` is all that is
/// called on it afterwards.
final class TLSContext: @unchecked Sendable {
    /// The part this side plays, and what it asks of the other.
    enum Role: Sendable {
        /// Accepts; `asksCertificate` makes a client's certificate possible, `needsCertificate`
        /// makes it a condition.
        case server(asksCertificate: Bool, needsCertificate: Bool)
        /// Connects to a server known by its key.
        case clientOfKey
        /// Connects to a server vouched for by an authority of the system.
        case clientOfSystem
    }

    let raw: OpaquePointer
    let isServer: Bool
    private let protocols: ProtocolList

    /// `protocols` in order of preference: `h2`, `http/1.1`.
    init(_ role: Role, identity: TLSIdentity?, protocols: [String]) throws(Refusal) {
        ERR_clear_error()
        if case .server = role { isServer = true } else { isServer = false }
        guard let raw = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw OpenSSLError.refusal("transport.tls", "OpenSSL made no context")
        }
        self.raw = raw
        self.protocols = ProtocolList(protocols)
        guard copenssl_ctx_set_min_tls13(raw) == 1 else {
            throw OpenSSLError.refusal("transport.tls", "OpenSSL does not know TLS 1.3")
        }
        // Idle connections give their buffers back; nothing is resumed, because a resumed session
        // would skip the look at a key that may have been replaced since.
        _ = copenssl_ctx_set_mode(raw, Int(SSL_MODE_RELEASE_BUFFERS))
        _ = SSL_CTX_set_num_tickets(raw, 0)
        if let identity { try install(identity) }
        verify(role)
        negotiate()
    }

    deinit { SSL_CTX_free(raw) }

    private func install(_ identity: TLSIdentity) throws(Refusal) {
        let fault = Refusal("transport.identity", "OpenSSL did not accept the certificate or key")
        var isFirst = true
        for der in identity.certificates {
            guard let certificate = TLSContext.certificate(der) else { throw fault }
            defer { X509_free(certificate) }
            let installed =
                isFirst
                ? SSL_CTX_use_certificate(raw, certificate)
                : Int32(
                    SSL_CTX_ctrl(raw, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate)))
            guard installed == 1 else { throw fault }
            isFirst = false
        }
        let key = identity.privateKey.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let key else { throw fault }
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_PrivateKey(raw, key) == 1 else { throw fault }
    }

    private static func certificate(_ der: [UInt8]) -> OpaquePointer? {
        der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_X509(nil, &start, bytes.count)
        }
    }

    private func verify(_ role: Role) {
        switch role {
        case .clientOfSystem:
            SSL_CTX_set_default_verify_paths(raw)
            SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
        case .clientOfKey:
            SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
            SSL_CTX_set_cert_verify_callback(raw, judgeCertificate, nil)
        case .server(let asks, let needs):
            guard asks || needs else { return }
            let mode = SSL_VERIFY_PEER | (needs ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
            SSL_CTX_set_verify(raw, mode, nil)
            SSL_CTX_set_cert_verify_callback(raw, judgeCertificate, nil)
        }
    }

    private func negotiate() {
        let wire = protocols.wire
        guard !wire.isEmpty else { return }
        if isServer {
            SSL_CTX_set_alpn_select_cb(
                raw, selectProtocol, Unmanaged.passUnretained(protocols).toOpaque())
        } else {
            SSL_CTX_set_alpn_protos(raw, wire, UInt32(wire.count))
        }
    }
}

/// The protocols offered, each with its length in front, as ALPN writes them.
private final class ProtocolList: Sendable {
    let wire: [UInt8]

    init(_ names: [String]) {
        wire = names.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
    }
}

/// Chooses the first of our protocols that the client offers; none in common ends the handshake.
private let selectProtocol: SSL_CTX_alpn_select_cb_func = {
    _, chosen, chosenLength, offered, offeredLength, owner in
    guard let owner, let chosen else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let ours = Unmanaged<ProtocolList>.fromOpaque(owner).takeUnretainedValue().wire
    // The choice must outlive this call, so it is found in the client's offer, which does.
    var position = 0
    while position < ours.count {
        let name = ours[position...].prefix(Int(ours[position]) + 1)
        var at = 0
        while let offered, at < Int(offeredLength) {
            let length = Int(offered[at])
            guard at + length < Int(offeredLength) else { break }
            let theirs = UnsafeBufferPointer(start: offered + at, count: length + 1)
            if theirs.elementsEqual(name) {
                chosen.pointee = offered + at + 1
                chosenLength?.pointee = UInt8(length)
                return SSL_TLSEXT_ERR_OK
            }
            at += length + 1
        }
        position += name.count
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

/// Replaces OpenSSL's chain building: the leaf's Ed25519 key is shown to the connection's judge.
private let judgeCertificate: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
    store, _ in
    guard let store,
        let connection = X509_STORE_CTX_get_ex_data(
            store, SSL_get_ex_data_X509_STORE_CTX_idx()),
        let judge = SSL_get_ex_data(OpaquePointer(connection), 0),
        let key = TLSIdentity.rawKey(of: X509_get0_pubkey(X509_STORE_CTX_get0_cert(store))),
        Unmanaged<KeyJudge>.fromOpaque(judge).takeUnretainedValue().accepts(key)
    else {
        if let store { X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED) }
        return 0
    }
    return 1
}

/// Carries a connection's decision about a key through OpenSSL, which borrows it.
final class KeyJudge: Sendable {
    let accepts: @Sendable (PinnedKey) -> Bool

    init(_ accepts: @escaping @Sendable (PinnedKey) -> Bool) { self.accepts = accepts }
}
