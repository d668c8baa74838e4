// How storage is asked to work, and how its answers come back.

import Primitives

extension RawNode {
    /// Adds the messages to the local storage tasks.
    mutating func addStorageMessages(to ready: inout Ready) throws(Refusal) {
        let needsAppend =
            !ready.entries.isEmpty || ready.hardState != nil || ready.snapshot != nil
            || ready.repair != nil || !core.messagesAfterAppend.isEmpty
        if needsAppend {
            var message = Message(
                .storageAppend, to: ReservedMember.appendThread, from: core.id,
                entries: ready.entries)
            if let state = ready.hardState {
                message.term = state.term
                message.vote = state.vote
                message.commit = state.commit
            }
            message.snapshot = ready.snapshot
            message.keepsTail = ready.keepsTail
            message.repair = ready.repair
            if ready.repair?.restoresVote == true {
                message.term = core.term
                message.vote = core.vote
                message.commit = core.log.committed
            }
            // The leader's own acknowledgement goes before the one of storage: by then the new
            // entries' terms are still at hand in memory.
            message.responses = core.messagesAfterAppend
            if let response = try storageAppendResponse(to: ready) {
                message.responses.append(response)
            }
            ready.messages.append(message)
        }
        if !ready.committedEntries.isEmpty {
            var message = Message(
                .storageApply, to: ReservedMember.applyThread, from: core.id,
                entries: ready.committedEntries)
            message.responses = [storageApplyResponse(to: ready)]
            ready.messages.append(message)
        }
    }

    /// Adds what waits for durability to the messages, and keeps this member's own part of it for
    /// `advance()`.
    mutating func deferStorageResponses(of ready: inout Ready) throws(Refusal) {
        for message in core.messagesAfterAppend {
            if message.to == core.id {
                stepsOnAdvance.append(message)
            } else {
                ready.messages.append(message)
            }
        }
        if let response = try storageAppendResponse(to: ready) { stepsOnAdvance.append(response) }
        if !ready.committedEntries.isEmpty {
            stepsOnAdvance.append(storageApplyResponse(to: ready))
        }
    }

    /// The acknowledgement of everything that is unstable now, or nil when there is nothing.
    ///
    /// It names the last entry of the log, not of this `Ready`, and carries the term, because of
    /// this danger: entries A are being written, are replaced by B, and B by A again. The first
    /// acknowledgement of A would match, while B is still to be written over A. Replacing takes
    /// a new term, so acknowledgements of another term are ignored; and since a change of term
    /// is itself written, one of the right term always follows.
    private func storageAppendResponse(to ready: Ready) throws(Refusal) -> Message? {
        let hasUnstable = !core.log.unstable.entries.isEmpty
        guard hasUnstable || ready.snapshot != nil else { return nil }
        var message = Message(
            .storageAppendResponse, to: core.id, from: ReservedMember.appendThread,
            term: core.term)
        if hasUnstable {
            let last = try core.log.lastPosition()
            message.index = last.index
            message.logTerm = last.term
        }
        message.snapshot = ready.snapshot
        return message
    }

    /// Carries no term: what is committed is so in every term.
    private func storageApplyResponse(to ready: Ready) -> Message {
        Message(
            .storageApplyResponse, to: core.id, from: ReservedMember.applyThread,
            entries: ready.committedEntries)
    }
}

extension Message {
    /// Whether it promises nothing that must first be durable, so that it may leave while the
    /// member's own disk still works: a leader replicates while it flushes.
    public var mayPrecedeFlush: Bool {
        switch kind {
        case .appendResponse, .voteResponse, .preVoteResponse: false
        default: true
        }
    }
}
