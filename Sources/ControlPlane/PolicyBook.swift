// The policies in force, read from the state. A text that does not parse never gets in.

import Benchmarking
import Governance
import Ledger
import Primitives
import Scheduling
import Verification

enum PolicyBook {
    static func record(_ name: String, in state: any StateReader) throws(Refusal) -> PolicyRecord {
        guard let record = Tables.policies.record(Key.text(name), in: state) else {
            throw Refusal("policy.unknown", "there is no policy `\(name)`")
        }
        return record
    }

    /// The policy in force, parsed; texts that were parsed before are not parsed again.
    private static func parsed<Policy: Sendable>(
        _ name: String, in state: any StateReader,
        _ parse: (_ text: String, _ file: String) throws(Refusal) -> Policy
    ) throws(Refusal) -> Policy {
        let text = try record(name, in: state).text
        let file = "Policies/\(name).yaml"
        let ground = (state as? StateOverlay)?.ground ?? state
        guard let database = ground as? StateDatabase else { return try parse(text, file) }
        return try database.policies.policy(name, text) { (text) throws(Refusal) in
            try parse(text, file)
        }
    }

    static func constitution(_ state: any StateReader, genesis: Genesis) throws(Refusal)
        -> Constitution
    {
        let bounds: ConstitutionBounds = genesis.timings.production ? .production : .development
        return try parsed("constitution", in: state) { (text, file) throws(Refusal) in
            try Constitution(parsing: text, name: file, bounds: bounds)
        }.mappingTimes { genesis.timings.scaled($0) }
    }

    static func constitution(
        _ text: String, genesis: Genesis, at file: String = "Policies/constitution.yaml"
    ) throws(Refusal) -> Constitution {
        try Constitution(
            parsing: text, name: file,
            bounds: genesis.timings.production ? .production : .development
        ).mappingTimes { genesis.timings.scaled($0) }
    }

    static func revenue(_ state: any StateReader) throws(Refusal) -> RevenuePolicy {
        try parsed("revenue", in: state) { (text, file) throws(Refusal) in
            try RevenuePolicy(parsing: text, name: file)
        }
    }

    static func pricing(_ state: any StateReader) throws(Refusal) -> PricingPolicy {
        try parsed("pricing", in: state) { (text, file) throws(Refusal) in
            try PricingPolicy(parsing: text, name: file)
        }
    }

    static func release(_ state: any StateReader) throws(Refusal) -> ReleasePolicy {
        try parsed("release", in: state) { (text, file) throws(Refusal) in
            try ReleasePolicy(parsing: text, name: file)
        }
    }

    static func verification(_ state: any StateReader) throws(Refusal) -> VerificationPolicy {
        try parsed("verification", in: state) { (text, file) throws(Refusal) in
            try VerificationPolicy(parsing: text, name: file)
        }
    }

    static func scheduling(_ state: any StateReader) throws(Refusal) -> SchedulingPolicy {
        try parsed("scheduling", in: state) { (text, file) throws(Refusal) in
            try SchedulingPolicy(parsing: text, name: file)
        }
    }

    static func benchmarks(_ state: any StateReader) throws(Refusal) -> BenchmarkPolicy {
        try parsed("benchmarks", in: state) { (text, file) throws(Refusal) in
            try BenchmarkPolicy(parsing: text, name: file)
        }
    }

    /// The suite that machines of this deployment are challenged with: where days are shortened,
    /// the policy's `development` suite if it has one.
    static func challenges(_ state: any StateReader, genesis: Genesis) throws(Refusal)
        -> BenchmarkPolicy
    {
        let policy = try benchmarks(state)
        guard !genesis.timings.production,
            policy.suites.contains(where: { $0.name == "development" })
        else { return policy }
        return try policy.selecting("development")
    }

    /// Checks a policy's text by its name; the same check at `policy check`, at submission and at
    /// execution.
    static func check(
        _ name: String, text: String, genesis: Genesis, at path: String? = nil
    ) throws(Refusal) {
        let file = path ?? "Policies/\(name).yaml"
        switch name {
        case "constitution": _ = try constitution(text, genesis: genesis, at: file)
        case "revenue":
            let revenue = try RevenuePolicy(parsing: text, name: file)
            try checkAsset(revenue.asset, genesis: genesis, at: file)
        case "pricing":
            let pricing = try PricingPolicy(parsing: text, name: file)
            try checkAsset(pricing.asset, genesis: genesis, at: file)
            guard pricing.freeTokensPerDay == 0 else {
                throw Refusal(
                    "policy.not-covered",
                    "`free.tokens-per-day` must be 0: free use is not metered by this version",
                    at: file)
            }
        case "release": _ = try ReleasePolicy(parsing: text, name: file)
        case "verification": _ = try VerificationPolicy(parsing: text, name: file)
        case "scheduling": _ = try SchedulingPolicy(parsing: text, name: file)
        case "benchmarks": _ = try BenchmarkPolicy(parsing: text, name: file)
        default: throw Refusal("policy.unknown", "there is no policy `\(name)`")
        }
    }

    /// Refuses a constitution that nobody could decide anything under in this state
    /// (`constitution.lock-out`).
    static func checkUsable(
        _ text: String, genesis: Genesis, in state: any StateReader
    ) throws(Refusal) {
        let index = UInt64.max
        let currency = Ledger(StateOverlay(state))
            .supply(of: Money.symbol(genesis.currencyAsset))
        try constitution(text, genesis: genesis).checkUsable(
            Electorate(
                supply: VotingPower.supply(at: index, in: state),
                held: VotingPower.held(at: index, in: state), currency: currency))
    }

    /// Revenue comes in in the deployment's currency: a policy of another would never find any.
    private static func checkAsset(_ asset: AssetSymbol, genesis: Genesis, at file: String)
        throws(Refusal)
    {
        // A file that is checked without a deployment may be any deployment's.
        let currency = genesis.currencyAsset
        guard currency.isEmpty || asset.description == currency else {
            throw Refusal(
                "policy.asset", "`asset` must be \(currency), the deployment's currency", at: file)
        }
    }

    /// Puts a checked text in force.
    static func set(
        _ name: String, text: String, proposal: UInt64, _ transaction: Transaction
    ) {
        let record = PolicyRecord(
            name: name, text: text, since: transaction.index, proposal: proposal)
        Tables.policies.set(Key.text(name), to: record, in: transaction.state)
        Tables.policyHistory.set(
            Key.text(name) + [0] + Key.number(transaction.index), to: record,
            in: transaction.state)
        transaction.emit(
            "policy.changed",
            [
                "policy": name, "digest": record.digest.hex, "proposal": String(proposal),
            ])
    }
}
