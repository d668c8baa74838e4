// What one voter said, and with how much.

public import Primitives

/// What a voter signs: the number, and in words what it is and what it would do.
public struct Vote: Hashable, Sendable {
    /// The proposal's number.
    public var proposal: UInt64
    /// Its title, as the voter saw it.
    public var title: String
    /// The choice.
    public var choice: Choice
    /// SHA-256 of its effects, as the voter saw them.
    public var effects: Digest
    /// Projects approved in a funding round, by position; empty elsewhere.
    public var approvals: [UInt16]
    /// Why, in the voter's words.
    public var reason: String

    /// The longest reason, in bytes.
    public static let reasonLimit = 2048

    /// Makes a vote.
    public init(
        proposal: UInt64, title: String, choice: Choice, effects: Digest,
        approvals: [UInt16] = [], reason: String = ""
    ) {
        self.proposal = proposal
        self.title = title
        self.choice = choice
        self.effects = effects
        self.approvals = approvals
        self.reason = reason
    }
}

/// A vote as it is counted.
public struct Ballot: Hashable, Sendable {
    /// The choice.
    public internal(set) var choice: Choice
    /// The voter's own aged balance.
    public internal(set) var own: Amount
    /// What others lent and did not take back by voting themselves.
    public internal(set) var lent: Amount
    /// Projects approved in a funding round, by position.
    public internal(set) var approvals: [UInt16]
    /// The log entry it came in.
    public internal(set) var index: UInt64
    /// When it was cast or last changed.
    public internal(set) var time: Timestamp
    /// Why, in the voter's words.
    public internal(set) var reason: String

    /// Own and lent power together; throws `amount.overflow`.
    public func weight() throws(Refusal) -> Amount { try own.adding(lent) }
}

extension Ballot: BinaryCodable {
    /// The fields in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(choice)
        encoder.amount(own)
        encoder.amount(lent)
        encoder.array(approvals) { $0.number($1) }
        encoder.number(index)
        encoder.timestamp(time)
        encoder.text(reason)
    }

    /// Reads a ballot.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        choice = try decoder.value()
        own = try decoder.amount()
        lent = try decoder.amount()
        approvals = try decoder.array(limit: 256) { (decoder) throws(Refusal) in
            guard let position = UInt16(exactly: try decoder.number32()) else {
                throw Refusal("codec.malformed", "an approval is out of range")
            }
            return position
        }
        index = try decoder.number()
        time = try decoder.timestamp()
        reason = try decoder.text(limit: Vote.reasonLimit)
    }
}

/// A payment that a proposal asks for, kept so that slices add up.
struct SpendRecord: BinaryCodable {
    let proposal: UInt64
    let proposer: Address
    let payment: TreasurySpend

    init(proposal: UInt64, proposer: Address, payment: TreasurySpend) {
        self.proposal = proposal
        self.proposer = proposer
        self.payment = payment
    }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.number(proposal)
        encoder.address(proposer)
        encoder.value(payment)
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        proposal = try decoder.number()
        proposer = try decoder.address()
        payment = try decoder.value()
    }
}
