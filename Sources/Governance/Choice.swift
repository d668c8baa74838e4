// What a voter can say.

/// A choice on a ballot. People sign its word, never its number.
public enum Choice: UInt8, CaseIterable, Hashable, Sendable {
    /// Against the proposal.
    case against = 0
    /// For the proposal.
    case `for` = 1
    /// Neither: counts for the quorum where the track says so, never for the threshold.
    case abstain = 2
    /// Against, and harmful: only on tracks that name a veto threshold.
    case veto = 3

    /// The word a person signs and types.
    public var word: String {
        switch self {
        case .against: "against"
        case .for: "for"
        case .abstain: "abstain"
        case .veto: "veto"
        }
    }

    /// The choice a word names.
    public init?(word: String) {
        guard let choice = Choice.allCases.first(where: { $0.word == word }) else { return nil }
        self = choice
    }
}

extension Choice: ByteCodable {}
