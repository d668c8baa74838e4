// A voted change of seats: closed by what the log shows and by nobody's word, and taken back by a
// vote where a seat never comes.

import ControlPlane
import Cryptography
import Primitives
import Raft
import Testing

@Suite struct SeatDecisionTests {
    private func deployment(level: UInt64 = 3) throws -> TestDeployment {
        let deployment = try TestDeployment(seats: 3)
        if level > 1 { try deployment.accept(.raiseLevel(level)) }
        return deployment
    }

    private func change(add: [UInt64] = [], remove: [UInt64] = []) -> String {
        var lines = "kind: change-members\ntitle: Change\neffects:\n"
        var lead = "  - "
        if !add.isEmpty {
            lines += lead + "add:\n"
            lead = "    "
            for seat in add {
                let key = SHA256.hash(Array("seat \(seat)".utf8)).hex
                lines += "      - name: member-\(seat)\n        key: \"\(key)\"\n"
                lines += "        address: d.example:7000\n"
            }
        }
        let names = remove.map { "member-\($0)" }.joined(separator: ", ")
        return TestDeployment.proposal(lines + (remove.isEmpty ? "" : lead + "remove: [\(names)]"))
    }

    private func refusal(_ text: String, _ deployment: TestDeployment) throws -> CommandReceipt {
        try deployment.apply(try deployment.submission(text), by: deployment.people.maintainer)
    }

    /// What the cluster does to put seat 4 in the place of seat 3.
    private func carryOut(_ deployment: TestDeployment) throws {
        try deployment.applyChange(MemberChange(.addLearner, 4))
        try deployment.applyChange(MemberChange(.addVoter, 4), MemberChange(.remove, 3))
        try deployment.applyChange()
    }

    @Test func `a decision is settled once the log shows it done, and on nobody's word before`()
        throws
    {
        let deployment = try deployment()
        let proposal = try deployment.decide(change(add: [4], remove: [3]))
        func settle() throws -> CommandReceipt {
            try deployment.apply(.settleSeats(proposal: proposal))
        }
        func refuses(_ words: String) throws {
            let receipt = try settle()
            #expect(receipt.code == "members.unsettled")
            #expect(receipt.message.hasSuffix(words), "\(receipt.message)")
        }
        try refuses("the log has yet to make member-4 a voter")
        // Who learns does not vote, and what others do is another matter.
        try deployment.applyChange(MemberChange(.addLearner, 4))
        try deployment.applyChange(MemberChange(.addVoter, 5))
        try refuses("the log has yet to make member-4 a voter")
        try deployment.applyChange(MemberChange(.addVoter, 4))
        try refuses("the log has yet to remove member-3")
        try deployment.applyChange(MemberChange(.addVoter, 4), MemberChange(.remove, 3))
        try refuses("the change of the membership is still under way")
        try deployment.applyChange()
        // What was done is undone again.
        try deployment.applyChange(MemberChange(.remove, 4))
        try refuses("the log has yet to make member-4 a voter")
        try deployment.applyChange(MemberChange(.addVoter, 4))
        #expect(try settle().accepted)
        #expect(try settle().code == "members.settled")
        let seated = deployment.views.seatRoll().filter { $0.place == .seated }.map(\.seat.id)
        #expect(seated == [1, 2, 4])
        // Whoever reads the log alone comes to the same.
        let copy = try TestDeployment(people: deployment.people, seats: 3)
        try copy.replay(deployment)
        #expect(copy.machine.stateDigest == deployment.machine.stateDigest)
        let report = Auditor.run(
            AuditFile(
                genesis: deployment.genesis.encoded, entries: deployment.entries.map(\.encoded),
                checkpoint: try CheckpointNote.signed(
                    genesis: deployment.genesis, member: 1,
                    size: deployment.views.treeHead().size, root: deployment.views.treeHead().root,
                    seed: deployment.seed, time: deployment.now)))
        #expect(report.failure == nil)
    }

    @Test func `a log of an earlier level is replayed by the rules of its time`() throws {
        let deployment = try deployment(level: 2)
        let proposal = try deployment.decide(change(add: [4], remove: [3]))
        let pending = try refusal(change(add: [5], remove: [2]), deployment)
        #expect(pending.code == "members.pending")
        #expect(pending.message.hasSuffix("is not carried out yet"))
        #expect(try refusal(change(remove: [4]), deployment).code == "members.pending")
        // The demand is not made of a decision that was made before it.
        try deployment.accept(.raiseLevel(3))
        #expect(try deployment.apply(.settleSeats(proposal: proposal)).accepted)
    }

    @Test func `a seat that began anew has to go in the life that it leads`() throws {
        let deployment = try deployment()
        let proposal = try deployment.decide(change(add: [4], remove: [3]))
        let seed = SecretBytes(SHA256.hash(Array("seat 3".utf8)).bytes)
        let key = try Ed25519.publicKey(seed: seed)
        let claim = SeatClaim(
            act: 1, startsOver: true, signer: key, publicKey: key, peerAddress: "c:3",
            clientOrigin: "http://d:4")
        let envelope = Envelope.member(
            try MemberEnvelope(
                member: 3, command: .takeSeat(claim), genesis: deployment.machine.genesisDigest,
                seed: seed))
        #expect(try deployment.apply([envelope]).receipts[0].accepted)
        try carryOut(deployment)
        let receipt = try deployment.apply(.settleSeats(proposal: proposal))
        #expect(receipt.message.hasSuffix("the log has yet to remove member-3"))
        let life = Seat.life(1, of: 3)
        #expect(deployment.views.unsaidDepartures() == [life])
        try deployment.applyChange(MemberChange(.remove, life))
        #expect(deployment.views.unsaidDepartures().isEmpty)
        #expect(try deployment.apply(.settleSeats(proposal: proposal)).accepted)
    }

