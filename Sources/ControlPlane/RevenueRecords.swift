// Revenue: the facts that earn a share and the epochs that divide it. Statements are the ledger's.

public import Primitives

/// What one payee did in an epoch on one ground, added up.
public struct FactRecord: BinaryCodable, Sendable, Equatable {
    /// The role of the revenue policy it counts for, by its raw value.
    public var role: UInt8
    /// Who earned it.
    public var payee: Address
    /// How much it weighs among the role's facts.
    public var weight: UInt128
    /// What it was: `tokens:bard`.
    public var reference: String

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(role)
        encoder.address(payee)
        encoder.number(weight)
        encoder.text(reference)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        role = try decoder.byte()
        payee = try decoder.address()
        weight = try decoder.number128()
        reference = try decoder.text(limit: 128)
    }

    init(role: UInt8, payee: Address, weight: UInt128, reference: String) {
        self.role = role
        self.payee = payee
        self.weight = weight
        self.reference = reference
    }
}

/// A closed epoch.
public struct EpochRecord: BinaryCodable, Sendable, Equatable {
    /// Its number, from 1.
    public var number: UInt64
    /// When it began.
    public var started: Timestamp
    /// When it was closed.
    public var closed: Timestamp
    /// The entry that closed it.
    public var index: UInt64
    /// Digest of the revenue policy that divided it.
    public var policy: Digest
    /// What came in.
    public var received: Amount
    /// What was paid out.
    public var paid: Amount
    /// What is carried as fractions of units, in whole units of the dust account, after the close.
    public var carried: Amount
    /// Root of the claims tree (OpenZeppelin StandardMerkleTree), zero when nobody was paid.
    public var claimsRoot: Digest

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(number)
        encoder.timestamp(started)
        encoder.timestamp(closed)
        encoder.number(index)
        encoder.digest(policy)
        encoder.amount(received)
        encoder.amount(paid)
        encoder.amount(carried)
        encoder.digest(claimsRoot)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        number = try decoder.number()
        started = try decoder.timestamp()
        closed = try decoder.timestamp()
        index = try decoder.number()
        policy = try decoder.digest()
        received = try decoder.amount()
        paid = try decoder.amount()
        carried = try decoder.amount()
        claimsRoot = try decoder.digest()
    }

    init(
        number: UInt64, started: Timestamp, closed: Timestamp, index: UInt64, policy: Digest,
        received: Amount, paid: Amount, carried: Amount, claimsRoot: Digest
    ) {
        self.number = number
        self.started = started
        self.closed = closed
        self.index = index
        self.policy = policy
        self.received = received
        self.paid = paid
        self.carried = carried
        self.claimsRoot = claimsRoot
    }
}
