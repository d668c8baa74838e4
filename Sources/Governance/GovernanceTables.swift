// Where governance keeps its records in the replicated state: prefixes 0x10 to 0x2F.

import Primitives

/// The tables of this target and the keys of their records.
enum GovernanceTables {
    /// Proposal number -> record.
    static let proposals = Table<ProposalRecord>(prefix: 0x10, isMemoized: true)
    /// Proposal number -> file text and effects.
    static let documents = Table<ProposalDocument>(prefix: 0x11, isMemoized: true)
    /// Proposal number, voter -> ballot.
    static let ballots = Table<Ballot>(prefix: 0x12)
    /// Due time, proposal number -> nothing.
    static let due = Table<Presence>(prefix: 0x13)
    /// Digest of effects -> number of the newest proposal with them.
    static let effects = Table<StoredNumber>(prefix: 0x14)
    /// Track name -> how many proposals are open on it.
    static let openCounts = Table<StoredNumber>(prefix: 0x15)
    /// Submission time, proposal number, position -> payment asked for.
    static let spends = Table<SpendRecord>(prefix: 0x16)
    /// Single values: the highest proposal number.
    static let counters = Table<StoredNumber>(prefix: 0x17)
    /// Track name -> when a proposal of it was last executed.
    static let lastExecuted = Table<StoredNumber>(prefix: 0x18)
    /// Proposal number, voter -> commitment to a hidden ballot.
    static let commitments = Table<Commitment>(prefix: 0x19)
    /// Source, account -> person.
    static let identities = Table<PersonRecord>(prefix: 0x1A)
    /// Source, person -> account.
    static let persons = Table<AccountRecord>(prefix: 0x1B)
    /// Holder, proposal number -> what the holder's ballot locks.
    static let locks = Table<VoteLock>(prefix: 0x1C)

    /// Holder, index newest first -> balance.
    static let balances = Table<BalanceCheckpoint>(prefix: 0x20)
    /// Index newest first -> supply.
    static let supplies = Table<BalanceCheckpoint>(prefix: 0x21)
    /// Index newest first -> what accounts hold together.
    static let held = Table<BalanceCheckpoint>(prefix: 0x24)
    /// Holder, scope, index newest first -> delegation.
    static let delegations = Table<Delegation>(prefix: 0x22)
    /// Delegate, scope, holder -> nothing.
    static let delegators = Table<Presence>(prefix: 0x23)

    static let highestProposal: [UInt8] = [0]

    static func key(_ proposal: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.sortable(proposal)
        return encoder.bytes
    }

    static func key(_ time: Timestamp, _ proposal: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.sortable(time.milliseconds)
        encoder.sortable(proposal)
        return encoder.bytes
    }

    /// The end of a key whose scan starts with the newest index: scans only go upwards.
    static func newestFirst(_ index: UInt64) -> [UInt8] { key(UInt64.max - index) }
}

/// A record that only says that its key is there.
struct Presence: BinaryCodable {
    init() {}
    func encode(into encoder: inout BinaryEncoder) {}
    init(from decoder: inout BinaryDecoder) throws(Refusal) {}
}

/// A number in the state.
struct StoredNumber: BinaryCodable {
    let value: UInt64

    init(_ value: UInt64) { self.value = value }

    func encode(into encoder: inout BinaryEncoder) { encoder.number(value) }

    init(from decoder: inout BinaryDecoder) throws(Refusal) { value = try decoder.number() }
}
