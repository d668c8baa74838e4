// Who this machine is on the wire: a private key, and the certificate that carries its public half.
//
// Between members a certificate says nothing but its key, so it is made from the key alone: the
// serial, the name and the dates are fixed functions of it, and the same seed gives the same bytes.

import COpenSSL
public import Primitives

/// A private key with its certificate chain. It prints as its public key only.
public struct TLSIdentity: Sendable, CustomStringConvertible {
    /// The certificates in DER, the machine's own first.
    let certificates: [[UInt8]]
    /// The private key in DER (PKCS #8).
    let privateKey: [UInt8]
    /// The Ed25519 public key; nil when the key is of another kind, as a web certificate's may be.
    public let publicKey: PinnedKey?

    /// An identity of its own making from an Ed25519 seed of 32 bytes.
    public init(seed: [UInt8]) throws(Refusal) {
        guard seed.count == 32 else {
            throw Refusal("transport.identity", "an Ed25519 seed has 32 bytes, not \(seed.count)")
        }
        ERR_clear_error()
        guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            throw OpenSSLError.refusal("transport.identity", "the Ed25519 seed was not accepted")
        }
        defer { EVP_PKEY_free(key) }
        guard let publicKey = TLSIdentity.rawKey(of: key) else {
            throw OpenSSLError.refusal("transport.identity", "the public key could not be derived")
        }
        self.publicKey = publicKey
        certificates = [try TLSIdentity.selfSigned(key, publicKey)]
        privateKey = try TLSIdentity.encodeKey(key)
    }

    /// An identity from files made elsewhere: a certificate chain and its private key, in PEM.
    public init(certificateChain: String, privateKey pem: String) throws(Refusal) {
        ERR_clear_error()
        let key = TLSIdentity.withMemory(pem) { PEM_read_bio_PrivateKey($0, nil, nil, nil) }
        guard let key else {
            throw OpenSSLError.refusal("transport.identity", "the private key is not readable PEM")
        }
        defer { EVP_PKEY_free(key) }
        let chain = TLSIdentity.withMemory(certificateChain) { bio in
            var chain: [[UInt8]] = []
            while chain.count < 16, let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
                let belongs = chain.isEmpty ? X509_check_private_key(certificate, key) == 1 : true
                chain.append(belongs ? TLSIdentity.encodeCertificate(certificate) : [])
                X509_free(certificate)
            }
            return chain
        }
        ERR_clear_error()
        guard let first = chain.first else {
            throw Refusal("transport.identity", "the certificate file holds no certificate in PEM")
        }
        guard !first.isEmpty else {
            throw Refusal("transport.identity", "the private key does not fit the certificate")
        }
        certificates = chain
        privateKey = try TLSIdentity.encodeKey(key)
        publicKey = TLSIdentity.rawKey(of: key)
    }

    /// The public key, never the private one.
    public var description: String {
        "TLSIdentity(\(publicKey?.description ?? "not Ed25519"))"
    }

    // MARK: OpenSSL

    /// The raw Ed25519 public key in an OpenSSL key, or nil for another kind of key.
    static func rawKey(of key: OpaquePointer?) -> PinnedKey? {
        guard let key, EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == 32 else { return nil }
        return PinnedKey(bytes)
    }

    private static func selfSigned(
        _ key: OpaquePointer, _ publicKey: PinnedKey
    ) throws(Refusal) -> [UInt8] {
        let fault = "the certificate could not be made"
        guard let certificate = X509_new() else {
            throw OpenSSLError.refusal("transport.identity", fault)
        }
        defer { X509_free(certificate) }
        let serial = publicKey.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let name = "althing-" + publicKey.description.prefix(16)
        // The last of these dates is how RFC 5280 writes "does not expire".
        guard X509_set_version(certificate, Int(2)) == 1,
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1,
            ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "19700101000000Z") == 1,
            ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "99991231235959Z") == 1,
            X509_NAME_add_entry_by_txt(
                X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1,
            X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1,
            X509_set_pubkey(certificate, key) == 1,
            X509_sign(certificate, key, nil) > 0
        else { throw OpenSSLError.refusal("transport.identity", fault) }
        return encodeCertificate(certificate)
    }

    private static func encodeCertificate(_ certificate: OpaquePointer) -> [UInt8] {
        encoded { i2d_X509(certificate, $0) }
    }

    private static func encodeKey(_ key: OpaquePointer) throws(Refusal) -> [UInt8] {
        guard let info = EVP_PKEY2PKCS8(key) else {
            throw OpenSSLError.refusal("transport.identity", "the private key cannot be encoded")
        }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        return encoded { i2d_PKCS8_PRIV_KEY_INFO(info, $0) }
    }

    /// Runs one of OpenSSL's DER writers, which allocate their result.
    private static func encoded(
        _ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32
    ) -> [UInt8] {
        var made: UnsafeMutablePointer<UInt8>?
        let count = write(&made)
        guard count > 0, let made else { return [] }
        defer { CRYPTO_clear_free(made, Int(count), #fileID, #line) }
        return Array(UnsafeBufferPointer(start: made, count: Int(count)))
    }

    private static func withMemory<Value>(
        _ text: String, _ read: (OpaquePointer?) -> Value
    ) -> Value {
        var text = text
        return text.withUTF8 { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            defer { BIO_free(bio) }
            return read(bio)
        }
    }
}
