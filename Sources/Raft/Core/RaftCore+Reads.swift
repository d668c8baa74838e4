// Linearizable reads without a log entry.

import Primitives

extension RaftCore {
    /// Takes a read of its own or of a follower.
    ///
    /// A new leader may not know yet what its predecessors committed, so before the first commit
    /// of its term it answers nothing, not even alone.
    mutating func takeRead(_ message: Message) throws(Refusal) {
        guard reads.count + readsBeforeFirstCommit.count < options.maximumPendingReads else {
            trace(.readDroppedAsFull)
            throw Refusal("raft.too-many-reads", "too many reads wait to be confirmed")
        }
        guard try hasCommittedInTerm() || options.flaw == .readsBeforeFirstCommit else {
            readsBeforeFirstCommit.append(message)
            return
        }
        confirmRead(message)
    }

    private func hasCommittedInTerm() throws(Refusal) -> Bool {
        try log.term(at: log.committed) == term
    }

    mutating func releaseReadsAfterFirstCommit() throws(Refusal) {
        guard !readsBeforeFirstCommit.isEmpty, try hasCommittedInTerm() else { return }
        let waiting = readsBeforeFirstCommit
        readsBeforeFirstCommit = []
        for message in waiting { confirmRead(message) }
    }

    private mutating func confirmRead(_ message: Message) {
        let isOneShort =
            options.flaw == .readsOneShort && tracker.configuration.voters.incoming.quorum <= 2
        if tracker.isSingleton && tracker.configuration.voters.contains(id) || isLeaseValid
            || isOneShort
        {
            answerRead(message, index: log.committed)
            return
        }
        reads.add(PendingRead(request: message, index: log.committed))
        reads.acknowledge(reads.position, by: id)
        broadcastHeartbeat()
    }

    /// Whether nobody else can have been elected, as far as ticks tell. One heartbeat interval is
    /// kept back for clocks that differ; a successor told to stand ends it for the term.
    private var isLeaseValid: Bool {
        options.readOption == .leaseBased && !hasSentTimeoutNow
            && transferTarget == ReservedMember.none
            && lease.holds(
                for: options.electionTicks - options.heartbeatTicks, leader: id,
                voters: tracker.configuration.voters)
    }

    mutating func answerConfirmedReads() {
        for read in reads.takeConfirmed(by: tracker.configuration.voters) {
            answerRead(read.request, index: read.index)
        }
    }

    private mutating func answerRead(_ request: Message, index: LogIndex) {
        if request.from == ReservedMember.none || request.from == id {
            readStates.append(ReadState(index: index, context: request.context))
            return
        }
        var answer = Message(.readIndexResponse, to: request.from, index: index)
        answer.context = request.context
        send(answer)
    }
}
