// Ethereum's curve, over libsecp256k1: recovery for whoever checks, keys for whoever signs.

import CSecp256k1
public import Primitives

/// Checking signatures. All calls share one context, which only reads and never holds a secret.
public enum Secp256k1 {
    private static let context = CurveContext()

    /// The account that signed `digest`; throws `signature.unrecoverable`.
    public static func recover(
        _ digest: Digest, _ signature: RecoverableSignature
    ) throws(Refusal) -> Address {
        address(publicKey: try recoverPublicKey(digest, signature))
    }

    /// The 64-byte public key that signed `digest`; throws `signature.unrecoverable`.
    public static func recoverPublicKey(
        _ digest: Digest, _ signature: RecoverableSignature
    ) throws(Refusal) -> [UInt8] {
        var parsed = secp256k1_ecdsa_recoverable_signature()
        var key = secp256k1_pubkey()
        let compact = signature.r.bytes + signature.s.bytes
        let parity: Int32 = signature.isOdd ? 1 : 0
        guard
            secp256k1_ecdsa_recoverable_signature_parse_compact(
                context.pointer, &parsed, compact, parity) == 1,
            secp256k1_ecdsa_recover(context.pointer, &key, &parsed, digest.bytes) == 1
        else {
            throw Refusal("signature.unrecoverable", "no key gives this signature of this digest")
        }
        return context.serialize(&key, compressed: false)
    }

    /// The account of a 64-byte public key: the last 20 bytes of its Keccak-256.
    public static func address(publicKey: [UInt8]) -> Address {
        // A digest always has 32 bytes, so its suffix is an address.
        Address(Keccak256.hash(publicKey).bytes[12...]) ?? .zero
    }

    /// The 64-byte form of a compressed (33-byte) or uncompressed (65-byte) public key.
    ///
    /// Throws `crypto.key` when the bytes are not a point of the curve.
    public static func publicKey(_ bytes: [UInt8]) throws(Refusal) -> [UInt8] {
        var key = secp256k1_pubkey()
        guard secp256k1_ec_pubkey_parse(context.pointer, &key, bytes, bytes.count) == 1 else {
            throw Refusal("crypto.key", "the bytes are no public key of secp256k1")
        }
        return context.serialize(&key, compressed: false)
    }

    /// The sum of a public key and a multiple of the generator: a step of public derivation.
    static func publicKey(_ bytes: [UInt8], addingMultiple tweak: [UInt8]) -> [UInt8]? {
        var key = secp256k1_pubkey()
        guard secp256k1_ec_pubkey_parse(context.pointer, &key, bytes, bytes.count) == 1,
            secp256k1_ec_pubkey_tweak_add(context.pointer, &key, tweak) == 1
        else { return nil }
        return context.serialize(&key, compressed: true)
    }
}

/// A private key of secp256k1: a number from 1 to n-1, wiped when it is let go.
///
/// Signing is deterministic (RFC 6979). The context of each key is blinded, with the caller's
/// entropy when there is some and always with the key itself, so that timing and power tell less.
public struct Secp256k1PrivateKey: Sendable {
    private let secret: SecretBytes
    private let context: CurveContext
    /// The public key: x and y, 64 bytes.
    public let publicKey: [UInt8]
    /// The account of this key.
    public let address: Address

    /// Takes 32 bytes; throws `crypto.key` unless they are a number from 1 to n-1.
    public init(_ bytes: SecretBytes, blinding entropy: [UInt8] = []) throws(Refusal) {
        let context = CurveContext()
        var key = secp256k1_pubkey()
        let valid =
            bytes.count == 32
            && bytes.withBytes { bytes in
                let pointer = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
                guard let pointer else { return false }
                let seed = HMAC.sha256(key: SecretBytes(Array(bytes)), message: entropy).bytes
                return secp256k1_ec_seckey_verify(context.pointer, pointer) == 1
                    && secp256k1_context_randomize(context.pointer, seed) == 1
                    && secp256k1_ec_pubkey_create(context.pointer, &key, pointer) == 1
            }
        guard valid else {
            throw Refusal("crypto.key", "a private key is 32 bytes, a number from 1 to n-1")
        }
        secret = bytes
        self.context = context
        publicKey = context.serialize(&key, compressed: false)
        address = Secp256k1.address(publicKey: publicKey)
    }

    /// Takes 32 bytes of an array.
    public init(_ bytes: [UInt8]) throws(Refusal) { try self.init(SecretBytes(bytes)) }

    /// The public key in 33 bytes.
    public var compressedPublicKey: [UInt8] {
        [publicKey[63] & 1 == 0 ? 2 : 3] + publicKey[..<32]
    }

    /// The key's 32 bytes, still secret.
    public var bytes: SecretBytes { secret }

    /// Signs a digest: RFC 6979 nonce, low s.
    public func sign(_ digest: Digest) throws(Refusal) -> RecoverableSignature {
        var signature = secp256k1_ecdsa_recoverable_signature()
        var compact = [UInt8](repeating: 0, count: 64)
        var parity: Int32 = 0
        let status = secret.withBytes { secret -> Int32 in
            guard let pointer = secret.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                return 0
            }
            return secp256k1_ecdsa_sign_recoverable(
                context.pointer, &signature, digest.bytes, pointer, nil, nil)
        }
        guard status == 1,
            secp256k1_ecdsa_recoverable_signature_serialize_compact(
                context.pointer, &compact, &parity, &signature) == 1
        else { throw Refusal("crypto.failure", "signing failed") }
        // Parity 2 and 3 mean that r wrapped past the order: a chance of 2^-127, and no valid v.
        guard let r = Digest(Array(compact[..<32])), let s = Digest(Array(compact[32...])),
            parity < 2
        else { throw Refusal("crypto.failure", "the signature has no Ethereum form") }
        return try RecoverableSignature(r: r, s: s, isOdd: parity == 1)
    }

    /// This key plus a number, modulo n; nil when the result is no key. A step of BIP-32.
    public func adding(_ tweak: SecretBytes) -> Secp256k1PrivateKey? {
        guard tweak.count == 32 else { return nil }
        var sum = secret.exposed()
        let status = tweak.withBytes { tweak -> Int32 in
            guard let pointer = tweak.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                return 0
            }
            return secp256k1_ec_seckey_tweak_add(context.pointer, &sum, pointer)
        }
        let bytes = SecretBytes(consuming: &sum)
        return status == 1 ? try? Secp256k1PrivateKey(bytes) : nil
    }
}

extension Secp256k1PrivateKey: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A context of libsecp256k1. Unchecked: it is changed (blinded) only by the initializer that makes
/// it, and all later calls take it as constant, which the library allows from any thread.
final class CurveContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init() {
        // Allocation of a few hundred bytes is all that can fail here.
        guard let pointer = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            preconditionFailure("out of memory")
        }
        self.pointer = pointer
    }

    deinit { secp256k1_context_destroy(pointer) }

    /// 33 bytes, or the 64 bytes that follow the uncompressed form's prefix.
    func serialize(_ key: inout secp256k1_pubkey, compressed: Bool) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: compressed ? 33 : 65)
        var count = bytes.count
        let flags = UInt32(compressed ? SECP256K1_EC_COMPRESSED : SECP256K1_EC_UNCOMPRESSED)
        secp256k1_ec_pubkey_serialize(pointer, &bytes, &count, &key, flags)
        if !compressed { bytes.removeFirst() }
        return bytes
    }
}
