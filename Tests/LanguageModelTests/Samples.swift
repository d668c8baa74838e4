// Models and texts small enough for kernels compiled without optimisation.

import Primitives

@testable import LanguageModel

enum Sample {
    static func configuration() throws -> ModelConfiguration {
        try ModelConfiguration(layers: 2, heads: 2, width: 32, context: 16, vocabulary: 128)
    }

    static func recipe(quantisation: Quantisation = .int4) throws -> TrainingRecipe {
        TrainingRecipe(
            configuration: try configuration(), rounds: 2, segmentsPerRound: 2, stepsPerSegment: 3,
            batch: 2,
            learningRate: try LearningRateSchedule(
                peakNano: 4_000_000, floorNano: 400_000, warmupSteps: 2),
            quantisation: quantisation,
            aggregation: AggregationRule(clipsToMedianNorm: true, trim: 0),
            outerRatePermille: 700, outerMomentumPermille: 700)
    }

    /// A sentence over and over: something to learn in a few steps.
    static func corpus(_ count: Int = 600) -> [UInt8] {
        let sentence = Array("the cat sat on the mat. ".utf8)
        return (0..<count).map { sentence[$0 % sentence.count] }
    }

    /// A delta of random values in a model's shape.
    static func delta(
        from parameters: ModelParameters, seed: UInt64, scale: Float = 0.01,
        quantisation: Quantisation = .int4
    ) throws -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        let moved = parameters.values.map { value in
            value + scale * Float.random(in: -1...1, using: &generator)
        }
        return try moved.withUnsafeBufferPointer { moved in
            try QuantisedDelta(
                base: parameters.digest, from: parameters.values, to: moved,
                quantisation: quantisation
            ).serialized
        }
    }
}
