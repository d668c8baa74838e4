// Handing committed entries to the state machine, within a bound on what is outstanding.

import Primitives

extension RaftLog {
    /// Whether a snapshot waits to be written: entries must not be applied before it.
    var hasPendingSnapshot: Bool { unstable.snapshot != nil }

    /// The last index that may be applied. Entries that are committed by others but not yet
    /// durable here may only be applied when the caller persists before it applies.
    private func appliable(allowUnstable: Bool) -> LogIndex {
        let index = allowUnstable ? committed : min(committed, unstable.offset - 1)
        guard let range = damaged.first(where: { $0.upperBound > applying }) else { return index }
        return min(index, max(range.lowerBound - 1, applying))
    }

    func hasNextCommittedEntries(allowUnstable: Bool) -> Bool {
        !isApplyingPaused && !hasPendingSnapshot
            && applying < appliable(allowUnstable: allowUnstable)
    }

    func nextCommittedEntries(allowUnstable: Bool) throws(Refusal) -> [Entry] {
        guard hasNextCommittedEntries(allowUnstable: allowUnstable) else { return [] }
        let room = maximumApplyingBytes - min(applyingBytes, maximumApplyingBytes)
        return try slice(
            from: applying + 1, to: appliable(allowUnstable: allowUnstable) + 1,
            maximumBytes: room)
    }

    /// Notes that entries through `index` were handed out.
    ///
    /// Handing out pauses when the bound is reached, or when the entries stopped short of what
    /// may be applied, which means that the next one would pass the bound.
    mutating func acceptApplying(
        through index: LogIndex, bytes: UInt64, allowUnstable: Bool
    ) throws(Refusal) {
        guard index <= committed else {
            throw invariant("entry \(index) would be applied before it is committed")
        }
        applying = index
        applyingBytes += bytes
        isApplyingPaused =
            applyingBytes >= maximumApplyingBytes
            || index < appliable(allowUnstable: allowUnstable)
    }

    /// Notes that entries through `index` are applied.
    mutating func applied(to index: LogIndex, bytes: UInt64) throws(Refusal) {
        guard index <= committed, index >= applied else {
            throw invariant(
                "applied index \(index) is outside of \(applied)...\(committed)")
        }
        applied = index
        applying = max(applying, index)
        applyingBytes -= min(bytes, applyingBytes)
        isApplyingPaused = applyingBytes >= maximumApplyingBytes
    }
}
