// Entries that this member wrote and cannot read any more: fetched from others, never guessed,
// never denied (protocol-aware recovery: Alagappan et al., FAST 2018).
//
// What is committed is the same everywhere, so any member that knows it committed may supply it.
// What may not be committed is supplied by the leader of this member's own term alone, in answer to
// a question of this life: its log, at that moment, holds everything committed. Where both logs
// have the same term, the entry is the leader's; where they differ, or the leader has none, the
// entry here was never committed and is *condemned*: the next append replaces it.
//
// What is in nobody's log any more comes as a snapshot, from any member: it is committed state.
//
// Until then this member acknowledges nothing past the damage, does not stand for election, and
// votes as one whose log is as good as its damaged end may have been.

import Primitives

/// What a member knows of its own damage.
struct Damage {
    /// Whether its term and vote are known. If not, it is silent to others until every other voter
    /// has told its term, and counts as having voted in the highest of them.
    var isVoteCertain = true
    /// Names this life in questions, so that no answer to an earlier one counts.
    var name: [UInt8] = []
    /// The terms that other members answered with.
    var termsHeard: [(member: MemberID, term: Term)] = []
    /// The leader's entries after the commit index, as far as they have come.
    var collected: [Entry] = []
    /// The leader's term, and the place from which they were asked for.
    var collectedIn = LogPosition(term: 0, index: 0)
    /// From here on this member's entries are known not to be committed.
    var condemnedFrom: LogIndex?
    /// Entries on their way to the disk that take the place of damaged ones.
    var repairs: [Entry] = []
    /// Indexes whose repair was handed out and is not known to be durable.
    var repairing: [LogIndex] = []
    /// Whether the next stored state makes the vote certain.
    var restoresVote = false
    /// Ticks since something was lost.
    var elapsed = 0
    /// How often others were asked for what is applied.
    var questions = 0
}

extension RaftCore {
    /// How many bytes of the leader's entries are kept while it is not clear what they mean.
    private static let collectionLimit: UInt64 = 64 << 20

    var isImpaired: Bool { !log.damaged.isEmpty || !damage.isVoteCertain }

    /// Whether an entry is damaged that may be needed in an election.
    var lacksWhatLeadersNeed: Bool {
        !damage.isVoteCertain && options.flaw != .votesInDoubt
            || log.damaged.last.map { $0.upperBound > log.applied } ?? false
    }

    /// Whether acknowledging could promise what cannot be read.
    var mayNotAcknowledge: Bool {
        guard let first = log.firstUncommittedDamage else { return false }
        return damage.condemnedFrom.map { first < $0 } ?? true
    }

    /// Takes note of what storage cannot read.
    mutating func refreshDamage() {
        let border = log.unstable.offset
        let first = log.firstIndex
        let before = log.damaged
        var damaged: [ClosedRange<LogIndex>] = []
        for range in log.storage.damaged where range.lowerBound < border {
            guard range.upperBound >= first else { continue }
            damaged.append(max(range.lowerBound, first)...min(range.upperBound, border - 1))
        }
        log.damaged = damaged
        damage.repairing.removeAll { index in !damaged.contains { $0.contains(index) } }
        if let from = damage.condemnedFrom {
            let isGone = log.damaged.last.map { $0.upperBound < from } ?? true
            if isGone { damage.condemnedFrom = nil }
        }
        if log.damaged != before {
            trace(.damageChanged(log.damaged))
        }
        // What it cannot read it cannot replicate; somebody else may.
        if role == .leader, log.firstUncommittedDamage != nil {
            becomeFollower(term: term, leader: ReservedMember.none)
        }
    }

    mutating func tickRepair() {
        guard isImpaired else {
            damage.elapsed = 0
            return
        }
        refreshDamage()
        // Whoever votes alone has nobody to contradict.
        if !damage.isVoteCertain, tracker.isSingleton { hear(term: term, of: id) }
        damage.elapsed += 1
        // What the others cannot supply either is in their snapshots, which only a leader sends.
        if role == .leader, lacksWhatLeadersNeed, damage.elapsed > options.electionTicks {
            becomeFollower(term: term, leader: ReservedMember.none)
        }
        if (damage.elapsed - 1).isMultiple(of: max(options.electionTicks / 2, 1)) { askForRepair() }
    }

