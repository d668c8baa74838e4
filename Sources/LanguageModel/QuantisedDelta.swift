// What one segment changed, small enough to send.

import CKernels
import Cryptography
public import Primitives

/// The difference between a segment's first and last parameters, quantised in blocks of 256.
///
/// The bytes are a magic number, the digest of the parameters it starts from, the bits a value, the
/// count of values, and the blocks (`CKernels/include/delta.h`). One delta has one spelling.
public struct QuantisedDelta: Sendable, Equatable {
    /// The digest of the parameters that the change is from.
    public let base: Digest
    /// How its values are stored.
    public let quantisation: Quantisation
    /// How many values it has.
    public let count: Int
    /// The blocks, checked.
    let blocks: [UInt8]

    private static let magic = Array("ALTHDLT1".utf8)

    /// Quantises `first - last`; throws `training.diverged` when a value is not finite.
    init(
        base: Digest, from first: [Float], to last: UnsafeBufferPointer<Float>,
        quantisation: Quantisation
    ) throws(Refusal) {
        let bits = Int32(quantisation.rawValue)
        var blocks = [UInt8](repeating: 0, count: althing_delta_bytes(first.count, bits))
        let status = althing_delta_quantise(first, last.baseAddress, first.count, bits, &blocks)
        guard status == 0 else {
            throw Refusal("training.diverged", "a parameter is no longer a finite number")
        }
        self.base = base
        self.quantisation = quantisation
        self.count = first.count
        self.blocks = blocks
    }

    /// Reads a delta for a model of `configuration`; throws `training.delta`.
    public init(parsing bytes: [UInt8], for configuration: ModelConfiguration) throws(Refusal) {
        var decoder = BinaryDecoder(bytes)
        let count = configuration.parameterCount
        guard try decoder.raw(8) == QuantisedDelta.magic else {
            throw Refusal("training.delta", "these bytes are not a delta")
        }
        base = try decoder.digest()
        guard let quantisation = Quantisation(rawValue: try decoder.byte()) else {
            throw Refusal("training.delta", "a delta has 4 or 8 bits a value")
        }
        guard try decoder.number() == UInt64(count) else {
            throw Refusal("training.delta", "the delta is not for a model of \(count) parameters")
        }
        let bits = Int32(quantisation.rawValue)
        let blocks = try decoder.raw(decoder.remaining)
        guard blocks.count == althing_delta_bytes(count, bits),
            althing_delta_check(blocks, count, bits) == 0
        else {
            throw Refusal("training.delta", "the delta's blocks are malformed")
        }
        self.quantisation = quantisation
        self.count = count
        self.blocks = blocks
    }

    /// The canonical bytes.
    public var serialized: [UInt8] {
        var encoder = BinaryEncoder()
        encoder.raw(QuantisedDelta.magic)
        encoder.digest(base)
        encoder.byte(quantisation.rawValue)
        encoder.number(UInt64(count))
        encoder.raw(blocks)
        return encoder.bytes
    }

    /// The SHA-256 digest of the canonical bytes.
    public var digest: Digest { SHA256.hash(serialized) }

    /// The Euclidean length of the change.
    var norm: Float { althing_delta_norm(blocks, count, Int32(quantisation.rawValue)) }
}