    @Test func `a seat that never comes is taken back by a vote, and then others can be voted`()
        throws
    {
        let deployment = try deployment()
        let first = try deployment.decide(change(add: [4], remove: [3]))
        let pending = try refusal(change(add: [5], remove: [2]), deployment)
        #expect(pending.code == "members.pending")
        #expect(pending.message.hasSuffix("a proposal that removes member-4 takes it back"))
        let plan = try deployment.views.plan(proposal: change(remove: [4]), name: "back.md")
        let effect = try #require(plan["effects"]?.elements?.first)
        #expect(effect["takes_back_proposal"]?.unsigned == first)
        #expect(effect["no_longer_awaited"]?.elements?.map(\.text) == ["member-4"])
        #expect(effect["stays_after_all"]?.elements?.map(\.text) == ["member-3"])
        #expect(effect["removes"]?.elements?.isEmpty == true)
        #expect(effect["would_execute"] == .bool(true))
        try deployment.applyChange(MemberChange(.addLearner, 4))
        let back = try deployment.decide(change(remove: [4]))
        #expect(try deployment.status(of: back) == "executed")
        let event = try #require(deployment.events("members.withdrawn").last)
        #expect(event["proposal"] == "\(first)")
        #expect(event["withdrawn"] == "member-4")
        #expect(event["stay"] == "member-3")
        #expect(deployment.views.openSeatDecisions().isEmpty)
        let places = Dictionary(
            uniqueKeysWithValues: deployment.views.seatRoll().map { ($0.seat.id, $0.place) })
        #expect(places == [1: .seated, 2: .seated, 3: .seated, 4: .removed])
        #expect(try deployment.apply(.settleSeats(proposal: first)).code == "members.settled")
        // Its number and its key are spent.
        #expect(try refusal(change(add: [4]), deployment).code == "members.name")
        for _ in 0..<31 { try deployment.tick(after: 1000) }
        let next = try deployment.decide(change(add: [5], remove: [3]))
        #expect(try deployment.status(of: next) == "executed")
        #expect(deployment.views.openSeatDecisions().map(\.proposal) == [next])
    }

    @Test func `taking back needs no distance to other changes, and begins none`() throws {
        let deployment = try deployment()
        try deployment.decide(change(add: [4]))
        // At once, though the constitution has changes of seats wait for each other.
        let back = try deployment.decide(change(remove: [4]))
        #expect(try deployment.status(of: back) == "executed")
        let executed = deployment.now
        #expect(try refusal(change(add: [5]), deployment).code == "proposal.cooldown")
        while try refusal(change(add: [5]), deployment).code == "proposal.cooldown" {
            try deployment.tick(after: 1000)
        }
        #expect(deployment.now.milliseconds - executed.milliseconds < 29_000)
    }

    @Test func `a vote may put another seat in the place of one that never came, all in one`()
        throws
    {
        let deployment = try deployment()
        try deployment.decide(change(add: [4], remove: [3]))
        for _ in 0..<31 { try deployment.tick(after: 1000) }
        let second = try deployment.decide(change(add: [5], remove: [3, 4]))
        #expect(try deployment.status(of: second) == "executed")
        let open = try #require(deployment.views.openSeatDecisions().first)
        #expect(open.proposal == second)
        #expect(open.add.map(\.id) == [5])
        #expect(open.remove == [3])
    }

    @Test func `what is carried out is not taken back, and a word too few takes nothing back`()
        throws
    {
        let deployment = try TestDeployment(seats: 5)
        try deployment.accept(.raiseLevel(3))
        let first = try deployment.decide(change(add: [6, 7]))
        let partly = try refusal(change(remove: [6]), deployment)
        #expect(partly.code == "members.pending")
        #expect(partly.message.contains("removes member-6 and member-7"))
        #expect(try refusal(change(remove: [6, 9]), deployment).code == "members.pending")
        #expect(try refusal(change(remove: [6, 7, 9]), deployment).code == "proposal.cooldown")
        let back = try deployment.submit(change(remove: [6, 7]))
        try deployment.wait(for: ["voting"], of: back)
        try deployment.castVotes(on: back)
        try deployment.applyChange(MemberChange(.addVoter, 6), MemberChange(.addVoter, 7))
        try deployment.applyChange()
        #expect(try refusal(change(remove: [7, 6]), deployment).code == "members.carried-out")
        #expect(try deployment.apply(.settleSeats(proposal: first)).accepted)
        // What was voted to take back a decision removes no members that have come meanwhile, but
        // as any other removal: not before the next change may come.
        for _ in 0..<15 { try deployment.tick(after: 1000) }
        #expect(try deployment.status(of: back) != "executed")
        #expect(deployment.views.openSeatDecisions().isEmpty)
        #expect(deployment.views.seatRoll().count { $0.place == .seated } == 7)
    }
}
