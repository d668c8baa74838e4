// What happens because time passed, in one fixed order: holds run out, leases run out, votes move
// on, an epoch closes.

import Governance
import Ledger
import Primitives

enum DueRules {
    /// - Parameter last: the time of the entry before.
    static func run(_ transaction: Transaction, since last: Timestamp) {
        ProposalRules.allowForOutage(since: last, transaction)
        attempt("usage", transaction) { transaction throws(Refusal) in
            let expired = try transaction.ledger.expire(at: transaction.position)
            UsageRules.expired(expired, transaction)
        }
        TaskRules.expireLeases(transaction)
        attempt("governance", transaction) { transaction throws(Refusal) in
            try ProposalRules.advance(transaction)
        }
        attempt("revenue", transaction) { transaction throws(Refusal) in
            try RevenueRules.closeIfDue(transaction)
        }
    }

    /// A due act that fails leaves no trace but an event that says so.
    private static func attempt(
        _ what: String, _ transaction: Transaction,
        _ body: (Transaction) throws(Refusal) -> Void
    ) {
        do throws(Refusal) {
            try transaction.attempt(body)
        } catch {
            transaction.emit(
                "due.failed", ["what": what, "code": error.code, "message": error.message])
        }
    }

    /// The earliest time at which something falls due.
    static func next(in state: any StateReader, genesis: Genesis) -> Timestamp? {
        let ledger = Ledger(StateOverlay(state))
        let lease = Tables.openLeases.records(limit: 1, in: state).first.map {
            Timestamp(milliseconds: Views.number($0.key))
        }
        return [
            ledger.nextExpiry, lease, GovernanceEngine.nextDueTime(in: state),
            RevenueRules.nextClose(in: state, genesis: genesis),
            nextPulse(in: state, genesis: genesis),
        ].compactMap { $0 }.min()
    }

    /// When silence would begin to look like an outage; nil while nothing waits.
    private static func nextPulse(in state: any StateReader, genesis: Genesis) -> Timestamp? {
        guard GovernanceEngine.nextDueTime(in: state) != nil else { return nil }
        return Tables.meta.record(ChainPosition.key, in: state)?.timestamp
            .advanced(by: Outage.pulse(genesis.timings))
    }
}
