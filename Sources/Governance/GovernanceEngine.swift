// The life of proposals. Each call takes the moment it happens at and the state to work on, and
// answers with the events; a refusal leaves the state to be thrown away by the caller.

import Cryptography
public import Primitives

/// Applies governance commands and the passing of time to the state.
public struct GovernanceEngine {
    let host: any GovernanceHost

    /// An engine for a host.
    public init(host: any GovernanceHost) { self.host = host }

    // MARK: Reading

    /// A proposal's record, or nil.
    public static func proposal(_ number: UInt64, in state: any StateReader) -> ProposalRecord? {
        GovernanceTables.proposals.record(GovernanceTables.key(number), in: state)
    }

    /// A proposal's file and effects, or nil.
    public static func document(_ number: UInt64, in state: any StateReader) -> ProposalDocument? {
        GovernanceTables.documents.record(GovernanceTables.key(number), in: state)
    }

    /// At most `limit` proposals in the order of their numbers, from `first` on.
    public static func proposals(
        from first: UInt64 = 0, limit: Int = 100, in state: any StateReader
    ) -> [ProposalRecord] {
        GovernanceTables.proposals.records(
            from: GovernanceTables.key(first), limit: limit, in: state
        ).map(\.record)
    }

    /// What somebody voted, or nil.
    public static func ballot(
        of voter: Address, on number: UInt64, in state: any StateReader
    ) -> Ballot? {
        GovernanceTables.ballots.record(GovernanceTables.key(number) + voter.bytes, in: state)
    }

    /// At most `limit` ballots on a proposal, ascending by voter.
    public static func ballots(
        on number: UInt64, limit: Int = Int(Int32.max), in state: any StateReader
    ) -> [(voter: Address, ballot: Ballot)] {
        GovernanceTables.ballots.records(
            withPrefix: GovernanceTables.key(number), limit: limit, in: state
        ).compactMap { found in
            Address(found.key.suffix(Address.count)).map { ($0, found.record) }
        }
    }

    /// When something falls due next, or nil.
    public static func nextDueTime(in state: any StateReader) -> Timestamp? {
        nextDue(in: state)?.time
    }

    static func nextDue(in state: any StateReader) -> (time: Timestamp, number: UInt64)? {
        guard let key = GovernanceTables.due.records(limit: 1, in: state).first?.key else {
            return nil
        }
        var decoder = BinaryDecoder(key)
        guard let time = try? decoder.sortable(), let number = try? decoder.sortable() else {
            return nil
        }
        return (Timestamp(milliseconds: time), number)
    }

    // MARK: Writing records

    /// Writes a record, and moves its place in the due table and in the count of open proposals.
    func store(_ record: ProposalRecord, in state: StateOverlay) {
        let before = Self.proposal(record.number, in: state)
        if before?.dueAt != record.dueAt {
            if let due = before?.dueAt {
                GovernanceTables.due.remove(
                    GovernanceTables.key(due, record.number), in: state)
            }
            if let due = record.dueAt {
                GovernanceTables.due.set(
                    GovernanceTables.key(due, record.number), to: Presence(), in: state)
            }
        }
        let openBefore = before.flatMap { $0.status.isOpen ? $0.rules.name : nil }
        let openNow = record.status.isOpen ? record.rules.name : nil
        if openBefore != openNow {
            if let openBefore { changeOpenCount(of: openBefore, up: false, in: state) }
            if let openNow { changeOpenCount(of: openNow, up: true, in: state) }
        }
        GovernanceTables.proposals.set(
            GovernanceTables.key(record.number), to: record, in: state)
    }

    func openCount(of track: String, in state: any StateReader) -> UInt64 {
        GovernanceTables.openCounts.record(Array(track.utf8), in: state)?.value ?? 0
    }

    private func changeOpenCount(of track: String, up: Bool, in state: StateOverlay) {
        let count = openCount(of: track, in: state)
        let changed = up ? count + 1 : count - Swift.min(count, 1)
        GovernanceTables.openCounts.set(
            Array(track.utf8), to: StoredNumber(changed), in: state)
    }

    /// Burns this part of the deposit, in whole units rounded down, and returns the rest.
    func settleDeposit(
        of record: ProposalRecord, burning share: Fraction, in state: StateOverlay
    ) -> [GovernanceEvent] {
        guard !record.deposit.isZero else { return [] }
        let burned = Amount.min(
            record.deposit, (try? share.floor(of: record.deposit)) ?? record.deposit)
        let returned = Amount(record.deposit.units - burned.units)
        var events: [GovernanceEvent] = []
        for (amount, fate) in [(burned, DepositFate.burned), (returned, .returned)]
        where !amount.isZero {
            host.settleDeposit(
                amount, of: record.proposer, proposal: record.number, fate: fate, in: state)
            events.append(
                .depositSettled(
                    proposal: record.number, account: record.proposer, amount: amount, fate: fate))
        }
        return events
    }
}
