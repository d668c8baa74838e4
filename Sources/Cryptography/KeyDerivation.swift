// HMAC (RFC 2104), HKDF (RFC 5869) and PBKDF2 (RFC 8018) over OpenSSL.

import COpenSSL
public import Primitives

/// Keyed hashing.
public enum HMAC {
    /// HMAC-SHA-256: 32 bytes.
    public static func sha256(key: [UInt8], message: [UInt8]) -> Digest {
        let tag = compute(EVP_sha256(), key: key, message: message, count: 32)
        return tag.withUnsafeBytes { Digest(unchecked: $0) }
    }

    /// HMAC-SHA-256 under a secret key: 32 bytes.
    public static func sha256(key: SecretBytes, message: [UInt8]) -> Digest {
        key.withBytes { key in
            message.withUnsafeBytes { message in
                var tag = [UInt8](repeating: 0, count: 32)
                compute(EVP_sha256(), key: key, message: message, into: &tag)
                return tag.withUnsafeBytes { Digest(unchecked: $0) }
            }
        }
    }

    /// HMAC-SHA-512: 64 bytes.
    public static func sha512(key: [UInt8], message: [UInt8]) -> [UInt8] {
        compute(EVP_sha512(), key: key, message: message, count: 64)
    }

    /// HMAC-SHA-512 of a secret message, with a secret result: a step of key derivation.
    public static func sha512(key: [UInt8], secret message: SecretBytes) -> SecretBytes {
        message.withBytes { message in
            key.withUnsafeBytes { key in
                var tag = [UInt8](repeating: 0, count: 64)
                compute(EVP_sha512(), key: key, message: message, into: &tag)
                return SecretBytes(consuming: &tag)
            }
        }
    }

    private static func compute(
        _ function: OpaquePointer?, key: [UInt8], message: [UInt8], count: Int
    ) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: count)
        key.withUnsafeBytes { key in
            message.withUnsafeBytes { message in
                compute(function, key: key, message: message, into: &tag)
            }
        }
        return tag
    }

    private static func compute(
        _ function: OpaquePointer?, key: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer,
        into tag: inout [UInt8]
    ) {
        // OpenSSL takes a null key for "the key of before", so an empty one needs an address.
        var empty: UInt8 = 0
        withUnsafePointer(to: &empty) { empty in
            let key = key.count > 0 ? key : UnsafeRawBufferPointer(start: empty, count: 0)
            let result = COpenSSL.HMAC(
                function, key.baseAddress, Int32(clamping: key.count),
                message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count, &tag, nil)
            precondition(result != nil, "HMAC failed: out of memory")
        }
    }
}

/// Extract-and-expand key derivation with SHA-256.
public enum HKDF {
    /// `count` bytes (at most 8160) from `secret`, bound to `salt` and `info`.
    public static func sha256(
        secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) throws(Refusal) -> SecretBytes {
        guard (1...255 * 32).contains(count) else {
            throw Refusal("crypto.parameters", "HKDF gives 1 to 8160 bytes, not \(count)")
        }
        let message = secret.exposed()
        let pseudorandomKey = HMAC.sha256(key: salt, message: message).bytes
        var output: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while output.count < count {
            block = HMAC.sha256(key: pseudorandomKey, message: block + info + [counter]).bytes
            output += block
            counter &+= 1
        }
        output.removeLast(output.count - count)
        return SecretBytes(consuming: &output)
    }
}

/// Password-based key derivation by repeated HMAC.
public enum PBKDF2 {
    /// The most iterations that are accepted: ten million, seconds of work.
    public static let iterationLimit = 10_000_000

    /// PBKDF2-HMAC-SHA-256.
    public static func sha256(
        password: SecretBytes, salt: [UInt8], iterations: Int, count: Int
    ) throws(Refusal) -> SecretBytes {
        try derive(EVP_sha256(), password, salt, iterations, count)
    }

    /// PBKDF2-HMAC-SHA-512.
    public static func sha512(
        password: SecretBytes, salt: [UInt8], iterations: Int, count: Int
    ) throws(Refusal) -> SecretBytes {
        try derive(EVP_sha512(), password, salt, iterations, count)
    }

    private static func derive(
        _ function: OpaquePointer?, _ password: SecretBytes, _ salt: [UInt8], _ iterations: Int,
        _ count: Int
    ) throws(Refusal) -> SecretBytes {
        guard (1...iterationLimit).contains(iterations), (1...1 << 20).contains(count),
            salt.count <= 1 << 20, password.count <= 1 << 20
        else {
            throw Refusal(
                "crypto.parameters", "PBKDF2 parameters are out of bounds (\(iterations) rounds)")
        }
        return try derive(function, password, salt, rounds: iterations, count)
    }

    private static func derive(
        _ function: OpaquePointer?, _ password: SecretBytes, _ salt: [UInt8], rounds: Int,
        _ count: Int
    ) throws(Refusal) -> SecretBytes {
        var output = [UInt8](repeating: 0, count: count)
        let status = password.withBytes { password in
            PKCS5_PBKDF2_HMAC(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(password.count),
                salt, Int32(salt.count), Int32(rounds), function, Int32(count), &output)
        }
        guard status == 1 else { throw OpenSSL.failure("PBKDF2") }
        return SecretBytes(consuming: &output)
    }
}

/// What is common to calls into OpenSSL.
enum OpenSSL {
    /// A refusal for a call that failed although its arguments were right.
    static func failure(_ what: String) -> Refusal {
        ERR_clear_error()
        return Refusal("crypto.failure", "\(what) failed inside OpenSSL")
    }
}
