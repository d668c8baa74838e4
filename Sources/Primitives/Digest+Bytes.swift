// Digests from and into raw bytes, without the cost of a generic call across modules.

extension Digest {
    /// Takes 32 bytes of an array; nil for any other count.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Digest.count else { return nil }
        self = bytes.withUnsafeBytes { Digest(unchecked: $0) }
    }

    /// Takes the first 32 bytes of a buffer that the caller knows to hold as many.
    public init(unchecked buffer: UnsafeRawBufferPointer) {
        precondition(buffer.count >= Digest.count, "a digest needs 32 bytes")
        self.init(
            words: (
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            ))
    }

    /// Lends the 32 bytes without allocating an array.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let words = words
        var bigEndian = (
            words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian
        )
        return withUnsafeBytes(of: &bigEndian, body)
    }
}
