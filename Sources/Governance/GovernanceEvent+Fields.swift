// The facts of an event by name.

import Primitives

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
                ("opens_at", record.opensAt.description), ("plan", record.planText),
            ]
        case .opened(let record):
            [
                ("rules", record.rulesDigest.hex), ("snapshot", String(record.snapshotIndex)),
                ("supply", record.supply.description),
                ("deadline", record.deadline.description), ("plan", record.planText),
            ]
        case .voted(_, let voter, let choice, let own, let lent, let previous):
            [
                ("voter", voter.hex), ("choice", choice), ("own", own.description),
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
        case .committed, .bondSettled, .planDrifted, .guarded, .attested, .concentrated:
            laterFields
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

    private var laterFields: [(name: String, value: String)] {
        switch self {
        case .committed(_, let voter, let commitment, let bond):
            [
                ("voter", voter.hex), ("commitment", commitment.hex),
                ("bond", bond.description),
            ]
        case .bondSettled(_, let account, let amount, let fate):
            [
                ("account", account.hex), ("amount", amount.description),
                ("fate", fate.rawValue),
            ]
        case .planDrifted(_, let stage, let before, let now):
            [("stage", stage), ("before", before.hex), ("now", now.hex)]
        case .guarded(_, let guardian, let action, let reason):
            [
                ("guardian", guardian.hex), ("action", action.word),
                ("milliseconds", action.milliseconds.description), ("reason", reason),
            ]
        case .attested(let source, let account, let person, let standing):
            [
                ("source", source.hex), ("account", account.hex), ("person", person.hex),
                ("standing", standing.description),
            ]
        case .concentrated(let delegate, let power, let supply):
            [
                ("delegate", delegate.hex), ("power", power.description),
                ("supply", supply.description),
            ]
        default: []
        }
    }
}

extension ProposalRecord {
    /// The newest plan's digest, or nothing.
    fileprivate var planText: String { plans.last?.digest.hex ?? "" }
}

extension GuardianAction {
    /// By how much it delays.
    fileprivate var milliseconds: UInt64 {
        if case .delay(let milliseconds) = self { milliseconds } else { 0 }
    }
}
