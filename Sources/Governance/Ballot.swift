// What one voter said, and with how much.

public import Primitives

/// What a voter signs: the number, and in words what it is and what it would do.
public struct Vote: Hashable, Sendable {
    /// The proposal's number.
    public var proposal: UInt64
    /// Its title, as the voter saw it.
    public var title: String
    /// What the voter says.
    public var statement: Statement
    /// SHA-256 of its effects, as the voter saw them.
    public var effects: Digest
    /// Why, in the voter's words.
    public var reason: String

    /// The longest reason, in bytes.
    public static let reasonLimit = 2048

    /// Makes a vote.
    public init(
        proposal: UInt64, title: String, statement: Statement, effects: Digest,
        reason: String = ""
    ) {
        self.proposal = proposal
        self.title = title
        self.statement = statement
        self.effects = effects
        self.reason = reason
    }

    /// Makes a vote of one choice.
    public init(
        proposal: UInt64, title: String, choice: Choice, effects: Digest, reason: String = ""
    ) {
        self.init(
            proposal: proposal, title: title, statement: Statement(choice), effects: effects,
            reason: reason)
    }
}

/// A vote as it is counted.
public struct Ballot: Hashable, Sendable {
    /// Whether anything is to happen; several where the power is split.
    public internal(set) var sides: [SideShare]
    /// The voter's own aged balance.
    public internal(set) var own: Amount
    /// What others lent and did not take back by voting themselves.
    public internal(set) var lent: Amount
    /// How long the voter's tokens are locked for weight.
    public internal(set) var conviction: UInt8?
    /// Which of the options, by position.
    public internal(set) var preference: Preference<UInt16>?
    /// The log entry it came in.
    public internal(set) var index: UInt64
    /// When it was cast or last changed.
    public internal(set) var time: Timestamp
    /// Why, in the voter's words.
    public internal(set) var reason: String

    /// The choice, or the first one of a split vote.
    public var choice: Choice { sides.first?.choice ?? .abstain }

    /// Own and lent power together; throws `amount.overflow`.
    public func weight() throws(Refusal) -> Amount { try own.adding(lent) }

    /// The words that were signed, for options of these names.
    public func words(options: [String]) -> String {
        let named = try? preference?.map { (position) throws(Refusal) in
            options.indices.contains(Int(position)) ? options[Int(position)] : "?"
        }
        return Statement(sides, conviction: conviction, preference: named).words
    }
}

extension Ballot: BinaryCodable {
    /// The fields in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.array(sides) { encoder, side in
            encoder.value(side.choice)
            encoder.number(side.parts)
        }
        encoder.amount(own)
        encoder.amount(lent)
        encoder.optional(conviction) { $0.byte($1) }
        encoder.optional(preference) { $0.value($1) }
        encoder.number(index)
        encoder.timestamp(time)
        encoder.text(reason)
    }

    /// Reads a ballot.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        sides = try decoder.array(limit: Choice.allCases.count) { (decoder) throws(Refusal) in
            SideShare(try decoder.value(), parts: try decoder.number16())
        }
        own = try decoder.amount()
        lent = try decoder.amount()
        conviction = try decoder.optional { (decoder) throws(Refusal) in try decoder.byte() }
        preference = try decoder.optional { (decoder) throws(Refusal) in try decoder.value() }
        index = try decoder.number()
        time = try decoder.timestamp()
        reason = try decoder.text(limit: Vote.reasonLimit)
    }
}

extension Preference: BinaryCodable where Option == UInt16 {
    /// The form, then the options.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .approve(let options):
            encoder.byte(0)
            encoder.array(options) { $0.number($1) }
        case .rank(let options):
            encoder.byte(1)
            encoder.array(options) { $0.number($1) }
        case .share(let shares):
            encoder.byte(2)
            encoder.array(shares) { encoder, share in
                encoder.number(share.option)
                encoder.number(share.parts)
            }
        }
    }

    /// Reads a preference.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let position = { (decoder: inout BinaryDecoder) throws(Refusal) in
            try decoder.number16()
        }
        switch try decoder.byte() {
        case 0: self = .approve(try decoder.array(limit: 256, position))
        case 1: self = .rank(try decoder.array(limit: 256, position))
        case 2:
            self = .share(
                try decoder.array(limit: 256) { (decoder) throws(Refusal) in
                    OptionShare(try decoder.number16(), parts: try decoder.number16())
                })
        default: throw Refusal("codec.malformed", "an unknown form of preference")
        }
    }
}

extension BinaryDecoder {
    mutating func number16() throws(Refusal) -> UInt16 {
        guard let number = UInt16(exactly: try number32()) else {
            throw Refusal("codec.malformed", "a number is out of range")
        }
        return number
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
