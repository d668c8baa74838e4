// Spending is sized by what the same people ask for within a window, so that a large sum cut into
// slices meets the rules of a large sum.

import Primitives

extension GovernanceEngine {
    /// The track a proposal belongs to: its kind's, or the stricter one for large spending.
    func track(
        for file: ProposalFile, by proposer: Address, _ constitution: Constitution,
        at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> Track {
        let track = try constitution.track(for: file.kind)
        guard let limit = track.spending else { return track }
        let payments = file.effects.compactMap { effect -> TreasurySpend? in
            if case .treasurySpend(let payment) = effect { return payment }
            return nil
        }
        let recent = recentSpends(within: limit.windowMilliseconds, at: moment, in: state)
        for asset in Set(payments.map(\.asset)).sorted() {
            let asked = payments.filter { $0.asset == asset }
            let payees = Set(asked.map(\.to))
            var sum = Amount.zero
            for payment in asked { sum = try sum.adding(payment.amount) }
            for spend in recent
            where spend.payment.asset == asset
                && (spend.proposer == proposer || payees.contains(spend.payment.to))
            {
                sum = try sum.adding(spend.payment.amount)
            }
            let treasury = host.treasuryBalance(of: asset, in: state)
            if limit.share.isExceeded(by: sum, of: treasury) {
                guard let beyond = constitution.track(named: limit.beyond) else {
                    throw Refusal("constitution.no-track", "no track is named \(limit.beyond)")
                }
                return beyond
            }
        }
        return track
    }

    /// Payments asked for since the window began by proposals that were not turned down.
    private func recentSpends(
        within window: UInt64, at moment: LogMoment, in state: StateOverlay
    ) -> [SpendRecord] {
        let now = moment.time.milliseconds
        let start = Timestamp(milliseconds: now > window ? now - window : 0)
        return GovernanceTables.spends.records(from: GovernanceTables.key(start, 0), in: state)
            .map(\.record)
            .filter { spend in
                switch Self.proposal(spend.proposal, in: state)?.status {
                case nil, .defeated, .vetoed, .cancelled, .expired, .executionFailed: false
                default: true
                }
            }
    }

    /// Remembers what a proposal asks for.
    func recordSpends(_ effects: [Effect], _ record: ProposalRecord, in state: StateOverlay) {
        for (position, effect) in effects.enumerated() {
            guard case .treasurySpend(let payment) = effect else { continue }
            let key =
                GovernanceTables.key(record.submittedAt, record.number)
                + GovernanceTables.key(UInt64(position))
            GovernanceTables.spends.set(
                key,
                to: SpendRecord(
                    proposal: record.number, proposer: record.proposer, payment: payment),
                in: state)
        }
    }
}
