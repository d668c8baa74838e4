// The immutable record of value that moved, and why it moved.

public import Primitives

/// Where in the log something happened.
public struct LogPosition: Hashable, Sendable {
    /// The entry's index.
    public let index: UInt64
    /// The entry's time.
    public let time: Timestamp

    /// Names a place in the log.
    public init(index: UInt64, time: Timestamp) {
        self.index = index
        self.time = time
    }
}

/// Why value moved. The raw values are written to the state: only ever add.
public enum LedgerReason: UInt8, Sendable, CaseIterable {
    /// New units came to be.
    case issue = 1
    /// Units ceased to be.
    case redeem = 2
    /// A holder sent them.
    case payment = 3
    /// A stake was put up.
    case stake = 4
    /// A stake was given back.
    case unstake = 5
    /// A stake was taken for a wrong result.
    case slash = 6
    /// A proposal's deposit was put up.
    case deposit = 7
    /// A deposit was given back.
    case depositReturn = 8
    /// A deposit was lost.
    case depositForfeit = 9
    /// A job's budget was set aside.
    case jobBudget = 10
    /// A verified result was paid.
    case jobPayment = 11
    /// What was left of a job's budget went back.
    case jobReturn = 12
    /// Held earnings became free.
    case heldRelease = 13
    /// Held earnings were taken back after a dispute.
    case heldReversal = 14
    /// A customer put in credit.
    case prepay = 15
    /// A customer took credit out.
    case prepayReturn = 16
    /// Metered use was charged.
    case usage = 17
    /// An epoch's revenue was shared out.
    case revenueShare = 18
    /// Carried fractions moved between revenue and dust.
    case revenueCarry = 19
    /// A proposal spent from the treasury.
    case treasurySpend = 20
    /// Value left for, or came from, a settlement contract.
    case settlement = 21
    /// An earlier transfer was set right by its opposite.
    case correction = 22
}

/// What a transfer is about.
public enum LedgerReference: Hashable, Sendable {
    /// Nothing in particular.
    case none
    /// A numbered thing: a proposal, an epoch, a transfer.
    case number(UInt64)
    /// A thing named by its digest: a job, a receipt, an on-chain event.
    case digest(Digest)
}

/// Why and about what.
public struct Memo: Hashable, Sendable {
    /// Why.
    public let reason: LedgerReason
    /// About what.
    public let reference: LedgerReference

    /// Writes a memo.
    public init(_ reason: LedgerReason, _ reference: LedgerReference = .none) {
        self.reason = reason
        self.reference = reference
    }
}

/// Value that moved: one debit, one credit. Never changed, never removed.
public struct Transfer: Hashable, Sendable {
    /// Its number, from 1, without gaps.
    public let id: UInt64
    /// Where in the log it happened.
    public let position: LogPosition
    /// The account it left.
    public let debit: AccountID
    /// The account it came to.
    public let credit: AccountID
    /// How much.
    public let amount: Amount
    /// Why.
    public let memo: Memo
    /// The reservation it posted, if it did.
    public let reservation: UInt64?
}

extension Memo: BinaryCodable {
    /// Appends reason and reference.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(reason.rawValue)
        switch reference {
        case .none: encoder.byte(0)
        case .number(let number):
            encoder.byte(1)
            encoder.number(number)
        case .digest(let digest):
            encoder.byte(2)
            encoder.digest(digest)
        }
    }

    /// Reads a memo; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard let reason = LedgerReason(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "unknown ledger reason")
        }
        self.reason = reason
        switch try decoder.byte() {
        case 0: reference = .none
        case 1: reference = .number(try decoder.number())
        case 2: reference = .digest(try decoder.digest())
        default: throw Refusal("codec.malformed", "unknown ledger reference")
        }
    }
}

extension LogPosition: BinaryCodable {
    /// Appends index and time.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(index)
        encoder.timestamp(time)
    }

    /// Reads a position; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        index = try decoder.number()
        time = try decoder.timestamp()
    }
}

extension Transfer: BinaryCodable {
    /// Appends every field.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(id)
        encoder.value(position)
        encoder.value(debit)
        encoder.value(credit)
        encoder.amount(amount)
        encoder.value(memo)
        encoder.optional(reservation) { encoder, number in encoder.number(number) }
    }

    /// Reads a transfer; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        id = try decoder.number()
        position = try decoder.value()
        debit = try decoder.value()
        credit = try decoder.value()
        amount = try decoder.amount()
        memo = try decoder.value()
        reservation = try decoder.optional { decoder throws(Refusal) in try decoder.number() }
    }
}
