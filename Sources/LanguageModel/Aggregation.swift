// From the deltas of one round to the next parameters.

import CKernels
import Cryptography
public import Primitives

/// The outer step.
public enum Aggregation {
    /// The most deltas one round may have.
    public static let deltaLimit = Int(ALTHING_DELTA_LIMIT)

    /// Combines the deltas of one round and takes the outer step.
    ///
    /// The same set of deltas gives the same result in whatever order they arrive: values are
    /// averaged in rising order, per parameter. Throws `training.delta` for one that does not
    /// parse, `training.stale-delta` for one that starts from other parameters,
    /// `training.quantisation` for another kind than the recipe's, and `training.diverged` when
    /// the step leaves the finite numbers.
    public static func apply(
        _ recipe: TrainingRecipe, parameters: ModelParameters, momentum: OuterMomentum,
        deltas: [[UInt8]]
    ) throws(Refusal) -> TrainingState {
        try Kernels.check(threads: 1)
        guard (1...deltaLimit).contains(deltas.count) else {
            throw Refusal(
                "training.deltas", "a round has 1 to \(deltaLimit) deltas, not \(deltas.count)")
        }
        guard momentum.configuration == parameters.configuration else {
            throw Refusal("training.parameters", "the momentum is of another model's shape")
        }
        let parsed = try parse(deltas, recipe, base: parameters)
        let mean = Scratch(parameters.values.count)
        combine(parsed, recipe, into: mean)
        let nextParameters = Scratch(copying: parameters.values)
        let nextMomentum = Scratch(copying: momentum.values)
        let status = althing_outer_step(
            nextParameters.base, nextMomentum.base, mean.base, parameters.values.count,
            Float(recipe.outerRatePermille) / 1000, Float(recipe.outerMomentumPermille) / 1000)
        guard status == 0 else {
            throw Refusal("training.diverged", "a parameter is no longer a finite number")
        }
        return TrainingState(
            parameters: ModelParameters(
                configuration: parameters.configuration, values: nextParameters.values),
            momentum: OuterMomentum(
                configuration: parameters.configuration, values: nextMomentum.values))
    }

    private static func parse(
        _ deltas: [[UInt8]], _ recipe: TrainingRecipe, base parameters: ModelParameters
    ) throws(Refusal) -> [QuantisedDelta] {
        let base = parameters.digest
        var parsed: [QuantisedDelta] = []
        for (index, bytes) in deltas.enumerated() {
            let delta = try QuantisedDelta(parsing: bytes, for: parameters.configuration)
            guard delta.base == base else {
                throw Refusal(
                    "training.stale-delta", "delta \(index) starts from other parameters")
            }
            guard delta.quantisation == recipe.quantisation else {
                throw Refusal(
                    "training.quantisation",
                    "delta \(index) does not have \(recipe.quantisation.rawValue) bits a value")
            }
            parsed.append(delta)
        }
        return parsed
    }

    private static func combine(
        _ deltas: [QuantisedDelta], _ recipe: TrainingRecipe, into mean: Scratch
    ) {
        let factors = clipFactors(deltas, recipe.aggregation)
        let trim = min(Int(recipe.aggregation.trim), (deltas.count - 1) / 2)
        // The kernels read all deltas block by block, so they lie in one stretch of memory.
        let joined = deltas.flatMap(\.blocks)
        let size = joined.count / deltas.count
        joined.withUnsafeBufferPointer { bytes in
            let starts: [UnsafePointer<UInt8>?] = deltas.indices.map { index in
                bytes.baseAddress.map { $0 + index * size }
            }
            althing_delta_aggregate(
                starts, factors, Int32(deltas.count), Int32(trim), mean.floats.count,
                Int32(recipe.quantisation.rawValue), mean.base)
        }
    }

    /// What each delta is multiplied by: less than one where it is longer than the lower median.
    private static func clipFactors(_ deltas: [QuantisedDelta], _ rule: AggregationRule) -> [Float]
    {
        guard rule.clipsToMedianNorm else { return deltas.map { _ in 1 } }
        let norms = deltas.map(\.norm)
        let median = norms.sorted()[(norms.count - 1) / 2]
        return norms.map { $0 > median ? median / $0 : 1 }
    }
}
