// Web3 Secret Storage, version 3: a private key under a password, as geth and foundry keep it.
//
// The password is taken as raw UTF-8 and is never normalised (mnemonics differ in that). Parameters
// are bounded when a file is read, so a hostile keystore can cost neither memory nor time.

public import Cryptography
public import Primitives

/// An encrypted private key.
public struct Keystore: Sendable, Equatable {
    /// The account, when the file names it.
    public let address: Address?
    /// The file's UUID.
    public let id: String
    /// How the password becomes a key.
    public let cost: KeystoreCost
    let salt: [UInt8]
    /// How many bytes are derived: 32 of them are used, and others' files may ask for more.
    let derivedCount: Int
    let initialCounter: [UInt8]
    let ciphertext: [UInt8]
    let authentication: Digest

    /// How many bytes of entropy a new keystore takes: salt, counter and identifier.
    public static let entropyCount = 64

    /// How many bytes a file may have derived: at least what the cipher and the MAC take.
    static let derivedCounts = 32...128

    /// Puts a key under a password. `entropy` is 64 fresh random bytes.
    ///
    /// Throws `keystore.entropy` or `keystore.cost`.
    public static func seal(
        _ key: Secp256k1PrivateKey, password: SecretBytes, cost: KeystoreCost = .standard,
        entropy: [UInt8]
    ) throws(Refusal) -> Keystore {
        guard entropy.count == entropyCount else {
            throw Refusal("keystore.entropy", "a new keystore takes \(entropyCount) random bytes")
        }
        let salt = Array(entropy[..<32])
        let counter = Array(entropy[32..<48])
        let derived = try cost.derive(password, salt: salt, count: derivedCounts.lowerBound)
        let ciphertext = try AES128CTR.seal(
            key.bytes, key: try cipherKey(derived), initialCounter: counter)
        return Keystore(
            address: key.address, id: uuid(Array(entropy[48...])), cost: cost, salt: salt,
            derivedCount: derivedCounts.lowerBound, initialCounter: counter, ciphertext: ciphertext,
            authentication: try authenticate(ciphertext, derived))
    }

    /// Opens the keystore.
    ///
    /// Throws `keystore.password` for a wrong password, `keystore.address` when the key is not the
    /// named account's, `crypto.key` when what was sealed is no key.
    public func open(password: SecretBytes) throws(Refusal) -> Secp256k1PrivateKey {
        try open(derivedKey: try derivedKey(password: password))
    }

    /// The costly half of opening: 32 bytes from the password, more where the file asks for more.
    public func derivedKey(password: SecretBytes) throws(Refusal) -> SecretBytes {
        try cost.derive(password, salt: salt, count: derivedCount)
    }

    /// The cheap half of opening; throws as `open(password:)` does.
    public func open(derivedKey derived: SecretBytes) throws(Refusal) -> Secp256k1PrivateKey {
        let expected = try Keystore.authenticate(ciphertext, derived)
        guard ConstantTime.equal(expected.bytes, authentication.bytes) else {
            throw Refusal("keystore.password", "the password does not open this keystore")
        }
        // Old geth left a key's leading zeros out.
        let plain = try AES128CTR.open(
            ciphertext, key: try Keystore.cipherKey(derived), initialCounter: initialCounter,
            paddedTo: 32)
        let key = try Secp256k1PrivateKey(plain)
        guard address == nil || address == key.address else {
            throw Refusal("keystore.address", "the keystore names another account than its key's")
        }
        return key
    }

    private static func cipherKey(_ derived: SecretBytes) throws(Refusal) -> SecretBytes {
        guard let key = derived.part(0..<16) else {
            throw Refusal("keystore.cost", "the derived key is too short")
        }
        return key
    }

    /// `keccak256(derived[16..<32] ‖ ciphertext)`.
    private static func authenticate(
        _ ciphertext: [UInt8], _ derived: SecretBytes
    ) throws(Refusal) -> Digest {
        guard let key = derived.part(16..<32) else {
            throw Refusal("keystore.cost", "the derived key is too short")
        }
        var hasher = Keccak256.Hasher()
        key.withBytes { hasher.update($0) }
        hasher.update(ciphertext)
        return hasher.finalize()
    }

    /// A random UUID (RFC 9562, version 4) from 16 bytes.
    private static func uuid(_ entropy: [UInt8]) -> String {
        var bytes = entropy
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array(Hex.encode(bytes))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
            .map { String(digits[$0]) }.joined(separator: "-")
    }
}
