// Reads one element of a proposal's `effects` list.

import Cryptography
import Primitives

/// Reads an effect from its mapping.
struct EffectReader {
    private var map: YAMLMapping

    init(_ mapping: YAMLMapping) { map = mapping }

    /// The effect, every key known and used.
    mutating func effect(kind: ProposalKind) throws(Refusal) -> Effect {
        let effect: Effect
        switch kind {
        case .trainModel: effect = .trainModel(try trainingPlan())
        case .releaseModel: effect = .releaseModel(try modelRelease())
        case .retireModel: effect = .retireModel(try map.text("model"))
        case .changePolicy: effect = .changePolicy(try policyChange())
        case .treasurySpend: effect = .treasurySpend(try treasurySpend())
        case .changeMembers: effect = .changeMembers(try membershipChange())
        case .slashProvider: effect = .slashProvider(try providerSlash())
        case .signal: effect = .signal(try map.text("text", limit: EffectLimits.sentence))
        case .fundingRound: effect = .fundingRound(try fundingRound())
        }
        try map.finish()
        return effect
    }

    // MARK: Training

    private mutating func trainingPlan() throws(Refusal) -> TrainingPlan {
        TrainingPlan(
            model: try map.text("model", limit: EffectLimits.name),
            architecture: try architecture(), data: try data(), recipe: try recipe(),
            heldOutMillionths: try map.share("held_out"), budget: try budget(),
            redundancyMillionths: try map.share("redundancy"), timeouts: try timeouts(),
            baseline: try baseline())
    }

    private mutating func architecture() throws(Refusal) -> ModelArchitecture {
        var inner = try map.mapping("architecture")
        let architecture = ModelArchitecture(
            layers: try inner.number32("layers"), heads: try inner.number32("heads"),
            width: try inner.number32("width"), context: try inner.number32("context"),
            batch: try inner.number32("batch"))
        try inner.finish()
        return architecture
    }

    private mutating func data() throws(Refusal) -> [TrainingData] {
        var sets: [TrainingData] = []
        for node in try map.sequence("data") {
            var inner = try YAMLMapping(node, name: map.name, path: "effects.data")
            sets.append(
                TrainingData(
                    name: try inner.text("name", limit: EffectLimits.name),
                    digest: try inner.contentDigest("digest"), bytes: try inner.number("bytes"),
                    licence: try inner.text("licence", limit: EffectLimits.name)))
            try inner.finish()
        }
        return sets
    }

    private mutating func recipe() throws(Refusal) -> TrainingRecipe {
        var inner = try map.mapping("recipe")
        let recipe = TrainingRecipe(
            rounds: try inner.number32("rounds"),
            segmentsPerRound: try inner.number32("segments_per_round"),
            stepsPerSegment: try inner.number32("steps_per_segment"),
            learningRateMillionths: try inner.number("learning_rate_millionths"),
            warmUpSteps: try inner.number32("warm_up_steps"),
            outerLearningRateMillionths: try inner.number("outer_learning_rate_millionths"),
            outerMomentumMillionths: try inner.number("outer_momentum_millionths"),
            quantisationBits: UInt8(
                truncatingIfNeeded: try inner.number("quantisation_bits", in: 4...8)),
            seed: try inner.number("seed"))
        try inner.finish()
        return recipe
    }

    private mutating func budget() throws(Refusal) -> TrainingBudget {
        var inner = try map.mapping("budget")
        let budget = TrainingBudget(
            asset: try inner.text("asset", limit: EffectLimits.asset),
            amount: try inner.amount("amount"),
            pricePerSegment: try inner.amount("price_per_segment"),
            pricePerAggregation: try inner.amount("price_per_aggregation"),
            pricePerEvaluation: try inner.amount("price_per_evaluation"))
        try inner.finish()
        return budget
    }

    private mutating func timeouts() throws(Refusal) -> TrainingTimeouts {
        var inner = try map.mapping("timeouts")
        let timeouts = TrainingTimeouts(
            segment: try inner.duration("segment"), aggregation: try inner.duration("aggregation"),
            evaluation: try inner.duration("evaluation"))
        try inner.finish()
        return timeouts
    }

    private mutating func baseline() throws(Refusal) -> EvaluationBaseline {
        var inner = try map.mapping("evaluation")
        let word = try inner.word("baseline", of: EvaluationBaseline.allCases.map(\.word))
        try inner.finish()
        return EvaluationBaseline.allCases.first { $0.word == word } ?? .bigram
    }

    // MARK: Models and policies

