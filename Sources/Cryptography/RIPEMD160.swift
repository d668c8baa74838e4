// RIPEMD-160 over OpenSSL, for the one place that still needs it: a BIP-32 key's fingerprint.

import COpenSSL
public import Primitives

/// The RIPEMD-160 hash function; not for anything new.
public enum RIPEMD160 {
    /// The 20-byte hash of `bytes`.
    public static func hash(_ bytes: [UInt8]) throws(Refusal) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 20)
        var count: UInt32 = 0
        guard EVP_Digest(bytes, bytes.count, &output, &count, EVP_ripemd160(), nil) == 1,
            count == 20
        else { throw OpenSSL.failure("RIPEMD-160") }
        return output
    }
}
