// Nothing that members must agree on may come out of a dictionary's order: a process draws its hash
// seed when it starts, so the same simulated cluster is run by processes with different ones.

import Primitives
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil))
struct HashSeedTests {
    /// What a run of whole members, their states' digests at the end included, was like.
    private func trace(jobs: Int, variables: [String] = []) throws -> String {
        let program = try #require(CommandLineProgram.built)
        let result = program.run(
            [
                "simulate", "cluster", "--seeds", "5..8", "--jobs", "\(jobs)", "--policies",
                "\(RoadProgram.root)/Policies", "--output", "json",
            ], variables: variables)
        #expect(result.status == 0, "\(result.error)")
        let json = try JSON.parse(Array(result.output.utf8))
        #expect((json["entries"]?.unsigned ?? 0) > 100)
        return try #require(json["trace"]?.text)
    }

    @Test func `another hash seed or number of threads changes nothing`() throws {
        let fixed = try trace(jobs: 1, variables: ["SWIFT_DETERMINISTIC_HASHING=1"])
        #expect(try trace(jobs: 1) == fixed)
        #expect(try trace(jobs: 2) == fixed)
        #expect(try trace(jobs: 2) == fixed)
    }
}
