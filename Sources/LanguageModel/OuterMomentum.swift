// The outer optimiser's one state.

import Cryptography
public import Primitives

/// The momentum of a run's outer steps: part of its checkpoint, beside the parameters.
public struct OuterMomentum: Sendable, Equatable {
    /// The sizes of the model it belongs to.
    public let configuration: ModelConfiguration
    let values: [Float]

    init(configuration: ModelConfiguration, values: [Float]) {
        self.configuration = configuration
        self.values = values
    }

    /// The momentum before the first round: zero.
    public init(configuration: ModelConfiguration) {
        let zero = [Float](repeating: 0, count: configuration.parameterCount)
        self.init(configuration: configuration, values: zero)
    }

    /// Reads the canonical bytes; throws `model.checkpoint` or `model.configuration`.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        let (configuration, values) = try Checkpoint.parse(bytes, as: .momentum)
        self.init(configuration: configuration, values: values)
    }

    /// The canonical bytes, a safetensors file.
    public var serialized: [UInt8] {
        Checkpoint.serialize(values, of: configuration, as: .momentum)
    }

    /// The SHA-256 digest of the canonical bytes.
    public var digest: Digest { SHA256.hash(serialized) }
}