    private mutating func modelRelease() throws(Refusal) -> ModelRelease {
        ModelRelease(
            model: try map.text("model", limit: EffectLimits.name),
            digest: try map.contentDigest("digest"),
            asset: try map.text("asset", limit: EffectLimits.asset),
            pricePerInputToken: try map.amount("price_per_input_token"),
            pricePerOutputToken: try map.amount("price_per_output_token"),
            licence: try map.text("licence", limit: EffectLimits.name))
    }

    private mutating func policyChange() throws(Refusal) -> PolicyChange {
        PolicyChange(
            policy: try map.text("policy", limit: EffectLimits.name),
            base: try map.contentDigest("base"),
            text: try map.text("text", limit: EffectLimits.policyText))
    }

    // MARK: Money and members

    private mutating func treasurySpend() throws(Refusal) -> TreasurySpend {
        TreasurySpend(
            asset: try map.text("asset", limit: EffectLimits.asset), to: try map.account("to"),
            amount: try map.amount("amount"))
    }

    private mutating func providerSlash() throws(Refusal) -> ProviderSlash {
        ProviderSlash(
            provider: try map.account("provider"), amount: try map.amount("amount"),
            reason: try map.text("reason", limit: EffectLimits.sentence))
    }

    private mutating func membershipChange() throws(Refusal) -> MembershipChange {
        var seats: [MemberSeat] = []
        for node in map.has("add") ? try map.sequence("add") : [] {
            var inner = try YAMLMapping(node, name: map.name, path: "effects.add")
            seats.append(
                MemberSeat(
                    name: try inner.text("name", limit: EffectLimits.name),
                    key: try inner.digest("key"),
                    address: try inner.text("address", limit: EffectLimits.name)))
            try inner.finish()
        }
        var removed: [String] = []
        for node in map.has("remove") ? try map.sequence("remove") : [] {
            guard let name = node.text else {
                throw map.refusal("schema.type", "`remove` lists seats by name", key: "remove")
            }
            removed.append(name)
        }
        return MembershipChange(add: seats, remove: removed)
    }

    private mutating func fundingRound() throws(Refusal) -> FundingRound {
        let asset = try map.text("asset", limit: EffectLimits.asset)
        let budget = try map.amount("budget")
        var projects: [FundingProject] = []
        for node in try map.sequence("projects") {
            var inner = try YAMLMapping(node, name: map.name, path: "effects.projects")
            projects.append(try EffectReader.project(&inner))
            try inner.finish()
        }
        return FundingRound(asset: asset, budget: budget, projects: projects)
    }

    /// A project is a payment, `to` and `cost`, or a training, `train`, which costs its budget.
    private static func project(_ inner: inout YAMLMapping) throws(Refusal) -> FundingProject {
        let name = try inner.text("name", limit: EffectLimits.name)
        let summary = try inner.text("summary", limit: EffectLimits.sentence)
        guard inner.has("train") else {
            return FundingProject(
                name: name, summary: summary, to: try inner.account("to"),
                cost: try inner.amount("cost"), plan: nil)
        }
        var reader = EffectReader(try inner.mapping("train"))
        let plan = try reader.trainingPlan()
        try reader.map.finish()
        return FundingProject(
            name: name, summary: summary, to: .zero, cost: plan.budget.amount, plan: plan)
    }
}

extension YAMLMapping {
    /// A whole number of 32 bits.
    mutating func number32(_ key: String) throws(Refusal) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(key, in: 0...UInt64(UInt32.max)))
    }

    /// An address; letters of both cases must be its checksum, as a mistyped digit pays a stranger.
    mutating func account(_ key: String) throws(Refusal) -> Address {
        let address = try address(key)
        guard AddressChecksum.isRight(try text(key), for: address) else {
            throw refusal(
                "schema.address",
                "the letters' case of `\(key)` is not the checksum of this address: a digit may be"
                    + " mistyped", key: key)
        }
        return address
    }

    /// The name of content: `sha256:` and 64 digits.
    mutating func contentDigest(_ key: String) throws(Refusal) -> Digest {
        let text = try text(key)
        guard text.hasPrefix("sha256:"), let digest = Digest(hex: text) else {
            throw refusal(
                "schema.digest", "`\(key)` must be sha256: and 64 hexadecimal digits", key: key)
        }
        return digest
    }

    /// 32 bytes as 64 hexadecimal digits.
    mutating func digest(_ key: String) throws(Refusal) -> Digest {
        guard let digest = Digest(hex: try text(key)) else {
            throw refusal("schema.digest", "`\(key)` must be 64 hexadecimal digits", key: key)
        }
        return digest
    }
}
