// Reading `Deploy/genesis.yaml` and the timings file into a genesis, strictly.

import Ledger
public import Primitives

extension Timings {
    /// Reads a timings file: `floors: production|development` and `day: 2s`.
    public init(parsing text: String, name: String) throws(Refusal) {
        var top = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        let floors = try top.word("floors", of: ["production", "development"])
        let day = try top.duration("day")
        guard day > 0 else {
            throw top.refusal("schema.range", "`day` must be above zero", key: "day")
        }
        try top.finish()
        self.init(production: floors == "production", dayMilliseconds: day)
        guard !production || day == 86_400_000 else {
            throw top.refusal(
                "genesis.timings", "with production floors a day lasts `1d`, nothing else",
                key: "day")
        }
    }
}

extension Genesis {
    /// The policies that a deployment must start with.
    public static let requiredPolicies = [
        "benchmarks", "constitution", "pricing", "release", "revenue", "scheduling", "verification",
    ]

    /// Reads a genesis file. Seats and policy texts are added by `cluster init`.
    ///
    /// - Parameters:
    ///   - text: the YAML text.
    ///   - name: the file's name, for places in refusals.
    ///   - timings: how long the policies' days last.
    ///   - timestamp: when the log's time starts.
    public init(parsing text: String, name: String, timings: Timings, timestamp: Timestamp)
        throws(Refusal)
    {
        var top = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        let deployment = try top.text("name", limit: 64)
        let chainID = try top.number("chain-id", in: 1...UInt64(Int64.max))
        let governance = try top.text("governance-asset", limit: 16)
        let currency = try top.text("currency-asset", limit: 16)
        let assets = try Genesis.assets(&top)
        for (key, symbol) in [("governance-asset", governance), ("currency-asset", currency)]
        where !assets.contains(where: { $0.symbol == symbol }) {
            throw top.refusal(
                "genesis.asset", "`\(key)` names `\(symbol)`, which is not among the assets",
                key: key)
        }
        let guardian = top.has("guardian") ? try top.address("guardian") : nil
        var allocations = try Genesis.holders(&top, assets: assets)
        var treasury = try top.mapping("treasury")
        for symbol in treasury.allKeys() {
            allocations.append(
                try Genesis.allocation(nil, symbol, in: &treasury, assets: assets))
        }
        try top.finish()
        self.init(
            name: deployment, chainID: chainID, timestamp: timestamp, governanceAsset: governance,
            currencyAsset: currency, assets: assets, allocations: allocations, guardian: guardian,
            timings: timings)
    }

    private static func assets(_ top: inout YAMLMapping) throws(Refusal) -> [AssetDefinition] {
        var assets: [AssetDefinition] = []
        for node in try top.sequence("assets") {
            var entry = try YAMLMapping(node, name: top.name, path: "assets")
            let symbol = try entry.text("symbol", limit: 16)
            let scale = try entry.number("scale", in: 0...30)
            try entry.finish()
            guard AssetSymbol(symbol) != nil else {
                throw entry.refusal(
                    "genesis.asset",
                    "a symbol is 1 to 8 capitals and digits, a capital first, not `\(symbol)`",
                    key: "symbol")
            }
            guard !assets.contains(where: { $0.symbol == symbol }) else {
                throw entry.refusal("genesis.asset", "`\(symbol)` comes twice", key: "symbol")
            }
            assets.append(AssetDefinition(symbol: symbol, scale: scale))
        }
        return assets
    }

    private static func holders(_ top: inout YAMLMapping, assets: [AssetDefinition])
        throws(Refusal) -> [Allocation]
    {
        var allocations: [Allocation] = []
        for node in try top.sequence("holders") {
            var entry = try YAMLMapping(node, name: top.name, path: "holders")
            let account = try entry.address("account")
            _ = entry.optionalNode("note")
            for asset in assets where entry.has(asset.symbol) {
                allocations.append(
                    try allocation(account, asset.symbol, in: &entry, assets: assets))
            }
            try entry.finish()
        }
        return allocations
    }

    private static func allocation(
        _ holder: Address?, _ symbol: String, in entry: inout YAMLMapping,
        assets: [AssetDefinition]
    ) throws(Refusal) -> Allocation {
        guard assets.contains(where: { $0.symbol == symbol }) else {
            throw entry.refusal("genesis.asset", "there is no asset `\(symbol)`", key: symbol)
        }
        return Allocation(holder: holder, asset: symbol, amount: try entry.amount(symbol))
    }
}
