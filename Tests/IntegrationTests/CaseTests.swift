// The runner of others' governance cases on cases of our own, in the same form.

import Testing

/// They ask for what the published ones seldom do: sponsors and drafts, rules nobody could use,
/// deposits after a rejection, super quorums that change.
@Suite struct CaseTests {
    @Test func `what is seldom asked of governance is answered by the rules`() throws {
        let runner = try #require(CommandLineProgram.beside("conformance"))
        let result = runner.run(["governance", "\(RoadProgram.root)/Tests/Cases/governance"])
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("10 passed, 0 failed"), "\(result.output)")
    }
}
