// The recipe of the built-in demonstration run.

import Primitives

extension TrainingRecipe {
    /// A quarter of a million parameters that pass the bigram baseline in a few seconds of one
    /// core.
    ///
    /// Found by measurement on the text in `Deploy/corpus` (`benchmarks training` repeats the run):
    /// a short context and small batches, because at this length a run needs many steps more than
    /// it needs long ones; few rounds, because an outer step costs more than it gains.
    public static var demonstration: TrainingRecipe {
        get throws(Refusal) {
            TrainingRecipe(
                configuration: try ModelConfiguration(layers: 2, heads: 6, width: 96, context: 32),
                rounds: 8, segmentsPerRound: 4, stepsPerSegment: 200, batch: 4,
                learningRate: try LearningRateSchedule(
                    peakNano: 1_500_000, floorNano: 300_000, warmupSteps: 10),
                quantisation: .int4,
                aggregation: AggregationRule(clipsToMedianNorm: true, trim: 1),
                outerRatePermille: 700, outerMomentumPermille: 700)
        }
    }
}
