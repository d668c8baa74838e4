// The runner of etcd-io/raft's scripts on scripts of our own, in the same form.

import Testing

/// They ask for what the published ones seldom do: transfers, removal, one entry a Ready, unchecked
/// changes, leases. What they expect was read over by people; no peer printed it.
@Suite struct TranscriptTests {
    @Test func `what is seldom asked is answered as it was`() throws {
        let runner = try #require(CommandLineProgram.beside("conformance"))
        let result = runner.run(["etcd-raft", "\(RoadProgram.root)/Tests/Transcripts"])
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("56 passed, 0 failed"), "\(result.output)")
    }
}
