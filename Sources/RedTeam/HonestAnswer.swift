// The right answer to any kernel's challenge, by the slow and obvious provers of this module: what
// liars about time show, and what a card that computes what it is asked would show. No card is
// needed: its answers are the same to the bit, whoever computes them.

import Benchmarking
import Primitives

/// What an honest prover shows.
enum HonestAnswer {
    case matrix(MatrixAnswer)
    case tiles(TileAnswer)
    case units(UnitAnswer)

    /// Computes it; nil where nobody here knows the kernel.
    init?(_ key: ChallengeKey, _ prepare: ChallengeMessage.Prepare) {
        if let forger = MatrixForger(key, prepare.parameters) {
            self = .matrix(forger.answer())
        } else if let forger = TileForger(key, prepare) {
            self = .tiles(forger.answer())
        } else if let forger = StreamForger(key, prepare.parameters) {
            self = .units(forger.answer())
        } else if let forger = LaneForger(key, prepare) {
            self = .units(forger.answer())
        } else if let forger = WalkForger(key, prepare.parameters) {
            self = .units(forger.answer())
        } else {
            return nil
        }
    }

    /// Shows it to the member.
    func show(_ conversation: inout Conversation, _ key: ChallengeKey) async throws(Refusal) {
        switch self {
        case .matrix(let answer): try await answer.show(&conversation, key)
        case .tiles(let answer): try await answer.show(&conversation, key)
        case .units(let answer): try await answer.show(&conversation, key)
        }
    }
}
