// The audit of a log that grows: entry by entry, and every signed head against what was rebuilt.

import Cryptography
public import Primitives
import Transparency

extension Auditor {
    /// An audit that follows the log of a deployment from its first entry on.
    public init(following genesis: Genesis) throws(Refusal) { try self.init(genesis: genesis) }

    /// What was found up to here.
    public var found: AuditReport {
        var report = report
        report.stateDigest = machine.stateDigest
        return report
    }

    /// The seats as of the last entry that was followed.
    public var seats: [Seat] {
        SeatRules.roll(in: machine.state).filter { $0.place != .removed }.map(\.seat)
    }

    /// The entry that is to come next.
    public var nextIndex: UInt64 { StateMachine.genesisIndex + 1 + report.entries }

    /// Checks the next entry and applies it; throws what does not hold, placed at the entry.
    public mutating func follow(_ entry: [UInt8]) throws(Refusal) {
        let index = nextIndex
        do throws(Refusal) {
            try check(entry)
        } catch {
            report.badEntry = index
            report.failure = error
            throw error.placed("entry \(index)")
        }
    }

    /// Checks a member's signed head: it must be the root of what was rebuilt, at its size. A
    /// member that shows others another log than this one is found here.
    ///
    /// - Returns: false while the head covers commands that were not followed yet.
    public mutating func follow(head: String) throws(Refusal) -> Bool {
        let (checkpoint, _) = try CheckpointNote.verified(
            head, genesis: genesis, roll: SeatRules.roll(in: machine.state))
        guard checkpoint.size <= MerkleLog.frontier(in: machine.state).size else { return false }
        do throws(Refusal) {
            try checkHead(head)
        } catch {
            report.failure = error
            throw error
        }
        return true
    }
}
