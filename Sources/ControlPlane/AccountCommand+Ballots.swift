// The canonical forms of hidden ballots, of what the guardian does, and of words about persons.

import Governance
import Primitives

extension AccountCommand {
    /// The most bytes the words of a ballot have.
    static let ballotLimit = Statement.byteLimit

    func encodeBallots(into encoder: inout BinaryEncoder) {
        switch self {
        case .commitVote(let proposal, let title, let effects, let commitment):
            encoder.byte(14)
            encoder.number(proposal)
            encoder.text(title)
            encoder.digest(effects)
            encoder.digest(commitment)
        case .revealVote(
            let proposal, let title, let choice, let effects, let reason, let salt):
            encoder.byte(15)
            encoder.number(proposal)
            encoder.text(title)
            encoder.text(choice)
            encoder.digest(effects)
            encoder.text(reason)
            encoder.digest(salt)
        case .guardProposal(
            let proposal, let title, let action, let milliseconds, let reason):
            encoder.byte(16)
            encoder.number(proposal)
            encoder.text(title)
            encoder.text(action)
            encoder.number(milliseconds)
            encoder.text(reason)
        case .attestPerson(let account, let person, let standing):
            encoder.byte(17)
            encoder.address(account)
            encoder.digest(person)
            encoder.flag(standing)
        default: break
        }
    }

    static func ballot(
        _ kind: UInt8, from decoder: inout BinaryDecoder
    ) throws(Refusal) -> AccountCommand {
        switch kind {
        case 14:
            return .commitVote(
                proposal: try decoder.number(), title: try decoder.text(limit: 256),
                effects: try decoder.digest(), commitment: try decoder.digest())
        case 15:
            return .revealVote(
                proposal: try decoder.number(), title: try decoder.text(limit: 256),
                choice: try decoder.text(limit: ballotLimit), effects: try decoder.digest(),
                reason: try decoder.text(limit: 1024), salt: try decoder.digest())
        case 16:
            return .guardProposal(
                proposal: try decoder.number(), title: try decoder.text(limit: 256),
                action: try decoder.text(limit: 16), milliseconds: try decoder.number(),
                reason: try decoder.text(limit: 1024))
        case 17:
            return .attestPerson(
                account: try decoder.address(), person: try decoder.digest(),
                standing: try decoder.flag())
        default: throw Refusal("codec.malformed", "there is no account command \(kind)")
        }
    }
}
