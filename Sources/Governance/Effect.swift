// What happens when a proposal passes: typed actions, nothing else. The digest of their canonical
// form is in every ballot, so nobody signs one thing and executes another.

import Cryptography
public import Primitives

/// The sizes a text in an effect may have, in bytes.
public enum EffectLimits {
    /// A name or a licence.
    public static let name = 128
    /// An asset's symbol.
    public static let asset = 16
    /// A sentence.
    public static let sentence = 4096
    /// A policy's text.
    public static let policyText = 128 << 10
    /// Effects of one proposal.
    public static let count = 16
}

/// Puts a trained model into service.
public struct ModelRelease: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// SHA-256 of its artifact.
    public var digest: Digest
    /// The asset customers pay in.
    public var asset: String
    /// The price of a token read.
    public var pricePerInputToken: Amount
    /// The price of a token written.
    public var pricePerOutputToken: Amount
    /// Under which licence it is released (an SPDX expression).
    public var licence: String
}

/// Replaces a policy's text, if it still is what the authors wrote against.
public struct PolicyChange: Hashable, Sendable {
    /// The policy's name, such as `revenue`.
    public var policy: String
    /// SHA-256 of the text that was in force when this was written.
    public var base: Digest
    /// The new text.
    public var text: String

    /// SHA-256 of the new text.
    public var digest: Digest { SHA256.hash(Array(text.utf8)) }
}

/// A payment from the treasury.
public struct TreasurySpend: Hashable, Sendable {
    /// The asset.
    public var asset: String
    /// Who receives it.
    public var to: Address
    /// How much.
    public var amount: Amount
}

/// A seat of the cluster.
public struct MemberSeat: Hashable, Sendable {
    /// The seat's name.
    public var name: String
    /// The Ed25519 public key that is its identity.
    public var key: Digest
    /// Where it is reached at first: a hint, not an identity.
    public var address: String
}

/// Adds and removes seats.
public struct MembershipChange: Hashable, Sendable {
    /// New seats.
    public var add: [MemberSeat]
    /// The names of the seats that go.
    public var remove: [String]
}

/// Takes a part of a provider's stake.
public struct ProviderSlash: Hashable, Sendable {
    /// The provider's owner.
    public var provider: Address
    /// How much of the stake.
    public var amount: Amount
    /// Why, in a sentence.
    public var reason: String
}

/// A project that asks for a part of a funding round.
public struct FundingProject: Hashable, Sendable {
    /// A short name, unique in the round.
    public var name: String
    /// What it is, in a sentence.
    public var summary: String
    /// Who is paid; nobody where there is a plan.
    public var to: Address
    /// What it costs, the whole budget of a plan; it is paid whole or not at all.
    public var cost: Amount
    /// The training it starts, its budget in escrow; nil for a payment.
    public var plan: TrainingPlan?
}

/// A budget to be shared out over projects by the approvals on the ballots.
public struct FundingRound: Hashable, Sendable {
    /// The asset.
    public var asset: String
    /// The most that is paid in all.
    public var budget: Amount
    /// The projects, in ballot order.
    public var projects: [FundingProject]
}

/// An action that a passed proposal executes.
public enum Effect: Hashable, Sendable {
    /// Starts training a model.
    case trainModel(TrainingPlan)
    /// Puts a model into service.
    case releaseModel(ModelRelease)
    /// Takes the named model out of service.
    case retireModel(String)
    /// Replaces a policy's text.
    case changePolicy(PolicyChange)
    /// Pays from the treasury.
    case treasurySpend(TreasurySpend)
    /// Changes the cluster's seats.
    case changeMembers(MembershipChange)
    /// Takes a part of a provider's stake.
    case slashProvider(ProviderSlash)
    /// Records a statement.
    case signal(String)
    /// Shares out a budget.
    case fundingRound(FundingRound)

    /// The kind of proposal that carries it.
    public var kind: ProposalKind {
        switch self {
        case .trainModel: .trainModel
        case .releaseModel: .releaseModel
        case .retireModel: .retireModel
        case .changePolicy: .changePolicy
        case .treasurySpend: .treasurySpend
        case .changeMembers: .changeMembers
        case .slashProvider: .slashProvider
        case .signal: .signal
        case .fundingRound: .fundingRound
        }
    }

    /// SHA-256 of the canonical form of `effects`: what a ballot signs and what recognises a
    /// proposal that is handed in again.
    public static func digest(of effects: [Effect]) -> Digest {
        SHA256.hash(encode(effects))
    }

    /// The canonical form of a list of effects.
    public static func encode(_ effects: [Effect]) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.array(effects) { $0.value($1) }
        return encoder.bytes
    }
}
