// An Ethereum signature: r, s and the parity that lets the signer's key be recovered.
//
// One signature has one accepted value: s in the lower half of the group's order (EIP-2) and r and
// s in range. libsecp256k1's recovery takes the high twin too, so the check is made here, once,
// when a signature is read. Never use signature bytes as an identity all the same: two spellings
// exist.

public import Primitives

/// A recoverable secp256k1 signature in its one canonical value.
public struct RecoverableSignature: Hashable, Sendable, CustomStringConvertible {
    /// The x coordinate of the nonce point.
    public let r: Digest
    /// The proof, at most half of the group's order.
    public let s: Digest
    /// Whether the nonce point's y coordinate is odd.
    public let isOdd: Bool

    /// How many bytes the usual spelling has: r, s, v.
    public static let count = 65

    /// Takes the numbers; throws `signature.range` or `signature.high-s`.
    public init(r: Digest, s: Digest, isOdd: Bool) throws(Refusal) {
        guard r != .zero, s != .zero, r < CurveOrder.n, s < CurveOrder.n else {
            throw Refusal("signature.range", "r or s is zero or not below the curve's order")
        }
        guard s <= CurveOrder.half else {
            throw Refusal(
                "signature.high-s", "s is in the upper half; only the lower twin is accepted")
        }
        self.r = r
        self.s = s
        self.isOdd = isOdd
    }

    /// Reads 65 bytes r, s, v with v in {0, 1, 27, 28}.
    ///
    /// Throws `signature.length`, `signature.v`, `signature.range` or `signature.high-s`.
    public init(_ bytes: [UInt8]) throws(Refusal) {
        guard bytes.count == RecoverableSignature.count, let r = Digest(Array(bytes[0..<32])),
            let s = Digest(Array(bytes[32..<64]))
        else {
            throw Refusal("signature.length", "a signature has 65 bytes, not \(bytes.count)")
        }
        guard let isOdd = RecoverableSignature.parity(v: bytes[64]) else {
            throw Refusal("signature.v", "v is 0, 1, 27 or 28, not \(bytes[64])")
        }
        try self.init(r: r, s: s, isOdd: isOdd)
    }

    /// Reads the 64 bytes of EIP-2098: r, and s with the parity in its highest bit.
    public init(compact bytes: [UInt8]) throws(Refusal) {
        guard bytes.count == 64, let r = Digest(Array(bytes[0..<32])) else {
            throw Refusal(
                "signature.length", "a compact signature has 64 bytes, not \(bytes.count)")
        }
        var low = Array(bytes[32..<64])
        let isOdd = low[0] & 0x80 != 0
        low[0] &= 0x7F
        guard let s = Digest(low) else {
            throw Refusal("signature.length", "a compact signature has 64 bytes")
        }
        try self.init(r: r, s: s, isOdd: isOdd)
    }

    /// Reads `0x` and 130 hexadecimal digits.
    public init(hex text: String) throws(Refusal) {
        guard text.hasPrefix("0x"), let bytes = Hex.decode(text) else {
            throw Refusal("signature.length", "a signature is 0x and 130 hexadecimal digits")
        }
        try self.init(bytes)
    }

    private static func parity(v: UInt8) -> Bool? {
        switch v {
        case 0, 27: false
        case 1, 28: true
        default: nil
        }
    }

    /// 27 or 28.
    public var v: UInt8 { isOdd ? 28 : 27 }

    /// The 65 bytes r, s, v.
    public var bytes: [UInt8] { r.bytes + s.bytes + [v] }

    /// The 64 bytes of EIP-2098.
    public var compactBytes: [UInt8] {
        var bytes = r.bytes + s.bytes
        if isOdd { bytes[32] |= 0x80 }
        return bytes
    }

    /// `0x` and 130 digits.
    public var hex: String { "0x" + Hex.encode(bytes) }

    /// `0x` and 130 digits.
    public var description: String { hex }
}

extension RecoverableSignature: BinaryCodable {
    /// Writes the 65 bytes r, s, v.
    public func encode(into encoder: inout BinaryEncoder) { encoder.raw(bytes) }

    /// Reads 65 bytes; the spelling with v 0 or 1 is refused, because a codec has one spelling.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let bytes = try decoder.raw(RecoverableSignature.count)
        guard bytes[64] >= 27 else {
            throw Refusal("signature.v", "the stored v is 27 or 28, not \(bytes[64])")
        }
        try self.init(bytes)
    }
}

/// The order of secp256k1's group, and half of it.
enum CurveOrder {
    static let n = Digest(
        words: (
            0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE, 0xBAAE_DCE6_AF48_A03B,
            0xBFD2_5E8C_D036_4141
        ))
    static let half = Digest(
        words: (
            0x7FFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF, 0x5D57_6E73_57A4_501D,
            0xDFE9_2F46_681B_20A0
        ))
}
