// What a proposal may be about. The list is closed: an action that is not here cannot be voted.

public import Primitives

/// The kind of a proposal; it selects the track whose rules apply.
public enum ProposalKind: UInt8, CaseIterable, Hashable, Sendable {
    /// Train a model: its data, recipe and budget.
    case trainModel = 0
    /// Put a trained model into service at a price.
    case releaseModel = 1
    /// Take a model out of service.
    case retireModel = 2
    /// Replace the text of a policy.
    case changePolicy = 3
    /// Pay from the treasury.
    case treasurySpend = 4
    /// Change the seats of the cluster.
    case changeMembers = 5
    /// Take a part of a provider's stake.
    case slashProvider = 6
    /// Say something, change nothing.
    case signal = 7
    /// Share a budget out over projects.
    case fundingRound = 8

    /// The word in files, on command lines and on pages.
    public var word: String {
        switch self {
        case .trainModel: "train-model"
        case .releaseModel: "release-model"
        case .retireModel: "retire-model"
        case .changePolicy: "change-policy"
        case .treasurySpend: "treasury-spend"
        case .changeMembers: "change-members"
        case .slashProvider: "slash-provider"
        case .signal: "signal"
        case .fundingRound: "funding-round"
        }
    }

    /// The kind a word names.
    public init?(word: String) {
        guard let kind = ProposalKind.allCases.first(where: { $0.word == word }) else { return nil }
        self = kind
    }

    /// Whether an executed proposal of this kind can move money or hand out power over it.
    ///
    /// The hard bounds are stricter for these.
    public var movesValue: Bool { self != .signal }

    /// Whether it may be voted on in haste: it takes something out of service, or only says it.
    public var mayBeExpedited: Bool { self == .signal || self == .retireModel }
}

/// A small closed choice: one byte in the canonical form.
public protocol ByteCodable: RawRepresentable, BinaryCodable where RawValue == UInt8 {}

extension ByteCodable {
    /// One byte.
    public func encode(into encoder: inout BinaryEncoder) { encoder.byte(rawValue) }

    /// One byte of a known case.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let byte = try decoder.byte()
        guard let value = Self(rawValue: byte) else {
            throw Refusal("codec.malformed", "\(byte) names no \(Self.self)")
        }
        self = value
    }
}

extension ProposalKind: ByteCodable {}
