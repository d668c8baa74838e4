// An account's name: Ethereum's 20 bytes. The checksummed spelling (EIP-55) lives in Wallet.

/// A 20-byte account address: the last 20 bytes of Keccak-256 of an uncompressed public key.
public struct Address: Hashable, Sendable, Comparable, CustomStringConvertible {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    /// How many bytes an address has.
    public static let count = 20

    /// Twenty zero bytes: nobody.
    public static let zero = Address(high: 0, middle: 0, low: 0)

    private init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// Takes 20 bytes; nil for any other count.
    public init?(_ bytes: [UInt8]) { self.init(bytes[...]) }

    /// Takes 20 bytes; nil for any other count. For keys of the state, where other modules would
    /// call the general one through tables, byte by byte.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == Address.count else { return nil }
        let words = bytes.withUnsafeBytes { buffer in
            (
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
            )
        }
        self.init(high: words.0, middle: words.1, low: words.2)
    }

    /// Takes 20 bytes; nil for any other count.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Address.count else { return nil }
        var high: UInt64 = 0
        var middle: UInt64 = 0
        var low: UInt32 = 0
        var position = 0
        for byte in bytes {
            if position < 8 {
                high = high << 8 | UInt64(byte)
            } else if position < 16 {
                middle = middle << 8 | UInt64(byte)
            } else {
                low = low << 8 | UInt32(byte)
            }
            position += 1
        }
        self.init(high: high, middle: middle, low: low)
    }

    /// Reads `0x` and 40 hexadecimal digits of any case; a wrong checksum is not noticed here.
    public init?(hex text: String) {
        guard text.utf8.count == 42, text.hasPrefix("0x"), let bytes = Hex.decode(text) else {
            return nil
        }
        self.init(bytes)
    }

    /// The 20 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// Lends the 20 bytes without allocating an array.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var bigEndian = (high.bigEndian, middle.bigEndian, low.bigEndian)
        return withUnsafeBytes(of: &bigEndian) { buffer in
            body(UnsafeRawBufferPointer(rebasing: buffer[..<Address.count]))
        }
    }

    /// `0x` and 40 lower-case digits.
    public var hex: String { "0x" + Hex.encode(bytes) }

    /// `0x` and 40 lower-case digits.
    public var description: String { hex }

    /// Orders by bytes.
    public static func < (left: Address, right: Address) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }
}
