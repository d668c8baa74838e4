// Who holds what: an account is named by what it is for, whose it is, and its asset.

public import Primitives

/// What an account is for.
public enum AccountKind: UInt8, Sendable, CaseIterable {
    /// Freely owned by a person.
    case wallet = 1
    /// A provider's stake, which can be slashed.
    case stake = 2
    /// A proposal's deposit.
    case deposit = 3
    /// A job's budget, paid out per verified result.
    case escrow = 4
    /// A customer's credit for metered use.
    case prepaid = 5
    /// Earnings held back while a result can still be disputed.
    case held = 6
    /// What models earned and no epoch has shared out yet.
    case revenue = 7
    /// The commons' own funds.
    case treasury = 8
    /// Whole units made of payees' carried fractions, waiting for a fraction to fill up.
    case dust = 9
    /// The other side of every unit there is: it alone carries a debit balance.
    case issuance = 10

    /// The word in an account's written name.
    public var word: String {
        switch self {
        case .wallet: "wallet"
        case .stake: "stake"
        case .deposit: "deposit"
        case .escrow: "escrow"
        case .prepaid: "prepaid"
        case .held: "held"
        case .revenue: "revenue"
        case .treasury: "treasury"
        case .dust: "dust"
        case .issuance: "issuance"
        }
    }

    /// The kind written as `word`.
    public init?(word: some StringProtocol) {
        guard let kind = AccountKind.allCases.first(where: { $0.word == word }) else { return nil }
        self = kind
    }
}

/// Whose an account is.
public enum AccountOwner: Hashable, Sendable {
    /// The commons'.
    case commons
    /// A person's, a provider's, a customer's.
    case address(Address)
    /// A proposal's, a job's, a model's.
    case digest(Digest)

    /// How a key of this owner starts. The tag fixes the length, so no owner's key is a prefix of
    /// another's, and one scan finds all accounts of an owner.
    public var keyPrefix: [UInt8] {
        switch self {
        case .commons: [0]
        case .address(let address): [1] + address.bytes
        case .digest(let digest): [2] + digest.bytes
        }
    }
}

/// The name of an account.
public struct AccountID: Hashable, Sendable, CustomStringConvertible {
    /// What it is for.
    public let kind: AccountKind
    /// Whose it is.
    public let owner: AccountOwner
    /// What it holds.
    public let asset: AssetSymbol

    /// Names an account.
    public init(_ kind: AccountKind, of owner: AccountOwner, in asset: AssetSymbol) {
        self.kind = kind
        self.owner = owner
        self.asset = asset
    }

    /// A person's free balance.
    public static func wallet(_ address: Address, _ asset: AssetSymbol) -> AccountID {
        AccountID(.wallet, of: .address(address), in: asset)
    }

    /// A provider's stake.
    public static func stake(_ address: Address, _ asset: AssetSymbol) -> AccountID {
        AccountID(.stake, of: .address(address), in: asset)
    }

    /// A customer's prepaid credit.
    public static func prepaid(_ address: Address, _ asset: AssetSymbol) -> AccountID {
        AccountID(.prepaid, of: .address(address), in: asset)
    }

    /// A provider's earnings that are still disputable.
    public static func held(_ address: Address, _ asset: AssetSymbol) -> AccountID {
        AccountID(.held, of: .address(address), in: asset)
    }

    /// The deposit of a proposal.
    public static func deposit(_ proposal: Digest, _ asset: AssetSymbol) -> AccountID {
        AccountID(.deposit, of: .digest(proposal), in: asset)
    }

    /// The budget of a job.
    public static func escrow(_ job: Digest, _ asset: AssetSymbol) -> AccountID {
        AccountID(.escrow, of: .digest(job), in: asset)
    }

    /// What was earned and not yet shared out.
    public static func revenue(_ asset: AssetSymbol) -> AccountID {
        AccountID(.revenue, of: .commons, in: asset)
    }

    /// The commons' own funds.
    public static func treasury(_ asset: AssetSymbol) -> AccountID {
        AccountID(.treasury, of: .commons, in: asset)
    }

    /// Carried fractions.
    public static func dust(_ asset: AssetSymbol) -> AccountID {
        AccountID(.dust, of: .commons, in: asset)
    }

    /// The other side of all there is.
    public static func issuance(_ asset: AssetSymbol) -> AccountID {
        AccountID(.issuance, of: .commons, in: asset)
    }

    /// The key in the state: owner, asset, kind. Sorted, an owner's accounts stand together.
    public var key: [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(42)
        key.append(contentsOf: owner.keyPrefix)
        for shift in stride(from: 56, through: 0, by: -8) {
            key.append(UInt8(truncatingIfNeeded: asset.word >> UInt64(shift)))
        }
        key.append(kind.rawValue)
        return key
    }

    /// `wallet:0x…/CREDIT`, `escrow:sha256:…/CREDIT`, `treasury/CREDIT`.
    public var description: String {
        switch owner {
        case .commons: "\(kind.word)/\(asset)"
        case .address(let address): "\(kind.word):\(address.hex)/\(asset)"
        case .digest(let digest): "\(kind.word):\(digest.contentName)/\(asset)"
        }
    }

    /// Reads what `description` writes; nil for anything else.
    public init?(parsing text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let asset = AssetSymbol(halves[1]) else { return nil }
        let words = halves[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let word = words.first, let kind = AccountKind(word: word) else { return nil }
        var owner = AccountOwner.commons
        if words.count == 2 {
            let name = String(words[1])
            if let address = Address(hex: name) {
                owner = .address(address)
            } else if name.hasPrefix("sha256:"), let digest = Digest(hex: name) {
                owner = .digest(digest)
            } else {
                return nil
            }
        }
        self.init(kind, of: owner, in: asset)
        guard description == text else { return nil }
    }
}

extension AccountID: BinaryCodable {
    /// Appends kind, owner, asset.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(kind.rawValue)
        encoder.raw(owner.keyPrefix)
        encoder.value(asset)
    }

    /// Reads an account's name; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard let kind = AccountKind(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "unknown account kind")
        }
        self.kind = kind
        switch try decoder.byte() {
        case 0: owner = .commons
        case 1: owner = .address(try decoder.address())
        case 2: owner = .digest(try decoder.digest())
        default: throw Refusal("codec.malformed", "unknown account owner")
        }
        asset = try decoder.value()
    }
}
