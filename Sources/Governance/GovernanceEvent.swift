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
        proposal: UInt64, voter: Address, choice: String, own: Amount, lent: Amount,
        previous: Choice?)
    /// Somebody committed to a hidden ballot.
    case committed(proposal: UInt64, voter: Address, commitment: Digest, bond: Amount)
    /// A bond was settled: returned with the ballot revealed, burned without.
    case bondSettled(proposal: UInt64, account: Address, amount: Amount, fate: DepositFate)
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
    /// What execution would do is no longer what it would have done before.
    case planDrifted(proposal: UInt64, stage: String, before: Digest, now: Digest)
    /// The guardian acted.
    case guarded(proposal: UInt64, guardian: Address, action: GuardianAction, reason: String)
    /// Somebody vouched for a person, or withdrew it.
    case attested(source: Address, account: Address, person: Digest, standing: Bool)
    /// A delegate came to vote with a share of the supply that should be talked about.
    case concentrated(delegate: Address, power: Amount, supply: Amount)
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
        case .committed: "vote.committed"
        case .bondSettled: "bond.settled"
        case .planDrifted: "proposal.plan-drifted"
        case .guarded: "proposal.guarded"
        case .attested: "identity.attested"
        case .concentrated: "delegation.concentrated"
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
            .depositSettled(let number, _, _, _), .committed(let number, _, _, _),
            .bondSettled(let number, _, _, _), .planDrifted(let number, _, _, _),
            .guarded(let number, _, _, _):
            number
        case .delegated, .attested, .concentrated: nil
        }
    }
}
