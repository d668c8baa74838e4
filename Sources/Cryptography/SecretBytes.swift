// Bytes that must not leak: keys, passwords, seeds.
//
// The type has no way out that could happen by accident: it prints as `<secret>`, mirrors as
// nothing, is not Codable and not Hashable. Whoever needs the bytes borrows them in a closure. The
// memory is overwritten when the last owner lets go; copies that a caller makes are the caller's.

import COpenSSL

/// A secret byte string: lent, never printed, wiped at the end.
public struct SecretBytes: Sendable {
    private let storage: WipedStorage

    /// Copies `bytes`; the caller's own copy stays the caller's to forget.
    public init(_ bytes: [UInt8]) {
        storage = WipedStorage(count: bytes.count) { target in
            bytes.withUnsafeBytes { target.copyMemory(from: $0) }
        }
    }

    /// Takes `bytes` over and wipes the variable they came in.
    public init(consuming bytes: inout [UInt8]) {
        self.init(bytes)
        Wipe.array(&bytes)
    }

    /// The UTF-8 of a password, exactly as typed.
    public init(utf8 text: String) { self.init(Array(text.utf8)) }

    /// Makes `count` bytes by letting `fill` write them in place.
    init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        storage = WipedStorage(count: count, fill: fill)
    }

    /// How many bytes there are.
    public var count: Int { storage.buffer.count }

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    /// Lends the bytes for the time of `body`.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage.buffer))
    }

    /// A part of the secret, itself secret; nil when the range is not inside.
    public func part(_ range: Range<Int>) -> SecretBytes? {
        guard range.lowerBound >= 0, range.upperBound <= count else { return nil }
        return SecretBytes(count: range.count) { target in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage.buffer[range]))
        }
    }

    /// A copy in the open, for the few callers that must write a secret out (an export, a file).
    public func exposed() -> [UInt8] { Array(storage.buffer) }
}

extension SecretBytes: Equatable {
    /// Compares in time that depends on the counts alone.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withBytes { one in right.withBytes { ConstantTime.equal(one, $0) } }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// A mirror without children: `dump` and test failures show nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The memory behind a secret. Unchecked: it is written once, before it is shared, and only read
/// until it is wiped by the last reference.
private final class WipedStorage: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer

    init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        buffer = .allocate(byteCount: count, alignment: 16)
        if count > 0 { fill(buffer) }
    }

    deinit {
        Wipe.memory(buffer)
        buffer.deallocate()
    }
}

/// Overwriting that the optimiser may not remove.
enum Wipe {
    static func memory(_ buffer: UnsafeMutableRawBufferPointer) {
        OPENSSL_cleanse(buffer.baseAddress, buffer.count)
    }

    static func array(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { memory($0) }
        bytes = []
    }
}

/// Comparison that does not tell where two byte strings differ.
public enum ConstantTime {
    /// Whether two byte strings are equal; the counts are not secret.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { one in right.withUnsafeBytes { equal(one, $0) } }
    }

    /// Whether two buffers are equal; the counts are not secret.
    public static func equal(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) -> Bool {
        guard left.count == right.count else { return false }
        guard left.count > 0 else { return true }
        return CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
    }
}
