// The audit that follows: entry by entry, and heads that fit what was rebuilt.

import ControlPlane
import Cryptography
import Primitives
import Testing

@Suite struct FollowingTests {
    @Test func `a log that grows is followed, and a head that is ahead waits`() throws {
        let deployment = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        let copy = try deployment.auditFile()
        var auditor = try Auditor(following: deployment.genesis)
        #expect(try !auditor.follow(head: copy.checkpoint))
        for entry in copy.entries { try auditor.follow(entry) }
        #expect(try auditor.follow(head: copy.checkpoint))
        let found = auditor.found
        #expect(found.isSound && found.entries == UInt64(copy.entries.count))
        #expect(found.stateDigest == deployment.machine.stateDigest)
        #expect(auditor.nextIndex == StateMachine.genesisIndex + 1 + UInt64(copy.entries.count))
    }

    @Test func `a changed entry is named, and the state stays what it was`() throws {
        let deployment = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        let entries = try deployment.auditFile().entries
        var auditor = try Auditor(following: deployment.genesis)
        for entry in entries[..<3] { try auditor.follow(entry) }
        var bad = entries[3]
        bad[bad.count / 2] ^= 1
        do {
            try auditor.follow(bad)
            Issue.record("a changed entry was followed")
        } catch {
            #expect(error.place == "entry \(StateMachine.genesisIndex + 4)")
        }
        #expect(auditor.found.badEntry == StateMachine.genesisIndex + 4)
        // An entry that is left out is missed.
        #expect(throws: Refusal("audit.gap", "")) { try auditor.follow(entries[4]) }
    }

    @Test func `a member that signs another log is found`() throws {
        let deployment = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        let other = try TestDeployment(people: deployment.people)
        try other.accept(.fundPrepaid(amount: Amount(1)), by: other.people.customer)
        let copy = try deployment.auditFile()
        let forged = try other.auditFile().checkpoint
        var auditor = try Auditor(following: deployment.genesis)
        for entry in copy.entries { try auditor.follow(entry) }
        // Signed by a seat of this deployment, of a log that is not this one.
        #expect(throws: Refusal("audit.root", "")) { _ = try auditor.follow(head: forged) }
    }
}
