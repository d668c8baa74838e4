// What a wrong result costs, and what is done again because of it.

import ControlPlane
import Ledger
import Primitives
import Testing

@Suite
struct LiarTests {
    private func started(_ text: String, machinesEach: Int = 1) throws -> TestDeployment {
        try TestDeployment.started(
            people: try People(owners: 3, machinesEach: machinesEach), proposal: text)
    }

    /// The parameters that the plan leads to when nobody lies.
    private func honestParameters(_ text: String) throws -> String {
        let deployment = try started(text)
        try deployment.work(Crew())
        return try #require(try deployment.views.job(1)["parameters"]?.text)
    }

    @Test func `two owners refute a third: stake, quarantine and no pay`() throws {
        let deployment = try started(try TestDeployment.shortProposal())
        let people = deployment.people
        let liar = people.machines[0][0]
        let currency = try #require(AssetSymbol("CREDIT"))
        let treasury = deployment.balance(.treasury(currency))
        let crew = Crew(conduct: [liar.address: .lies(about: ["initialise"])])
        try deployment.run(1, on: liar, crew)
        try deployment.run(1, on: people.machines[1][0], crew)
        #expect(deployment.events("task.accepted").isEmpty)
        #expect(deployment.events("provider.caught").isEmpty, "one word against another")
        try deployment.run(1, on: people.machines[2][0], crew)
        let caught = try #require(deployment.events("provider.caught").first)
        #expect(caught["provider"] == liar.address.hex)
        #expect(deployment.events("provider.caught").count == 1)
        #expect(try deployment.stake(of: liar) == Amount(90_000_000))
        #expect(deployment.balance(.treasury(currency)).units == treasury.units + 10_000_000)
        let record = try deployment.record(of: liar)
        #expect(record["wrong_results"] == 1)
        #expect(record["verified_results"] == 0)
        let until = try #require(record["quarantined_until"]?.text)
        #expect(until == deployment.now.advanced(by: 1000).description)
        let segment = try deployment.openTasks("segment")[0]
        #expect(try deployment.place(segment, on: liar).code == "provider.unavailable")
        try deployment.work(Crew())
        let paid = deployment.events("job.paid").filter { $0["provider"] == liar.address.hex }
        let sum = paid.compactMap { $0["amount"].flatMap { UInt64($0) } }.reduce(0, +)
        let redone = deployment.events("task.executed").filter {
            $0["provider"] == liar.address.hex
        }
        #expect(sum <= UInt64(redone.count - 1) * 1_000_000, "the lie is not paid")
    }

    @Test func `two machines of one owner never settle a task`() throws {
        let deployment = try started(try TestDeployment.shortProposal(), machinesEach: 2)
        let people = deployment.people
        try deployment.run(1, on: people.machines[0][0])
        #expect(try deployment.place(1, on: people.machines[0][0]).code == "task.same-provider")
        #expect(try deployment.place(1, on: people.machines[0][1]).code == "task.same-owner")
        // Nor while the first is still running.
        _ = try deployment.lease(1, to: people.machines[1][0])
        #expect(try deployment.place(1, on: people.machines[1][1]).code == "task.not-open")
        let absent = Crew(
            conduct: [
                people.machines[1][0].address: .absent, people.machines[1][1].address: .absent,
                people.machines[2][0].address: .absent, people.machines[2][1].address: .absent,
            ])
        try deployment.accept(.releaseLeases(leases: [2], reason: "test"))
        #expect(try deployment.placements(absent).isEmpty)
    }

    @Test func `a second machine of the liar's owner may speak against it, not for it`() throws {
        let deployment = try started(try TestDeployment.shortProposal(), machinesEach: 2)
        let people = deployment.people
        let (liar, sister) = (people.machines[0][0], people.machines[0][1])
        let crew = Crew(conduct: [liar.address: .lies(about: ["initialise"])])
        try deployment.run(1, on: liar, crew)
        try deployment.run(1, on: people.machines[1][0], crew)
        try deployment.run(1, on: sister, crew)
        #expect(deployment.events("provider.caught").first?["provider"] == liar.address.hex)
        #expect(try deployment.stake(of: sister) == Amount(100_000_000))
    }

    /// A machine that is honest until it is trusted, then lies about segments until it is caught.
    private func betray(_ deployment: TestDeployment, by liar: Person) throws {
        func trusted() throws -> Bool {
            (try deployment.record(of: liar)["verified_results"]?.unsigned ?? 0) >= 10
        }
        func caught() -> Bool { !deployment.events("provider.caught").isEmpty }
        try deployment.work(Crew(), until: trusted)
        try #require(try trusted())
        let crew = Crew(conduct: [liar.address: .lies(about: ["segment"])])
        try deployment.work(crew, until: caught)
    }

