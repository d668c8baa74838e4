// The canonical form of effects.

public import Primitives

extension ModelRelease: BinaryCodable {
    /// The fields in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(model)
        encoder.digest(digest)
        encoder.text(asset)
        encoder.amount(pricePerInputToken)
        encoder.amount(pricePerOutputToken)
        encoder.text(licence)
    }

    /// Reads a release.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        model = try decoder.text(limit: EffectLimits.name)
        digest = try decoder.digest()
        asset = try decoder.text(limit: EffectLimits.asset)
        pricePerInputToken = try decoder.amount()
        pricePerOutputToken = try decoder.amount()
        licence = try decoder.text(limit: EffectLimits.name)
    }
}

extension PolicyChange: BinaryCodable {
    /// Policy, base, text.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(policy)
        encoder.digest(base)
        encoder.text(text)
    }

    /// Reads a change.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        policy = try decoder.text(limit: EffectLimits.name)
        base = try decoder.digest()
        text = try decoder.text(limit: EffectLimits.policyText)
    }
}

extension TreasurySpend: BinaryCodable {
    /// Asset, recipient, amount.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(asset)
        encoder.address(to)
        encoder.amount(amount)
    }

    /// Reads a payment.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        asset = try decoder.text(limit: EffectLimits.asset)
        to = try decoder.address()
        amount = try decoder.amount()
    }
}

extension MemberSeat: BinaryCodable {
    /// Name, key, address.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.digest(key)
        encoder.text(address)
    }

    /// Reads a seat.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: EffectLimits.name)
        key = try decoder.digest()
        address = try decoder.text(limit: EffectLimits.name)
    }
}

extension MembershipChange: BinaryCodable {
    /// Added seats, removed names.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.array(add) { $0.value($1) }
        encoder.array(remove) { $0.text($1) }
    }

    /// Reads a change of seats.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        add = try decoder.array(limit: 16) { (decoder) throws(Refusal) in try decoder.value() }
        remove = try decoder.array(limit: 16) { (decoder) throws(Refusal) in
            try decoder.text(limit: EffectLimits.name)
        }
    }
}

extension ProviderSlash: BinaryCodable {
    /// Provider, amount, reason.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(provider)
        encoder.amount(amount)
        encoder.text(reason)
    }

    /// Reads a slash.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        provider = try decoder.address()
        amount = try decoder.amount()
        reason = try decoder.text(limit: EffectLimits.sentence)
    }
}

extension FundingProject: BinaryCodable {
    /// Name, summary, payee, cost, plan.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.text(summary)
        encoder.address(to)
        encoder.amount(cost)
        encoder.optional(plan) { $0.value($1) }
    }

    /// Reads a project.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: EffectLimits.name)
        summary = try decoder.text(limit: EffectLimits.sentence)
        to = try decoder.address()
        cost = try decoder.amount()
        plan = try decoder.optional { (decoder) throws(Refusal) in try decoder.value() }
    }
}

extension FundingRound: BinaryCodable {
    /// Asset, budget, projects.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(asset)
        encoder.amount(budget)
        encoder.array(projects) { $0.value($1) }
    }

    /// Reads a round.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        asset = try decoder.text(limit: EffectLimits.asset)
        budget = try decoder.amount()
        projects = try decoder.array(limit: 256) { (decoder) throws(Refusal) in
            try decoder.value()
        }
    }
}

extension Effect: BinaryCodable {
    /// The kind's byte, then the action.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(kind)
        switch self {
        case .trainModel(let plan): encoder.value(plan)
        case .releaseModel(let release): encoder.value(release)
        case .retireModel(let model): encoder.text(model)
        case .changePolicy(let change): encoder.value(change)
        case .treasurySpend(let spend): encoder.value(spend)
        case .changeMembers(let change): encoder.value(change)
        case .slashProvider(let slash): encoder.value(slash)
        case .signal(let text): encoder.text(text)
        case .fundingRound(let round): encoder.value(round)
        }
    }

    /// Reads an effect; `validate` says whether it could be executed.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        switch try decoder.value(ProposalKind.self) {
        case .trainModel: self = .trainModel(try decoder.value())
        case .releaseModel: self = .releaseModel(try decoder.value())
        case .retireModel: self = .retireModel(try decoder.text(limit: EffectLimits.name))
        case .changePolicy: self = .changePolicy(try decoder.value())
        case .treasurySpend: self = .treasurySpend(try decoder.value())
        case .changeMembers: self = .changeMembers(try decoder.value())
        case .slashProvider: self = .slashProvider(try decoder.value())
        case .signal: self = .signal(try decoder.text(limit: EffectLimits.sentence))
        case .fundingRound: self = .fundingRound(try decoder.value())
        }
    }
}
