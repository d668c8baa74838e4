// Proposals: Governance decides, the control plane does what was decided.

import Governance
import Ledger
import Primitives

enum ProposalRules {
    static func engine(_ transaction: Transaction) -> GovernanceEngine {
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
        for plan in file.allEffects.flatMap(\.plans) {
            for data in plan.data {
                ObjectRules.expect(data.digest, kind: "data", job: 0, transaction.state)
            }
        }
    }

    static func vote(
        _ voter: Address, proposal: UInt64, title: String, choice word: String, effects: Digest,
        reason: String, _ transaction: Transaction
    ) throws(Refusal) {
        let vote = Vote(
            proposal: proposal, title: title, statement: try Statement(words: word),
            effects: effects, reason: reason)
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

    /// Moves what waits by the length of an outage, if there was one before this entry.
    static func allowForOutage(since last: Timestamp, _ transaction: Transaction) {
        let gap = transaction.now.since(last)
        guard gap > Outage.tolerance(transaction.genesis.timings) else { return }
        let events = engine(transaction).postpone(by: gap, in: transaction.state)
        guard !events.isEmpty else { return }
        transaction.emit(
            "cluster.outage",
            [
                "from": last.description, "to": transaction.now.description,
                "milliseconds": String(gap),
            ]
        )
        for event in events { transaction.emit(event) }
    }
}

extension Effect {
    /// The trainings it would start.
    var plans: [TrainingPlan] {
        switch self {
        case .trainModel(let plan): [plan]
        case .fundingRound(let round): round.projects.compactMap(\.plan)
        default: []
        }
    }
}
