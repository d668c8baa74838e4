// An epoch's sharing-out, line by line: who, in which role, by which share, on what fact, how much.

public import Primitives

/// Something that earned a share: a number of tokens served, work verified, data given.
public struct RevenueFact: Hashable, Sendable {
    /// The ground it counts on.
    public let role: RevenueRole
    /// Who is paid for it.
    public let payee: Address
    /// How much it counts, against the other facts of the role in this epoch.
    public let weight: UInt128
    /// What it is, for a person and an auditor: `tokens:gpt-commons:2026-11-21`, `job:sha256:…`.
    public let reference: String

    /// The longest reference in bytes.
    public static let referenceLimit = 256

    /// States a fact.
    public init(role: RevenueRole, payee: Address, weight: UInt128, reference: String) {
        self.role = role
        self.payee = payee
        self.weight = weight
        self.reference = reference
    }
}

/// Who is paid.
public enum RevenuePayee: Hashable, Sendable, CustomStringConvertible {
    /// A person or provider.
    case address(Address)
    /// The commons.
    case treasury

    /// A payee's place within a role.
    var order: Address {
        switch self {
        case .address(let address): address
        case .treasury: .zero
        }
    }

    /// The address, or `treasury`.
    public var description: String {
        switch self {
        case .address(let address): address.hex
        case .treasury: "treasury"
        }
    }
}

/// One payee's part in one role.
public struct RevenueLine: Hashable, Sendable {
    /// Who.
    public let payee: RevenuePayee
    /// On what ground.
    public let role: RevenueRole
    /// The role's share of the epoch, in millionths.
    public let roleMillionths: UInt64
    /// The payee's weight within the role.
    public let weight: UInt128
    /// The weights of the whole role.
    public let roleWeight: UInt128
    /// What earned it.
    public let facts: [String]
    /// What is paid now, in minimal units.
    public let amount: Amount
}

/// The close of one epoch.
public struct RevenueStatement: Hashable, Sendable {
    /// The epoch's number.
    public let epoch: UInt64
    /// What was shared out.
    public let asset: AssetSymbol
    /// The policy in force, by digest.
    public let policy: Digest
    /// When it closed.
    public let position: LogPosition
    /// What the epoch brought in.
    public let received: Amount
    /// What was paid, by role and payee.
    public let lines: [RevenueLine]
    /// Whole units carried in before and out after.
    public let carriedIn: Amount
    /// Whole units made of fractions that wait for the next epoch.
    public let carriedOut: Amount

    /// What was paid in all: received + carriedIn - carriedOut.
    public var paid: UInt128 { lines.reduce(0) { $0 + $1.amount.units } }

    /// What each payee gets over all roles, by address: the amounts of the epoch's claims tree.
    public var payouts: [(payee: Address, amount: Amount)] {
        var sums: [Address: UInt128] = [:]
        for line in lines {
            if case .address(let address) = line.payee {
                sums[address, default: 0] += line.amount.units
            }
        }
        return sums.keys.sorted().map { ($0, Amount(sums[$0] ?? 0)) }.filter { !$0.1.isZero }
    }
}

extension RevenueStatement {
    /// The statement as text for a person: one line a part, then the sum.
    public func text(of asset: Asset) -> String {
        var text = "epoch \(epoch): \(asset.text(of: received)) received\n"
        for line in lines {
            text += "\(line.payee)  \(line.role.word)  \(percent(millionths: line.roleMillionths))"
            if line.roleWeight > 0 { text += " x \(line.weight)/\(line.roleWeight)" }
            text += "  \(line.facts.joined(separator: ", "))  \(asset.text(of: line.amount))\n"
        }
        return text
            + "paid \(asset.text(of: Amount(paid))), carried in \(asset.text(of: carriedIn)),"
            + " carried on \(asset.text(of: carriedOut))\n"
    }
}

extension RevenueLine: BinaryCodable {
    /// Appends every field.
    public func encode(into encoder: inout BinaryEncoder) {
        switch payee {
        case .treasury: encoder.flag(false)
        case .address(let address):
            encoder.flag(true)
            encoder.address(address)
        }
        encoder.byte(role.rawValue)
        encoder.number(roleMillionths)
        encoder.number(weight)
        encoder.number(roleWeight)
        encoder.array(facts) { encoder, fact in encoder.text(fact) }
        encoder.amount(amount)
    }

    /// Reads a line; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        payee = try decoder.flag() ? .address(try decoder.address()) : .treasury
        guard let role = RevenueRole(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "unknown revenue role")
        }
        self.role = role
        roleMillionths = try decoder.number()
        weight = try decoder.number128()
        roleWeight = try decoder.number128()
        facts = try decoder.array { decoder throws(Refusal) in
            try decoder.text(limit: RevenueFact.referenceLimit)
        }
        amount = try decoder.amount()
    }
}

extension RevenueStatement: BinaryCodable {
    /// Appends every field.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(epoch)
        encoder.value(asset)
        encoder.digest(policy)
        encoder.value(position)
        encoder.amount(received)
        encoder.array(lines) { encoder, line in encoder.value(line) }
        encoder.amount(carriedIn)
        encoder.amount(carriedOut)
    }

    /// Reads a statement; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        epoch = try decoder.number()
        asset = try decoder.value()
        policy = try decoder.digest()
        position = try decoder.value()
        received = try decoder.amount()
        lines = try decoder.array { decoder throws(Refusal) in try decoder.value() }
        carriedIn = try decoder.amount()
        carriedOut = try decoder.amount()
    }
}
