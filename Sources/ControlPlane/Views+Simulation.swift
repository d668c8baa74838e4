// What a policy's new text would have changed: past epochs paid and votes decided again under it,
// by the code that pays and decides, on a copy of the state.

import Governance
import Ledger
public import Primitives

extension Views {
    /// The most past epochs and past votes that are tried again.
    public static let simulationLimit = 64

    /// Tries a policy's text on the last `limit` epochs and on votes.
    ///
    /// Nothing is written. Throws what the check at submission throws.
    public func simulation(policy name: String, text: String, limit: Int) throws(Refusal) -> JSON {
        let inForce = try PolicyBook.record(name, in: state)
        try PolicyBook.check(name, text: text, genesis: genesis)
        let limit = Swift.max(1, Swift.min(limit, Views.simulationLimit))
        var members = [
            JSON.Member("policy", .string(name)), JSON.Member("base", .string(inForce.digest.hex)),
            JSON.Member("changed", .bool(inForce.text != text)),
        ]
        switch name {
        case "revenue":
            let policy = try RevenuePolicy(parsing: text, name: "Policies/revenue.yaml")
            members.append(JSON.Member("epochs", try epochs(under: policy, limit: limit)))
        case "constitution":
            let constitution = try PolicyBook.constitution(text, genesis: genesis)
            members.append(JSON.Member("votes", try votes(under: constitution, limit: limit)))
        case "release": members.append(JSON.Member("models", try models(under: text)))
        case "verification": members.append(JSON.Member("providers", try trust(under: text)))
        default:
            members.append(
                JSON.Member(
                    "not_simulated",
                    .string("the text is well formed. " + Views.whyNotSimulated(name))))
        }
        return .object(members)
    }

    // MARK: Revenue

    private func epochs(under policy: RevenuePolicy, limit: Int) throws(Refusal) -> JSON {
        var epochs: [JSON] = []
        for (_, record) in Tables.epochs.records(in: state).suffix(limit) {
            guard let paid = ledger.revenueStatement(epoch: record.number, asset: currency)
            else { continue }
            let facts = facts(of: record)
            func trial(_ policy: RevenuePolicy) throws(Refusal) -> RevenueStatement {
                try ledger.previewRevenueEpoch(
                    record.number, received: record.received, facts: facts, policy: policy,
                    policyDigest: .zero, at: paid.position)
            }
            // Both start from the fractions that payees carry today, so that what differs is the
            // policies' doing alone.
            let differences = Views.differences(
                paid.lines, try trial(inForce(at: record)).lines, try trial(policy).lines)
            epochs.append([
                "epoch": .int(record.number), "closed": .string(record.closed.description),
                "received": .amount(record.received), "accounts": .array(differences),
            ])
        }
        return .array(epochs)
    }

    /// The policy that an epoch was paid by.
    private func inForce(at record: EpochRecord) throws(Refusal) -> RevenuePolicy {
        let history = Tables.policyHistory.records(
            withPrefix: Key.text("revenue") + [0], in: state)
        guard let text = history.last(where: { $0.record.digest == record.policy })?.record.text
        else { return try PolicyBook.revenue(state) }
        return try RevenuePolicy(parsing: text, name: "Policies/revenue.yaml")
    }

    /// The facts of a closed epoch. Tokens held are those at the close, not today's.
    private func facts(of record: EpochRecord) -> [RevenueFact] {
        RevenueRules.facts(of: record.number, in: state).map { fact in
            guard fact.role == .tokenHolders else { return fact }
            let held = VotingPower.balance(
                of: fact.payee, at: record.index > 0 ? record.index - 1 : 0, in: state)
            return RevenueFact(
                role: fact.role, payee: fact.payee, weight: held.units, reference: fact.reference)
        }.filter { $0.weight > 0 }
    }

    /// What each payee was paid, and would have been paid: as much more or less as the new policy
    /// gives than the old one. The difference is text with a sign.
    private static func differences(
        _ paid: [RevenueLine], _ old: [RevenueLine], _ new: [RevenueLine]
    ) -> [JSON] {
        var sums: [String: (was: UInt128, old: UInt128, new: UInt128)] = [:]
        for line in paid { sums[line.payee.description, default: (0, 0, 0)].was += line.units }
        for line in old { sums[line.payee.description, default: (0, 0, 0)].old += line.units }
        for line in new { sums[line.payee.description, default: (0, 0, 0)].new += line.units }
        return sums.sorted { $0.key < $1.key }.map { payee, sum in
            let isMore = sum.new >= sum.old
            let change = isMore ? sum.new - sum.old : sum.old - sum.new
            let would = isMore ? sum.was + change : sum.was - Swift.min(sum.was, change)
            return [
                "payee": .string(payee), "was": .amount(Amount(sum.was)),
                "would_be": .amount(Amount(would)),
                "difference": .string((change == 0 ? "" : isMore ? "+" : "-") + String(change)),
            ]
        }
    }

    // MARK: Votes

    /// The votes that are open, and the last that were decided, under another constitution's rules
    /// of counting. A vote that is open keeps the rules it opened with: this only shows them.
    private func votes(under constitution: Constitution, limit: Int) throws(Refusal) -> JSON {
        var votes: [JSON] = []
        let all = GovernanceEngine.proposals(limit: 10_000, in: state).filter {
            $0.snapshotIndex > 0 && ![.submitted, .cancelled, .expired].contains($0.status)
        }
        for record in all.suffix(limit) {
            let track: Track =
                if let same = constitution.track(named: record.rules.name) { same } else {
                    try constitution.track(for: record.kind)
                }
            let was = try record.verdict()
            let would = try record.verdict(under: track)
            votes.append([
                "proposal": .int(record.number), "title": .string(record.title),
                "status": .string(record.status.word), "track": .string(track.name),
                "passes": .bool(was.passes), "would_pass": .bool(would.passes),
                "lines": .array(would.explanation.map { .string($0) }),
            ])
        }
        return .array(votes)
    }
}

extension RevenueLine {
    fileprivate var units: UInt128 { amount.units }
}
