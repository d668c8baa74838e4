// Machines that do tasks without training anything: an honest output is a digest of everything the
// task depends on, so that two honest machines agree and a changed input shows in the result.

import ControlPlane
import Cryptography
import Primitives
import Testing

/// What a machine does with an assignment.
enum Conduct: Sendable, Equatable {
    case honest
    /// Hands in another output than the honest one, for tasks of these kinds.
    case lies(about: Set<String>)
    /// Takes work and never answers.
    case silent
    /// Is not there.
    case absent
}

struct Crew {
    var conduct: [Address: Conduct] = [:]
    /// Bits per byte of a bigram model, and of the model before and after training, in millionths.
    var bigram: UInt64 = 3_500_000
    var before: UInt64 = 8_000_000
    var after: UInt64 = 3_000_000
    var verbatim: UInt64 = 20

    func conduct(of agent: Address) -> Conduct { conduct[agent] ?? .honest }

    /// The output of an honest machine for an assignment, as an agent reads it.
    func honest(_ assignment: JSON) -> TaskOutput {
        let kind = assignment["kind"]?.text ?? ""
        var seed = BinaryEncoder()
        seed.text(kind)
        for key in ["parameters", "momentum", "final_parameters"] where kind != "segment" {
            seed.text(assignment[key]?.text ?? "")
        }
        if kind == "segment" { seed.text(assignment["parameters"]?.text ?? "") }
        if kind == "aggregate" { seed.text("\(assignment["deltas"] ?? .null)") }
        seed.number(assignment["ordinal"]?.unsigned ?? 0)
        seed.number(assignment["round"]?.unsigned ?? 0)
        func object(_ number: UInt8) -> Digest { SHA256.hash(seed.bytes + [number]) }
        switch kind {
        case "initialise":
            return TaskOutput(objects: [object(0), object(1)], metrics: [before, bigram])
        case "segment":
            return TaskOutput(objects: [object(0)], metrics: [4_000_000, 3_900_000])
        case "aggregate": return TaskOutput(objects: [object(0), object(1)], metrics: [])
        default: return TaskOutput(objects: [], metrics: [after, verbatim])
        }
    }

    /// What `agent` answers; nil when it does not.
    func output(of agent: Address, _ assignment: JSON) -> TaskOutput? {
        let honest = honest(assignment)
        switch conduct(of: agent) {
        case .honest: return honest
        case .silent, .absent: return nil
        case .lies(let kinds):
            guard kinds.contains(assignment["kind"]?.text ?? "") else { return honest }
            var lie = honest
            for index in lie.objects.indices {
                lie.objects[index] = SHA256.hash(lie.objects[index].bytes + agent.bytes)
            }
            if lie.objects.isEmpty { lie.metrics[0] /= 2 }
            return lie
        }
    }
}

extension TestDeployment {
    /// Registers every machine with 100 CREDIT and puts its speed on record.
    func registerMachines() throws {
        for (owner, machines) in zip(people.owners, people.machines) {
            for machine in machines {
                try accept(
                    .registerProvider(
                        machine: MachineDescription(
                            name: machine.name.replacing(" ", with: "-"), agent: machine.address,
                            cores: 4, memoryBytes: 8 << 30, isolation: "process"),
                        stake: Amount(100_000_000)), by: owner)
                for kernel in ["cpu.sgemm.1t", "mem.stream-chain.mt"] {
                    try accept(.recordBenchmark(passed(machine, kernel)))
                }
            }
        }
    }

    func passed(_ machine: Person, _ kernel: String) -> BenchmarkRecord {
        BenchmarkRecord(
            provider: machine.address, kernel: kernel, session: .zero, passed: true, code: "",
            work: 50_000_000_000, nanoseconds: 1_000_000_000, evidence: .zero)
    }

    func placements(_ crew: Crew) throws(Refusal) -> [Placement] {
        let present = people.allMachines.map(\.address).filter { crew.conduct(of: $0) != .absent }
        return try views.plan(present: Set(present), at: now)
    }

    /// One turn: the leader plans, the machines answer. Says whether anything was there to do.
    @discardableResult
    func turn(_ crew: Crew) throws -> Bool {
        let placements = try placements(crew)
        if !placements.isEmpty { try accept(.place(placements)) }
        var answers: [Envelope] = []
        for machine in people.allMachines {
            for assignment in views.assignments(of: machine.address) {
                guard let output = crew.output(of: machine.address, assignment) else { continue }
                answers.append(try signed(completion(assignment, output), by: machine))
            }
        }
        if !answers.isEmpty { try apply(answers) }
        return !placements.isEmpty || !answers.isEmpty
    }

    func completion(_ assignment: JSON, _ output: TaskOutput) throws -> AccountCommand {
        .completeTask(
            lease: try #require(assignment["lease"]?.unsigned),
            task: try #require(assignment["task"]?.unsigned), output: output)
    }

    /// Turns until nothing is left to do, or `done` says so.
    func work(_ crew: Crew, turns: Int = 400, until done: () throws -> Bool = { false }) throws {
        for _ in 0..<turns {
            if try done() { return }
            if try !turn(crew) {
                // Only time can bring more: a pause after a failure, a lease, a quarantine.
                guard try anyTaskOpen() else { return }
                try tick(after: 5000)
            }
        }
        Issue.record("the job did not end in \(turns) turns")
    }

    private func anyTaskOpen() throws -> Bool {
        let jobs = views.jobs().elements ?? []
        return jobs.contains { !["finished", "failed"].contains($0["status"]?.text ?? "") }
    }

    func jobStatus(_ job: UInt64 = 1) throws -> String {
        try #require(try views.job(job)["status"]?.text)
    }
}
