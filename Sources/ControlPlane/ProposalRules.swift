// Proposals: Governance decides, the control plane does what was decided.

import Governance
import Ledger
import Primitives

enum ProposalRules {
    private static func engine(_ transaction: Transaction) -> GovernanceEngine {
        GovernanceEngine(
            host: GovernanceBridge(
                genesis: transaction.genesis, now: transaction.now, index: transaction.index))
    }

    static func submit(
        _ proposer: Address, fileName: String, text: String, title: String, effects: Digest,
        _ transaction: Transaction
    ) throws(Refusal) {
        let file = try ProposalFile(parsing: text, name: fileName)
        guard file.title == title else {
            throw Refusal("proposal.title", "the signed title is not the file's")
        }
        guard file.effectsDigest == effects else {
            throw Refusal(
                "proposal.effects",
                "the signed digest of the effects is not the file's, \(file.effectsDigest)")
        }
        let events = try engine(transaction).submit(
            file, by: proposer, at: transaction.moment, in: transaction.state)
        for event in events { transaction.emit(event) }
        for effect in file.effects {
            guard case .trainModel(let plan) = effect else { continue }
            for data in plan.data {
                ObjectRules.expect(data.digest, kind: "data", job: 0, transaction.state)
            }
        }
    }

    static func vote(
        _ voter: Address, proposal: UInt64, title: String, choice word: String, effects: Digest,
        reason: String, _ transaction: Transaction
    ) throws(Refusal) {
        guard let choice = Choice(word: word) else {
            let words = Choice.allCases.map(\.word).joined(separator: ", ")
            throw Refusal("vote.choice", "a choice is one of \(words), not `\(word)`")
        }
        let vote = Vote(
            proposal: proposal, title: title, choice: choice, effects: effects, reason: reason)
        let events = try engine(transaction).vote(
            vote, by: voter, at: transaction.moment, in: transaction.state)
        for event in events { transaction.emit(event) }
    }

    static func cancel(
        _ account: Address, proposal: UInt64, reason: String, _ transaction: Transaction
    ) throws(Refusal) {
        let events = try engine(transaction).cancel(
            proposal, by: account, at: transaction.moment, in: transaction.state)
        for event in events { transaction.emit(event) }
    }

    /// Does what is due: openings, closings, windows, timelocks, execution.
    static func advance(_ transaction: Transaction) throws(Refusal) {
        let events = try engine(transaction).advance(
            to: transaction.moment, in: transaction.state)
        // What execution brought about was noted in the state by the bridge.
        for event in GovernanceBridge.takeNotes(from: transaction.state) {
            transaction.emit(event)
        }
        for event in events { transaction.emit(event) }
    }
}
