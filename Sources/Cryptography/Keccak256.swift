// Keccak-256 as Ethereum uses it: the original padding 0x01, not SHA3-256's 0x06. OpenSSL 3.0 has
// no such function, so the sponge is here and the permutation in `KeccakPermutation.swift`.

public import Primitives

/// The Keccak-256 hash function.
public enum Keccak256 {
    /// How many bytes one permutation takes in.
    static let rate = 136

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
        private var state = KeccakState()
        // How many bytes of the current block are already mixed into the state.
        private var position = 0

        /// Starts with nothing hashed.
        public init() {}

        /// Appends `bytes`.
        public mutating func update(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { update($0) }
        }

        /// Appends the 32 bytes of a digest.
        public mutating func update(_ digest: Digest) {
            digest.withBytes { update($0) }
        }

        /// Appends a buffer.
        public mutating func update(_ buffer: UnsafeRawBufferPointer) {
            var offset = 0
            while offset < buffer.count {
                if position.isMultiple(of: 8), buffer.count - offset >= 8 {
                    let word = buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    state.lanes[position >> 3] ^= UInt64(littleEndian: word)
                    position += 8
                    offset += 8
                } else {
                    state.mix(buffer[offset], at: position)
                    position += 1
                    offset += 1
                }
                if position == rate {
                    state.permute()
                    position = 0
                }
            }
        }

        /// The digest of all that was appended; the hasher itself may go on.
        public func finalize() -> Digest {
            var last = state
            last.mix(0x01, at: position)
            last.mix(0x80, at: rate - 1)
            last.permute()
            return Digest(
                words: (
                    last.lanes[0].byteSwapped, last.lanes[1].byteSwapped,
                    last.lanes[2].byteSwapped, last.lanes[3].byteSwapped
                ))
        }
    }
}
