// A model's weights: what a segment starts from, what an aggregation makes, what is served.

import Cryptography
public import Primitives

/// The parameters of one model.
public struct ModelParameters: Sendable, Equatable {
    /// The sizes of the model.
    public let configuration: ModelConfiguration
    /// All weights in the kernels' order, every one finite.
    let values: [Float]

    /// Takes a row that is as long as the configuration demands.
    init(configuration: ModelConfiguration, values: [Float]) {
        self.configuration = configuration
        self.values = values
    }

    /// Draws the first parameters of a run from `seed`.
    ///
    /// Norms are one; weights are normal with deviation 0.02, and those that feed the residual
    /// stream smaller by the square root of twice the layers. A normal number here is the sum of
    /// twelve uniform ones, added as integers, so that it is exact.
    public init(configuration: ModelConfiguration, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var values: [Float] = []
        values.reserveCapacity(configuration.parameterCount)
        let deviation: Float = 0.02
        let residual = deviation / Float(2 * configuration.layers).squareRoot()
        for tensor in configuration.tensors {
            if tensor.shape.count == 1 {
                values.append(contentsOf: repeatElement(1, count: tensor.count))
                continue
            }
            let feedsResidual =
                tensor.name.hasSuffix("output.weight") || tensor.name.hasSuffix("down.weight")
            let scale = feedsResidual ? residual : deviation
            for _ in 0..<tensor.count { values.append(scale * generator.nextNormal()) }
        }
        self.init(configuration: configuration, values: values)
    }

    /// Reads the canonical bytes; throws `model.checkpoint` or `model.configuration`.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        let (configuration, values) = try Checkpoint.parse(bytes, as: .parameters)
        self.init(configuration: configuration, values: values)
    }

    /// The canonical bytes, a safetensors file.
    public var serialized: [UInt8] {
        Checkpoint.serialize(values, of: configuration, as: .parameters)
    }

    /// The SHA-256 digest of the canonical bytes: the name of these parameters everywhere.
    public var digest: Digest { SHA256.hash(serialized) }
}

extension SplitMix64 {
    /// A normal number by Irwin and Hall: twelve uniform ones of 24 bits, less their mean.
    fileprivate mutating func nextNormal() -> Float {
        var sum: Int64 = 0
        for _ in 0..<12 { sum += Int64(next() >> 40) }
        return Float(sum - 6 << 24) * 0x1p-24
    }
}
