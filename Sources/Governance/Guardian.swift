// The guardian: an account named in the genesis that may hold a proposal up or stop it, for a term,
// and nothing else. It cannot propose by this power, change a vote, or move a unit of value.

public import Primitives

/// What the constitution lets the guardian do.
public struct GuardianRules: Hashable, Sendable {
    /// For how long from the deployment's start the guardian serves, in milliseconds; a vote may
    /// change it, and ends the office by leaving the section out.
    public var term: UInt64
    /// The most by which all delays of one proposal together hold it up, in milliseconds.
    public var delay: UInt64
    /// Whether the guardian may cancel as well.
    public var mayCancel: Bool

    /// Sets the rules.
    public init(term: UInt64, delay: UInt64, mayCancel: Bool) {
        self.term = term
        self.delay = delay
        self.mayCancel = mayCancel
    }
}

/// Who the guardian is, and since when.
public struct Guardian: Hashable, Sendable {
    /// The account.
    public var account: Address
    /// When the term began.
    public var since: Timestamp

    /// Names a guardian.
    public init(account: Address, since: Timestamp) {
        self.account = account
        self.since = since
    }
}

/// What a guardian does about a proposal.
public enum GuardianAction: Hashable, Sendable {
    /// Holds its execution up by this many milliseconds.
    case delay(UInt64)
    /// Ends it.
    case cancel

    /// The word that is signed.
    public var word: String {
        switch self {
        case .delay: "delay"
        case .cancel: "cancel"
        }
    }
}

extension GovernanceEngine {
    /// Holds a proposal up, or ends it, by the guardian.
    ///
    /// Throws `guardian.none`, `guardian.not-you`, `guardian.expired` (the term is over),
    /// `guardian.delay` (longer than the constitution lets), `guardian.constitution` (a change of
    /// the constitution can be delayed, never cancelled: a guardian could stay in office by it),
    /// `guardian.too-late` (it has ended).
    public func guardProposal(
        _ number: UInt64, _ action: GuardianAction, by account: Address, reason: String,
        at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        guard var record = Self.proposal(number, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(number)")
        }
        let rules = try checkOffice(of: account, at: moment, in: state)
        guard !record.status.isFinal else {
            throw Refusal(
                "guardian.too-late", "proposal \(number) is \(record.status.word) already")
        }
        let acted = GovernanceEvent.guarded(
            proposal: number, guardian: account, action: action, reason: reason)
        switch action {
        case .cancel:
            guard rules.mayCancel else {
                throw Refusal(
                    "guardian.cancel", "the constitution lets the guardian delay, not cancel")
            }
            try checkMayBeCancelled(record, in: state)
            let refusal = Refusal("guardian.cancelled", "cancelled by the guardian: \(reason)")
            return [acted] + end(&record, as: .cancelled, because: refusal, at: moment, in: state)
        case .delay(let milliseconds):
            let (sum, overflow) = record.heldUp.addingReportingOverflow(milliseconds)
            guard milliseconds > 0, !overflow, sum <= rules.delay else {
                throw Refusal(
                    "guardian.delay",
                    "all delays of a proposal together may take \(rules.delay) ms;"
                        + " \(record.heldUp) ms are used")
            }
            record.heldUp = sum
            if record.status == .queued {
                record.readyAt = record.readyAt?.advanced(by: milliseconds)
                record.graceEnds = record.graceEnds?.advanced(by: milliseconds)
                record.dueAt = record.dueAt?.advanced(by: milliseconds)
            }
            store(record, in: state)
            return [acted]
        }
    }

    private func checkOffice(
        of account: Address, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> GuardianRules {
        guard let guardian = host.guardian(in: state),
            let rules = try host.constitution(in: state).guardian
        else { throw Refusal("guardian.none", "this deployment has no guardian") }
        guard guardian.account == account else {
            throw Refusal("guardian.not-you", "the guardian is \(guardian.account)")
        }
        let end = guardian.since.advanced(by: rules.term)
        guard moment.time < end else {
            throw Refusal("guardian.expired", "the guardian's term ended at \(end)")
        }
        return rules
    }

    private func checkMayBeCancelled(
        _ record: ProposalRecord, in state: StateOverlay
    ) throws(Refusal) {
        let effects = Self.document(record.number, in: state)?.allEffects ?? []
        let changesConstitution = effects.contains { effect in
            if case .changePolicy(let change) = effect { return change.policy == "constitution" }
            return false
        }
        guard !changesConstitution else {
            throw Refusal(
                "guardian.constitution",
                "a change of the constitution can be delayed, never cancelled")
        }
    }
}
