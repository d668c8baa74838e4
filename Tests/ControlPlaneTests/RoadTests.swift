// The whole road from a genesis to a paid statement, without a process, a socket or a clock.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Testing

@Suite
struct RoadTests {
    @Test func `a vote starts a job that ends in a candidate and pays for verified work only`()
        throws
    {
        let deployment = try TestDeployment.started()
        let currency = try #require(AssetSymbol("CREDIT"))
        let treasury = deployment.balance(.treasury(currency))
        #expect(treasury == Amount(10_000_000_000 - 200_000_000))
        try deployment.work(Crew())
        #expect(try deployment.jobStatus() == "finished")
        let candidate = try #require(deployment.events("model.candidate").first)
        #expect(candidate["model"] == "kings")
        #expect(deployment.events("due.failed").isEmpty)
        #expect(deployment.events("task.not-placed").isEmpty)

        // What left the escrow is what was earned; the rest is back.
        let paid = deployment.events("job.paid").compactMap { $0["amount"] }.compactMap {
            Amount(decimal: $0)
        }
        let sum = paid.reduce(UInt128(0)) { $0 + $1.units }
        #expect(deployment.balance(.treasury(currency)) == Amount(10_000_000_000 - sum))
        let accepted = deployment.events("task.accepted")
        let prices = ["segment": 1_000_000, "aggregate": 500_000] as [String: UInt128]
        let earned = accepted.reduce(UInt128(0)) { sum, event in
            let executions = UInt128(event["executions"] ?? "") ?? 0
            return sum + executions * (prices[event["task_kind"] ?? ""] ?? 1_000_000)
        }
        #expect(sum == earned)
        #expect(accepted.count == 1 + 32 + 8 + 1)
    }

    @Test func `the gate refuses a model that is no better than counting bytes`() throws {
        let deployment = try TestDeployment.trained(Crew(after: 3_500_000))
        let release = try deployment.submission(try deployment.releaseText())
        let receipt = try deployment.apply(release, by: deployment.people.maintainer)
        #expect(receipt.code == "release.quality")
        #expect(try deployment.views.model("kings")["status"] == "candidate")
    }

    @Test func `the gate refuses a model that recites`() throws {
        let deployment = try TestDeployment.trained(Crew(verbatim: 65))
        let release = try deployment.submission(try deployment.releaseText())
        let receipt = try deployment.apply(release, by: deployment.people.maintainer)
        #expect(receipt.code == "release.memorisation")
    }

    @Test func `a good model is released, served and paid for, and the epoch's statement adds up`()
        throws
    {
        let deployment = try TestDeployment.released()
        let people = deployment.people
        let currency = try #require(AssetSymbol("CREDIT"))
        #expect(
            deployment.views.servers(of: "kings").count == 2
                && deployment.views.releasedModel("kings") != nil)
        let closedBefore = deployment.events("revenue.epoch-closed").count
        let before = try people.owners.map { try deployment.credit(of: $0).units }
        let treasury = deployment.balance(.treasury(currency)).units
        var till = try Till(deployment, funds: Amount(1_000_000))
        try till.buy(prompt: 100, completion: 33, from: people.machines[0][0])
        try till.buy(prompt: 7, completion: 1, from: people.machines[1][0])
        let received: UInt128 = 2 * 107 + 6 * 34
        #expect(deployment.balance(.revenue(currency)) == Amount(received))

        try deployment.tick(after: 8000)
        let closed = deployment.events("revenue.epoch-closed")
        try #require(closed.count == closedBefore + 1)
        let epoch = try #require(closed.last?["epoch"].flatMap { UInt64($0) })
        #expect(closed.last?["received"] == String(received))
        #expect(deployment.balance(.revenue(currency)).isZero)
        let statement = try deployment.views.statement(epoch: epoch)
        let lines = try #require(statement["lines"]?.elements)
        let paid = lines.reduce(UInt128(0)) { $0 + ($1["amount"]?.amount?.units ?? 0) }
        let carried = try #require(statement["carried"]?.amount).units
        #expect(paid + carried == received, "no dust was there before")
        #expect(statement["paid"]?.amount?.units == paid)

        // Serving: 55 % by tokens, exact to the unit below.
        let roles = Set(lines.compactMap { $0["role"]?.text })
        #expect(
            roles == [
                "serving-providers", "training-providers", "maintainers", "treasury",
                "token-holders",
            ])
        let after = try people.owners.map { try deployment.credit(of: $0).units }
        #expect(after[0] - before[0] > received * 55 * 133 / (141 * 100) - 1)
        #expect(after[1] > before[1])
        #expect(deployment.balance(.treasury(currency)).units > treasury)
        #expect(try deployment.views.claims(epoch: epoch)["claims"]?.elements?.isEmpty == false)
    }

    @Test func `an epoch in which nothing came in closes in silence`() throws {
        let deployment = try TestDeployment()
        try deployment.tick(after: 7000)
        try deployment.tick(after: 7000)
        #expect(deployment.events.isEmpty)
        #expect(deployment.views.revenue()["running_epoch"] == 3)
    }
}
