// Verdicts become scores, scores become work, and failures cost what the policy says.

import ControlPlane
import Ledger
import Primitives
import Testing

@Suite struct ScoreRecordTests {
    private func deployment() throws -> (TestDeployment, Person) {
        let deployment = try TestDeployment()
        let (owner, machine) = (deployment.people.owners[0], deployment.people.machines[0][0])
        try deployment.accept(
            .registerProvider(
                machine: MachineDescription(
                    name: "shed", agent: machine.address, cores: 2, memoryBytes: 8 << 30,
                    isolation: "process"), stake: Amount(100_000_000)),
            by: owner)
        return (deployment, machine)
    }

    private func verdict(
        _ machine: Person, rate: UInt64?, code: String = "challenge.accepted",
        kernel: String = "cpu.sgemm.1t", version: UInt32 = 1, session: Digest = .zero
    ) -> BenchmarkRecord {
        BenchmarkRecord(
            provider: machine.address, kernel: kernel, version: version, session: session,
            passed: rate != nil, code: code, work: rate ?? 0, nanoseconds: 1_000_000_000,
            evidence: .zero)
    }

    private func score(_ deployment: TestDeployment, _ machine: Person) throws -> JSON {
        try #require(try deployment.record(of: machine)["scores"]?.elements?.first)
    }

    @Test func `the median of the last five counts, and scheduling believes less`() throws {
        let (deployment, machine) = try deployment()
        for rate in [1, 100, 104, 90, 96, 200] as [UInt64] {
            try deployment.accept(.recordBenchmark(verdict(machine, rate: rate)))
        }
        let score = try score(deployment, machine)
        #expect(score["rate"]?.unsigned == 100)
        #expect(score["spread"]?.unsigned == 4)
        #expect(score["lower_bound"]?.unsigned == 97)
        #expect(score["samples"]?.unsigned == 6)
        #expect(score["usable"]?.flag == true)
    }

    @Test func `a lie costs stake, score and work; silence costs no stake`() throws {
        let (deployment, machine) = try deployment()
        let whole = try deployment.stake(of: machine)
        try deployment.accept(.recordBenchmark(verdict(machine, rate: 100)))
        try deployment.accept(
            .recordBenchmark(verdict(machine, rate: nil, code: "challenge.late")))
        #expect(try deployment.stake(of: machine) == whole)
        #expect(try score(deployment, machine)["rate"]?.unsigned == 0)
        #expect(try deployment.record(of: machine)["quarantine"]?.text?.isEmpty == false)
        try deployment.accept(
            .recordBenchmark(verdict(machine, rate: nil, code: "challenge.wrong-product")))
        #expect(try deployment.stake(of: machine) == Amount(95_000_000))
        #expect(deployment.events.contains { $0.kind == "provider.slashed" })
    }

