// Tracks whose thresholds fall while the vote runs. When the tally meets them, the confirmation
// begins; a tally that breaks returns the proposal to voting while the period lasts. Nothing polls:
// from a tally follows the moment at which it would begin to pass if nobody voted any more.

import Primitives

extension GovernanceEngine {
    /// Moves a proposal between voting and confirming as its tally and the time demand.
    func followCurves(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        switch (record.status, try record.passes(at: moment.time)) {
        case (.voting, true): return confirm(&record, at: moment, in: state)
        case (.confirming, false):
            guard moment.time <= record.periodEnds else {
                return finish(
                    &record, verdict: try record.verdict(at: moment.time), at: moment, in: state)
            }
            record.status = .voting
            record.deadline = record.periodEnds
            record.dueAt = try nextPassing(record, after: moment.time)
            store(record, in: state)
            return [
                .phaseBegan(
                    proposal: record.number, status: .voting, deadline: record.deadline)
            ]
        case (.voting, false):
            record.dueAt = try nextPassing(record, after: moment.time)
            store(record, in: state)
            return []
        default:
            store(record, in: state)
            return []
        }
    }

    private func confirm(
        _ record: inout ProposalRecord, at moment: LogMoment, in state: StateOverlay
    ) -> [GovernanceEvent] {
        record.status = .confirming
        record.deadline = moment.time.advanced(by: record.rules.times.confirm)
        record.dueAt = record.deadline.advanced(by: 1)
        store(record, in: state)
        return [
            .phaseBegan(
                proposal: record.number, status: .confirming, deadline: record.deadline)
        ]
    }

    /// When the tally as it stands begins to pass, or one millisecond after the period.
    ///
    /// Thresholds only fall, so halving finds the first moment exactly.
    func nextPassing(_ record: ProposalRecord, after time: Timestamp) throws(Refusal) -> Timestamp {
        let end = record.periodEnds.advanced(by: 1)
        guard time < record.periodEnds, try record.passes(at: record.periodEnds) else {
            return end
        }
        var low = time.milliseconds
        var high = record.periodEnds.milliseconds
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if try record.passes(at: Timestamp(milliseconds: middle)) {
                high = middle
            } else {
                low = middle
            }
        }
        return Timestamp(milliseconds: high)
    }
}
