// Leases: given, lost, run out, handed in too late.

import ControlPlane
import Ledger
import Primitives
import Testing

@Suite
struct LeaseTests {
    private func started() throws -> TestDeployment {
        try TestDeployment.started(proposal: try TestDeployment.shortProposal())
    }

    @Test func `a lease that ran out is lost, and its result is not taken`() throws {
        let deployment = try started()
        let machine = deployment.people.machines[0][0]
        let lease = try deployment.lease(1, to: machine)
        let assignment = try deployment.assignment(lease, of: machine)
        let answer = try deployment.completion(assignment, Crew().honest(assignment))
        try deployment.tick(after: 59_000)
        #expect(deployment.events("task.lost").isEmpty)
        try deployment.tick(after: 1000)
        #expect(deployment.events("task.lost").count == 1)
        #expect(try deployment.record(of: machine)["lost_leases"] == 1)
        #expect(try deployment.apply(answer, by: machine).code == "lease.over")
        #expect(
            try deployment.apply(.failTask(lease: lease, task: 1, reason: "late"), by: machine).code
                == "lease.over")
        #expect(try deployment.views.job(1)["tasks"]?[0]?["executions"]?.elements?.isEmpty == true)
    }

    @Test func `the leader takes a lease back and a newer one counts`() throws {
        let deployment = try started()
        let machine = deployment.people.machines[0][0]
        let first = try deployment.lease(1, to: machine)
        let assignment = try deployment.assignment(first, of: machine)
        try deployment.accept(.releaseLeases(leases: [first, first, 99], reason: "gone"))
        #expect(deployment.events("task.lost").count == 1)
        try deployment.tick(after: 500)
        let second = try deployment.lease(1, to: machine)
        #expect(second > first)
        let stale = try deployment.completion(assignment, Crew().honest(assignment))
        #expect(try deployment.apply(stale, by: machine).code == "lease.over")
        let fresh = try deployment.assignment(second, of: machine)
        try deployment.accept(
            try deployment.completion(fresh, Crew().honest(fresh)), by: machine)
        #expect(deployment.events("task.executed").count == 1)
    }

    @Test func `an answer must fit its lease, its task and its form`() throws {
        let deployment = try started()
        let people = deployment.people
        let machine = people.machines[0][0]
        let lease = try deployment.lease(1, to: machine)
        let output = Crew().honest(try deployment.assignment(lease, of: machine))
        func code(_ lease: UInt64, _ task: UInt64, _ output: TaskOutput, _ by: Person) throws
            -> String
        {
            try deployment.apply(
                .completeTask(lease: lease, task: task, output: output), by: by
            ).code
        }
        #expect(try code(lease, 1, output, people.machines[1][0]) == "lease.unknown")
        #expect(try code(lease + 1, 1, output, machine) == "lease.unknown")
        #expect(try code(lease, 2, output, machine) == "lease.other-task")
        var bad = output
        bad.metrics.append(1)
        #expect(try code(lease, 1, bad, machine) == "task.output-form")
        bad = output
        bad.objects.removeLast()
        #expect(try code(lease, 1, bad, machine) == "task.output-form")
        bad = output
        bad.objects[0] = .zero
        #expect(
            try code(lease, 1, bad, machine) == "task.output-form",
            "zero stands for an object that is not there yet")
        #expect(try code(lease, 1, output, machine) == "")
    }

    @Test func `placements that no longer fit are events, and the rest of the plan holds`() throws {
        let deployment = try started()
        let people = deployment.people
        let (mine, other) = (people.machines[0], people.machines[1])
        try deployment.accept(
            .drainProvider(provider: other[1].address, draining: true), by: people.owners[1])
        var failed = deployment.passed(mine[1], "cpu.sgemm.1t")
        failed.passed = false
        failed.code = "challenge.wrong"
        try deployment.accept(.recordBenchmark(failed))
        let plan = [
            Placement(task: 77, provider: mine[0].address),
            Placement(task: 1, provider: people.customer.address),
            Placement(task: 1, provider: other[1].address),
            Placement(task: 1, provider: mine[1].address),
            Placement(task: 1, provider: mine[0].address),
            Placement(task: 1, provider: mine[0].address),
            Placement(task: 1, provider: other[0].address),
            Placement(task: 1, provider: other[0].address),
        ]
        let receipt = try deployment.accept(.place(plan))
        #expect(
            receipt.events.map { $0["code"] ?? $0.kind } == [
                "task.unknown", "provider.unknown", "provider.unavailable", "provider.unavailable",
                "task.leased", "task.same-provider", "task.leased", "task.not-open",
            ])
        // The quarantine of the policy is a day, and a day is a second here.
        try deployment.accept(.releaseLeases(leases: [1, 2], reason: "test"))
        try deployment.tick(after: 1000)
        _ = try deployment.lease(1, to: mine[1])
        try deployment.accept(
            .drainProvider(provider: other[1].address, draining: false), by: other[1])
        _ = try deployment.lease(1, to: other[1])
    }

    @Test func `a busy machine gets no second task`() throws {
        let deployment = try started()
        let people = deployment.people
        try deployment.run(1, on: people.machines[0][0])
        try deployment.run(1, on: people.machines[1][0])
        let segments = try deployment.openTasks("segment")
        #expect(segments.count == 2)
        _ = try deployment.lease(segments[0], to: people.machines[0][0])
        #expect(
            try deployment.place(segments[1], on: people.machines[0][0]).code == "provider.busy")
    }

    @Test func `a machine that failed a task rests from it, and others may take it at once`() throws
    {
        let deployment = try started()
        let people = deployment.people
        let (mine, other) = (people.machines[0][0], people.machines[1][0])
        let lease = try deployment.lease(1, to: mine)
        try deployment.accept(.failTask(lease: lease, task: 1, reason: "no disk"), by: mine)
        #expect(try deployment.place(1, on: mine).code == "task.failed-here")
        #expect(
            try deployment.placements(Crew()).allSatisfy { $0.provider != mine.address })
        let failure = try deployment.views.job(1)["tasks"]?[0]?["failures"]?[0]
        #expect(failure?["reason"]?.text == "no disk" && failure?["count"]?.unsigned == 1)
        let second = try deployment.lease(1, to: other)
        try deployment.accept(.releaseLeases(leases: [second], reason: "gone"))
        try deployment.tick(after: 500)
        _ = try deployment.lease(1, to: mine)
    }

    /// Fails a task on a machine as soon as it may have it; whether it could be tried.
    private func fail(
        _ task: UInt64, on machine: Person, times: Int, reason: String = "no disk",
        _ deployment: TestDeployment
    ) throws {
        for _ in 0..<times {
            let lease = try deployment.lease(task, to: machine)
            try deployment.accept(.failTask(lease: lease, task: task, reason: reason), by: machine)
            try deployment.tick(after: 30_000)
        }
    }

    @Test func `one owner's failures end no job, however often`() throws {
        let deployment = try started()
        let people = deployment.people
        try deployment.run(1, on: people.machines[0][0])
        try deployment.run(1, on: people.machines[1][0])
        let segment = try deployment.openTasks("segment")[0]
        for machine in people.machines[0] {
            try fail(segment, on: machine, times: 8, deployment)
            // From the ninth failure on the rest is ten minutes, and grows.
            try fail(segment, on: machine, times: 1, deployment)
            #expect(try deployment.place(segment, on: machine).code == "task.failed-here")
            try deployment.tick(after: 570_000)
            try fail(segment, on: machine, times: 1, deployment)
            try deployment.tick(after: 600_000)
            #expect(try deployment.place(segment, on: machine).code == "task.failed-here")
        }
        #expect(try deployment.jobStatus() == "training")
        try deployment.run(segment, on: people.machines[1][0])
    }

    @Test func `a task that every owner failed ends its job, and the budget returns`() throws {
        let deployment = try started()
        let people = deployment.people
        let currency = try #require(AssetSymbol("CREDIT"))
        try deployment.run(1, on: people.machines[0][0])
        try deployment.run(1, on: people.machines[1][0])
        let segment = try deployment.openTasks("segment")[0]
        let owners = try people.owners.map { try deployment.credit(of: $0) }
        // As long a reason as a command may carry, in letters of two bytes.
        let reason = String(repeating: "é", count: 512)
        for machines in people.machines {
            #expect(try deployment.jobStatus() == "training")
            try fail(segment, on: machines[0], times: 8, reason: reason, deployment)
        }
        #expect(try deployment.jobStatus() == "failed")
        #expect(deployment.events("job.failed").count == 1)
        #expect(try deployment.views.job(1)["failure"]?.text?.hasPrefix("task ") == true)
        // One verified execution of the first task each is paid.
        for (owner, before) in zip(people.owners, owners) {
            #expect(try deployment.credit(of: owner) == before.adding(Amount(1_000_000)))
        }
        #expect(deployment.balance(.treasury(currency)) == Amount(10_000_000_000 - 2_000_000))
        #expect(deployment.views.activeLeases().isEmpty)
        #expect(try deployment.placements(Crew()).isEmpty)
        let status = try deployment.place(segment, on: people.machines[0][0])
        #expect(status.code == "task.not-open")
    }

    @Test func `leases that end because their job does are not counted as lost`() throws {
        let deployment = try started()
        let people = deployment.people
        let (mine, other) = (people.machines[0][0], people.machines[1][0])
        try deployment.run(1, on: mine)
        try deployment.run(1, on: other)
        let segments = try deployment.openTasks("segment")
        try fail(segments[0], on: other, times: 8, deployment)
        for _ in 0..<7 {
            _ = try deployment.lease(segments[0], to: mine)
            try deployment.tick(after: 60_000)
            try deployment.tick(after: 30_000)
        }
        _ = try deployment.lease(segments[0], to: mine)
        _ = try deployment.lease(segments[1], to: other)
        try deployment.tick(after: 61_000)
        #expect(try deployment.jobStatus() == "failed")
        #expect(try deployment.record(of: mine)["lost_leases"] == 8)
        #expect(try deployment.record(of: other)["lost_leases"] == 0)
        #expect(deployment.events("task.lost").count == 8)
    }

    @Test func `answers that never agree end the job too`() throws {
        let deployment = try TestDeployment.started(
            people: try People(owners: 30, machinesEach: 1),
            proposal: try TestDeployment.shortProposal())
        var crew = Crew()
        for machine in deployment.people.allMachines {
            crew.conduct[machine.address] = .lies(about: ["initialise"])
        }
        for machine in deployment.people.allMachines {
            guard try deployment.jobStatus() == "initialising" else { break }
            try deployment.run(1, on: machine, crew)
        }
        #expect(try deployment.jobStatus() == "failed")
        #expect(deployment.events("task.executed").count == 24)
    }

    @Test func `the proposer stops a job: verified work is paid, the rest of the budget returns`()
        throws
    {
        let deployment = try started()
        let people = deployment.people
        let currency = try #require(AssetSymbol("CREDIT"))
        try deployment.run(1, on: people.machines[0][0])
        try deployment.run(1, on: people.machines[1][0])
        let segments = try deployment.openTasks("segment")
        let running = try deployment.lease(segments[0], to: people.machines[0][0])
        let owners = try people.owners.map { try deployment.credit(of: $0) }
        func code(_ job: UInt64, by person: Person) throws -> String {
            try deployment.apply(.cancelJob(job: job, reason: "diverges"), by: person).code
        }
        #expect(try code(1, by: people.owners[0]) == "job.not-yours")
        #expect(try code(2, by: people.maintainer) == "job.unknown")
        #expect(try code(1, by: people.maintainer) == "")
        #expect(try deployment.jobStatus() == "failed")
        #expect(try deployment.views.job(1)["failure"]?.text == "cancelled: diverges")
        #expect(deployment.events("job.cancelled").count == 1)
        #expect(deployment.views.activeLeases().isEmpty)
        for (owner, before) in zip(people.owners, owners) {
            #expect(try deployment.credit(of: owner) == before.adding(Amount(1_000_000)))
        }
        #expect(deployment.balance(.treasury(currency)) == Amount(10_000_000_000 - 2_000_000))
        #expect(
            try deployment.apply(
                .failTask(lease: running, task: segments[0], reason: "late"),
                by: people.machines[0][0]
            ).code == "lease.over")
        #expect(try code(1, by: people.maintainer) == "job.over")
    }
}
