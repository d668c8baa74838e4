// The whole road from a genesis to a paid statement, without a process, a socket or a clock.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Testing

@Suite
struct RoadTests {
    /// A deployment whose training proposal was executed.
    private func started() throws -> TestDeployment {
        let deployment = try TestDeployment()
        try deployment.registerMachines()
        try deployment.accept(
            .delegate(
                track: "",
                parts: [
                    DelegationPart(delegate: deployment.people.voters[0].address, parts: 10_000)
                ]
            ), by: deployment.people.delegator)
        try deployment.tick(after: 8000)
        let proposal = try deployment.decide(try Shipped.trainingProposal())
        try #require(try deployment.status(of: proposal) == "executed")
        return deployment
    }

    @Test func `a vote starts a job that ends in a candidate`() throws {
        let deployment = try started()
        try #require(deployment.events("job.started").count == 1)
        try deployment.work(Crew())
        #expect(try deployment.jobStatus() == "finished")
        let candidate = try #require(deployment.events("model.candidate").first)
        #expect(candidate["model"] == "kings")
        #expect(deployment.events("due.failed").isEmpty)
        #expect(deployment.events("task.not-placed").isEmpty)
    }
}
