// What every effect must satisfy by itself. Runs where a file is checked, where a proposal is
// submitted, when its voting opens and before it executes: one validator, four places.

public import Primitives

extension Effect {
    /// Refuses an effect that could never be executed (`effect.*`, `plan.*`).
    public func validate() throws(Refusal) {
        switch self {
        case .trainModel(let plan): try validate(plan)
        case .releaseModel(let release):
            try Effect.checkName(release.model, "model")
            try Effect.checkAsset(release.asset)
            try Effect.checkLicence(release.licence)
        case .retireModel(let model): try Effect.checkName(model, "model")
        case .changePolicy(let change): try validate(change)
        case .treasurySpend(let spend):
            try Effect.checkAsset(spend.asset)
            try Effect.checkPositive(spend.amount, "amount")
            try Effect.checkPayee(spend.to)
        case .changeMembers(let change): try validate(change)
        case .slashProvider(let slash):
            try Effect.checkPositive(slash.amount, "amount")
            try Effect.checkPayee(slash.provider)
            try Effect.checkSentence(slash.reason, "reason")
        case .signal(let text): try Effect.checkSentence(text, "text")
        case .fundingRound(let round): try validate(round)
        }
    }

    /// Refuses a list that no proposal of `kind` may carry (`effect.list`), and any bad effect.
    public static func validate(_ effects: [Effect], kind: ProposalKind) throws(Refusal) {
        // Payments may come together; every other decision is voted by itself.
        let limit = kind == .treasurySpend || kind == .slashProvider ? EffectLimits.count : 1
        guard !effects.isEmpty, effects.count <= limit else {
            throw Refusal("effect.list", "a \(kind.word) proposal has 1 to \(limit) effects")
        }
        for effect in effects {
            guard effect.kind == kind else {
                throw Refusal(
                    "effect.list",
                    "a \(kind.word) proposal cannot carry a \(effect.kind.word) effect")
            }
            try effect.validate()
        }
        guard Set(effects).count == effects.count else {
            throw Refusal("effect.list", "an effect comes twice")
        }
    }

    private func validate(_ plan: TrainingPlan) throws(Refusal) {
        try Effect.checkName(plan.model, "model")
        try Effect.checkAsset(plan.budget.asset)
        for set in plan.data {
            try Effect.checkSentence(set.name, "data name", limit: EffectLimits.name)
            try Effect.checkLicence(set.licence)
        }
        try plan.validate()
    }

    private func validate(_ change: PolicyChange) throws(Refusal) {
        try Effect.checkName(change.policy, "policy")
        guard !change.text.isEmpty, change.text.utf8.count <= EffectLimits.policyText else {
            throw Refusal("effect.policy", "a policy has 1 to \(EffectLimits.policyText) bytes")
        }
        guard change.digest != change.base else {
            throw Refusal("effect.policy", "the new text is the text it is based on")
        }
    }

    private func validate(_ change: MembershipChange) throws(Refusal) {
        guard !change.add.isEmpty || !change.remove.isEmpty else {
            throw Refusal("effect.members", "nothing is added and nothing removed")
        }
        guard change.add.count <= 16, change.remove.count <= 16 else {
            throw Refusal("effect.members", "at most 16 seats come or go at once")
        }
        for seat in change.add {
            try Effect.checkName(seat.name, "seat")
            try Effect.checkSentence(seat.address, "address", limit: EffectLimits.name)
            guard seat.key != .zero else {
                throw Refusal("effect.members", "the key of \(seat.name) is zero")
            }
        }
        for name in change.remove { try Effect.checkName(name, "seat") }
        let names = change.add.map(\.name) + change.remove
        guard Set(names).count == names.count, Set(change.add.map(\.key)).count == change.add.count
        else { throw Refusal("effect.members", "a seat or a key is named twice") }
    }

    private func validate(_ round: FundingRound) throws(Refusal) {
        try Effect.checkAsset(round.asset)
        try Effect.checkPositive(round.budget, "budget")
        guard (1...256).contains(round.projects.count) else {
            throw Refusal("effect.round", "a round has 1 to 256 projects")
        }
        guard Set(round.projects.map(\.name)).count == round.projects.count else {
            throw Refusal("effect.round", "a project is named twice")
        }
        let models = round.projects.compactMap { $0.plan?.model }
        guard Set(models).count == models.count else {
            throw Refusal("effect.round", "two projects train one model")
        }
        for project in round.projects {
            try Effect.checkName(project.name, "project")
            try Effect.checkSentence(project.summary, "summary")
            try Effect.checkPositive(project.cost, "cost")
            if let plan = project.plan {
                try validate(plan)
                guard plan.budget.asset == round.asset else {
                    throw Refusal(
                        "effect.round",
                        "\(project.name) is budgeted in \(plan.budget.asset), the round in"
                            + " \(round.asset)")
                }
            } else {
                try Effect.checkPayee(project.to)
            }
            guard project.cost <= round.budget else {
                throw Refusal(
                    "effect.round", "\(project.name) costs more than the whole budget")
            }
        }
    }

    static func checkName(_ name: String, _ what: String) throws(Refusal) {
        let plain = name.utf8.allSatisfy {
            0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x2D || $0 == 0x2E
        }
        guard !name.isEmpty, name.utf8.count <= 64, plain, !name.hasPrefix("-"),
            !name.hasPrefix(".")
        else {
            throw Refusal(
                "effect.name",
                "a \(what) is named with lower-case letters, digits, `-` and `.`, not `\(name)`")
        }
    }

    private static func checkAsset(_ asset: String) throws(Refusal) {
        guard !asset.isEmpty, asset.utf8.count <= EffectLimits.asset,
            asset.utf8.allSatisfy({ 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 })
        else {
            throw Refusal(
                "effect.asset", "an asset's symbol is upper-case letters and digits, not `\(asset)`"
            )
        }
    }

    private static func checkLicence(_ licence: String) throws(Refusal) {
        try checkSentence(licence, "licence", limit: EffectLimits.name)
    }

    private static func checkPositive(_ amount: Amount, _ what: String) throws(Refusal) {
        guard !amount.isZero else { throw Refusal("effect.amount", "the \(what) is zero") }
    }

    private static func checkPayee(_ address: Address) throws(Refusal) {
        guard address != .zero else {
            throw Refusal("effect.payee", "the zero address is nobody's")
        }
    }

    /// Refuses empty text and control characters, which could hide on a page what is voted on.
    static func checkSentence(
        _ text: String, _ what: String, limit: Int = EffectLimits.sentence
    ) throws(Refusal) {
        guard !text.isEmpty, text.utf8.count <= limit else {
            throw Refusal("effect.text", "the \(what) must have 1 to \(limit) bytes")
        }
        for scalar in text.unicodeScalars where scalar != "\n" {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
                .paragraphSeparator:
                throw Refusal("effect.text", "the \(what) holds an invisible character")
            default: continue
            }
        }
    }
}
