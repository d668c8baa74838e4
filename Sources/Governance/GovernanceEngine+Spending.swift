// Spending is sized by what the same people ask for within a window, so that a large sum cut into
// slices meets the rules of a large sum.

public import Primitives

extension GovernanceEngine {
    /// The track a proposal belongs to: its kind's, or the stricter one for large spending.
    func track(
        for file: ProposalFile, by proposer: Address, _ constitution: Constitution,
        at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> Track {
        let track = try constitution.track(for: file.kind)
        guard let limit = track.spending else { return track }
        let payments = file.allEffects.compactMap { effect -> TreasurySpend? in
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
                return try beyond(limit, of: track, constitution, sum: sum, treasury: treasury)
            }
        }
        return track
    }

    private func beyond(
        _ limit: SpendingLimit, of track: Track, _ constitution: Constitution, sum: Amount,
        treasury: Amount
    ) throws(Refusal) -> Track {
        guard let name = limit.beyond else {
            throw Refusal(
                "proposal.spending-cap",
                "\(sum) within the window is more than \(limit.share) of the treasury's"
                    + " \(treasury), and \(track.name) leads to no stricter track")
        }
        guard let beyond = constitution.track(named: name) else {
            throw Refusal("constitution.no-track", "no track is named \(name)")
        }
        if let cap = beyond.spending, cap.share.isExceeded(by: sum, of: treasury) {
            throw Refusal(
                "proposal.spending-cap",
                "\(sum) within the window is more than \(cap.share) of the treasury's"
                    + " \(treasury), the most that \(beyond.name) may let out")
        }
        return beyond
    }

    /// Refuses what would take the same people past the share of the treasury that the track in
    /// force may let out within its window (`proposal.spending-cap`). Only what was paid counts.
    func checkWindow(
        _ effects: [Effect], of record: ProposalRecord, track: Track, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) {
        guard let limit = track.spending else { return }
        let payments = effects.compactMap { effect -> TreasurySpend? in
            if case .treasurySpend(let payment) = effect { return payment }
            return nil
        }
        let paid = recentSpends(within: limit.windowMilliseconds, at: moment, in: state).filter {
            Self.proposal($0.proposal, in: state)?.status == .executed
        }
        for asset in Set(payments.map(\.asset)).sorted() {
            let asked = payments.filter { $0.asset == asset }
            let payees = Set(asked.map(\.to))
            let before = paid.filter {
                $0.payment.asset == asset
                    && ($0.proposer == record.proposer || payees.contains($0.payment.to))
            }.map(\.payment.amount)
            var sum = Amount.zero
            for amount in asked.map(\.amount) + before { sum = try sum.adding(amount) }
            // The share is of what the treasury had before these were paid.
            var treasury = host.treasuryBalance(of: asset, in: state)
            for amount in before { treasury = try treasury.adding(amount) }
            guard !limit.share.isExceeded(by: sum, of: treasury) else {
                throw Refusal(
                    "proposal.spending-cap",
                    "\(sum) within the window is more than \(limit.share) of \(treasury)")
            }
        }
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

    /// The same of all that a proposal may do, where the log asks for it.
    func checkFunds(
        _ effects: [Effect], _ options: [ProposalOption], in state: any StateReader
    ) throws(Refusal) {
        guard host.checksFunds(in: state) else { return }
        try checkFunds(effects, in: state)
        for option in options { try checkFunds(option.effects, in: state) }
    }

    /// Refuses payments that add up to more than the treasury has (`treasury.too-small`): they
    /// would be voted on and could not be paid.
    public func checkFunds(_ effects: [Effect], in state: any StateReader) throws(Refusal) {
        var asked: [String: Amount] = [:]
        for case .treasurySpend(let payment) in effects {
            let sum = try (asked[payment.asset] ?? .zero).adding(payment.amount)
            asked[payment.asset] = sum
            let treasury = host.treasuryBalance(of: payment.asset, in: state)
            guard sum <= treasury else {
                throw Refusal(
                    "treasury.too-small",
                    "the treasury has \(treasury) \(payment.asset), less than the payments of"
                        + " \(sum)")
            }
        }
    }
}