    /// A job in which lies were accepted before one was caught. Which ones are drawn for a check
    /// follows from the log, so a few logs are tried.
    private func betrayed() throws -> (TestDeployment, plan: String) {
        for redundancy in ["25%", "20%", "15%", "12%"] {
            let text = try TestDeployment.shortProposal(
                rounds: 12, segments: 4, redundancy: redundancy)
            let deployment = try started(text)
            try betray(deployment, by: deployment.people.machines[0][0])
            if !deployment.events("job.rolled-back").isEmpty { return (deployment, text) }
        }
        throw Refusal("test.setup", "no lie was accepted in any of the logs")
    }

    @Test func `what a caught liar did unchecked is done again and the result is the honest one`()
        throws
    {
        let (deployment, text) = try betrayed()
        let liar = deployment.people.machines[0][0]
        #expect(deployment.events("provider.caught").count == 1)
        let back = try #require(deployment.events("job.rolled-back").first)
        #expect(back["because"] == liar.address.hex)
        let round = try #require(back["round"].flatMap { UInt64($0) })
        #expect(try deployment.views.job(1)["round"]?.unsigned == round)
        #expect(try deployment.views.job(1)["segments_accepted"]?.unsigned == round * 4)
        try deployment.work(Crew())
        #expect(try deployment.jobStatus() == "finished")
        let expected = try honestParameters(text)
        #expect(try deployment.views.job(1)["parameters"]?.text == expected)
        #expect(try deployment.views.job(1)["segments_accepted"]?.unsigned == 48)
        #expect(deployment.events("job.finished").count == 1)
    }

    @Test func `a lie about the end is no way around the check of what came before`() throws {
        let text = try TestDeployment.shortProposal(rounds: 12, segments: 4, redundancy: "0%")
        let expected = try honestParameters(text)
        let deployment = try started(text)
        let liar = deployment.people.machines[0][0]
        let crew = Crew(conduct: [liar.address: .lies(about: ["evaluate"])])
        try deployment.work(
            crew, until: { try deployment.openTasks("evaluate").isEmpty == false })
        let evaluation = try deployment.openTasks("evaluate")[0]
        try deployment.run(evaluation, on: liar, crew)
        try deployment.run(evaluation, on: deployment.people.machines[1][0], crew)
        try deployment.run(evaluation, on: deployment.people.machines[2][0], crew)
        try #require(deployment.events("provider.caught").count == 1)
        try #require(deployment.events("job.rolled-back").count == 1, "it had unchecked segments")
        #expect(deployment.events("job.finished").isEmpty)
        #expect(deployment.events("model.candidate").isEmpty)
        #expect(deployment.events("job.paid").isEmpty)
        try deployment.work(Crew())
        #expect(try deployment.views.job(1)["parameters"]?.text == expected)
        #expect(deployment.events("job.finished").count == 1)
        #expect(deployment.events("model.candidate").count == 1)
    }

    @Test func `a caught liar's running lease ends with its trust`() throws {
        let text = try TestDeployment.shortProposal(rounds: 12, segments: 4, redundancy: "100%")
        let deployment = try started(text)
        let people = deployment.people
        let liar = people.machines[0][0]
        try deployment.work(
            Crew(),
            until: {
                try deployment.record(of: liar)["verified_results"]?.unsigned ?? 0 >= 10
                    && deployment.openTasks("segment").count == 4
            })
        let segments = try deployment.openTasks("segment")
        let crew = Crew(conduct: [liar.address: .lies(about: ["segment"])])
        try deployment.run(segments[0], on: liar, crew)
        let lease = try deployment.lease(segments[1], to: liar)
        let assignment = try deployment.assignment(lease, of: liar)
        try deployment.run(segments[0], on: people.machines[1][0])
        try deployment.run(segments[0], on: people.machines[2][0])
        try #require(deployment.events("provider.caught").count == 1)
        let answer = try deployment.completion(assignment, Crew().honest(assignment))
        #expect(try deployment.apply(answer, by: liar).code == "lease.over")
    }

    @Test func `absurd numbers are shown, not fallen over`() throws {
        let deployment = try started(try TestDeployment.shortProposal())
        var crew = Crew(before: .max)
        crew.bigram = .max
        try deployment.run(1, on: deployment.people.machines[0][0], crew)
        try deployment.run(1, on: deployment.people.machines[1][0], crew)
        let job = try deployment.views.job(1)
        #expect(job["bits_per_byte_start"] == "18446744073709.552")
    }
}
