// Who gets which part of what the models earn: the document the token holders vote for.

public import Primitives

/// A ground on which somebody shares in the revenue.
public enum RevenueRole: UInt8, Sendable, CaseIterable, Comparable {
    /// Machines that served the model, by tokens served.
    case servingProviders = 1
    /// Machines that trained it, by verified work.
    case trainingProviders = 2
    /// People whose data it was trained on, by dataset weight.
    case dataContributors = 3
    /// People who keep the software and the policies.
    case maintainers = 4
    /// The commons' own funds.
    case treasury = 5
    /// Holders of the token, by holding.
    case tokenHolders = 6

    /// The key in `revenue.yaml`.
    public var word: String {
        switch self {
        case .servingProviders: "serving-providers"
        case .trainingProviders: "training-providers"
        case .dataContributors: "data-contributors"
        case .maintainers: "maintainers"
        case .treasury: "treasury"
        case .tokenHolders: "token-holders"
        }
    }

    /// Orders as declared: the order of a statement.
    public static func < (left: RevenueRole, right: RevenueRole) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// `Policies/revenue.yaml`, read strictly.
public struct RevenuePolicy: Sendable, Equatable {
    /// Where the share of a role goes in an epoch in which nobody earned it.
    public enum Unearned: String, Sendable, CaseIterable {
        /// To the treasury.
        case treasury
        /// To the roles that somebody did earn, in proportion to their shares.
        case otherRoles = "other-roles"
    }

    /// The asset that is shared out.
    public let asset: AssetSymbol
    /// How long an epoch is, in milliseconds.
    public let epochMilliseconds: UInt64
    /// Shares in millionths, by role in order; they add up to a million.
    public let shares: [(role: RevenueRole, millionths: UInt64)]
    /// Where unearned shares go.
    public let unearned: Unearned
    /// A payout below this is not worth a leaf of the epoch's claims tree.
    public let claimMinimum: Amount
    /// How long an epoch's claims stay open, in milliseconds.
    public let claimWindowMilliseconds: UInt64

    /// No vote makes an epoch shorter than an hour: closing reads every fact of the epoch.
    public static let epochBounds: ClosedRange<UInt64> = 3_600_000...366 * 86_400_000
    /// No vote closes claims sooner than in four weeks.
    public static let claimWindowBounds: ClosedRange<UInt64> =
        28 * 86_400_000...3660 * 86_400_000

    /// Reads the text of `revenue.yaml`; throws `yaml.*`, `schema.*` or `revenue.shares`, placed at
    /// `name:line`.
    public init(parsing text: String, name: String) throws(Refusal) {
        var document = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        let symbol = try document.text("asset")
        guard let asset = AssetSymbol(symbol) else {
            throw document.refusal(
                "schema.asset", "`asset` must be 1 to 8 capitals and digits, not `\(symbol)`",
                key: "asset")
        }
        self.asset = asset
        epochMilliseconds = try document.boundedDuration(
            "epoch-length", in: RevenuePolicy.epochBounds, saying: "1h to 366d")
        shares = try RevenuePolicy.shares(try document.mapping("shares"))
        let word = try document.word("unearned", of: Unearned.allCases.map(\.rawValue))
        unearned = Unearned(rawValue: word) ?? .treasury
        var claims = try document.mapping("claims")
        claimMinimum = try claims.amount("minimum")
        claimWindowMilliseconds = try claims.boundedDuration(
            "window", in: RevenuePolicy.claimWindowBounds, saying: "28d to 3660d")
        try claims.finish()
        try document.finish()
    }

    private static func shares(_ mapping: YAMLMapping) throws(Refusal)
        -> [(role: RevenueRole, millionths: UInt64)]
    {
        var mapping = mapping
        var shares: [(role: RevenueRole, millionths: UInt64)] = []
        for role in RevenueRole.allCases {
            shares.append((role, try mapping.share(role.word)))
        }
        try mapping.finish()
        let sum = shares.reduce(0) { $0 + $1.millionths }
        guard sum == 1_000_000 else {
            throw mapping.refusal(
                "revenue.shares",
                "the shares add up to \(percent(millionths: sum)), not to 100%")
        }
        return shares
    }

    /// The share of a role, in millionths.
    public func share(of role: RevenueRole) -> UInt64 {
        shares.first { $0.role == role }?.millionths ?? 0
    }

    /// Two policies are equal when they say the same.
    public static func == (left: RevenuePolicy, right: RevenuePolicy) -> Bool {
        left.asset == right.asset && left.epochMilliseconds == right.epochMilliseconds
            && left.shares.map(\.millionths) == right.shares.map(\.millionths)
            && left.unearned == right.unearned && left.claimMinimum == right.claimMinimum
            && left.claimWindowMilliseconds == right.claimWindowMilliseconds
    }
}

/// `12.5%` for 125,000 millionths.
func percent(millionths: UInt64) -> String {
    var fraction = Array(String(10_000 + millionths % 10_000).utf8.dropFirst())
    while fraction.last == 0x30 { fraction.removeLast() }
    let whole = String(millionths / 10_000)
    return fraction.isEmpty
        ? whole + "%" : whole + "." + String(decoding: fraction, as: UTF8.self) + "%"
}

extension YAMLMapping {
    /// A duration within bounds; throws `schema.range`.
    mutating func boundedDuration(
        _ key: String, in range: ClosedRange<UInt64>, saying bounds: String
    ) throws(Refusal) -> UInt64 {
        let milliseconds = try duration(key)
        guard range.contains(milliseconds) else {
            throw refusal("schema.range", "`\(key)` must lie in \(bounds)", key: key)
        }
        return milliseconds
    }
}
