// The name of a machine on the wire: its Ed25519 public key.

import Primitives

/// An Ed25519 public key by which a peer is known and accepted; no authority vouches for it.
public struct PinnedKey: Hashable, Sendable, CustomStringConvertible {
    private let digest: Digest

    /// Takes the 32 raw bytes of the key; nil for any other count.
    public init?(_ bytes: [UInt8]) {
        guard let digest = Digest(bytes) else { return nil }
        self.digest = digest
    }

    /// Reads 64 hexadecimal digits.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// The 32 raw bytes.
    public var bytes: [UInt8] { digest.bytes }

    /// 64 lower-case hexadecimal digits.
    public var description: String { digest.hex }
}