    @Test func `three failures in a row, and the machine must register anew`() throws {
        let (deployment, machine) = try deployment()
        for _ in 0..<3 {
            #expect(!deployment.events.contains { $0.kind == "provider.expelled" })
            try deployment.accept(
                .recordBenchmark(verdict(machine, rate: nil, code: "challenge.aborted")))
        }
        #expect(deployment.events.contains { $0.kind == "provider.expelled" })
        // Time does not heal it, and it is not challenged again.
        try deployment.tick(after: 90 * 86_400_000)
        #expect(throws: Refusal("provider.expelled", "")) {
            try deployment.views.challenge(of: machine.address, kernel: "cpu.sgemm.1t")
        }
        #expect(deployment.views.challengeable(present: [machine.address]).isEmpty)
    }

    @Test func `a machine that comes by itself is measured until it has a score`() throws {
        let (deployment, machine) = try deployment()
        func ask(isCalled: Bool = false) throws {
            _ = try deployment.views.challenge(
                of: machine.address, kernel: "cpu.sgemm.1t", isCalled: isCalled)
        }
        for _ in 0..<5 {
            try ask()
            try deployment.accept(.recordBenchmark(verdict(machine, rate: 100)))
        }
        #expect(throws: Refusal("challenge.proved", "")) { try ask() }
        try ask(isCalled: true)
        // A score that counts for nothing any more may be had anew.
        try deployment.tick(after: 8 * 86_400_000)
        try ask()
        try deployment.accept(.recordBenchmark(verdict(machine, rate: 100)))
        #expect(throws: Refusal("challenge.proved", "")) { try ask() }
        try deployment.accept(
            .recordBenchmark(verdict(machine, rate: nil, code: "challenge.aborted")))
        try ask()
    }

    @Test func `a rate far below the score is said, and so is one beyond the claim`() throws {
        let (deployment, machine) = try deployment()
        for rate in [100, 100, 79] as [UInt64] {
            try deployment.accept(.recordBenchmark(verdict(machine, rate: rate)))
        }
        #expect(deployment.events.count { $0.kind == "benchmark.drift" } == 1)
        try deployment.accept(
            .recordBenchmark(verdict(machine, rate: 240, kernel: "cpu.sgemm.mt")))
        #expect(!deployment.events.contains { $0.kind == "benchmark.implausible" })
        for _ in 0..<3 {
            try deployment.accept(
                .recordBenchmark(verdict(machine, rate: 260, kernel: "cpu.sgemm.mt")))
        }
        #expect(deployment.events.contains { $0.kind == "benchmark.implausible" })
    }

    @Test func `rates of two versions of a kernel are never mixed`() throws {
        let (deployment, machine) = try deployment()
        try deployment.accept(.recordBenchmark(verdict(machine, rate: 100)))
        try deployment.accept(.recordBenchmark(verdict(machine, rate: 500, version: 2)))
        #expect(try score(deployment, machine)["rate"]?.unsigned == 500)
        #expect(try score(deployment, machine)["version"]?.unsigned == 2)
    }

    @Test func `a verdict goes on record once, and the oldest make room`() throws {
        let (deployment, machine) = try deployment()
        let session = try #require(Digest([UInt8](repeating: 7, count: 32)))
        try deployment.accept(.recordBenchmark(verdict(machine, rate: 1, session: session)))
        let again = try deployment.apply(
            .recordBenchmark(verdict(machine, rate: 1, session: session)))
        #expect(again.code == "benchmark.recorded")
        for _ in 0..<120 {
            try deployment.accept(.recordBenchmark(verdict(machine, rate: 2)))
        }
        #expect(try deployment.record(of: machine)["samples"]?.elements?.count == 100)
    }

    @Test func `an old score gives no work`() throws {
        let (deployment, machine) = try deployment()
        try deployment.accept(.recordBenchmark(verdict(machine, rate: 100)))
        try deployment.tick(after: 8 * 86_400_000)
        #expect(try score(deployment, machine)["usable"]?.flag == false)
    }

    @Test func `a group without one of its kernels has no points`() throws {
        let (deployment, machine) = try deployment()
        try deployment.accept(
            .recordBenchmark(verdict(machine, rate: 100_000_000_000)))
        func first() throws -> UInt64? {
            let points = try deployment.record(of: machine)["points"]
            return points?["groups"]?.elements?.first?["points"]?.unsigned
        }
        #expect(try first() == 0)
        for (kernel, rate) in [
            ("cpu.fma-chain.1t", 90_000_000_000), ("cpu.int-mix.1t", 200_000_000),
        ] as [(String, UInt64)] {
            try deployment.accept(.recordBenchmark(verdict(machine, rate: rate, kernel: kernel)))
        }
        let points = try deployment.record(of: machine)["points"]
        #expect(points?["headline"]?.unsigned == 0)
        #expect(points?["groups"]?.elements?.first?["group"] == "cpu1")
        #expect(points?["groups"]?.elements?.first?["points"]?.unsigned == 1000)
    }
}
