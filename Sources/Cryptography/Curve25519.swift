// Ed25519 (RFC 8032) for members and notes, X25519 (RFC 7748) for sealed messages, over OpenSSL.

import COpenSSL
public import Primitives

/// Ed25519 signatures. A private key is its 32-byte seed.
public enum Ed25519 {
    /// The 32-byte public key of a seed.
    public static func publicKey(seed: SecretBytes) throws(Refusal) -> [UInt8] {
        try RawKey(secret: seed, type: EVP_PKEY_ED25519).publicBytes()
    }

    /// The 64-byte signature of `message`; the same for the same message and seed.
    public static func sign(_ message: [UInt8], seed: SecretBytes) throws(Refusal) -> [UInt8] {
        let key = try RawKey(secret: seed, type: EVP_PKEY_ED25519)
        guard let context = EVP_MD_CTX_new() else { throw OpenSSL.failure("Ed25519") }
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, key.pointer) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == 64
        else { throw OpenSSL.failure("Ed25519") }
        return signature
    }

    /// Whether `signature` is `publicKey`'s over `message`. Malformed input is simply false.
    public static func verify(
        _ signature: [UInt8], _ message: [UInt8], publicKey: [UInt8]
    ) -> Bool {
        guard signature.count == 64,
            let key = try? RawKey(public: publicKey, type: EVP_PKEY_ED25519),
            let context = EVP_MD_CTX_new()
        else { return false }
        defer { EVP_MD_CTX_free(context) }
        let valid =
            EVP_DigestVerifyInit(context, nil, nil, nil, key.pointer) == 1
            && EVP_DigestVerify(context, signature, 64, message, message.count) == 1
        if !valid { ERR_clear_error() }
        return valid
    }
}

/// X25519 key agreement. A private key is 32 bytes of entropy.
public enum X25519 {
    /// The 32-byte public key of a secret.
    public static func publicKey(secret: SecretBytes) throws(Refusal) -> [UInt8] {
        try RawKey(secret: secret, type: EVP_PKEY_X25519).publicBytes()
    }

    /// The secret that both sides compute; to be put through `HKDF` before use.
    ///
    /// Throws `crypto.key` for a public key of low order, whose secret everyone knows.
    public static func sharedSecret(
        secret: SecretBytes, publicKey: [UInt8]
    ) throws(Refusal) -> SecretBytes {
        let mine = try RawKey(secret: secret, type: EVP_PKEY_X25519)
        let theirs = try RawKey(public: publicKey, type: EVP_PKEY_X25519)
        guard let context = EVP_PKEY_CTX_new(mine.pointer, nil) else {
            throw OpenSSL.failure("X25519")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var shared = [UInt8](repeating: 0, count: 32)
        var count = shared.count
        guard EVP_PKEY_derive_init(context) == 1,
            EVP_PKEY_derive_set_peer(context, theirs.pointer) == 1,
            EVP_PKEY_derive(context, &shared, &count) == 1, count == 32
        else {
            ERR_clear_error()
            throw Refusal("crypto.key", "the X25519 public key gives no secret")
        }
        return SecretBytes(consuming: &shared)
    }
}

/// An OpenSSL key made from 32 raw bytes, freed at the end of its scope.
private struct RawKey: ~Copyable {
    let pointer: OpaquePointer

    init(secret: SecretBytes, type: Int32) throws(Refusal) {
        guard secret.count == 32 else {
            throw Refusal("crypto.key", "a private key has 32 bytes, not \(secret.count)")
        }
        let key = secret.withBytes {
            EVP_PKEY_new_raw_private_key(
                type, nil, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), 32)
        }
        guard let key else { throw OpenSSL.failure("reading a private key") }
        pointer = key
    }

    init(public bytes: [UInt8], type: Int32) throws(Refusal) {
        guard bytes.count == 32, let key = EVP_PKEY_new_raw_public_key(type, nil, bytes, 32) else {
            throw Refusal("crypto.key", "a public key has 32 bytes, not \(bytes.count)")
        }
        pointer = key
    }

    deinit { EVP_PKEY_free(pointer) }

    func publicBytes() throws(Refusal) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard EVP_PKEY_get_raw_public_key(pointer, &bytes, &count) == 1, count == 32 else {
            throw OpenSSL.failure("reading a public key")
        }
        return bytes
    }
}
