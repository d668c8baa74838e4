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

    /// Moves everything that waits by the length of an outage: while the cluster was away nobody
    /// could read, vote, reveal or leave.
    public func postpone(by milliseconds: UInt64, in state: StateOverlay) -> [GovernanceEvent] {
        var events: [GovernanceEvent] = []
        let numbers = GovernanceTables.due.records(in: state).compactMap { found -> UInt64? in
            var decoder = BinaryDecoder(Array(found.key.suffix(8)))
            return try? decoder.sortable()
        }
        for number in numbers {
            guard var record = Self.proposal(number, in: state) else { continue }
            record.dueAt = record.dueAt?.advanced(by: milliseconds)
            switch record.status {
            case .submitted: record.opensAt = record.opensAt.advanced(by: milliseconds)
            case .queued:
                record.readyAt = record.readyAt?.advanced(by: milliseconds)
                record.graceEnds = record.graceEnds?.advanced(by: milliseconds)
            default:
                record.deadline = record.deadline.advanced(by: milliseconds)
                record.periodEnds = record.periodEnds.advanced(by: milliseconds)
            }
            store(record, in: state)
            events.append(
                .deadlineMoved(
                    proposal: number,
                    deadline: record.status.isVoting
                        ? record.deadline : record.dueAt ?? record.deadline, reason: .outage))
        }
        return events
    }

    private func step(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        switch record.status {
        case .submitted: return try open(&record, at: moment, in: state)
        case .voting where record.rules.curves != nil && moment.time <= record.periodEnds:
            return try followCurves(&record, at: moment, in: state)
        case .voting, .objection, .confirming, .revealing:
            return try close(&record, at: moment, in: state)
        case .queued: return try execute(&record, at: moment, in: state)
        default: throw Refusal("governance.broken", "an ended proposal is due")
        }
    }

    // MARK: Opening

    private func open(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let constitution = try host.constitution(in: state)
        // Frozen now: what this vote is decided by does not change while it runs.
        let rules =
            if let track = constitution.track(named: record.rules.name) { track } else {
                try constitution.track(for: record.kind)
            }
        do throws(Refusal) {
            try checkOptions(record, rules)
            let document = Self.document(record.number, in: state)
            for effect in document?.allEffects ?? [] {
                try effect.validate()
                try host.check(effect, in: state)
            }
            try checkFunds(document?.effects ?? [], document?.options ?? [], in: state)
        } catch {
            return end(&record, as: .expired, because: error, at: moment, in: state)
        }
        record.rules = rules
        record.isExpedited = record.isExpedited && rules.expedited != nil
        record.status = .voting
        record.opensAt = moment.time
        record.snapshotIndex = moment.index > 0 ? moment.index - 1 : 0
        record.supply = VotingPower.supply(at: record.snapshotIndex, in: state)
        record.quorumBase = quorumBase(of: record, in: state)
        record.lot = drawLot(for: record, at: moment, in: state)
        let period = record.isExpedited ? rules.expedited?.period : nil
        setDeadline(of: &record, after: period ?? rules.times.period, at: moment)
        record.periodEnds = moment.time.advanced(by: rules.times.period)
        let drift = notePlan("opened", &record, at: moment, in: state)
        store(record, in: state)
        return [.opened(record)] + drift
    }

    /// Options need a track that counts preferences; a track that counts them takes plain proposals
    /// as well.
    func checkOptions(_ record: ProposalRecord, _ rules: Track) throws(Refusal) {
        guard record.optionCount == 0 || rules.system.preferenceWord != nil else {
            throw Refusal(
                "proposal.options",
                "the track \(rules.name) is counted by `\(rules.system.word)`, which knows no"
                    + " options")
        }
    }

    private func quorumBase(of record: ProposalRecord, in state: any StateReader) -> Amount {
        switch record.rules.tally.quorumBase {
        case .supply: record.supply
        case .held: VotingPower.held(at: record.snapshotIndex, in: state)
        case .delegated:
            VotingPower.delegated(for: record.kind, at: record.snapshot, in: state)
        }
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
        if record.status == .voting, let hidden = record.rules.hidden {
            return beginRevealing(&record, hidden, at: moment, in: state)
        }
        var verdict = try record.verdict()
        if verdict.passes, let outcome = Self.optionOutcome(of: record, in: state) {
            verdict = Verdict(
                outcome: outcome.winners.isEmpty ? .rejected : .passed,
                explanation: verdict.explanation + outcome.lines)
            record.winners = outcome.winners.map { UInt16(truncatingIfNeeded: $0) }
        }
        guard verdict.passes else {
            if record.isExpedited, verdict.outcome != .vetoed {
                return continueOrdinarily(&record, in: state)
            }
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

    /// An expedited vote that did not pass goes on to the ordinary end, under the ordinary rules,
    /// with the votes cast so far.
    private func continueOrdinarily(
        _ record: inout ProposalRecord, in state: StateOverlay
    ) -> [GovernanceEvent] {
        record.isExpedited = false
        record.status = .voting
        record.swung = false
        record.deadline = record.periodEnds
        record.dueAt = record.deadline.advanced(by: 1)
        store(record, in: state)
        return [
            .phaseBegan(proposal: record.number, status: .voting, deadline: record.deadline)
        ]
    }

    func begin(
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
        record.decidedAt = moment.time
        record.finishedAt = moment.time
        record.dueAt = nil
        record.winners = []
        store(record, in: state)
        let burned =
            switch record.rules.refund {
            case .always: false
            case .unlessVetoed: verdict.outcome == .vetoed
            case .unlessVetoedOrIgnored:
                verdict.outcome == .vetoed || verdict.outcome == .quorumMissed
            case .ifPassed: true
            }
        return [decided(record, verdict)]
            + settleDeposit(
                of: record, burning: burned ? record.rules.depositTerms.burned : .zero, in: state)
            + settleBonds(of: record, fate: .burned, in: state)
    }

    private func queue(
        _ record: inout ProposalRecord, verdict: Verdict, at moment: LogMoment,
        in state: StateOverlay
    ) -> [GovernanceEvent] {
        let expedited = record.isExpedited ? record.rules.expedited?.timelock : nil
        let ready = moment.time.advanced(by: expedited ?? record.rules.times.timelock)
            .advanced(by: record.heldUp)
        let ends = ready.advanced(by: record.rules.times.grace)
        record.status = .queued
        record.decidedAt = moment.time
        record.readyAt = ready
        record.graceEnds = ends
        record.dueAt = ready
        let drift = notePlan("queued", &record, at: moment, in: state)
        store(record, in: state)
        return [
            decided(record, verdict),
            .queued(proposal: record.number, readyAt: ready, graceEnds: ends),
        ] + drift + settleDeposit(of: record, burning: .zero, in: state)
            + settleBonds(of: record, fate: .burned, in: state)
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
        let isWithdrawal: Bool
        do throws(Refusal) {
            let effects = try executableEffects(of: record, at: moment, in: attempt)
            isWithdrawal = self.isWithdrawal(effects, in: attempt)
            try host.execute(effects, of: record, at: moment, in: attempt)
        } catch {
            return refused(&record, error, at: moment, in: state)
        }
        state.adopt(attempt)
        record.status = .executed
        record.finishedAt = moment.time
        record.dueAt = nil
        if !isWithdrawal {
            GovernanceTables.lastExecuted.set(
                Array(record.rules.name.utf8), to: StoredNumber(moment.time.milliseconds),
                in: state)
        }
        store(record, in: state)
        return [.executed(proposal: record.number, effects: record.effectsDigest)]
    }

    /// The effects voted on, checked again: digest, form, and what may have changed since.
    ///
    /// How votes were counted stays as it was when voting opened; what may happen at all is what
    /// the constitution in force allows: its bounds, its pauses, its limits of spending.
    private func executableEffects(
        of record: ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [Effect] {
        guard let document = Self.document(record.number, in: state),
            document.effectsDigest == record.effectsDigest
        else { throw Refusal("proposal.effects", "the stored effects are not those voted on") }
        let effects = try resolved(document, of: record)
        try Effect.validate(effects, kind: record.kind)
        let constitution = try host.constitution(in: state)
        let track =
            if let track = constitution.track(named: record.rules.name) { track } else {
                try constitution.track(for: record.kind)
            }
        try checkMembership(effects, track: track, at: moment, in: state)
        try checkWindow(effects, of: record, track: track, at: moment, in: state)
        for (position, effect) in effects.enumerated() {
            do throws(Refusal) {
                try host.check(effect, in: state)
            } catch {
                throw error.naming(effect, position, of: effects.count)
            }
        }
        return effects
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

    /// Ends a proposal without a decision, and settles what is still held.
    func end(
        _ record: inout ProposalRecord, as status: ProposalStatus, because refusal: Refusal,
        at moment: LogMoment, in state: StateOverlay
    ) -> [GovernanceEvent] {
        // A queued proposal's deposit went back when it passed.
        let depositIsHeld = record.status != .queued
        record.status = status
        record.finishedAt = moment.time
        record.dueAt = nil
        store(record, in: state)
        let ended = GovernanceEvent.ended(
            proposal: record.number, status: status, reason: refusal.description)
        return [ended]
            + (depositIsHeld ? settleDeposit(of: record, burning: .zero, in: state) : [])
            + settleBonds(of: record, fate: .returned, in: state)
    }
}
