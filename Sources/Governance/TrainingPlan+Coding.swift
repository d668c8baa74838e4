// The canonical form of a training plan.

public import Primitives

extension ModelArchitecture: BinaryCodable {
    /// The numbers in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        for number in [layers, heads, width, context, batch] { encoder.number(number) }
    }

    /// Reads a shape.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        layers = try decoder.number32()
        heads = try decoder.number32()
        width = try decoder.number32()
        context = try decoder.number32()
        batch = try decoder.number32()
    }
}

extension TrainingData: BinaryCodable {
    /// Name, digest, bytes, licence.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.digest(digest)
        encoder.number(bytes)
        encoder.text(licence)
    }

    /// Reads a data set's name.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: EffectLimits.name)
        digest = try decoder.digest()
        bytes = try decoder.number()
        licence = try decoder.text(limit: EffectLimits.name)
    }
}

extension TrainingRecipe: BinaryCodable {
    /// The fields in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(rounds)
        encoder.number(segmentsPerRound)
        encoder.number(stepsPerSegment)
        encoder.number(learningRateMillionths)
        encoder.number(warmUpSteps)
        encoder.number(outerLearningRateMillionths)
        encoder.number(outerMomentumMillionths)
        encoder.byte(quantisationBits)
        encoder.number(seed)
    }

    /// Reads a recipe.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        rounds = try decoder.number32()
        segmentsPerRound = try decoder.number32()
        stepsPerSegment = try decoder.number32()
        learningRateMillionths = try decoder.number()
        warmUpSteps = try decoder.number32()
        outerLearningRateMillionths = try decoder.number()
        outerMomentumMillionths = try decoder.number()
        quantisationBits = try decoder.byte()
        seed = try decoder.number()
    }
}

extension TrainingBudget: BinaryCodable {
    /// The fields in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(asset)
        encoder.amount(amount)
        encoder.amount(pricePerSegment)
        encoder.amount(pricePerAggregation)
        encoder.amount(pricePerEvaluation)
    }

    /// Reads a budget.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        asset = try decoder.text(limit: EffectLimits.asset)
        amount = try decoder.amount()
        pricePerSegment = try decoder.amount()
        pricePerAggregation = try decoder.amount()
        pricePerEvaluation = try decoder.amount()
    }
}

extension TrainingTimeouts: BinaryCodable {
    /// Segment, aggregation, evaluation.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(segment)
        encoder.number(aggregation)
        encoder.number(evaluation)
    }

    /// Reads timeouts.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        segment = try decoder.number()
        aggregation = try decoder.number()
        evaluation = try decoder.number()
    }
}

extension TrainingPlan: BinaryCodable {
    /// The fields in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(model)
        encoder.value(architecture)
        encoder.array(data) { $0.value($1) }
        encoder.value(recipe)
        encoder.number(heldOutMillionths)
        encoder.value(budget)
        encoder.number(redundancyMillionths)
        encoder.value(timeouts)
        encoder.value(baseline)
    }

    /// Reads a plan; `validate` says whether it makes sense.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        model = try decoder.text(limit: EffectLimits.name)
        architecture = try decoder.value()
        data = try decoder.array(limit: 64) { (decoder) throws(Refusal) in try decoder.value() }
        recipe = try decoder.value()
        heldOutMillionths = try decoder.number()
        budget = try decoder.value()
        redundancyMillionths = try decoder.number()
        timeouts = try decoder.value()
        baseline = try decoder.value()
    }
}
