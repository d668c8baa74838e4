// Everything that fixes a training run besides its seed and its corpus.

import CKernels
public import Primitives

/// How many bits a value of a delta takes.
public enum Quantisation: UInt8, Sendable, Hashable, CaseIterable {
    /// Four bits: an eighth of the traffic of floats, and measured to train as well.
    case int4 = 4
    /// Eight bits.
    case int8 = 8
}

/// How the segments of one round become one change.
public struct AggregationRule: Sendable, Hashable {
    /// Whether deltas longer than the median one are cut down to its length first.
    public let clipsToMedianNorm: Bool
    /// How many of the smallest and of the largest values are dropped, per parameter. With too few
    /// deltas fewer are dropped, so that at least one stays.
    public let trim: UInt32

    /// The plain mean.
    public static let mean = AggregationRule(clipsToMedianNorm: false, trim: 0)

    /// Makes a rule.
    public init(clipsToMedianNorm: Bool, trim: UInt32) {
        self.clipsToMedianNorm = clipsToMedianNorm
        self.trim = trim
    }
}

/// A run of rounds: in each, several segments train from the same parameters, and an outer step
/// with Nesterov momentum follows the mean of what they changed (DiLoCo, with the inner optimiser
/// reset each round so that a segment needs nothing but the parameters and its seed).
public struct TrainingRecipe: Sendable, Hashable {
    /// The model's sizes.
    public var configuration: ModelConfiguration
    /// How many outer steps the run takes.
    public var rounds: UInt32
    /// How many segments each round has.
    public var segmentsPerRound: UInt32
    /// How many inner steps a segment takes.
    public var stepsPerSegment: UInt32
    /// How many sequences one inner step sees.
    public var batch: UInt32
    /// The inner learning rate over the whole run.
    public var learningRate: LearningRateSchedule
    /// How deltas are sent.
    public var quantisation: Quantisation
    /// How deltas are combined.
    public var aggregation: AggregationRule
    /// The outer learning rate, in thousandths.
    public var outerRatePermille: UInt32
    /// The outer momentum, in thousandths.
    public var outerMomentumPermille: UInt32

    /// Sets every part; call `check` before use.
    public init(
        configuration: ModelConfiguration, rounds: UInt32, segmentsPerRound: UInt32,
        stepsPerSegment: UInt32, batch: UInt32, learningRate: LearningRateSchedule,
        quantisation: Quantisation, aggregation: AggregationRule, outerRatePermille: UInt32,
        outerMomentumPermille: UInt32
    ) {
        self.configuration = configuration
        self.rounds = rounds
        self.segmentsPerRound = segmentsPerRound
        self.stepsPerSegment = stepsPerSegment
        self.batch = batch
        self.learningRate = learningRate
        self.quantisation = quantisation
        self.aggregation = aggregation
        self.outerRatePermille = outerRatePermille
        self.outerMomentumPermille = outerMomentumPermille
    }

    /// The most floats one segment's workspace may take.
    static let workspaceLimit = 1 << 28

    /// Refuses what no machine should be asked to do (`training.recipe`).
    public func check() throws(Refusal) {
        func demand(_ holds: Bool, _ sentence: String) throws(Refusal) {
            guard holds else { throw Refusal("training.recipe", sentence) }
        }
        try demand((1...100_000).contains(rounds), "rounds must be 1 to 100000")
        try demand(
            (1...UInt32(Aggregation.deltaLimit)).contains(segmentsPerRound),
            "segments a round must be 1 to \(Aggregation.deltaLimit)")
        try demand((1...10_000).contains(stepsPerSegment), "steps a segment must be 1 to 10000")
        try demand((1...1024).contains(batch), "a batch must have 1 to 1024 sequences")
        try demand(outerRatePermille <= 2000, "the outer rate must be at most 2")
        try demand(outerMomentumPermille < 1000, "the outer momentum must be below 1")
        var shape = configuration.shape
        try demand(
            althing_training_workspace(&shape, Int32(batch), 1) <= TrainingRecipe.workspaceLimit,
            "one step of this batch needs more memory than a gibibyte")
    }

    /// How many inner steps one worker takes over the whole run.
    public var totalSteps: UInt64 { UInt64(rounds) * UInt64(stepsPerSegment) }

    /// How many bytes of text the whole run trains on, counted as often as they are seen.
    public var totalTokens: UInt64 {
        totalSteps * UInt64(segmentsPerRound) * UInt64(batch) * UInt64(configuration.context)
    }
}

extension TrainingRecipe: BinaryCodable {
    /// Appends every part.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(configuration)
        for number in [rounds, segmentsPerRound, stepsPerSegment, batch] { encoder.number(number) }
        encoder.value(learningRate)
        encoder.byte(quantisation.rawValue)
        encoder.flag(aggregation.clipsToMedianNorm)
        for number in [aggregation.trim, outerRatePermille, outerMomentumPermille] {
            encoder.number(number)
        }
    }

    /// Reads and checks every part.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let configuration = try ModelConfiguration(from: &decoder)
        let rounds = try decoder.number32()
        let segmentsPerRound = try decoder.number32()
        let stepsPerSegment = try decoder.number32()
        let batch = try decoder.number32()
        let learningRate = try LearningRateSchedule(from: &decoder)
        guard let quantisation = Quantisation(rawValue: try decoder.byte()) else {
            throw Refusal("training.recipe", "deltas have 4 or 8 bits a value")
        }
        let clips = try decoder.flag()
        self.init(
            configuration: configuration, rounds: rounds, segmentsPerRound: segmentsPerRound,
            stepsPerSegment: stepsPerSegment, batch: batch, learningRate: learningRate,
            quantisation: quantisation,
            aggregation: AggregationRule(
                clipsToMedianNorm: clips, trim: try decoder.number32()),
            outerRatePermille: try decoder.number32(),
            outerMomentumPermille: try decoder.number32())
        try check()
    }
}
