// Amounts as people write them, with the deployment's own assets.

import Client
import ControlPlane
import Ledger
import Primitives

/// The assets of a deployment.
struct AssetAmounts: Sendable {
    /// The asset of budgets, prices, stakes and revenue.
    let currency: String
    /// The token that votes.
    let governance: String
    private let assets: [Asset]

    /// The assets of a genesis.
    init(_ genesis: Genesis) {
        currency = genesis.currencyAsset
        governance = genesis.governanceAsset
        assets = genesis.assets.compactMap { definition in
            guard let symbol = AssetSymbol(definition.symbol),
                let scale = UInt8(exactly: definition.scale)
            else { return nil }
            return try? Asset(symbol: symbol, scale: scale)
        }
    }

    /// The assets of the deployment that a client talks to.
    init(_ client: ClusterClient) async throws(Refusal) {
        self.init(try await client.genesis())
    }

    private func asset(_ symbol: String) -> Asset? {
        assets.first { $0.symbol.description == symbol }
    }

    /// An amount of an asset, of the currency by default, as a person reads it.
    func text(_ amount: Amount, of symbol: String? = nil) -> String {
        asset(symbol ?? currency)?.text(of: amount) ?? "\(amount) \(symbol ?? currency)"
    }

    /// An amount of the API as a person reads it; a dash for none.
    func text(_ json: JSON?, of symbol: String? = nil) -> String {
        json?.amount.map { text($0, of: symbol) } ?? "-"
    }

    /// Reads `12500000` (minimal units) or `12.5 CREDIT`.
    ///
    /// A number alone is always minimal units, as in policies and proposals; a decimal point
    /// without a symbol is refused, so that nobody is wrong by a power of ten.
    ///
    /// Throws `usage.amount` or `ledger.amount-malformed`.
    func amount(_ text: String, of symbol: String? = nil) throws(Refusal) -> Amount {
        let name = symbol ?? currency
        if let units = Amount(decimal: text.filter { $0 != "_" }) { return units }
        guard text.contains(" "), let asset = asset(name) else {
            throw Refusal(
                "usage.amount",
                "an amount is a whole number of minimal units or `12.5 \(name)`, not `\(text)`")
        }
        return try asset.amount(parsing: text)
    }
}
