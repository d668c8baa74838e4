// The sizes that fix a model, and the limits within which the kernels accept them.

import CKernels
public import Primitives

/// The shape of a decoder-only transformer over byte tokens.
///
/// Layers are pre-norm without biases, the output layer is the token embedding, and positions are
/// learned. A value of this type has been checked: every one fits the kernels.
public struct ModelConfiguration: Sendable, Hashable {
    /// How many transformer layers there are.
    public let layers: Int
    /// How many attention heads a layer has.
    public let heads: Int
    /// How many channels the residual stream has.
    public let width: Int
    /// How many bytes the model sees at once.
    public let context: Int
    /// How many byte values it knows: tokens are `0 ..< vocabulary`.
    public let vocabulary: Int

    /// The most parameters a model may have.
    public static let parameterLimit = 1 << 27

    /// Checks and makes a configuration; throws `model.configuration`.
    public init(layers: Int, heads: Int, width: Int, context: Int, vocabulary: Int = 256)
        throws(Refusal)
    {
        func demand(_ holds: Bool, _ sentence: String) throws(Refusal) {
            guard holds else { throw Refusal("model.configuration", sentence) }
        }
        try demand((1...48).contains(layers), "layers must be 1 to 48, not \(layers)")
        try demand(
            (32...2048).contains(width) && width % 32 == 0,
            "width must be a multiple of 32 from 32 to 2048, not \(width)")
        try demand(
            (1...64).contains(heads) && width % heads == 0 && width / heads % 16 == 0,
            "heads must split the width \(width) into multiples of 16; \(heads) do not")
        try demand(
            (16...2048).contains(context) && context % 16 == 0,
            "context must be a multiple of 16 from 16 to 2048, not \(context)")
        try demand(
            (16...256).contains(vocabulary) && vocabulary % 16 == 0,
            "vocabulary must be a multiple of 16 from 16 to 256, not \(vocabulary)")
        self.layers = layers
        self.heads = heads
        self.width = width
        self.context = context
        self.vocabulary = vocabulary
        try demand(
            parameterCount <= ModelConfiguration.parameterLimit,
            "a model may have \(ModelConfiguration.parameterLimit) parameters,"
                + " not \(parameterCount)"
        )
    }

    /// How many parameters a model of this shape has.
    public var parameterCount: Int {
        var shape = shape
        return althing_parameter_count(&shape)
    }

    /// The same sizes as the kernels take them.
    var shape: althing_shape {
        althing_shape(
            layers: Int32(layers), heads: Int32(heads), width: Int32(width),
            context: Int32(context), vocabulary: Int32(vocabulary))
    }

    /// Refuses text with a byte that the model has no token for (`model.unknown-byte`).
    func checkTokens(_ text: [UInt8]) throws(Refusal) {
        guard vocabulary < 256 else { return }
        guard let index = text.firstIndex(where: { Int($0) >= vocabulary }) else { return }
        throw Refusal(
            "model.unknown-byte",
            "byte \(text[index]) at \(index) is not among the model's \(vocabulary) tokens")
    }
}

extension ModelConfiguration: BinaryCodable {
    /// Appends the five sizes.
    public func encode(into encoder: inout BinaryEncoder) {
        for size in [layers, heads, width, context, vocabulary] { encoder.number(UInt64(size)) }
    }

    /// Reads and checks the five sizes.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        var sizes: [Int] = []
        for _ in 0..<5 { sizes.append(Int(truncatingIfNeeded: try decoder.number32())) }
        try self.init(
            layers: sizes[0], heads: sizes[1], width: sizes[2], context: sizes[3],
            vocabulary: sizes[4])
    }
}
