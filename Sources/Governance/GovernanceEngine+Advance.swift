// What falls due: opening, closing, windows, timelocks, execution. Always in the order of due time,
// then of proposal number.

public import Primitives

extension GovernanceEngine {
    /// Does everything that is due at this moment. Call it before an entry's first command.
    public func advance(to moment: LogMoment, in state: StateOverlay) throws(Refusal)
        -> [GovernanceEvent]
    {
        var events: [GovernanceEvent] = []
        while let due = Self.nextDue(in: state), due.time <= moment.time {
            guard var record = Self.proposal(due.number, in: state) else {
                throw Refusal("governance.broken", "proposal \(due.number) is due but not there")
            }
            events += try step(&record, at: moment, in: state)
            guard record.dueAt.map({ $0 > due.time }) ?? true else {
                throw Refusal("governance.broken", "proposal \(due.number) does not move on")
            }
        }
        return events
    }

    /// Moves the deadlines of running votes by the length of an outage: nobody could vote.
    public func postpone(by milliseconds: UInt64, in state: StateOverlay) -> [GovernanceEvent] {
        var events: [GovernanceEvent] = []
        let numbers = GovernanceTables.due.records(in: state).compactMap { found -> UInt64? in
            var decoder = BinaryDecoder(Array(found.key.suffix(8)))
            return try? decoder.sortable()
        }
        for number in numbers {
            guard var record = Self.proposal(number, in: state) else { continue }
            switch record.status {
            case .voting, .objection, .confirming:
                record.deadline = record.deadline.advanced(by: milliseconds)
                record.dueAt = record.deadline.advanced(by: 1)
                store(record, in: state)
                events.append(
                    .deadlineMoved(
                        proposal: number, deadline: record.deadline, reason: .outage))
            default: continue
            }
        }
        return events
    }

    private func step(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        switch record.status {
        case .submitted: return try open(&record, at: moment, in: state)
        case .voting, .objection, .confirming: return try close(&record, at: moment, in: state)
        case .queued: return try execute(&record, at: moment, in: state)
        default: throw Refusal("governance.broken", "an ended proposal is due")
        }
    }

    // MARK: Opening

    private func open(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let document = Self.document(record.number, in: state)
        do throws(Refusal) {
            let effects = document?.effects ?? []
            try Effect.validate(effects, kind: record.kind)
            for effect in effects { try host.check(effect, in: state) }
        } catch {
            return end(&record, as: .expired, because: error, at: moment, in: state)
        }
        let constitution = try host.constitution(in: state)
        // Frozen now: what this vote is decided by does not change while it runs.
        if let track = constitution.track(named: record.rules.name) {
            record.rules = track
        } else {
            record.rules = try constitution.track(for: record.kind)
        }
        record.status = .voting
        record.opensAt = moment.time
        record.snapshotIndex = moment.index > 0 ? moment.index - 1 : 0
        record.supply = VotingPower.supply(at: record.snapshotIndex, in: state)
        setDeadline(of: &record, after: record.rules.times.period, at: moment)
        store(record, in: state)
        return [.opened(record)]
    }

    private func setDeadline(
        of record: inout ProposalRecord, after milliseconds: UInt64, at moment: LogMoment
    ) {
        record.deadline = moment.time.advanced(by: milliseconds)
        // A vote at the deadline still counts, so closing is due one millisecond later.
        record.dueAt = record.deadline.advanced(by: 1)
    }

    // MARK: Closing

    private func close(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let verdict = try record.verdict()
        guard verdict.passes else {
            return finish(&record, verdict: verdict, at: moment, in: state)
        }
        let times = record.rules.times
        if record.status == .voting, record.swung, times.objection > 0 {
            return begin(.objection, times.objection, &record, at: moment, in: state)
        }
        if record.status != .confirming, times.confirm > 0 {
            return begin(.confirming, times.confirm, &record, at: moment, in: state)
        }
        return queue(&record, verdict: verdict, at: moment, in: state)
    }

    private func begin(
        _ phase: ProposalStatus, _ milliseconds: UInt64, _ record: inout ProposalRecord,
        at moment: LogMoment, in state: StateOverlay
    ) -> [GovernanceEvent] {
        record.status = phase
        setDeadline(of: &record, after: milliseconds, at: moment)
        store(record, in: state)
        return [
            .phaseBegan(proposal: record.number, status: phase, deadline: record.deadline)
        ]
    }

