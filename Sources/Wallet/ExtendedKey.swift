// BIP-32: a tree of private keys from one seed.

public import Cryptography
public import Primitives

/// A private key with what it takes to derive its children.
public struct ExtendedKey: Sendable {
    /// The key itself.
    public let privateKey: Secp256k1PrivateKey
    private let chainCode: SecretBytes
    private let depth: UInt8
    private let parentFingerprint: [UInt8]
    private let number: UInt32

    /// The root of a seed's tree; throws `hd.seed` unless it has 16 to 64 bytes and gives a key.
    public init(seed: SecretBytes) throws(Refusal) {
        guard (16...64).contains(seed.count) else {
            throw Refusal("hd.seed", "a seed has 16 to 64 bytes, not \(seed.count)")
        }
        let hash = HMAC.sha512(key: Array("Bitcoin seed".utf8), secret: seed)
        guard let key = hash.part(0..<32), let chainCode = hash.part(32..<64),
            let privateKey = try? Secp256k1PrivateKey(key)
        else { throw Refusal("hd.seed", "the seed gives no valid key") }
        self.init(privateKey, chainCode, depth: 0, parentFingerprint: [0, 0, 0, 0], number: 0)
    }

    private init(
        _ privateKey: Secp256k1PrivateKey, _ chainCode: SecretBytes, depth: UInt8,
        parentFingerprint: [UInt8], number: UInt32
    ) {
        self.privateKey = privateKey
        self.chainCode = chainCode
        self.depth = depth
        self.parentFingerprint = parentFingerprint
        self.number = number
    }

    /// The key at the end of a path.
    public func derived(along path: DerivationPath) throws(Refusal) -> ExtendedKey {
        var key = self
        for number in path.numbers { key = try key.child(number) }
        return key
    }

    /// One child; hardened when the number's highest bit is set.
    ///
    /// Throws `hd.child` for the one number in 2^127 that gives no key, and below depth 255.
    public func child(_ number: UInt32) throws(Refusal) -> ExtendedKey {
        var message: [UInt8]
        if number >= DerivationPath.hardened {
            message = [0] + privateKey.bytes.exposed()
        } else {
            message = privateKey.compressedPublicKey
        }
        withUnsafeBytes(of: number.bigEndian) { message.append(contentsOf: $0) }
        let hash = HMAC.sha512(key: chainCode.exposed(), secret: SecretBytes(consuming: &message))
        guard depth < 255, let tweak = hash.part(0..<32), let chainCode = hash.part(32..<64),
            let key = privateKey.adding(tweak)
        else { throw Refusal("hd.child", "child \(number) of this key does not exist") }
        return ExtendedKey(
            key, chainCode, depth: depth + 1, parentFingerprint: try fingerprint(), number: number)
    }

    /// The first four bytes of the public key's hash.
    private func fingerprint() throws(Refusal) -> [UInt8] {
        let hash = try RIPEMD160.hash(SHA256.hash(privateKey.compressedPublicKey).bytes)
        return Array(hash[..<4])
    }

    /// The serialized public key with its chain code (`xpub...`), which reveals every child
    /// address.
    public var extendedPublicKey: String {
        Base58.encodeChecked(
            [0x04, 0x88, 0xB2, 0x1E] + header + chainCode.exposed()
                + privateKey.compressedPublicKey)
    }

    /// The serialized private key (`xprv...`).
    public var extendedPrivateKey: SecretBytes {
        SecretBytes(
            utf8: Base58.encodeChecked(
                [0x04, 0x88, 0xAD, 0xE4] + header + chainCode.exposed() + [0]
                    + privateKey.bytes.exposed()))
    }

    private var header: [UInt8] {
        [depth] + parentFingerprint + withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

extension ExtendedKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
