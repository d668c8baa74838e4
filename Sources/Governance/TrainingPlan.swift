// What a vote to train a model decides, down to the seed: enough that two strangers who run a
// segment of it must get the same bytes.

public import Primitives

/// The shape of a language model.
public struct ModelArchitecture: Hashable, Sendable {
    /// Transformer blocks.
    public var layers: UInt32
    /// Attention heads a block.
    public var heads: UInt32
    /// Width of the residual stream; a multiple of `heads`.
    public var width: UInt32
    /// Tokens of context.
    public var context: UInt32
    /// Sequences a step.
    public var batch: UInt32
}

/// One data set, named by its content.
public struct TrainingData: Hashable, Sendable {
    /// What people call it.
    public var name: String
    /// SHA-256 of its bytes.
    public var digest: Digest
    /// How many bytes it has.
    public var bytes: UInt64
    /// Under which licence it is used (an SPDX expression).
    public var licence: String
}

/// How the model is trained.
///
/// A round hands out segments, which providers run in parallel from the same weights; their changes
/// are averaged and applied by the outer optimiser. Rates are in millionths: no float is voted on.
public struct TrainingRecipe: Hashable, Sendable {
    /// How many rounds.
    public var rounds: UInt32
    /// Segments in each round.
    public var segmentsPerRound: UInt32
    /// Optimiser steps in each segment.
    public var stepsPerSegment: UInt32
    /// The inner learning rate, in millionths.
    public var learningRateMillionths: UInt64
    /// Steps over which the learning rate rises to its value.
    public var warmUpSteps: UInt32
    /// The outer learning rate, in millionths.
    public var outerLearningRateMillionths: UInt64
    /// The outer momentum, in millionths.
    public var outerMomentumMillionths: UInt64
    /// Bits a weight's change has on the wire: 8 or 4.
    public var quantisationBits: UInt8
    /// The seed of everything random.
    public var seed: UInt64
}

/// What may be spent, and for what.
public struct TrainingBudget: Hashable, Sendable {
    /// The asset paid in.
    public var asset: String
    /// What is escrowed when the proposal executes; the rest returns.
    public var amount: Amount
    /// Paid for each verified segment.
    public var pricePerSegment: Amount
    /// Paid for each verified aggregation of a round.
    public var pricePerAggregation: Amount
    /// Paid for each verified evaluation.
    public var pricePerEvaluation: Amount
}

/// How long a task may take before its lease lapses, in milliseconds.
public struct TrainingTimeouts: Hashable, Sendable {
    /// A segment.
    public var segment: UInt64
    /// An aggregation.
    public var aggregation: UInt64
    /// An evaluation.
    public var evaluation: UInt64
}

/// What the trained model is compared with.
public enum EvaluationBaseline: UInt8, CaseIterable, ByteCodable, Sendable {
    /// A bigram model counted on the same training data.
    case bigram = 0

    /// The word in a proposal.
    public var word: String { "bigram" }
}

/// Everything a vote to train a model decides.
public struct TrainingPlan: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// Its shape.
    public var architecture: ModelArchitecture
    /// What it is trained on.
    public var data: [TrainingData]
    /// How.
    public var recipe: TrainingRecipe
    /// The share of the data kept from training for evaluation, in millionths.
    public var heldOutMillionths: UInt64
    /// What may be spent.
    public var budget: TrainingBudget
    /// The share of segments run a second time by another owner, in millionths.
    public var redundancyMillionths: UInt64
    /// How long tasks may take.
    public var timeouts: TrainingTimeouts
    /// What the model must beat.
    public var baseline: EvaluationBaseline

    /// All segments, without repetitions.
    public var segmentCount: UInt64 { UInt64(recipe.rounds) * UInt64(recipe.segmentsPerRound) }

    /// Segments run a second time: the redundancy share of all, rounded up.
    public var repeatedSegmentCount: UInt64 {
        let product = UInt128(segmentCount) * UInt128(redundancyMillionths)
        return UInt64(truncatingIfNeeded: (product + 999_999) / 1_000_000)
    }

    /// What the plan costs when nothing has to be done again: every segment, every repetition, one
    /// aggregation a round, one evaluation. Throws `amount.overflow`.
    public func leastCost() throws(Refusal) -> Amount {
        let runs = UInt128(segmentCount) + UInt128(repeatedSegmentCount)
        let segments = try budget.pricePerSegment.multiplied(by: runs)
        let rounds = try budget.pricePerAggregation.multiplied(by: UInt128(recipe.rounds))
        return try segments.adding(rounds).adding(budget.pricePerEvaluation)
    }

    /// Refuses a plan that contradicts itself (`plan.*`). The same check runs wherever it is read.
    public func validate() throws(Refusal) {
        try checkArchitecture()
        try checkRecipe()
        guard !data.isEmpty, data.count <= 64 else {
            throw Refusal("plan.data", "a plan names 1 to 64 data sets")
        }
        guard Set(data.map(\.digest)).count == data.count else {
            throw Refusal("plan.data", "a data set is named twice")
        }
        guard data.allSatisfy({ $0.bytes > 0 }) else {
            throw Refusal("plan.data", "a data set has no bytes")
        }
        guard (1...500_000).contains(heldOutMillionths) else {
            throw Refusal("plan.held-out", "the held-out share must lie above 0% and up to 50%")
        }
        guard redundancyMillionths <= 1_000_000 else {
            throw Refusal("plan.redundancy", "at most every segment can run a second time")
        }
        let cost = try leastCost()
        guard budget.amount >= cost else {
            throw Refusal(
                "plan.budget",
                "the budget of \(budget.amount) does not cover the least cost of \(cost)"
                    + " (\(segmentCount) segments, \(repeatedSegmentCount) repeated,"
                    + " \(recipe.rounds) aggregations, 1 evaluation)")
        }
    }

    private func checkArchitecture() throws(Refusal) {
        let shape = architecture
        let bounds: [(String, UInt32, ClosedRange<UInt32>)] = [
            ("layers", shape.layers, 1...256), ("heads", shape.heads, 1...256),
            ("width", shape.width, 1...65_536), ("context", shape.context, 2...1_048_576),
            ("batch", shape.batch, 1...65_536),
        ]
        for (name, value, range) in bounds where !range.contains(value) {
            throw Refusal(
                "plan.architecture",
                "\(name) must lie in \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
        guard shape.width.isMultiple(of: shape.heads) else {
            throw Refusal("plan.architecture", "width must be a multiple of heads")
        }
    }

    private func checkRecipe() throws(Refusal) {
        guard (1...1_000_000).contains(recipe.rounds),
            (1...65_536).contains(recipe.segmentsPerRound),
            (1...1_000_000).contains(recipe.stepsPerSegment)
        else {
            throw Refusal(
                "plan.recipe",
                "rounds 1 to 1000000, segments a round 1 to 65536, steps a segment 1 to 1000000")
        }
        guard recipe.learningRateMillionths > 0, recipe.learningRateMillionths <= 10_000_000,
            recipe.outerLearningRateMillionths > 0,
            recipe.outerLearningRateMillionths <= 10_000_000,
            recipe.outerMomentumMillionths < 1_000_000
        else {
            throw Refusal(
                "plan.recipe", "rates must lie above 0 and up to 10, the momentum below 1")
        }
        guard recipe.quantisationBits == 8 || recipe.quantisationBits == 4 else {
            throw Refusal("plan.recipe", "quantisation is to 8 or 4 bits")
        }
        guard timeouts.segment >= 1000, timeouts.aggregation >= 1000, timeouts.evaluation >= 1000
        else { throw Refusal("plan.timeouts", "a task gets a second at least") }
    }
}
