// Ballots that are more than one command, the guardian's office, and who is whom.

import Governance
import Primitives

enum BallotRules {
    static func apply(
        _ command: AccountCommand, by signer: Address, _ transaction: Transaction
    ) throws(Refusal) {
        let events = try events(of: command, by: signer, transaction)
        for event in events { transaction.emit(event) }
    }

    private static func events(
        of command: AccountCommand, by signer: Address, _ transaction: Transaction
    ) throws(Refusal) -> [GovernanceEvent] {
        let engine = ProposalRules.engine(transaction)
        switch command {
        case .commitVote(let proposal, let title, let effects, let commitment):
            return try engine.commit(
                to: commitment, on: proposal, title: title, effects: effects, by: signer,
                at: transaction.moment, in: transaction.state)
        case .revealVote(let proposal, let title, let choice, let effects, let reason, let salt):
            let vote = Vote(
                proposal: proposal, title: title, statement: try Statement(words: choice),
                effects: effects, reason: reason)
            return try engine.reveal(
                vote, salt: salt, deployment: transaction.genesis.digest, by: signer,
                at: transaction.moment, in: transaction.state)
        case .guardProposal(let proposal, let title, let action, let milliseconds, let reason):
            let known = GovernanceEngine.proposal(proposal, in: transaction.state)
            guard known == nil || known?.title == title else {
                throw Refusal(
                    "guardian.title",
                    "the signed title is not that of proposal \(proposal)")
            }
            return try engine.guardProposal(
                proposal, try guardianAction(action, milliseconds), by: signer, reason: reason,
                at: transaction.moment, in: transaction.state)
        case .attestPerson(let account, let person, let standing):
            return [
                try Identities.attest(
                    account, is: person, standing: standing, by: signer, in: transaction.state)
            ]
        default: return []
        }
    }

    private static func guardianAction(
        _ word: String, _ milliseconds: UInt64
    ) throws(Refusal) -> GuardianAction {
        switch word {
        case "delay": return .delay(milliseconds)
        case "cancel":
            guard milliseconds == 0 else {
                throw Refusal("guardian.action", "a cancellation takes no time: say 0 milliseconds")
            }
            return .cancel
        default:
            throw Refusal("guardian.action", "a guardian can delay or cancel, not `\(word)`")
        }
    }
}
