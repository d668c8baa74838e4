// AES-128-CTR for keystores, and two authenticated ciphers for sealed messages, over OpenSSL.

import COpenSSL
public import Primitives

/// AES-128 in counter mode with a big-endian 128-bit counter: encryption and decryption are one.
public enum AES128CTR {
    /// Encrypts a secret.
    public static func seal(
        _ plaintext: SecretBytes, key: SecretBytes, initialCounter: [UInt8]
    ) throws(Refusal) -> [UInt8] {
        var copy = plaintext.exposed()
        defer { Wipe.array(&copy) }
        return try apply(copy, key: key, initialCounter: initialCounter)
    }

    /// Decrypts a secret, and pads it on the left with zeros to at least `count` bytes.
    public static func open(
        _ ciphertext: [UInt8], key: SecretBytes, initialCounter: [UInt8], paddedTo count: Int
    ) throws(Refusal) -> SecretBytes {
        var plain = try apply(ciphertext, key: key, initialCounter: initialCounter)
        defer { Wipe.array(&plain) }
        let padding = max(0, count - plain.count)
        return SecretBytes(count: padding + plain.count) { target in
            for index in 0..<padding { target[index] = 0 }
            plain.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: target[padding...]).copyMemory(from: $0)
            }
        }
    }

    /// Applies the key stream to `text`.
    public static func apply(
        _ text: [UInt8], key: SecretBytes, initialCounter: [UInt8]
    ) throws(Refusal) -> [UInt8] {
        guard key.count == 16, initialCounter.count == 16 else {
            throw Refusal("crypto.parameters", "AES-128-CTR takes a key and a counter of 16 bytes")
        }
        guard let context = EVP_CIPHER_CTX_new() else { throw OpenSSL.failure("AES") }
        defer { EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: text.count)
        var count: Int32 = 0
        let done = key.withBytes { key in
            EVP_EncryptInit_ex(
                context, EVP_aes_128_ctr(), nil,
                key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                initialCounter) == 1
                && EVP_EncryptUpdate(context, &output, &count, text, Int32(clamping: text.count))
                    == 1
        }
        guard done, Int(count) == text.count else { throw OpenSSL.failure("AES") }
        return output
    }
}

/// ChaCha20-Poly1305 (RFC 8439): a 32-byte key, a 12-byte nonce used once, a 16-byte tag at the
/// end.
public enum ChaCha20Poly1305 {
    /// Encrypts and authenticates; `additional` is authenticated only.
    public static func seal(
        _ plaintext: [UInt8], key: SecretBytes, nonce: [UInt8], additional: [UInt8] = []
    ) throws(Refusal) -> [UInt8] {
        try AuthenticatedCipher.seal(
            EVP_chacha20_poly1305(), plaintext, key: key, nonce: nonce, additional: additional)
    }

    /// Decrypts; throws `crypto.forged` when anything was changed.
    public static func open(
        _ sealed: [UInt8], key: SecretBytes, nonce: [UInt8], additional: [UInt8] = []
    ) throws(Refusal) -> [UInt8] {
        try AuthenticatedCipher.open(
            EVP_chacha20_poly1305(), sealed, key: key, nonce: nonce, additional: additional)
    }
}

/// AES-256-GCM: a 32-byte key, a 12-byte nonce used once, a 16-byte tag at the end.
public enum AES256GCM {
    /// Encrypts and authenticates; `additional` is authenticated only.
    public static func seal(
        _ plaintext: [UInt8], key: SecretBytes, nonce: [UInt8], additional: [UInt8] = []
    ) throws(Refusal) -> [UInt8] {
        try AuthenticatedCipher.seal(
            EVP_aes_256_gcm(), plaintext, key: key, nonce: nonce, additional: additional)
    }

    /// Decrypts; throws `crypto.forged` when anything was changed.
    public static func open(
        _ sealed: [UInt8], key: SecretBytes, nonce: [UInt8], additional: [UInt8] = []
    ) throws(Refusal) -> [UInt8] {
        try AuthenticatedCipher.open(
            EVP_aes_256_gcm(), sealed, key: key, nonce: nonce, additional: additional)
    }
}

private enum AuthenticatedCipher {
    static let tagCount = 16

    static func check(key: SecretBytes, nonce: [UInt8], count: Int) throws(Refusal) {
        guard key.count == 32, nonce.count == 12, count <= 1 << 30 else {
            throw Refusal(
                "crypto.parameters", "the cipher takes a 32-byte key and a 12-byte nonce")
        }
    }

    static func seal(
        _ cipher: OpaquePointer?, _ plaintext: [UInt8], key: SecretBytes, nonce: [UInt8],
        additional: [UInt8]
    ) throws(Refusal) -> [UInt8] {
        try check(key: key, nonce: nonce, count: plaintext.count + additional.count)
        guard let context = EVP_CIPHER_CTX_new() else { throw OpenSSL.failure("the cipher") }
        defer { EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: plaintext.count)
        var tag = [UInt8](repeating: 0, count: tagCount)
        var count: Int32 = 0
        let done = key.withBytes { key in
            EVP_EncryptInit_ex(
                context, cipher, nil, key.baseAddress?.assumingMemoryBound(to: UInt8.self), nonce)
                == 1
                && EVP_EncryptUpdate(context, nil, &count, additional, Int32(additional.count)) == 1
                && EVP_EncryptUpdate(context, &output, &count, plaintext, Int32(plaintext.count))
                    == 1
                && EVP_EncryptFinal_ex(context, &tag, &count) == 1
                && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagCount), &tag) == 1
        }
        guard done else { throw OpenSSL.failure("the cipher") }
        return output + tag
    }

    static func open(
        _ cipher: OpaquePointer?, _ sealed: [UInt8], key: SecretBytes, nonce: [UInt8],
        additional: [UInt8]
    ) throws(Refusal) -> [UInt8] {
        try check(key: key, nonce: nonce, count: sealed.count + additional.count)
        let forged = Refusal("crypto.forged", "the sealed message does not open with this key")
        guard sealed.count >= tagCount else { throw forged }
        guard let context = EVP_CIPHER_CTX_new() else { throw OpenSSL.failure("the cipher") }
        defer { EVP_CIPHER_CTX_free(context) }
        let ciphertext = Array(sealed.dropLast(tagCount))
        var tag = Array(sealed.suffix(tagCount))
        var output = [UInt8](repeating: 0, count: ciphertext.count)
        var rest = [UInt8](repeating: 0, count: tagCount)
        var count: Int32 = 0
        let done = key.withBytes { key in
            EVP_DecryptInit_ex(
                context, cipher, nil, key.baseAddress?.assumingMemoryBound(to: UInt8.self), nonce)
                == 1
                && EVP_DecryptUpdate(context, nil, &count, additional, Int32(additional.count)) == 1
                && EVP_DecryptUpdate(context, &output, &count, ciphertext, Int32(ciphertext.count))
                    == 1
                && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagCount), &tag) == 1
                && EVP_DecryptFinal_ex(context, &rest, &count) == 1
        }
        guard done else {
            Wipe.array(&output)
            ERR_clear_error()
            throw forged
        }
        return output
    }
}