    /// Asks every other member, and the leader, which may have joined by an entry that this member
    /// has not come to.
    mutating func askForRepair() {
        guard isImpaired else { return }
        var message = Message(.repairRequest)
        message.knownCommit = log.applied
        // What is to be applied comes first: the rest may not be had any more, and can wait.
        if let range = log.firstRangeToApply ?? takeAppliedRange() {
            let first = log.firstDamageToApply ?? range.lowerBound
            if first <= log.committed {
                message.index = first
                message.rejectHint = min(range.upperBound, log.committed)
            } else {
                message.index = collectionStart + LogIndex(damage.collected.count)
                message.rejectHint = log.lastIndex
            }
        }
        message.context = damage.name
        for member in tracker.progress.ids where member != id {
            message.to = member
            send(message)
        }
        if leader != ReservedMember.none, leader != id,
            !tracker.progress.ids.contains(leader)
        {
            message.to = leader
            send(message)
        }
    }

    /// The unreadable entries to ask for where all are applied: one range after the other, since
    /// some may be in nobody's log any more.
    private mutating func takeAppliedRange() -> ClosedRange<LogIndex>? {
        guard !log.damaged.isEmpty else { return nil }
        damage.questions += 1
        return log.damaged[damage.questions % log.damaged.count]
    }

    /// Where the leader's entries are collected from; what was collected for another place or term
    /// is let go.
    private var collectionStart: LogIndex {
        mutating get {
            let place = LogPosition(term: term, index: log.committed + 1)
            if damage.collectedIn != place {
                damage.collectedIn = place
                damage.collected = []
            }
            return place.index
        }
    }

    /// Supplies what another member cannot read, as far as this one may speak for it.
    mutating func answerRepair(_ request: Message) throws(Refusal) {
        var answer = Message(
            .repairResponse, to: request.from, logTerm: term, index: request.index,
            commit: log.committed)
        answer.context = request.context
        answer.rejectHint = log.lastIndex
        answer.vote = role == .leader ? id : ReservedMember.none
        let isTrusted = role == .leader || options.flaw == .repairsFromAnyone
        let last = min(request.rejectHint, isTrusted ? log.lastIndex : log.committed)
        let first = max(request.index, log.firstIndex)
        if request.index > 0, first <= last {
            answer.index = first
            do throws(Refusal) {
                answer.entries = try log.slice(
                    from: first, to: last + 1, maximumBytes: options.maximumMessageBytes)
            } catch {
                guard error.code == "log.damaged" else { throw error }
                refreshDamage()
            }
        }
        // What is gone here too is in the snapshot, which whoever asks needs if it has yet to apply
        // it. One is enough: the leader's, or anybody's where nobody leads, perhaps for want of it.
        let isGone = request.index > request.knownCommit && request.index < log.firstIndex
        if isGone, role == .leader || leader == ReservedMember.none {
            answer.snapshot = try snapshotToSend()
        }
        send(answer)
    }

    /// Takes an answer to a question of this life.
    mutating func takeRepair(_ answer: Message) throws(Refusal) {
        guard isImpaired, answer.context == damage.name else { return }
        if !damage.isVoteCertain { hear(term: answer.logTerm, of: answer.from) }
        var hasNews = false
        for entry in answer.entries
        where entry.index <= min(log.committed, answer.commit)
            || options.flaw == .repairsFromAnyone
        {
            hasNews = try repair(entry) || hasNews
        }
        if answer.vote == answer.from, answer.logTerm == term, role == .follower {
            hasNews = try compareWithLeader(answer) || hasNews
        }
        // Not under the feet of the apply task; it is asked for again.
        if let snapshot = answer.snapshot, damage.isVoteCertain, role == .follower,
            log.applying == log.applied
        {
            let isTaken = try restore(snapshot)
            trace(.snapshotAnswered(snapshot.position, isTaken: isTaken, commit: log.committed))
        }
        if hasNews { askForRepair() }
    }

