// Tasks one at a time, for tests that need a certain order.

import ControlPlane
import Ledger
import Primitives
import Testing

extension TestDeployment {
    /// Gives a task to a machine; the lease, or the code of the refusal.
    func place(_ task: UInt64, on machine: Person) throws -> (lease: UInt64?, code: String) {
        let receipt = try accept(.place([Placement(task: task, provider: machine.address)]))
        let event = try #require(receipt.events.first)
        if event.kind == "task.not-placed" { return (nil, event["code"] ?? "") }
        return (event["lease"].flatMap { UInt64($0) }, "")
    }

    /// Gives a task to a machine that must get it.
    func lease(
        _ task: UInt64, to machine: Person, _ place: SourceLocation = #_sourceLocation
    ) throws -> UInt64 {
        let (lease, code) = try self.place(task, on: machine)
        return try #require(lease, "\(code)", sourceLocation: place)
    }

    /// What the agent of a machine is told about one of its leases.
    func assignment(_ lease: UInt64, of machine: Person) throws -> JSON {
        try #require(
            views.assignments(of: machine.address).first { $0["lease"]?.unsigned == lease })
    }

    /// Leases a task to a machine and hands in what the crew says.
    @discardableResult
    func run(
        _ task: UInt64, on machine: Person, _ crew: Crew = Crew(),
        _ place: SourceLocation = #_sourceLocation
    ) throws -> CommandReceipt {
        let lease = try lease(task, to: machine, place)
        let assignment = try assignment(lease, of: machine)
        let output = try #require(crew.output(of: machine.address, assignment))
        return try accept(try completion(assignment, output), by: machine, place)
    }

    /// A machine as the state knows it.
    func record(of machine: Person) throws -> JSON { try views.provider(machine.address) }

    func stake(of machine: Person) throws -> Amount {
        balance(.stake(machine.address, try #require(AssetSymbol("CREDIT"))))
    }

    /// The tasks of the job that are open, by kind.
    func openTasks(_ kind: String, job: UInt64 = 1) throws -> [UInt64] {
        let tasks = try views.job(job)["tasks"]?.elements ?? []
        return tasks.filter { $0["status"] == "open" && $0["kind"]?.text == kind }.compactMap {
            $0["id"]?.unsigned
        }
    }
}
