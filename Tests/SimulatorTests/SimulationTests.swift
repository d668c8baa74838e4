// Whole clusters in virtual time: they hold, they are the same every time, and they notice what is
// planted.

import ControlPlane
import Platform
import Primitives
import Simulator
import Testing

/// The deployment that the tests simulate, under the repository's own policies.
enum TestDeployment {
    static func blueprint(members: Int = 3) throws -> Blueprint {
        let path: String = #filePath
        let root = path.split(separator: "/").dropLast(3).joined(separator: "/")
        let policies = try Genesis.requiredPolicies.map { name in
            (name: name, text: try Files.readText("/\(root)/Policies/\(name).yaml"))
        }
        return try Blueprint(members: members, policies: policies)
    }

    static var shortLengths: SimulationLengths {
        var lengths = SimulationLengths()
        lengths.safetyMilliseconds = 6_000
        return lengths
    }
}

@Suite(.timeLimit(.minutes(5))) struct SimulationTests {
    @Test func `clusters of three hold`() throws {
        let blueprint = try TestDeployment.blueprint()
        for seed in 1...6 as ClosedRange<UInt64> {
            let report = Simulation(
                blueprint: blueprint, seed: seed, lengths: TestDeployment.shortLengths
            ).run()
            #expect(report.violation == nil, "\(report.replay)")
            #expect(report.operations > 0)
        }
    }

    @Test func `the same seed leaves the same trace`() throws {
        let blueprint = try TestDeployment.blueprint()
        let reports = (0..<2).map { _ in
            Simulation(
                blueprint: blueprint, seed: 11, lengths: TestDeployment.shortLengths, tells: true
            ).run()
        }
        #expect(reports[0].traceText == reports[1].traceText)
        #expect(reports[0].story == reports[1].story)
        let other = Simulation(
            blueprint: blueprint, seed: 12, lengths: TestDeployment.shortLengths
        ).run()
        #expect(other.traceText != reports[0].traceText)
    }

    @Test func `the outcome of a range does not depend on how many run at once`() async throws {
        var campaign = Campaign(blueprint: try TestDeployment.blueprint())
        campaign.lengths = TestDeployment.shortLengths
        campaign.width = 1
        let alone = await campaign.run(1...3) { _ in true }
        campaign.width = 3
        let together = await campaign.run(1...3) { _ in true }
        #expect(alone.traceText == together.traceText)
        #expect(alone.seeds == 3)
    }

    @Test func `members come and go, and take each other's states`() async throws {
        var campaign = Campaign(blueprint: try TestDeployment.blueprint())
        campaign.lengths.safetyMilliseconds = 10_000
        let outcome = await campaign.run(1...24) { _ in true }
        #expect(outcome.violations.isEmpty, "\(outcome.violations.map(\.replay))")
        for probe in [Probe.membershipJoint, .snapshotMade, .snapshotInstalled] {
            #expect(outcome.probes[probe] > 0, "\(probe.rawValue)")
        }
    }

    @Test func `a newer program comes to the members one by one`() async throws {
        var campaign = Campaign(blueprint: try TestDeployment.blueprint())
        campaign.lengths.safetyMilliseconds = 10_000
        let outcome = await campaign.run(30...60) { _ in true }
        #expect(outcome.violations.isEmpty, "\(outcome.violations.map(\.replay))")
        for probe in [
            Probe.programUpgraded, .programDowngraded, .levelRaised, .newKindRefused,
            .newKindApplied,
        ] {
            #expect(outcome.probes[probe] > 0, "\(probe.rawValue)")
        }
    }

    @Test func `new kinds of entries that are opened unasked are noticed`() async throws {
        var campaign = Campaign(blueprint: try TestDeployment.blueprint())
        campaign.flaw = .raisesLevelUnasked
        var found: SimulationReport?
        _ = await campaign.run(1...60) { report in
            if report.violation != nil { found = report }
            return found == nil
        }
        #expect(found?.violation?.code == "simulation.upgrade")
    }

    @Test func `what one disk holds rots, and nothing is lost`() async throws {
        var campaign = Campaign(blueprint: try TestDeployment.blueprint())
        campaign.lengths = .corruption
        campaign.lengths.safetyMilliseconds = 4_000
        let outcome = await campaign.run(1...16) { _ in true }
        #expect(outcome.violations.isEmpty, "\(outcome.violations.map(\.replay))")
        for probe in [Probe.damageFound, .damageRepaired, .stateRotFound] {
            #expect(outcome.probes[probe] > 0, "\(probe.rawValue)")
        }
    }

    @Test func `reads without a quorum are noticed`() async throws {
        var campaign = Campaign(blueprint: try TestDeployment.blueprint())
        campaign.flaw = .readsWithoutQuorum
        var found: SimulationReport?
        _ = await campaign.run(1...30) { report in
            if report.violation != nil { found = report }
            return found == nil
        }
        #expect(found?.violation?.code == "simulation.linearizability")
    }

    @Test func `every planted bug has a name of its own and a source`() {
        let names = Mutant.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Mutant.all.allSatisfy { !$0.source.isEmpty })
    }
}

@Suite(.timeLimit(.minutes(5))) struct GroupRunTests {
    @Test func `groups hold, and the same seed leaves the same trace`() {
        let run = GroupRun()
        for seed in 1...16 as ClosedRange<UInt64> {
            let report = run.run(seed: seed)
            #expect(report.violation == nil, "seed \(seed)")
            #expect(report.traceHash == run.run(seed: seed).traceHash)
        }
    }

    @Test(arguments: [
        "votes-twice", "commits-one-short", "serves-damage", "removed-leader-counts",
        "leads-before-own-vote",
    ])
    func `planted bugs are found`(name: String) async throws {
        let mutant = try #require(Mutant.all.first { $0.name == name })
        let kill = await mutant.firstKill(
            in: 1...200, blueprint: try TestDeployment.blueprint(), width: 2)
        #expect(kill != nil)
    }
}