    /// Puts an entry in the place of a damaged one; false when that is not damaged or on its way.
    private mutating func repair(_ entry: Entry) throws(Refusal) -> Bool {
        guard log.isDamaged(entry.index), !damage.repairing.contains(entry.index) else {
            return false
        }
        if let own = try log.term(at: entry.index), own != entry.term {
            throw log.invariant(
                "entry \(entry.index) was written in term \(own) and committed in \(entry.term)")
        }
        damage.repairing.append(entry.index)
        damage.repairs.append(entry)
        return true
    }

    /// Compares the end of the log with the leader's; answers whether anything became clear.
    private mutating func compareWithLeader(_ answer: Message) throws(Refusal) -> Bool {
        guard log.firstUncommittedDamage != nil, damage.condemnedFrom == nil else { return false }
        let start = collectionStart
        let isNext = answer.index == start + LogIndex(damage.collected.count)
        guard isNext, damage.collected.footprint <= RaftCore.collectionLimit else { return false }
        damage.collected += answer.entries
        var verdict = try judge(damage.collected, from: start)
        let reached = start + LogIndex(damage.collected.count) - 1
        if verdict.mismatch == nil {
            if reached >= log.lastIndex {
                // The leader has an entry for each here, and none contradicts.
                verdict.confirmed = log.lastIndex
            } else if reached >= answer.rejectHint {
                verdict.mismatch = max(verdict.confirmed, reached) + 1
            }
        }
        var hasNews = false
        for entry in damage.collected where entry.index <= verdict.confirmed {
            hasNews = try repair(entry) || hasNews
        }
        if verdict.mismatch != nil {
            damage.condemnedFrom = verdict.confirmed + 1
            trace(.damageCondemned(from: verdict.confirmed + 1))
            hasNews = true
        }
        return hasNews || !answer.entries.isEmpty
    }

    /// How far the leader's entries are surely this log's own, and the first that surely is not.
    /// Entries whose term was lost are decided by the next one whose term is known.
    private func judge(
        _ entries: [Entry], from start: LogIndex
    ) throws(Refusal) -> (confirmed: LogIndex, mismatch: LogIndex?) {
        var confirmed = start - 1
        for entry in entries where entry.index <= log.lastIndex {
            guard let own = try log.term(at: entry.index) else { continue }
            if own != entry.term { return (confirmed, entry.index) }
            confirmed = entry.index
        }
        return (confirmed, nil)
    }

    /// Once every other voter has said its term, this member cannot have voted in a later one
    /// for anybody who could still win by it.
    private mutating func hear(term heard: Term, of member: MemberID) {
        // Counted anew with each answer: the membership may have changed since the last.
        if let place = damage.termsHeard.firstIndex(where: { $0.member == member }) {
            damage.termsHeard[place].term = max(damage.termsHeard[place].term, heard)
        } else {
            damage.termsHeard.append((member, heard))
        }
        let others = tracker.configuration.voters.voters.filter { $0 != id }
        let isComplete = others.allSatisfy { voter in
            damage.termsHeard.contains { $0.member == voter }
        }
        guard isComplete else { return }
        // In the term of its last entry it may have led by its own vote alone, unknown to those who
        // joined since.
        let known = max(term, (try? log.lastPosition().term) ?? 0)
        let highest = damage.termsHeard.reduce(known) { max($0, $1.term) }
        if highest > term { becomeFollower(term: highest, leader: ReservedMember.none) }
        // Counts as cast in this term, so that none is cast again.
        vote = id
        damage.isVoteCertain = true
        damage.restoresVote = true
        log.lostTermBound = term
        trace(.voteRestored(term: term))
    }
}
