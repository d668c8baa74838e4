// Tokens that voted with conviction stay where they are: while the vote runs, and, for the side
// that won, for the periods its conviction promised. Locks lie over each other; they do not add up.

public import Primitives

/// Tokens held still by votes.
public enum VoteLocks {
    /// How much of `holder`'s balance may not move at `time`, and until when as far as is known:
    /// nil while a vote still runs. Nil when nothing is locked.
    public static func locked(
        _ holder: Address, at time: Timestamp, in state: any StateReader
    ) -> (amount: Amount, until: Timestamp?)? {
        var most: (amount: Amount, until: Timestamp?)?
        for found in GovernanceTables.locks.records(withPrefix: holder.bytes, in: state) {
            guard let number = proposal(of: found.key) else { continue }
            let (holds, until) = standing(found.record, on: number, at: time, in: state)
            guard holds, found.record.amount > most?.amount ?? .zero else { continue }
            most = (found.record.amount, until)
        }
        return most
    }

    /// Forgets the locks of `holder` that have run out.
    public static func release(_ holder: Address, at time: Timestamp, in state: StateOverlay) {
        for found in GovernanceTables.locks.records(withPrefix: holder.bytes, in: state) {
            guard let number = proposal(of: found.key),
                !standing(found.record, on: number, at: time, in: state).holds
            else { continue }
            GovernanceTables.locks.remove(found.key, in: state)
        }
    }

    private static func proposal(of key: [UInt8]) -> UInt64? {
        var decoder = BinaryDecoder(Array(key.suffix(8)))
        return try? decoder.sortable()
    }

    private static func standing(
        _ lock: VoteLock, on number: UInt64, at time: Timestamp, in state: any StateReader
    ) -> (holds: Bool, until: Timestamp?) {
        guard let record = GovernanceEngine.proposal(number, in: state) else { return (false, nil) }
        guard let decided = record.decidedAt else {
            // Cancelled before it was decided: nobody won.
            return (!record.status.isFinal, nil)
        }
        let passed = record.status != .defeated && record.status != .vetoed
        let winners: ChoiceSet = passed ? .for : [.against, .veto]
        guard !lock.sides.isDisjoint(with: winners) else { return (false, nil) }
        let end = lock.until(decided, record)
        return (time < end, end)
    }

    /// Remembers what a ballot locks; a changed ballot replaces its lock.
    static func note(
        _ ballot: Ballot, of holder: Address, on record: ProposalRecord, in state: StateOverlay
    ) {
        guard record.rules.system == .conviction else { return }
        let key = holder.bytes + GovernanceTables.key(record.number)
        guard let level = ballot.conviction, level > 0 else {
            GovernanceTables.locks.remove(key, in: state)
            return
        }
        let lock = VoteLock(
            amount: ballot.own, level: level,
            sides: ballot.sides.reduce(into: ChoiceSet()) { $0.insert(ChoiceSet($1.choice)) })
        GovernanceTables.locks.set(key, to: lock, in: state)
    }
}

/// What one ballot locks.
struct VoteLock: BinaryCodable {
    let amount: Amount
    let level: UInt8
    let sides: ChoiceSet

    init(amount: Amount, level: UInt8, sides: ChoiceSet) {
        self.amount = amount
        self.level = level
        self.sides = sides
    }

    /// Until when the winners' tokens stay.
    func until(_ decided: Timestamp, _ record: ProposalRecord) -> Timestamp {
        let periods = (Conviction(level) ?? Conviction.none).lockPeriods
        let (time, overflow) = periods.multipliedReportingOverflow(by: record.rules.lockPeriod)
        return decided.advanced(by: overflow ? .max : time)
    }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.amount(amount)
        encoder.byte(level)
        encoder.byte(sides.rawValue)
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        amount = try decoder.amount()
        level = try decoder.byte()
        sides = ChoiceSet(rawValue: try decoder.byte())
    }
}
