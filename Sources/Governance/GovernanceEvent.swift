// What happened, as values: typed for code, and as named fields for logs, hashes and pages.

public import Primitives

/// Why a deadline moved.
public enum DeadlineReason: String, Sendable {
    /// The quorum was reached close to the end.
    case lateQuorum = "late-quorum"
    /// The cluster had no leader for a while.
    case outage = "outage"
}

/// What became of a deposit.
public enum DepositFate: String, Sendable {
    /// Given back to the proposer.
    case returned
    /// Burned.
    case burned
}

/// One step in the life of a proposal or a delegation, with the numbers that decided it.
public enum GovernanceEvent: Hashable, Sendable {
    /// A proposal was handed in.
    case submitted(ProposalRecord)
    /// Voting opened under the rules frozen in the record.
    case opened(ProposalRecord)
    /// Somebody voted, or changed their vote.
    case voted(
        proposal: UInt64, voter: Address, choice: Choice, own: Amount, lent: Amount,
        previous: Choice?)
    /// A holder's own vote took their share back from a delegate who had voted.
    case overridden(proposal: UInt64, delegate: Address, holder: Address, amount: Amount)
    /// The end of voting moved.
    case deadlineMoved(proposal: UInt64, deadline: Timestamp, reason: DeadlineReason)
    /// A phase after voting began: objection or confirmation.
    case phaseBegan(proposal: UInt64, status: ProposalStatus, deadline: Timestamp)
    /// The vote came to an end.
    case decided(
        proposal: UInt64, status: ProposalStatus, tally: Tally, supply: Amount,
        explanation: [String])
    /// It passed and waits for its timelock.
    case queued(proposal: UInt64, readyAt: Timestamp, graceEnds: Timestamp)
    /// Its effects happened.
    case executed(proposal: UInt64, effects: Digest)
    /// Its effects were refused; nil when it will not be tried again.
    case executionRefused(
        proposal: UInt64, code: String, message: String, nextTry: Timestamp?)
    /// It ended without a vote or without execution.
    case ended(proposal: UInt64, status: ProposalStatus, reason: String)
    /// A deposit was taken.
    case depositHeld(proposal: UInt64, account: Address, amount: Amount)
    /// A deposit was settled.
    case depositSettled(proposal: UInt64, account: Address, amount: Amount, fate: DepositFate)
    /// A holder lent power, or took it back.
    case delegated(holder: Address, scope: DelegationScope, delegation: Delegation)

    /// Stable and dotted: what a program matches on.
    public var code: String {
        switch self {
        case .submitted: "proposal.submitted"
        case .opened: "proposal.opened"
        case .voted: "vote.cast"
        case .overridden: "vote.overridden"
        case .deadlineMoved: "proposal.deadline-moved"
        case .phaseBegan: "proposal.phase-began"
        case .decided: "proposal.decided"
        case .queued: "proposal.queued"
        case .executed: "proposal.executed"
        case .executionRefused: "proposal.execution-refused"
        case .ended: "proposal.ended"
        case .depositHeld: "deposit.held"
        case .depositSettled: "deposit.settled"
        case .delegated: "delegation.set"
        }
    }

    /// The proposal it belongs to; nil for a delegation.
    public var proposal: UInt64? {
        switch self {
        case .submitted(let record), .opened(let record): record.number
        case .voted(let number, _, _, _, _, _), .overridden(let number, _, _, _),
            .deadlineMoved(let number, _, _), .phaseBegan(let number, _, _),
            .decided(let number, _, _, _, _), .queued(let number, _, _),
            .executed(let number, _), .executionRefused(let number, _, _, _),
            .ended(let number, _, _), .depositHeld(let number, _, _),
            .depositSettled(let number, _, _, _):
            number
        case .delegated: nil
        }
    }
}

extension GovernanceEvent {
    /// The facts by name, in a fixed order: hashed into the event chain and shown as JSON.
    public var fields: [(name: String, value: String)] {
        var fields = ownFields
        if let proposal { fields.insert(("proposal", String(proposal)), at: 0) }
        return fields
    }

    private var ownFields: [(name: String, value: String)] {
        switch self {
        case .submitted(let record):
            [
                ("identity", record.identity.hex), ("proposer", record.proposer.hex),
                ("proposal_kind", record.kind.word), ("track", record.rules.name),
                ("title", record.title), ("effects", record.effectsDigest.hex),
                ("body", record.bodyDigest.hex),
                ("resubmission_of", record.resubmissionOf.map(String.init) ?? ""),
                ("opens_at", record.opensAt.description),
            ]
        case .opened(let record):
            [
                ("rules", record.rulesDigest.hex), ("snapshot", String(record.snapshotIndex)),
                ("supply", record.supply.description),
                ("deadline", record.deadline.description),
            ]
        case .voted(_, let voter, let choice, let own, let lent, let previous):
            [
                ("voter", voter.hex), ("choice", choice.word), ("own", own.description),
                ("lent", lent.description), ("previous", previous?.word ?? ""),
            ]
        case .overridden(_, let delegate, let holder, let amount):
            [
                ("delegate", delegate.hex), ("holder", holder.hex),
                ("amount", amount.description),
            ]
        case .deadlineMoved(_, let deadline, let reason):
            [("deadline", deadline.description), ("reason", reason.rawValue)]
        case .phaseBegan(_, let status, let deadline):
            [("status", status.word), ("deadline", deadline.description)]
        case .decided(_, let status, let tally, let supply, let explanation):
            [
                ("status", status.word), ("for", tally.for.description),
                ("against", tally.against.description), ("abstain", tally.abstain.description),
                ("veto", tally.veto.description), ("supply", supply.description),
                ("explanation", explanation.joined(separator: "\n")),
            ]
        case .queued(_, let readyAt, let graceEnds):
            [("ready_at", readyAt.description), ("grace_ends", graceEnds.description)]
        case .executed(_, let effects): [("effects", effects.hex)]
        case .executionRefused(_, let code, let message, let nextTry):
            [("code", code), ("message", message), ("next_try", nextTry?.description ?? "")]
        case .ended(_, let status, let reason): [("status", status.word), ("reason", reason)]
        case .depositHeld(_, let account, let amount):
            [("account", account.hex), ("amount", amount.description)]
        case .depositSettled(_, let account, let amount, let fate):
            [
                ("account", account.hex), ("amount", amount.description),
                ("fate", fate.rawValue),
            ]
        case .delegated(let holder, let scope, let delegation):
            [
                ("holder", holder.hex), ("scope", scope.word),
                (
                    "shares",
                    delegation.shares.map { "\($0.delegate.hex):\($0.parts)" }
                        .joined(separator: ",")
                ),
                ("expires", delegation.expires?.description ?? ""),
            ]
        }
    }

    /// Code and fields in canonical form: what the event chain hashes.
    public var encoded: [UInt8] {
        var encoder = BinaryEncoder()
        encoder.text(code)
        encoder.array(fields) { encoder, field in
            encoder.text(field.name)
            encoder.text(field.value)
        }
        return encoder.bytes
    }
}
