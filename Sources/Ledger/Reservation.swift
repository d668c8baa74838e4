// The first half of a two-phase transfer: value that is spoken for but has not moved.

public import Primitives

/// Value set aside. It resolves at most once: posted, voided or expired.
public struct Reservation: Hashable, Sendable {
    /// How far it is.
    public enum Status: Hashable, Sendable {
        /// Still set aside.
        case pending
        /// This much of it moved and the rest was released.
        case posted(Amount)
        /// All of it was released on request.
        case voided
        /// All of it was released because its time was up.
        case expired
    }

    /// Its number, from 1, without gaps.
    public let id: UInt64
    /// Where in the log it was made.
    public let position: LogPosition
    /// The account it will leave.
    public let debit: AccountID
    /// The account it will come to.
    public let credit: AccountID
    /// How much at most.
    public let amount: Amount
    /// Why.
    public let memo: Memo
    /// From this time on it can no longer be posted.
    public let expires: Timestamp
    /// How far it is. Resolved reservations stay, so that a late or repeated request gets a
    /// truthful answer instead of "unknown".
    public internal(set) var status: Status
}

extension Reservation: BinaryCodable {
    /// Appends every field.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(id)
        encoder.value(position)
        encoder.value(debit)
        encoder.value(credit)
        encoder.amount(amount)
        encoder.value(memo)
        encoder.timestamp(expires)
        switch status {
        case .pending: encoder.byte(0)
        case .posted(let amount):
            encoder.byte(1)
            encoder.amount(amount)
        case .voided: encoder.byte(2)
        case .expired: encoder.byte(3)
        }
    }

    /// Reads a reservation; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        id = try decoder.number()
        position = try decoder.value()
        debit = try decoder.value()
        credit = try decoder.value()
        amount = try decoder.amount()
        memo = try decoder.value()
        expires = try decoder.timestamp()
        switch try decoder.byte() {
        case 0: status = .pending
        case 1: status = .posted(try decoder.amount())
        case 2: status = .voided
        case 3: status = .expired
        default: throw Refusal("codec.malformed", "unknown reservation status")
        }
    }
}