    /// Ends a vote that did not pass, and settles its deposit.
    func finish(
        _ record: inout ProposalRecord, verdict: Verdict, at moment: LogMoment,
        in state: StateOverlay
    ) -> [GovernanceEvent] {
        record.status = verdict.outcome == .vetoed ? .vetoed : .defeated
        record.finishedAt = moment.time
        record.dueAt = nil
        store(record, in: state)
        let burned =
            switch record.rules.refund {
            case .always: false
            case .unlessVetoed: verdict.outcome == .vetoed
            case .unlessVetoedOrIgnored:
                verdict.outcome == .vetoed || verdict.outcome == .quorumMissed
            }
        return [decided(record, verdict)]
            + settleDeposit(of: record, fate: burned ? .burned : .returned, in: state)
    }

    private func queue(
        _ record: inout ProposalRecord, verdict: Verdict, at moment: LogMoment,
        in state: StateOverlay
    ) -> [GovernanceEvent] {
        let ready = moment.time.advanced(by: record.rules.times.timelock)
        let ends = ready.advanced(by: record.rules.times.grace)
        record.status = .queued
        record.readyAt = ready
        record.graceEnds = ends
        record.dueAt = ready
        store(record, in: state)
        return [
            decided(record, verdict),
            .queued(proposal: record.number, readyAt: ready, graceEnds: ends),
        ] + settleDeposit(of: record, fate: .returned, in: state)
    }

    private func decided(_ record: ProposalRecord, _ verdict: Verdict) -> GovernanceEvent {
        .decided(
            proposal: record.number, status: record.status, tally: record.tally,
            supply: record.supply, explanation: verdict.explanation)
    }

    // MARK: Executing

    private func execute(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let graceEnds = record.graceEnds ?? .zero
        if moment.time > graceEnds, record.lastRefusal == nil {
            return end(
                &record, as: .expired,
                because: Refusal("proposal.expired", "nobody executed it until \(graceEnds)"),
                at: moment, in: state)
        }
        let attempt = StateOverlay(state)
        do throws(Refusal) {
            let effects = try executableEffects(of: record, at: moment, in: attempt)
            try host.execute(effects, of: record, at: moment, in: attempt)
        } catch {
            return refused(&record, error, at: moment, in: state)
        }
        state.adopt(attempt)
        record.status = .executed
        record.finishedAt = moment.time
        record.dueAt = nil
        GovernanceTables.lastExecuted.set(
            Array(record.rules.name.utf8), to: StoredNumber(moment.time.milliseconds), in: state)
        store(record, in: state)
        return [.executed(proposal: record.number, effects: record.effectsDigest)]
    }

    /// The effects voted on, checked again: digest, form, and what may have changed since.
    private func executableEffects(
        of record: ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [Effect] {
        let effects = Self.document(record.number, in: state)?.effects ?? []
        guard Effect.digest(of: effects) == record.effectsDigest else {
            throw Refusal("proposal.effects", "the stored effects are not those voted on")
        }
        try Effect.validate(effects, kind: record.kind)
        try checkMembership(effects, track: record.rules, at: moment, in: state)
        for effect in effects { try host.check(effect, in: state) }
        return try resolved(effects, of: record, in: state)
    }

    private func refused(
        _ record: inout ProposalRecord, _ refusal: Refusal, at moment: LogMoment,
        in state: StateOverlay
    ) -> [GovernanceEvent] {
        record.lastRefusal = refusal.description
        let next = moment.time.advanced(by: Swift.max(1, record.rules.times.retry))
        let last = next > (record.graceEnds ?? .zero)
        let event = GovernanceEvent.executionRefused(
            proposal: record.number, code: refusal.code, message: refusal.message,
            nextTry: last ? nil : next)
        record.dueAt = last ? nil : next
        if last {
            record.status = .executionFailed
            record.finishedAt = moment.time
        }
        store(record, in: state)
        return last
            ? [
                event,
                .ended(
                    proposal: record.number, status: .executionFailed,
                    reason: refusal.description),
            ] : [event]
    }

    private func end(
        _ record: inout ProposalRecord, as status: ProposalStatus, because refusal: Refusal,
        at moment: LogMoment, in state: StateOverlay
    ) -> [GovernanceEvent] {
        // A queued proposal's deposit went back when it passed.
        let depositIsHeld = record.status == .submitted
        record.status = status
        record.finishedAt = moment.time
        record.dueAt = nil
        store(record, in: state)
        let ended = GovernanceEvent.ended(
            proposal: record.number, status: status, reason: refusal.description)
        return [ended]
            + (depositIsHeld ? settleDeposit(of: record, fate: .returned, in: state) : [])
    }
}
