// SHA-256 (FIPS 180-4) by OpenSSL's streaming calls, whose context is a plain value: hashing a
// Merkle node allocates nothing, and a hasher can be copied to fork a common prefix.

import COpenSSL
public import Primitives

/// The SHA-256 hash function.
public enum SHA256 {
    /// The digest of `bytes`.
    public static func hash(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The digest of a part of an array.
    public static func hash(_ bytes: ArraySlice<UInt8>) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The digest of a buffer.
    public static func hash(_ buffer: UnsafeRawBufferPointer) -> Digest {
        var hasher = Hasher()
        hasher.update(buffer)
        return hasher.finalize()
    }

    /// The digest of several byte strings, one after the other.
    public static func hash(_ parts: [UInt8]...) -> Digest {
        var hasher = Hasher()
        for part in parts { hasher.update(part) }
        return hasher.finalize()
    }

    /// Hashes what arrives in pieces.
    public struct Hasher: Sendable {
        private var context = SHA256_CTX()

        /// Starts with nothing hashed.
        public init() { SHA256_Init(&context) }

        /// Appends `bytes`.
        public mutating func update(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { update($0) }
        }

        /// Appends a part of an array.
        public mutating func update(_ bytes: ArraySlice<UInt8>) {
            bytes.withUnsafeBytes { update($0) }
        }

        /// Appends a buffer.
        public mutating func update(_ buffer: UnsafeRawBufferPointer) {
            SHA256_Update(&context, buffer.baseAddress, buffer.count)
        }

        /// Appends one byte: the prefix of a Merkle leaf or node.
        public mutating func update(_ byte: UInt8) {
            withUnsafeBytes(of: byte) { update($0) }
        }

        /// Appends the 32 bytes of a digest.
        public mutating func update(_ digest: Digest) {
            digest.withBytes { update($0) }
        }

        /// The digest of all that was appended; the hasher itself may go on.
        public func finalize() -> Digest {
            var context = context
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Digest.count) { output in
                SHA256_Final(output.baseAddress, &context)
                return Digest(unchecked: UnsafeRawBufferPointer(output))
            }
        }
    }
}
