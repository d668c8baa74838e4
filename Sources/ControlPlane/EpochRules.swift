// The cluster's epochs: each restore and each recovery opens one, for everybody to see.

import Primitives

enum EpochRules {
    static let counter = "cluster-epoch"

    static func open(
        _ epoch: UInt64, reason: String, member: UInt64, _ transaction: Transaction
    ) throws(Refusal) {
        let current = max(1, transaction.state.lastNumber(counter))
        guard epoch > current else {
            throw Refusal("epoch.past", "epoch \(epoch) does not follow epoch \(current)")
        }
        Tables.counters.set(Key.text(counter), to: NumberRecord(epoch), in: transaction.state)
        transaction.emit(
            "epoch-opened", ["epoch": "\(epoch)", "member": "\(member)", "reason": reason])
    }
}

extension Views {
    /// The cluster's epoch on record: it grows with each restore or recovery.
    public var epoch: UInt64 { max(1, state.lastNumber(EpochRules.counter)) }
}
