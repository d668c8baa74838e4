// Lending one's voting power to others: whole or in parts, for everything or for one kind of
// proposal, for ever or until a time. It is never passed on further.

public import Primitives

/// What a delegation is for.
public enum DelegationScope: Hashable, Sendable {
    /// Every kind without a delegation of its own.
    case all
    /// One kind of proposal.
    case kind(ProposalKind)

    var byte: UInt8 {
        switch self {
        case .all: 0xFF
        case .kind(let kind): kind.rawValue
        }
    }

    /// The word on command lines: `all` or the kind's.
    public var word: String {
        switch self {
        case .all: "all"
        case .kind(let kind): kind.word
        }
    }

    /// The scope a word names.
    public init?(word: String) {
        if word == "all" {
            self = .all
        } else if let kind = ProposalKind(word: word) {
            self = .kind(kind)
        } else {
            return nil
        }
    }
}

/// A part of somebody's power, lent to one delegate.
public struct DelegationShare: Hashable, Sendable {
    /// Who votes with it.
    public var delegate: Address
    /// How many parts of ten thousand.
    public var parts: UInt16

    /// Makes a share.
    public init(delegate: Address, parts: UInt16) {
        self.delegate = delegate
        self.parts = parts
    }

    /// The units of `balance` in this share, rounded down.
    public func units(of balance: Amount) -> Amount {
        // A share is at most the whole, so the quotient always fits.
        let denominator = UInt128(Delegation.denominator)
        let product = balance.units.multipliedFullWidth(by: UInt128(parts))
        guard product.high < denominator else { return balance }
        return Amount(denominator.dividingFullWidth(product).quotient)
    }
}

/// To whom a holder lends power, in one scope.
public struct Delegation: Hashable, Sendable {
    /// The parts of a whole.
    public static let denominator: UInt16 = 10_000
    /// The most delegates of one delegation.
    public static let delegateLimit = 100

    /// The shares, ascending by delegate; empty when nothing is delegated.
    public let shares: [DelegationShare]
    /// When it lapses; nil for never.
    public let expires: Timestamp?

    /// Checks shares: strictly ascending delegates, no empty part, at most the whole in sum
    /// (`delegation.*`). What is left over votes for nobody until the holder votes.
    public init(
        _ shares: [DelegationShare], expires: Timestamp? = nil
    ) throws(Refusal) {
        guard shares.count <= Delegation.delegateLimit else {
            throw Refusal(
                "delegation.count", "at most \(Delegation.delegateLimit) delegates")
        }
        var sum: UInt32 = 0
        for share in shares {
            guard share.parts > 0 else {
                throw Refusal("delegation.parts", "\(share.delegate) would get no part")
            }
            sum += UInt32(share.parts)
        }
        guard sum <= UInt32(Delegation.denominator) else {
            throw Refusal(
                "delegation.parts", "\(sum) parts are more than \(Delegation.denominator)")
        }
        for (left, right) in zip(shares, shares.dropFirst()) where left.delegate >= right.delegate {
            throw Refusal(
                "delegation.order", "delegates must ascend by address, each named once")
        }
        self.shares = shares
        self.expires = expires
    }

    /// Whether it lends anything at `time`.
    public func isInForce(at time: Timestamp) -> Bool {
        guard !shares.isEmpty else { return false }
        guard let expires else { return true }
        return time < expires
    }
}

extension Delegation: BinaryCodable {
    /// Shares, then expiry.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.array(shares) { encoder, share in
            encoder.address(share.delegate)
            encoder.number(share.parts)
        }
        encoder.optional(expires) { $0.timestamp($1) }
    }

    /// Reads a delegation and checks its shares.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let shares = try decoder.array(limit: Delegation.delegateLimit) {
            (decoder) throws(Refusal) in
            let delegate = try decoder.address()
            guard let parts = UInt16(exactly: try decoder.number32()) else {
                throw Refusal("codec.malformed", "a share has too many parts")
            }
            return DelegationShare(delegate: delegate, parts: parts)
        }
        let expires = try decoder.optional { (decoder) throws(Refusal) in
            try decoder.timestamp()
        }
        try self.init(shares, expires: expires)
    }
}
