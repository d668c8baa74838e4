// Reads one track of a constitution: its own keys first, the defaults for the rest.

import Primitives

/// Reads a track from its mapping and the defaults behind it.
struct TrackReader {
    var own: YAMLMapping
    private var defaults: YAMLMapping
    let name: String

    init(own: YAMLMapping, defaults: YAMLMapping, name: String) {
        self.own = own
        self.defaults = defaults
        self.name = name
    }

    /// The whole track, within the bounds.
    mutating func track(bounds: ConstitutionBounds) throws(Refusal) -> Track {
        let kind = try kind()
        let (deposit, refund, terms) = try deposit()
        let system = try system()
        let track = Track(
            name: name, kind: kind, proposer: try proposer(), deposit: deposit, refund: refund,
            openLimit: UInt32(
                truncatingIfNeeded: try read("open_limit") { (map, key) throws(Refusal) in
                    try map.number(key, in: 1...UInt64(UInt32.max))
                }),
            times: try times(), tally: try tally(),
            changeVotes: try read("change_votes") { (map, key) throws(Refusal) in
                try map.flag(key)
            },
            system: system, spending: try spending(kind: kind), depositTerms: terms,
            curves: try curves(), hidden: try hidden(),
            identity: own.has("identity") ? try own.address("identity") : nil,
            lockPeriod: own.has("lock_period") ? try own.duration("lock_period") : 0,
            expedited: try expedited())
        try own.finish()
        try checkSystem(track)
        do {
            try bounds.check(track)
        } catch {
            // Where it is written: what the track does not say itself, the defaults say.
            let place = own.has(error.key) || !defaults.has(error.key) ? own : defaults
            throw place.refusal(
                "constitution.bounds", "`\(name).\(error.key)`: \(error.rule)", key: error.key)
        }
        return track
    }

    /// Reads `key` where the track has it, else where the defaults have it.
    private mutating func read<Value>(
        _ key: String, _ body: (inout YAMLMapping, String) throws(Refusal) -> Value
    ) throws(Refusal) -> Value {
        if own.has(key) || !defaults.has(key) { return try body(&own, key) }
        return try body(&defaults, key)
    }

    private mutating func kind() throws(Refusal) -> ProposalKind {
        if let kind = ProposalKind(word: name) { return kind }
        // A second track of a kind is named after it: treasury-spend-large.
        guard name.hasPrefix(ProposalKind.treasurySpend.word + "-") else {
            let words = ProposalKind.allCases.map(\.word).joined(separator: ", ")
            throw own.refusal(
                "constitution.track", "`\(name)` is no track (known: \(words))")
        }
        return .treasurySpend
    }

    private mutating func proposer() throws(Refusal) -> ProposerPower {
        try read("propose") { (map, key) throws(Refusal) in
            var inner = try map.mapping(key)
            let power: ProposerPower =
                inner.has("power_amount")
                ? .amount(try inner.amount("power_amount"))
                : .share(try inner.fraction("power"))
            try inner.finish()
            return power
        }
    }

    private mutating func deposit() throws(Refusal) -> (Amount, DepositRefund, DepositTerms) {
        try read("deposit") { (map, key) throws(Refusal) in
            var inner = try map.mapping(key)
            let amount = try inner.amount("amount")
            let word = try inner.word("refund", of: DepositRefund.allCases.map(\.word))
            var terms = DepositTerms()
            if inner.has("burned") { terms.burned = try inner.fraction("burned") }
            if inner.has("withdrawal") { terms.withdrawal = try inner.fraction("withdrawal") }
            if inner.has("growth") { terms.growth = try inner.fraction("growth") }
            try inner.finish()
            let refund = DepositRefund.allCases.first { $0.word == word } ?? .unlessVetoed
            return (amount, refund, terms)
        }
    }

    private mutating func duration(_ key: String) throws(Refusal) -> UInt64 {
        try read(key) { (map, key) throws(Refusal) in try map.duration(key) }
    }

    private mutating func times() throws(Refusal) -> TrackTimes {
        TrackTimes(
            delay: try duration("delay"), period: try duration("period"),
            lateQuorumExtension: try duration("late_quorum_extension"),
            swingWindow: try duration("swing_window"), objection: try duration("objection"),
            confirm: try duration("confirm"), timelock: try duration("timelock"),
            grace: try duration("grace"), retry: try duration("retry"),
            powerAge: try duration("power_age"), cooldown: try duration("cooldown"))
    }

    private mutating func tally() throws(Refusal) -> TallyRules {
        var rules = try read("quorum") { (map, key) throws(Refusal) in
            var inner = try map.mapping(key)
            let base = try inner.word("base", of: TallyRules.QuorumBase.allCases.map(\.word))
            let share = try inner.fraction("fraction")
            let counts = try inner.choices("counts")
            try inner.finish()
            return TallyRules(
                quorum: .share(share), quorumCounts: counts,
                quorumBase: TallyRules.QuorumBase.allCases.first { $0.word == base } ?? .supply)
        }
        (rules.threshold, rules.thresholdBase, rules.thresholdIsStrict) =
            try read("threshold") { (map, key) throws(Refusal) in
                var inner = try map.mapping(key)
                let fraction = try inner.fraction("fraction")
                let base = try inner.word("base", of: TallyRules.Base.allCases.map(\.word))
                let comparison = try inner.word("comparison", of: ["more-than", "at-least"])
                try inner.finish()
                return (
                    fraction, TallyRules.Base.allCases.first { $0.word == base } ?? .decided,
                    comparison == "more-than"
                )
            }
        // A veto is never inherited: it exists on the tracks that name it.
        rules.veto = own.has("veto") ? try own.fraction("veto") : nil
        return rules
    }

    private mutating func system() throws(Refusal) -> VotingSystem {
        try read("system") { (map, key) throws(Refusal) in
            let word = try map.word(key, of: VotingSystem.allCases.map(\.word))
            return VotingSystem.allCases.first { $0.word == word } ?? .token
        }
    }

    private mutating func spending(kind: ProposalKind) throws(Refusal) -> SpendingLimit? {
        guard own.has("spending") else { return nil }
        guard kind == .treasurySpend else {
            throw own.refusal(
                "constitution.spending", "only treasury-spend has a limit", key: "spending")
        }
        var inner = try own.mapping("spending")
        let limit = SpendingLimit(
            share: try inner.fraction("share_of_treasury"),
            windowMilliseconds: try inner.duration("window"),
            beyond: inner.has("beyond") ? try inner.text("beyond") : nil)
        try inner.finish()
        return limit
    }
}

extension YAMLMapping {
    /// A fraction, written `40%`, `12.5%` or `2/3`, at most the whole.
    mutating func fraction(_ key: String) throws(Refusal) -> Fraction {
        let text = try text(key)
        guard let fraction = Fraction(text), fraction <= .one else {
            throw refusal(
                "schema.unit", "`\(key)` must be a share like `40%` or `2/3`, not `\(text)`",
                key: key)
        }
        return fraction
    }

    /// A list of choices.
    mutating func choices(_ key: String) throws(Refusal) -> ChoiceSet {
        var set: ChoiceSet = []
        for element in try sequence(key) {
            guard let word = element.text, let choice = Choice(word: word) else {
                throw refusal(
                    "schema.word", "`\(key)` lists choices: for, against, abstain, veto", key: key)
            }
            set.insert(ChoiceSet(choice))
        }
        return set
    }
}
