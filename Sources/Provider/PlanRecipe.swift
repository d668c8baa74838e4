// From what was voted to what the trainer runs: the plan's whole numbers as a recipe.

public import Governance
public import LanguageModel
public import Primitives

/// A plan as the trainer understands it.
public struct PlanRecipe: Sendable {
    /// The trainer's recipe.
    public let recipe: LanguageModel.TrainingRecipe
    /// Where segments' seeds come from.
    public let run: Digest
    private let seed: UInt64
    private let heldOutMillionths: UInt64

    /// How many windows of held-out text are scored: enough that two models can be told apart, few
    /// enough for a small machine.
    public static let evaluationWindows = 640
    /// How many samples are searched for copies, and how long each is.
    public static let samples = (count: 8, bytes: 160)

    /// Translates a plan; throws `model.configuration` or `training.recipe` for one that this
    /// trainer cannot run.
    public init(_ plan: TrainingPlan) throws(Refusal) {
        let shape = plan.architecture
        let voted = plan.recipe
        guard let quantisation = Quantisation(rawValue: voted.quantisationBits) else {
            throw Refusal("training.recipe", "deltas have 4 or 8 bits a value")
        }
        let peak = UInt32(clamping: voted.learningRateMillionths * 1000)
        recipe = LanguageModel.TrainingRecipe(
            configuration: try ModelConfiguration(
                layers: Int(shape.layers), heads: Int(shape.heads), width: Int(shape.width),
                context: Int(shape.context)),
            rounds: voted.rounds, segmentsPerRound: voted.segmentsPerRound,
            stepsPerSegment: voted.stepsPerSegment, batch: shape.batch,
            learningRate: try LearningRateSchedule(
                peakNano: peak, floorNano: peak / 5, warmupSteps: voted.warmUpSteps),
            quantisation: quantisation,
            aggregation: AggregationRule(clipsToMedianNorm: true, trim: 1),
            outerRatePermille: UInt32(clamping: voted.outerLearningRateMillionths / 1000),
            outerMomentumPermille: UInt32(clamping: voted.outerMomentumMillionths / 1000))
        try recipe.check()
        run = SHA256Run.digest(plan)
        seed = voted.seed
        heldOutMillionths = plan.heldOutMillionths
    }

    /// The first parameters.
    public func firstParameters() -> ModelParameters {
        ModelParameters(configuration: recipe.configuration, seed: seed)
    }

    /// One segment of a round.
    public func segment(round: UInt32, ordinal: UInt32) -> TrainingSegment {
        TrainingSegment(recipe: recipe, run: run, round: round, index: ordinal)
    }

    /// The text to train on and the text kept from training: the end of the data.
    public func split(_ data: [UInt8]) -> (train: [UInt8], heldOut: [UInt8]) {
        let held = Int(UInt128(data.count) * UInt128(heldOutMillionths) / 1_000_000)
        return (Array(data.dropLast(held)), Array(data.suffix(held)))
    }
}
