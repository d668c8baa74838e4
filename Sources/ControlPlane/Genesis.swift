// The first state of a deployment. Its digest is the deployment's name: the salt of every signature
// and the greeting of every connection.

import Cryptography
public import Primitives

/// A kind of money or voting token.
public struct AssetDefinition: BinaryCodable, Sendable, Equatable {
    /// The symbol, capital letters.
    public var symbol: String
    /// Decimal places between the minimal unit and the unit that people speak of.
    public var scale: UInt64

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(symbol)
        encoder.number(scale)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        symbol = try decoder.text(limit: 16)
        scale = try decoder.number()
    }

    init(symbol: String, scale: UInt64) {
        self.symbol = symbol
        self.scale = scale
    }
}

/// A first balance.
public struct Allocation: BinaryCodable, Sendable, Equatable {
    /// Who holds it; nil for the treasury.
    public var holder: Address?
    /// Of which asset.
    public var asset: String
    /// How much, in minimal units.
    public var amount: Amount

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.optional(holder) { $0.address($1) }
        encoder.text(asset)
        encoder.amount(amount)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        holder = try decoder.optional { decoder throws(Refusal) in try decoder.address() }
        asset = try decoder.text(limit: 16)
        amount = try decoder.amount()
    }

    init(holder: Address?, asset: String, amount: Amount) {
        self.holder = holder
        self.asset = asset
        self.amount = amount
    }
}

/// A seat of the cluster.
public struct Seat: BinaryCodable, Sendable, Equatable {
    /// The greatest number of a seat: what consensus calls it also holds the seat's life.
    public static let numberLimit: UInt64 = 65_535

    /// The seat's number, from 1.
    public var id: UInt64
    /// Its Ed25519 public key, 32 bytes: what other members pin.
    public var publicKey: [UInt8]
    /// Where its peers reach it, `host:port`. A hint; the key is the identity.
    public var peerAddress: String
    /// Where clients reach it, an `http` or `https` origin.
    public var clientOrigin: String

    /// Makes a seat.
    public init(id: UInt64, publicKey: [UInt8], peerAddress: String, clientOrigin: String) {
        self.id = id
        self.publicKey = publicKey
        self.peerAddress = peerAddress
        self.clientOrigin = clientOrigin
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(id)
        encoder.data(publicKey)
        encoder.text(peerAddress)
        encoder.text(clientOrigin)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        id = try decoder.number()
        publicKey = try decoder.data(limit: 32)
        peerAddress = try decoder.text(limit: 256)
        clientOrigin = try decoder.text(limit: 256)
    }
}

/// A policy's first text.
public struct PolicyText: BinaryCodable, Sendable, Equatable {
    /// `constitution`, `revenue`, `scheduling`, `verification`, `benchmarks`, `release`, `pricing`.
    public var name: String
    /// The file's text.
    public var text: String

    /// Makes a policy text.
    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.text(text)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: 64)
        text = try decoder.text(limit: YAML.byteLimit)
    }
}

/// How long the constitution's periods last in this deployment.
public struct Timings: BinaryCodable, Sendable, Equatable {
    /// Whether the production floors of periods and timelocks hold.
    public var production: Bool
    /// How long a day of the policies lasts, in milliseconds: 86,400,000 in production.
    public var dayMilliseconds: UInt64

    /// Real days, production floors.
    public static let production = Timings(production: true, dayMilliseconds: 86_400_000)

    /// Makes timings.
    public init(production: Bool, dayMilliseconds: UInt64) {
        self.production = production
        self.dayMilliseconds = dayMilliseconds
    }

    /// A policy's duration in this deployment, at least one millisecond unless it is zero.
    public func scaled(_ milliseconds: UInt64) -> UInt64 {
        guard dayMilliseconds != 86_400_000, milliseconds > 0 else { return milliseconds }
        let product = milliseconds.multipliedFullWidth(by: dayMilliseconds)
        guard product.high < 86_400_000 else { return .max }
        return max(1, UInt64(86_400_000).dividingFullWidth(product).quotient)
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.flag(production)
        encoder.number(dayMilliseconds)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        production = try decoder.flag()
        dayMilliseconds = try decoder.number()
    }
}

/// The first state of a deployment.
public struct Genesis: BinaryCodable, Sendable, Equatable {
    /// The deployment's name, for people and as the log's origin.
    public var name: String
    /// The EIP-712 chain id.
    public var chainID: UInt64
    /// When the log's time starts.
    public var timestamp: Timestamp
    /// The token that votes.
    public var governanceAsset: String
    /// The asset of budgets, prices, stakes and revenue.
    public var currencyAsset: String
    /// Every asset.
    public var assets: [AssetDefinition]
    /// First balances, in the order of the file.
    public var allocations: [Allocation]
    /// The cluster's seats.
    public var seats: [Seat]
    /// Who may delay or cancel in an emergency, if anybody.
    public var guardian: Address?
    /// How long a day lasts.
    public var timings: Timings
    /// The policies in force at the start, sorted by name.
    public var policies: [PolicyText]

    /// SHA-256 of the canonical bytes: the cluster's id.
    public var digest: Digest { SHA256.hash(encoded) }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text("althing/genesis/1")
        encoder.text(name)
        encoder.number(chainID)
        encoder.timestamp(timestamp)
        encoder.text(governanceAsset)
        encoder.text(currencyAsset)
        encoder.array(assets) { $0.value($1) }
        encoder.array(allocations) { $0.value($1) }
        encoder.array(seats) { $0.value($1) }
        encoder.optional(guardian) { $0.address($1) }
        encoder.value(timings)
        encoder.array(policies) { $0.value($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard try decoder.text(limit: 32) == "althing/genesis/1" else {
            throw Refusal("genesis.malformed", "this is not a genesis file of version 1")
        }
        name = try decoder.text(limit: 64)
        chainID = try decoder.number()
        timestamp = try decoder.timestamp()
        governanceAsset = try decoder.text(limit: 16)
        currencyAsset = try decoder.text(limit: 16)
        assets = try decoder.array(limit: 64) { decoder throws(Refusal) in try decoder.value() }
        allocations = try decoder.array(limit: 100_000) { decoder throws(Refusal) in
            try decoder.value()
        }
        seats = try decoder.array(limit: 9) { decoder throws(Refusal) in try decoder.value() }
        guardian = try decoder.optional { decoder throws(Refusal) in try decoder.address() }
        timings = try decoder.value()
        policies = try decoder.array(limit: 32) { decoder throws(Refusal) in try decoder.value() }
    }

    init(
        name: String, chainID: UInt64, timestamp: Timestamp, governanceAsset: String,
        currencyAsset: String, assets: [AssetDefinition], allocations: [Allocation],
        guardian: Address?, timings: Timings
    ) {
        self.name = name
        self.chainID = chainID
        self.timestamp = timestamp
        self.governanceAsset = governanceAsset
        self.currencyAsset = currencyAsset
        self.assets = assets
        self.allocations = allocations
        self.seats = []
        self.guardian = guardian
        self.timings = timings
        self.policies = []
    }
}
