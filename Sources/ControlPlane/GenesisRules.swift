// Installing the first state: assets, balances, seats, policies. The same rules as later: money is
// issued by the ledger, policies pass their checks.

import Ledger
import Primitives

enum GenesisRules {
    static func install(_ transaction: Transaction) throws(Refusal) {
        let genesis = transaction.genesis
        try check(genesis)
        for definition in genesis.assets {
            guard let symbol = AssetSymbol(definition.symbol),
                let scale = UInt8(exactly: definition.scale)
            else {
                throw Refusal(
                    "genesis.asset",
                    "`\(definition.symbol)` is not a symbol of 1 to 8 capitals and digits, or has"
                        + " too many decimal places")
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
        if genesis.timings.production {
            // A simulated deployment may play with less than its rules ask for.
            let constitution = try PolicyBook.record("constitution", in: transaction.state).text
            try PolicyBook.checkUsable(constitution, genesis: genesis, in: transaction.state)
        }
        for seat in genesis.seats {
            Tables.seats.set(Key.number(seat.id), to: seat, in: transaction.state)
        }
        RevenueRules.openEpoch(1, at: genesis.timestamp, transaction)
    }

    /// What a genesis file's reader has checked, checked again: a genesis may come from anywhere.
    private static func check(_ genesis: Genesis) throws(Refusal) {
        for symbol in [genesis.governanceAsset, genesis.currencyAsset]
        where !genesis.assets.contains(where: { $0.symbol == symbol }) {
            throw Refusal("genesis.asset", "`\(symbol)` is not among the assets")
        }
        let timings = genesis.timings
        guard timings.dayMilliseconds > 0,
            !timings.production || timings.dayMilliseconds == Timings.production.dayMilliseconds
        else {
            throw Refusal("genesis.timings", "with production floors a day lasts a day")
        }
        for seat in genesis.seats {
            guard 1...Seat.numberLimit ~= seat.id, seat.publicKey.count == 32 else {
                throw Refusal("genesis.seat", "seat \(seat.id) has no Ed25519 key or no number")
            }
        }
        guard Set(genesis.seats.map(\.id)).count == genesis.seats.count,
            Set(genesis.seats.map(\.publicKey)).count == genesis.seats.count
        else { throw Refusal("genesis.seat", "two seats have one number or one key") }
        guard Set(genesis.policies.map(\.name)).count == genesis.policies.count else {
            throw Refusal("genesis.policy", "a policy comes twice")
        }
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
