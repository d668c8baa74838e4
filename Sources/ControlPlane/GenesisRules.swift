// Installing the first state: assets, balances, seats, policies. The same rules as later: money is
// issued by the ledger, policies pass their checks.

import Ledger
import Primitives

enum GenesisRules {
    static func install(_ transaction: Transaction) throws(Refusal) {
        let genesis = transaction.genesis
        for definition in genesis.assets {
            guard let symbol = AssetSymbol(definition.symbol),
                let scale = UInt8(exactly: definition.scale)
            else {
                throw Refusal(
                    "genesis.asset",
                    "`\(definition.symbol)` is not a symbol of 1 to 8 capitals and digits")
            }
            try transaction.ledger.register(try Asset(symbol: symbol, scale: scale))
        }
        try installPolicies(transaction)
        for allocation in genesis.allocations where !allocation.amount.isZero {
            let symbol = try transaction.asset(allocation.asset)
            let account = allocation.holder.map { AccountID.wallet($0, symbol) }
            try transaction.pay(
                from: .issuance(symbol), to: account ?? .treasury(symbol),
                amount: allocation.amount, .issue)
        }
        for seat in genesis.seats {
            guard seat.publicKey.count == 32 else {
                throw Refusal("genesis.seat", "seat \(seat.id) has no Ed25519 key")
            }
            Tables.seats.set(Key.number(seat.id), to: seat, in: transaction.state)
        }
        RevenueRules.openEpoch(1, at: genesis.timestamp, transaction)
    }

    private static func installPolicies(_ transaction: Transaction) throws(Refusal) {
        let genesis = transaction.genesis
        for name in Genesis.requiredPolicies
        where !genesis.policies.contains(where: { $0.name == name }) {
            throw Refusal("genesis.policy", "the policy `\(name)` is missing")
        }
        for policy in genesis.policies {
            try PolicyBook.check(policy.name, text: policy.text, genesis: genesis)
            PolicyBook.set(policy.name, text: policy.text, proposal: 0, transaction)
        }
    }
}
