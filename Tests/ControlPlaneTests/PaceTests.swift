// Run times of real jobs against what the scores promise.

import ControlPlane
import Primitives
import Testing

@Suite struct PaceTests {
    /// Every task takes `milliseconds`; works until the first job is done.
    private func worked(taking milliseconds: UInt64, overhead: String) throws -> TestDeployment {
        let deployment = try TestDeployment.started(
            policies: [
                "scheduling": try Shipped.policy("scheduling").replacing(
                    "overhead: 2s", with: "overhead: \(overhead)")
            ])
        let crew = Crew()
        for _ in 0..<300 {
            let placements = try deployment.placements(crew)
            if !placements.isEmpty { try deployment.accept(.place(placements)) }
            try deployment.tick(after: milliseconds)
            for machine in deployment.people.allMachines {
                for assignment in deployment.views.assignments(of: machine.address) {
                    guard let output = crew.output(of: machine.address, assignment) else {
                        continue
                    }
                    try deployment.accept(
                        try deployment.completion(assignment, output), by: machine)
                }
            }
            if try deployment.jobStatus() == "finished" { break }
        }
        return deployment
    }

    @Test func `a machine whose jobs run slower than its score is flagged, and shown`() throws {
        let deployment = try worked(taking: 5000, overhead: "0s")
        let flagged = deployment.events("provider.slow").compactMap { $0["provider"] }
        #expect(!flagged.isEmpty)
        let slow = try #require(
            deployment.people.allMachines.first { flagged.contains($0.address.hex) })
        let pace = try deployment.record(of: slow)["pace"]
        #expect(pace?["slow"]?.flag == true)
        #expect((pace?["long_runs"]?.unsigned ?? 0) >= 5)
        // The next predictions are longer, at most eight times.
        let correction = pace?["correction_millionths"]?.unsigned ?? 0
        #expect(correction > 1_500_000 && correction <= 8_000_000)
    }

    @Test func `runs that are all overhead say nothing of the machine`() throws {
        let deployment = try worked(taking: 1, overhead: "2s")
        #expect(deployment.events("provider.slow").isEmpty)
        let executed = try #require(deployment.events("task.executed").first?["provider"])
        let machine = try #require(
            deployment.people.allMachines.first { $0.address.hex == executed })
        let pace = try deployment.record(of: machine)["pace"]
        #expect(pace?["long_runs"]?.unsigned == 0)
        // They do correct what is predicted of the next ones.
        #expect((pace?["correction_millionths"]?.unsigned ?? 0) < 1_000_000)
    }
}
