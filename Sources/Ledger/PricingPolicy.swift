// What using a released model costs.

public import Primitives

/// A price of metered use.
public struct TokenPrice: Hashable, Sendable {
    /// Minimal units for a thousand tokens of the prompt.
    public let inputPerThousand: Amount
    /// Minimal units for a thousand tokens of the answer.
    public let outputPerThousand: Amount

    /// The cost of a request, rounded up once; throws `amount.overflow`.
    public func cost(inputTokens: UInt64, outputTokens: UInt64) throws(Refusal) -> Amount {
        let input = try inputPerThousand.multiplied(by: UInt128(inputTokens))
        let output = try outputPerThousand.multiplied(by: UInt128(outputTokens))
        let thousandths = try input.adding(output).units
        return Amount(thousandths / 1000 + (thousandths % 1000 == 0 ? 0 : 1))
    }
}

/// `Policies/pricing.yaml`, read strictly.
public struct PricingPolicy: Sendable, Equatable {
    /// The asset that prices are in.
    public let asset: AssetSymbol
    /// The price of a model without its own.
    public let defaultPrice: TokenPrice
    /// Prices of single models, in the order written.
    public let modelPrices: [ModelPrice]
    /// The most tokens of a prompt.
    public let maximumInputTokens: UInt64
    /// The most tokens of an answer; also what is reserved when a request names no limit.
    public let maximumOutputTokens: UInt64
    /// Tokens a customer may use free of charge in a day.
    public let freeTokensPerDay: UInt64
    /// The least a customer may put in at once.
    public let minimumPrepayment: Amount
    /// How long a request's reservation holds, in milliseconds.
    public let reservationMilliseconds: UInt64

    /// A price for one model.
    public struct ModelPrice: Sendable, Equatable {
        /// The model's name.
        public let model: String
        /// Its price.
        public let price: TokenPrice
    }

    /// No vote prices a thousand tokens above this, so that no request's cost can overflow.
    public static let priceLimit = Amount(1 << 64)
    /// No vote lets a request have more tokens than this.
    public static let tokenLimit: UInt64 = 1 << 24

    /// Reads the text of `pricing.yaml`; throws `yaml.*` or `schema.*`, placed at `name:line`.
    public init(parsing text: String, name: String) throws(Refusal) {
        var document = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        let symbol = try document.text("asset")
        guard let asset = AssetSymbol(symbol) else {
            throw document.refusal(
                "schema.asset", "`asset` must be 1 to 8 capitals and digits, not `\(symbol)`",
                key: "asset")
        }
        self.asset = asset
        defaultPrice = try PricingPolicy.price(try document.mapping("default-price"))
        modelPrices = try PricingPolicy.modelPrices(&document)
        var request = try document.mapping("request")
        maximumInputTokens = try request.number(
            "max-input-tokens", in: 1...PricingPolicy.tokenLimit)
        maximumOutputTokens = try request.number(
            "max-output-tokens", in: 1...PricingPolicy.tokenLimit)
        reservationMilliseconds = try request.boundedDuration(
            "reservation", in: 1000...86_400_000, saying: "1s to 1d")
        try request.finish()
        var free = try document.mapping("free")
        freeTokensPerDay = try free.number("tokens-per-day")
        try free.finish()
        var prepaid = try document.mapping("prepaid")
        minimumPrepayment = try prepaid.amount("minimum")
        try prepaid.finish()
        try document.finish()
    }

    /// The price of a model.
    public func price(of model: String) -> TokenPrice {
        modelPrices.first { $0.model == model }?.price ?? defaultPrice
    }

    /// What a request can cost at most: what to reserve before it runs.
    ///
    /// Throws `pricing.too-many-tokens` when it asks for more than is allowed.
    public func maximumCost(model: String, inputTokens: UInt64, outputLimit: UInt64?)
        throws(Refusal) -> Amount
    {
        let output = outputLimit ?? maximumOutputTokens
        guard inputTokens <= maximumInputTokens, output <= maximumOutputTokens else {
            throw Refusal(
                "pricing.too-many-tokens",
                "a request may have \(maximumInputTokens) tokens in and \(maximumOutputTokens) out,"
                    + " not \(inputTokens) and \(output)")
        }
        return try price(of: model).cost(inputTokens: inputTokens, outputTokens: output)
    }

    private static func price(_ mapping: YAMLMapping) throws(Refusal) -> TokenPrice {
        var mapping = mapping
        let price = TokenPrice(
            inputPerThousand: try bounded("input-per-1000-tokens", of: &mapping),
            outputPerThousand: try bounded("output-per-1000-tokens", of: &mapping))
        try mapping.finish()
        return price
    }

    private static func bounded(_ key: String, of mapping: inout YAMLMapping) throws(Refusal)
        -> Amount
    {
        let amount = try mapping.amount(key)
        guard amount <= priceLimit else {
            throw mapping.refusal("schema.range", "`\(key)` is above \(priceLimit)", key: key)
        }
        return amount
    }

    private static func modelPrices(_ document: inout YAMLMapping) throws(Refusal) -> [ModelPrice] {
        guard document.has("models") else { return [] }
        var models = try document.mapping("models")
        var prices: [ModelPrice] = []
        for model in models.allKeys() {
            prices.append(ModelPrice(model: model, price: try price(try models.mapping(model))))
        }
        return prices
    }
}
