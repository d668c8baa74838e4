// The file of a seat's key, and the one that is about to take its place.

public import Cryptography
import Platform
public import Primitives

/// Where a seat's key lies: 64 hexadecimal digits, for the member's user only.
public struct SeatKeyFile: Sendable {
    /// The file.
    public let path: String

    /// The file at `path`.
    public init(_ path: String) { self.path = path }

    /// The key that takes this one's place once the log says so.
    public var next: SeatKeyFile { SeatKeyFile(path + ".next") }

    /// Whether it is there.
    public var exists: Bool { Files.exists(path) }

    /// Reads the key's seed; throws `seat.key`, `file.*`.
    public func read() throws(Refusal) -> SecretBytes {
        let text = String(decoding: try Files.readPrivate(path, limit: 256), as: UTF8.self)
        guard var bytes = Hex.decode(text.filter { !$0.isWhitespace }), bytes.count == 32 else {
            throw Refusal("seat.key", "\(path) does not hold 64 hexadecimal digits")
        }
        return SecretBytes(consuming: &bytes)
    }

    /// Writes a key where there is none.
    public func create(_ key: SecretBytes) throws(Refusal) {
        try Files.create(path, Array((Hex.encode(key.exposed()) + "\n").utf8), mode: 0o600)
    }

    /// Puts the next key in this one's place.
    func advance() throws(Refusal) {
        try Files.move(next.path, to: path)
        try Files.synchronizeFolder(Files.parent(of: path))
    }

    /// The key of this file or of the next whose public half is that; nil when neither is.
    func key(of publicKey: [UInt8]) throws(Refusal) -> SecretBytes? {
        for file in [self, next] where file.exists {
            let key = try file.read()
            if try Ed25519.publicKey(seed: key) == publicKey { return key }
        }
        return nil
    }
}
