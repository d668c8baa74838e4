// What a policy's text would have changed: the same text changes nothing, to the unit, and another
// pays another split of the same money.

import ControlPlane
import Ledger
import Primitives
import Testing

@Suite
struct PolicySimulationTests {
    /// A deployment with one epoch closed that brought something in.
    private static func closed() throws -> TestDeployment {
        let deployment = try TestDeployment.released()
        var till = try Till(deployment, funds: Amount(1_000_000))
        try till.buy(prompt: 100, completion: 33, from: deployment.people.machines[0][0])
        try till.buy(prompt: 7, completion: 1, from: deployment.people.machines[1][0])
        try deployment.tick(after: 8000)
        return deployment
    }

    @Test func `past epochs are paid again under another text, account by account`() throws {
        let deployment = try Self.closed()
        let text = try Shipped.policy("revenue")
        let same = try deployment.views.simulation(policy: "revenue", text: text, limit: 4)
        #expect(same["changed"]?.flag == false)
        let epochs = try #require(same["epochs"]?.elements)
        try #require(epochs.count == 1)
        for account in epochs[0]["accounts"]?.elements ?? [] {
            // Whatever fractions are carried, the same text pays the same.
            #expect(account["difference"] == "0", "\(account.compact)")
            #expect(account["was"] == account["would_be"])
        }

        let other = text.replacing("serving-providers: 55%", with: "serving-providers: 35%")
            .replacing("treasury: 10%", with: "treasury: 30%")
        let changed = try deployment.views.simulation(policy: "revenue", text: other, limit: 4)
        #expect(changed["changed"]?.flag == true)
        let accounts = try #require(changed["epochs"]?.elements?.first?["accounts"]?.elements)
        let treasury = try #require(accounts.first { $0["payee"] == "treasury" })
        #expect(treasury["difference"]?.text?.hasPrefix("+") == true)
        let owner = deployment.people.owners[0].address.description
        let serving = try #require(accounts.first { $0["payee"]?.text == owner })
        #expect(serving["difference"]?.text?.hasPrefix("-") == true)

        // What was paid is what the statement says, and nothing was written.
        #expect(deployment.events("revenue.epoch-closed").count == 1)
        let epoch = try #require(epochs[0]["epoch"]?.unsigned)
        let paid = try #require(try deployment.views.statement(epoch: epoch)["paid"]?.amount)
        let was = accounts.reduce(UInt128(0)) { $0 + ($1["was"]?.amount?.units ?? 0) }
        #expect(Amount(was) == paid)
    }

    @Test func `votes are counted again under another constitution`() throws {
        let deployment = try TestDeployment.started()
        let text = try Shipped.policy("constitution")
        let same = try deployment.views.simulation(policy: "constitution", text: text, limit: 8)
        let votes = try #require(same["votes"]?.elements)
        try #require(!votes.isEmpty)
        #expect(votes.allSatisfy { $0["passes"] == $0["would_pass"] })
        // The largest quorum that the bounds allow is more than anybody cast: see the arithmetic.
        let lines = votes[0]["lines"]?.elements ?? []
        #expect(lines.first?.text?.hasPrefix("quorum: ") == true)
    }

    @Test func `models meet another gate, machines another trust, and the rest says why not`()
        throws
    {
        let deployment = try Self.closed()
        let release = try Shipped.policy("release")
        let same = try deployment.views.simulation(policy: "release", text: release, limit: 1)
        let models = try #require(same["models"]?.elements)
        try #require(!models.isEmpty)
        #expect(models.allSatisfy { $0["passes"] == true && $0["would_pass"] == true })
        let strict = release.replacing(
            "below-baseline-share: 100%", with: "below-baseline-share: 1%")
        let gated = try deployment.views.simulation(policy: "release", text: strict, limit: 1)
        let model = try #require(gated["models"]?.elements?.first)
        #expect(model["passes"] == true)
        #expect(model["would_pass"] == false)
        #expect(model["would_object"]?.text?.contains("bits per byte") == true)

        let verification = try Shipped.policy("verification")
        let easy = verification.replacing("trusted-after: 10", with: "trusted-after: 1")
        let trusted = try deployment.views.simulation(policy: "verification", text: easy, limit: 1)
        let machines = try #require(trusted["providers"]?.elements)
        #expect(machines.contains { $0["would_be_trusted"] == true && $0["trusted"] == false })
        for machine in machines {
            let verified = machine["verified"]?.unsigned ?? 0
            let isClean = machine["wrong"]?.unsigned == 0
            #expect(machine["would_be_trusted"]?.flag == (isClean && verified >= 1))
            #expect(machine["trusted"]?.flag == (isClean && verified >= 10))
        }

        for name in ["pricing", "scheduling", "benchmarks"] {
            let answer = try deployment.views.simulation(
                policy: name, text: try Shipped.policy(name), limit: 1)
            #expect(answer["not_simulated"]?.text?.contains("nothing to try") == true, "\(name)")
        }
    }

    @Test func `a text that could not come into force is refused like at submission`() throws {
        let deployment = try TestDeployment()
        #expect {
            try deployment.views.simulation(policy: "revenue", text: "asset: CREDIT\n", limit: 1)
        } throws: { ($0 as? Refusal)?.code.isEmpty == false }
        #expect {
            try deployment.views.simulation(policy: "weather", text: "x: y\n", limit: 1)
        } throws: { ($0 as? Refusal)?.code == "policy.unknown" }
    }
}
