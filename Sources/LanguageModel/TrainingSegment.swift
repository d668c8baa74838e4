// One provider's share of one round: from parameters and a seed to a delta, and nothing else.
//
// A segment has no state of its own: the optimiser starts afresh. So whoever knows the parameters,
// the corpus, the recipe and the seed gets the same bytes again, and an audit is a second run.

import CKernels
import Cryptography
public import Primitives

/// How far a segment is.
public struct TrainingProgress: Sendable {
    /// Steps done.
    public let step: UInt32
    /// Steps in all.
    public let steps: UInt32
    /// The mean loss of the last step, in millionths of a bit a byte.
    public let microbitsPerByte: UInt64
}

/// What a segment hands in.
public struct SegmentResult: Sendable, Equatable {
    /// What it changed, in canonical bytes.
    public let delta: [UInt8]
    /// The digest of those bytes.
    public let deltaDigest: Digest
    /// The digest of the parameters it ended with, before quantisation.
    public let endDigest: Digest
    /// The mean loss of its first step, in millionths of a bit a byte.
    public let startMicrobitsPerByte: UInt64
    /// The mean loss of its last step, in millionths of a bit a byte.
    public let endMicrobitsPerByte: UInt64
}

/// A segment of a run.
public struct TrainingSegment: Sendable {
    /// The run's recipe.
    public let recipe: TrainingRecipe
    /// Which round it belongs to, from zero.
    public let round: UInt32
    /// What its batches are drawn from.
    public let seed: UInt64

    /// A segment with its own seed.
    public init(recipe: TrainingRecipe, round: UInt32, seed: UInt64) {
        self.recipe = recipe
        self.round = round
        self.seed = seed
    }

    /// Segment `index` of a round: its seed follows from the run, the round and the index.
    public init(recipe: TrainingRecipe, run: Digest, round: UInt32, index: UInt32) {
        var encoder = BinaryEncoder()
        encoder.text("althing training segment 1")
        encoder.digest(run)
        encoder.number(round)
        encoder.number(index)
        self.init(recipe: recipe, round: round, seed: SHA256.hash(encoder.bytes).prefix64)
    }

    /// Trains, and says what changed.
    ///
    /// `progress` is called after each step; when it returns false the segment stops with
    /// `training.cancelled`. A loss or a gradient that is not finite stops it with
    /// `training.diverged`. The result does not depend on `threads`.
    public func run(
        from parameters: ModelParameters, corpus: [UInt8], threads: Int = 1,
        progress: (TrainingProgress) -> Bool = { _ in true }
    ) throws(Refusal) -> SegmentResult {
        try recipe.check()
        guard parameters.configuration == recipe.configuration else {
            throw Refusal("training.parameters", "the parameters are not of the recipe's shape")
        }
        let trainer = try Trainer(
            parameters: parameters, corpus: corpus, batch: Int(recipe.batch), seed: seed,
            threads: threads)
        var startLoss: UInt64 = 0
        var endLoss: UInt64 = 0
        let firstStep = UInt64(round) * UInt64(recipe.stepsPerSegment)
        for step in 0..<recipe.stepsPerSegment {
            let rate = recipe.learningRate.rateNano(
                step: firstStep + UInt64(step), of: recipe.totalSteps)
            endLoss = try trainer.step(rateNano: rate)
            if step == 0 { startLoss = endLoss }
            let report = TrainingProgress(
                step: step + 1, steps: recipe.stepsPerSegment, microbitsPerByte: endLoss)
            guard progress(report) else {
                throw Refusal("training.cancelled", "the segment was stopped at step \(step + 1)")
            }
        }
        return try result(trainer, parameters, startLoss, endLoss)
    }

    private func result(
        _ trainer: Trainer, _ first: ModelParameters, _ startLoss: UInt64, _ endLoss: UInt64
    ) throws(Refusal) -> SegmentResult {
        let delta = try QuantisedDelta(
            base: first.digest, from: first.values,
            to: UnsafeBufferPointer(trainer.parameters.floats), quantisation: recipe.quantisation)
        let last = ModelParameters(
            configuration: first.configuration, values: trainer.parameters.values)
        return SegmentResult(
            delta: delta.serialized, deltaDigest: delta.digest, endDigest: last.digest,
            startMicrobitsPerByte: startLoss, endMicrobitsPerByte: endLoss)
    }
}
