// Keys that customers call with, and the requests they made: reserved before, posted after.

public import Primitives

/// An API key, known by the SHA-256 of its text.
public struct KeyRecord: BinaryCodable, Sendable, Equatable {
    /// Whose prepaid balance it spends.
    public var owner: Address
    /// A name for people.
    public var label: String
    /// Whether it was withdrawn.
    public var revoked: Bool

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(owner)
        encoder.text(label)
        encoder.flag(revoked)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        owner = try decoder.address()
        label = try decoder.text(limit: 64)
        revoked = try decoder.flag()
    }

    init(owner: Address, label: String) {
        self.owner = owner
        self.label = label
        revoked = false
    }
}

/// One metered request.
public struct RequestRecord: BinaryCodable, Sendable, Equatable {
    /// Where a request stands.
    public enum Status: UInt8, Sendable {
        /// Its highest cost is held.
        case reserved = 1
        /// It was charged.
        case posted = 2
        /// It was not charged.
        case voided = 3
    }

    /// Where it stands.
    public var status: Status
    /// Whose balance pays.
    public var payer: Address
    /// The model asked.
    public var model: String
    /// The ledger's reservation.
    public var reservation: UInt64
    /// Price of a prompt token when it was reserved, in minimal units.
    public var promptPrice: Amount
    /// Price of a completion token when it was reserved, in minimal units.
    public var completionPrice: Amount
    /// Prompt tokens announced at the reservation.
    public var promptTokens: UInt64
    /// Completion tokens paid for at most.
    public var maximumTokens: UInt64
    /// What was charged.
    public var charged: Amount
    /// Completion tokens charged.
    public var completionTokens: UInt64

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(status.rawValue)
        encoder.address(payer)
        encoder.text(model)
        encoder.number(reservation)
        encoder.amount(promptPrice)
        encoder.amount(completionPrice)
        encoder.number(promptTokens)
        encoder.number(maximumTokens)
        encoder.amount(charged)
        encoder.number(completionTokens)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard let status = Status(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "a request has no such status")
        }
        self.status = status
        payer = try decoder.address()
        model = try decoder.text(limit: 64)
        reservation = try decoder.number()
        promptPrice = try decoder.amount()
        completionPrice = try decoder.amount()
        promptTokens = try decoder.number()
        maximumTokens = try decoder.number()
        charged = try decoder.amount()
        completionTokens = try decoder.number()
    }

    init(
        payer: Address, model: String, reservation: UInt64, promptPrice: Amount,
        completionPrice: Amount, promptTokens: UInt64, maximumTokens: UInt64
    ) {
        status = .reserved
        self.payer = payer
        self.model = model
        self.reservation = reservation
        self.promptPrice = promptPrice
        self.completionPrice = completionPrice
        self.promptTokens = promptTokens
        self.maximumTokens = maximumTokens
        charged = .zero
        completionTokens = 0
    }

    /// What `prompt` and `completion` tokens cost.
    public func cost(prompt: UInt64, completion: UInt64) throws(Refusal) -> Amount {
        try promptPrice.multiplied(by: UInt128(prompt))
            .adding(completionPrice.multiplied(by: UInt128(completion)))
    }
}
