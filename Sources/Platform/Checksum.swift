// CRC32C over bytes, by the processor's instruction where there is one.

import CPlatform

/// CRC32C (Castagnoli), the checksum of the log and of frames.
public enum Checksum {
    /// Continues `checksum` over `bytes`; begin with 0.
    public static func crc32c(_ bytes: [UInt8], continuing checksum: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { crc32c($0, continuing: checksum) }
    }

    /// Continues `checksum` over `bytes`; begin with 0.
    public static func crc32c(
        _ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0
    ) -> UInt32 {
        cplatform_crc32c(checksum, bytes.baseAddress, bytes.count)
    }

    /// The same by table, on every processor: what the fast path is tested against.
    public static func crc32cPortable(
        _ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0
    ) -> UInt32 {
        cplatform_crc32c_portable(checksum, bytes.baseAddress, bytes.count)
    }
}
