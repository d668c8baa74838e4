// What a leader knows of one follower, and the flow control that follows from it.
//
//            rejection, unreachable
//   probe <--------------------------- replicate
//     | ^ -- acknowledged ----------->   ^
//     | +- snapshot reported -+          |
//     +- entries are gone -> snapshot ---+ acknowledged past the first index

/// A follower's replication state, as the leader sees it.
public struct Progress: Hashable, Sendable {
    /// How the leader treats the follower.
    public enum State: UInt8, Sendable {
        /// The matching position is unknown: one append at a time, until one is answered.
        case probe
        /// The position is known: appends are pipelined, within the window.
        case replicate
        /// The entries it needs are gone: a snapshot is on its way, appends wait.
        case snapshot
    }

    /// The last index known to be the same in both logs. Never falls.
    public private(set) var match: LogIndex
    /// The next entry to send; `match < next`.
    public private(set) var next: LogIndex
    /// The highest commit index sent, which says whether an empty append would tell anything new.
    private(set) var sentCommit: LogIndex = 0
    /// How far it is known to know the log to be committed.
    public internal(set) var knownCommit: LogIndex = 0
    /// How it is treated.
    public private(set) var state: State = .probe
    /// The index of the snapshot that is on its way, in state `.snapshot`; else 0.
    public internal(set) var pendingSnapshot: LogIndex = 0
    /// Whether it was heard from since the leader last checked its quorum.
    public internal(set) var isRecentlyActive = false
    /// Whether appends wait for a heartbeat's answer (or an acknowledgement) before the next.
    public internal(set) var isFlowPaused = false
    /// Appends that are under way.
    public private(set) var inflights: Inflights
    /// Whether it does not vote.
    public internal(set) var isLearner: Bool

    /// The follower at the start of a term.
    init(match: LogIndex = 0, next: LogIndex, inflights: Inflights, isLearner: Bool) {
        self.match = match
        self.next = next
        self.inflights = inflights
        self.isLearner = isLearner
    }

    /// Whether nothing is to be sent for now.
    public var isPaused: Bool { state == .snapshot || isFlowPaused }

    private mutating func enter(_ state: State) {
        self.state = state
        isFlowPaused = false
        pendingSnapshot = 0
        inflights.removeAll()
    }

    /// Starts to look for the matching position: after the snapshot that was on its way, if that
    /// is further.
    mutating func becomeProbe() {
        let delivered = state == .snapshot ? pendingSnapshot : 0
        enter(.probe)
        next = max(match + 1, delivered + 1)
        sentCommit = min(sentCommit, next - 1)
    }

    /// Starts to pipeline from the matching position.
    mutating func becomeReplicate() {
        enter(.replicate)
        next = match + 1
    }

    /// Waits for a snapshot that covers `index`.
    mutating func becomeSnapshot(_ index: LogIndex) {
        enter(.snapshot)
        pendingSnapshot = index
        next = index + 1
        sentCommit = index
    }

    /// Notes that an append with `count` entries went out.
    mutating func sent(entries count: Int, bytes: UInt64) {
        switch state {
        case .replicate:
            if count > 0 {
                next += LogIndex(count)
                inflights.add(lastIndex: next - 1, bytes: bytes)
            }
            // What fills the window, or goes out past it, is a probe: wait for its answer.
            isFlowPaused = inflights.isFull
        case .probe:
            if count > 0 { isFlowPaused = true }
        case .snapshot: break
        }
    }

    /// Notes that a commit index was sent.
    mutating func sent(commit: LogIndex) { sentCommit = commit }

    /// Whether sending `commit` could move the follower's commit index.
    func canAdvanceCommit(to commit: LogIndex) -> Bool {
        commit > sentCommit && sentCommit < next - 1
    }

    /// Takes an acknowledgement up to `index`; false when it is old.
    mutating func acknowledge(_ index: LogIndex) -> Bool {
        guard index > match else { return false }
        match = index
        next = max(next, index + 1)
        isFlowPaused = false
        return true
    }

    /// Frees the window up to an acknowledged index.
    mutating func freeInflights(through index: LogIndex) { inflights.free(through: index) }

    /// Takes a rejection of the append at `rejected`; `hint` is where the logs may match. False
    /// when it is old.
    mutating func retreat(rejected: LogIndex, hint: LogIndex) -> Bool {
        if state == .replicate {
            guard rejected > match else { return false }
            next = match + 1
            sentCommit = min(sentCommit, next - 1)
            return true
        }
        // Probes go out one at a time: only the answer to the last one counts.
        guard rejected == next - 1 else { return false }
        next = max(min(rejected, hint + 1), match + 1)
        sentCommit = min(sentCommit, next - 1)
        isFlowPaused = false
        return true
    }
}
