// A proposal may offer options, of which the vote chooses one: which of three models to train, say.
// Each option has its own effects; those of the option that wins are executed.

import Cryptography
public import Primitives

/// One of the things a proposal lets its voters choose from.
public struct ProposalOption: Hashable, Sendable {
    /// A short name, unique in the proposal: the word on ballots.
    public let name: String
    /// What happens when it wins.
    public let effects: [Effect]

    /// The fewest and the most options of a proposal.
    public static let countRange = 2...32

    /// SHA-256 of the canonical form of `options`: what ballots sign.
    public static func digest(of options: [ProposalOption]) -> Digest {
        var encoder = BinaryEncoder()
        encoder.text("althing/options/1")
        encoder.array(options) { $0.value($1) }
        return SHA256.hash(encoder.bytes)
    }

    /// Refuses a list that cannot be voted on (`effect.options`), and any bad effect.
    static func validate(_ options: [ProposalOption], kind: ProposalKind) throws(Refusal) {
        guard kind != .fundingRound else {
            throw Refusal("effect.options", "a funding-round has projects, not options")
        }
        guard countRange.contains(options.count) else {
            throw Refusal(
                "effect.options",
                "a proposal has \(countRange.lowerBound) to \(countRange.upperBound) options")
        }
        guard Set(options.map(\.name)).count == options.count,
            Set(options.map(\.effects)).count == options.count
        else { throw Refusal("effect.options", "two options have one name or the same effects") }
        for option in options {
            try Effect.checkName(option.name, "option")
            try Effect.validate(option.effects, kind: kind)
        }
    }
}

extension ProposalOption: BinaryCodable {
    /// Name, effects.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.array(effects) { $0.value($1) }
    }

    /// Reads an option.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: EffectLimits.name)
        effects = try decoder.array(limit: EffectLimits.count) { (decoder) throws(Refusal) in
            try decoder.value()
        }
    }
}
