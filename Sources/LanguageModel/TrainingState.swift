// What a run is between two rounds: all that a checkpoint must hold.

import Cryptography
public import Primitives

/// The state of a run after a round.
public struct TrainingState: Sendable, Equatable {
    /// The parameters that the next round's segments start from.
    public let parameters: ModelParameters
    /// The outer momentum.
    public let momentum: OuterMomentum

    /// Takes both parts.
    public init(parameters: ModelParameters, momentum: OuterMomentum) {
        self.parameters = parameters
        self.momentum = momentum
    }

    /// The state before the first round of a run.
    public init(recipe: TrainingRecipe, seed: UInt64) {
        parameters = ModelParameters(configuration: recipe.configuration, seed: seed)
        momentum = OuterMomentum(configuration: recipe.configuration)
    }

    /// A digest that covers both.
    public var digest: Digest {
        SHA256.hash(parameters.digest.bytes, momentum.digest.bytes)
    }
}
