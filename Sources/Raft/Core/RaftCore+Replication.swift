// Appending, sending and committing, as a leader.

import Primitives

extension RaftCore {
    /// Appends what is proposed, unless a limit or the state of the group forbids it.
    mutating func takeProposal(_ message: Message) throws(Refusal) {
        guard tracker.progress.position(of: id) != nil else {
            throw Refusal.proposalDropped("this leader has been removed")
        }
        guard farewellIndex == 0 else {
            throw Refusal.proposalDropped("this leader is leaving")
        }
        guard transferTarget == ReservedMember.none else {
            trace(.proposalDroppedInTransfer(to: transferTarget, term: term))
            throw Refusal.proposalDropped("leadership is being transferred")
        }
        var entries = message.entries
        for offset in entries.indices where entries[offset].kind != .normal {
            let index = log.lastIndex + LogIndex(offset) + 1
            if try !admitConfigurationChange(entries[offset], at: index) {
                entries[offset] = Entry()
            }
        }
        guard try appendProposals(entries) else {
            throw Refusal("raft.too-much-uncommitted", "too many bytes wait to be committed")
        }
        try broadcastAppend()
    }

    /// Appends entries of this term; false when they would pass the bound on what is uncommitted.
    ///
    /// Entries without data always pass: a new term and the end of a joint configuration must not
    /// be held up. So does anything when nothing else waits.
    mutating func appendProposals(_ proposals: [Entry]) throws(Refusal) -> Bool {
        var entries = proposals
        var index = log.lastIndex
        for offset in entries.indices {
            index += 1
            entries[offset].term = term
            entries[offset].index = index
        }
        let bytes = entries.dataBytes
        let (total, overflows) = uncommittedBytes.addingReportingOverflow(bytes)
        if uncommittedBytes > 0, bytes > 0, overflows || total > options.maximumUncommittedBytes {
            trace(.proposalDroppedBySize)
            return false
        }
        uncommittedBytes = overflows ? .max : total
        try log.append(entries)
        // The leader acknowledges its own entries like everyone else: once they are durable.
        send(Message(.appendResponse, to: id, index: index))
        return true
    }

    mutating func broadcastAppend() throws(Refusal) {
        for place in 0..<tracker.progress.count where tracker.progress.ids[place] != id {
            try sendAppend(place: place, evenIfEmpty: true)
        }
    }

    /// Sends what the follower needs next; answers whether anything went out.
    @discardableResult
    mutating func sendAppend(place: Int, evenIfEmpty: Bool) throws(Refusal) -> Bool {
        guard !tracker.progress.values[place].isPaused else { return false }
        let to = tracker.progress.ids[place]
        let next = tracker.progress.values[place].next
        guard let previousTerm = try log.term(at: next - 1) else {
            if options.flaw == .throttledGetsNoSnapshot,
                tracker.progress.values[place].inflights.isFull
            {
                return false
            }
            return try sendSnapshot(place: place)
        }
        var entries: [Entry] = []
        // With the window full only an empty append goes out: if everything in the window was
        // lost, its answer is what tells.
        let isThrottled =
            tracker.progress.values[place].state == .replicate
            && tracker.progress.values[place].inflights.isFull
        if !isThrottled {
            do throws(Refusal) {
                entries = try log.entries(
                    from: next, maximumBytes: options.maximumMessageBytes)
            } catch {
                if error.code == "log.damaged" {
                    noteDamageAfterStep = true
                    return try sendSnapshotInstead(of: next, place: place)
                }
                guard error.code == "storage.compacted" else { throw error }
                return evenIfEmpty ? try sendSnapshot(place: place) : false
            }
        }
        if entries.isEmpty && !evenIfEmpty { return false }
        send(
            Message(
                .append, to: to, logTerm: previousTerm, index: next - 1, entries: entries,
                commit: log.committed))
        tracker.progress.values[place].sent(entries: entries.count, bytes: entries.dataBytes)
        tracker.progress.values[place].sent(commit: log.committed)
        return true
    }

    /// Sends the snapshot, to a follower that was heard from lately: it is too large to send into
    /// the void.
    mutating func sendSnapshot(place: Int) throws(Refusal) -> Bool {
        let to = tracker.progress.ids[place]
        guard tracker.progress.values[place].isRecentlyActive else {
            trace(.snapshotSkippedAsInactive(to))
            return false
        }
        guard let snapshot = try snapshotToSend() else {
            trace(.snapshotNotReady(to))
            return false
        }
        trace(
            .snapshotSent(
                to: to, snapshot.position, first: log.firstIndex, commit: log.committed,
                tracker.progress.values[place]))
        tracker.progress.values[place].becomeSnapshot(snapshot.index)
        trace(.replicationPaused(to, tracker.progress.values[place]))
        var message = Message(.snapshot, to: to)
        message.snapshot = snapshot
        send(message)
        return true
    }

    /// Sends the snapshot in place of an entry that cannot be read, if it covers it, once the
    /// others had time to supply it and did not: it may be in nobody's log any more.
    private mutating func sendSnapshotInstead(
        of index: LogIndex, place: Int
    ) throws(Refusal) -> Bool {
        guard damage.elapsed > options.electionTicks, let snapshot = try? snapshotToSend(),
            snapshot.index >= index
        else { return false }
        return try sendSnapshot(place: place)
    }

    /// The snapshot of what is gone from the log; nil while it is being made.
    func snapshotToSend() throws(Refusal) -> Snapshot? {
        let snapshot: Snapshot
        do throws(Refusal) {
            snapshot = try log.snapshot()
        } catch {
            guard error.code == "storage.snapshot-not-ready" else { throw error }
            return nil
        }
        guard !snapshot.isEmpty else {
            throw log.invariant("entries are gone and storage has no snapshot of them")
        }
        return snapshot
    }

    mutating func broadcastHeartbeat() {
        for place in 0..<tracker.progress.count where tracker.progress.ids[place] != id {
            // Never beyond what is known to match: the rest of its log may be another's.
            let commit = min(tracker.progress.values[place].match, log.committed)
            var message = Message(
                .heartbeat, to: tracker.progress.ids[place], commit: commit)
            message.readPosition = reads.position
            message.leaderTick = lease.now
            send(message)
            tracker.progress.values[place].sent(commit: commit)
        }
    }

    /// Commits what a quorum acknowledged, if it is of this term; earlier terms commit with it.
    mutating func advanceCommit() throws(Refusal) -> Bool {
        if options.flaw != nil { return try advanceCommitFlawed() }
        return try log.commit(upTo: LogPosition(term: term, index: tracker.committedIndex))
    }
}
