// The wire form of messages, and what no well-behaved member sends.

public import Primitives

/// Every field in the order of its declaration, the last only in refused votes; local kinds and
/// what never travels do not.
extension Message: BinaryCodable {
    /// Appends the canonical form, without `responses`.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(kind.rawValue)
        for number in [to, from, term, logTerm, index] { encoder.number(number) }
        encoder.array(entries) { $0.value($1) }
        encoder.number(commit)
        encoder.number(vote)
        encoder.optional(snapshot) { $0.value($1) }
        encoder.flag(isRejected)
        encoder.number(rejectHint)
        encoder.flag(isTransfer)
        encoder.number(readPosition)
        encoder.number(leaderTick)
        encoder.number(knownCommit)
        encoder.data(context)
        if isRefusedVote { encoder.number(knownCommitTerm) }
    }

    /// Reads the canonical form; refuses unknown and local kinds, and counts past their limits.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let code = try decoder.byte()
        guard let kind = MessageKind(rawValue: code), !kind.isLocal else {
            throw Refusal("codec.malformed", "\(code) is no kind of message between members")
        }
        self.init(kind)
        to = try decoder.number()
        from = try decoder.number()
        term = try decoder.number()
        logTerm = try decoder.number()
        index = try decoder.number()
        entries = try decoder.array(limit: WireLimit.entries) {
            (decoder) throws(Refusal) -> Entry in try decoder.value()
        }
        commit = try decoder.number()
        vote = try decoder.number()
        snapshot = try decoder.optional { (decoder) throws(Refusal) -> Snapshot in
            try decoder.value()
        }
        isRejected = try decoder.flag()
        rejectHint = try decoder.number()
        isTransfer = try decoder.flag()
        readPosition = try decoder.number()
        leaderTick = try decoder.number()
        knownCommit = try decoder.number()
        context = try decoder.data(limit: WireLimit.contextBytes)
        if isRefusedVote { knownCommitTerm = try decoder.number() }
    }
}

extension Message {
    /// Refuses what would break the log or slip past the term check (`raft.malformed-message`).
    ///
    /// A term of 0 marks local matters, so a message between members must carry one, except the
    /// two that are passed on to whoever leads.
    func checkForm() throws(Refusal) {
        switch kind {
        case .propose:
            guard !entries.isEmpty else { throw malformed("proposes nothing") }
        case .readIndex, .repairRequest: break
        case .repairResponse: try checkSuppliedEntries()
        case .append:
            guard term > 0 else { throw malformed("has no term") }
            try checkEntriesFollow()
        case .snapshot:
            guard term > 0 else { throw malformed("has no term") }
            guard let snapshot, !snapshot.isEmpty else { throw malformed("has no snapshot") }
        default:
            guard term > 0 || kind.isLocal else { throw malformed("has no term") }
        }
    }

    private func checkEntriesFollow() throws(Refusal) {
        var last = LogPosition(term: logTerm, index: index)
        for entry in entries {
            guard last.index < .max, entry.index == last.index + 1, entry.term >= last.term,
                entry.term <= term
            else { throw malformed("has entries that do not follow one another") }
            last = entry.position
        }
    }

    private func checkSuppliedEntries() throws(Refusal) {
        guard snapshot.map({ !$0.isEmpty }) ?? true else { throw malformed("has no snapshot") }
        var expected = index
        var lastTerm: Term = 0
        for entry in entries {
            guard entry.index == expected, entry.index < .max, entry.term >= lastTerm,
                entry.term > 0
            else { throw malformed("has entries that do not follow one another") }
            expected += 1
            lastTerm = entry.term
        }
    }

    private func malformed(_ what: String) -> Refusal {
        Refusal("raft.malformed-message", "a \(kind) message from member \(from) \(what)")
    }
}
