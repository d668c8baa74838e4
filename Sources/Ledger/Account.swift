// What the ledger knows of one account.

public import Primitives

/// The figures of an account.
///
/// Balances are kept net. Lifetime totals of debits and credits would grow with turnover and could
/// one day overflow and lock an account for ever; a net balance is bounded by the supply. The
/// totals can be had from the transfers, which are all kept.
public struct Account: Hashable, Sendable {
    /// The posted balance: credits less debits, and for issuance debits less credits.
    public internal(set) var balance: Amount
    /// What pending reservations will take from this account at most.
    public internal(set) var reserved: Amount
    /// What pending reservations will bring to this account at most.
    public internal(set) var incoming: Amount

    /// An account nothing has happened to.
    public static let empty = Account(balance: .zero, reserved: .zero, incoming: .zero)
}

extension Account: BinaryCodable {
    /// Appends the figures.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.amount(balance)
        encoder.amount(reserved)
        encoder.amount(incoming)
    }

    /// Reads the figures; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        balance = try decoder.amount()
        reserved = try decoder.amount()
        incoming = try decoder.amount()
    }
}
