// What a seat's holder may do alone: take up a new life, another key, another address; hold the
// seat out to a token.

import ControlPlane
import Cryptography
import Primitives
import Testing

@Suite struct SeatActTests {
    private func seed(_ name: String) -> SecretBytes {
        SecretBytes(SHA256.hash(Array(name.utf8)).bytes)
    }

    private func open(_ deployment: TestDeployment) throws {
        #expect(try deployment.apply(.raiseLevel(2)).accepted)
    }

    private func claim(
        _ act: UInt64, by signer: String, key: String, startsOver: Bool = true,
        address: String = "c:3"
    ) throws -> SeatClaim {
        SeatClaim(
            act: act, startsOver: startsOver, signer: try Ed25519.publicKey(seed: seed(signer)),
            publicKey: try Ed25519.publicKey(seed: seed(key)), peerAddress: address,
            clientOrigin: "http://d:4")
    }

    /// Applies an act of a seat, signed with a key; answers the code.
    private func act(
        _ command: MemberCommand, of seat: UInt64, by signer: String, _ deployment: TestDeployment,
        after milliseconds: UInt64 = 10
    ) throws -> String {
        let envelope = Envelope.member(
            try MemberEnvelope(
                member: seat, command: command, genesis: deployment.machine.genesisDigest,
                seed: seed(signer)))
        try deployment.admission.check(envelope, in: deployment.machine.state)
        return try deployment.apply([envelope], after: milliseconds).receipts[0].code
    }

    private func standing(_ seat: UInt64, _ deployment: TestDeployment) throws -> SeatStanding {
        try #require(deployment.views.seatRoll().first { $0.seat.id == seat })
    }

    @Test func `an act of a seat waits for the feature level that it came with`() throws {
        let deployment = try TestDeployment(seats: 3)
        let take = try claim(1, by: "seat 2", key: "seat 2")
        #expect(try act(.takeSeat(take), of: 2, by: "seat 2", deployment) == "level.closed")
        #expect(deployment.views.featureLevel == 1)
        try open(deployment)
        #expect(deployment.views.featureLevel == 2)
        #expect(try act(.takeSeat(take), of: 2, by: "seat 2", deployment) == "")
        #expect(try deployment.apply(.raiseLevel(2)).code == "level.past")
        #expect(throws: Refusal.self) { try FeatureLevel.checkKnown(5) }
    }

    @Test func `a new life is counted once, however often its claim is played again`() throws {
        let deployment = try TestDeployment(seats: 3)
        try open(deployment)
        let take = MemberCommand.takeSeat(try claim(1, by: "seat 2", key: "seat 2"))
        #expect(try act(take, of: 2, by: "seat 2", deployment) == "")
        #expect(try standing(2, deployment).course.life == 1)
        #expect(try standing(2, deployment).seat.peerAddress == "c:3")
        #expect(try act(take, of: 2, by: "seat 2", deployment) == "seat.act")
        #expect(try standing(2, deployment).course.life == 1)
    }

    @Test func `nobody takes a seat with another key than its own`() throws {
        let deployment = try TestDeployment(seats: 3)
        try open(deployment)
        let theft = MemberCommand.takeSeat(try claim(1, by: "thief", key: "thief"))
        #expect(try act(theft, of: 2, by: "thief", deployment) == "seat.token")
        // Nor by naming the holder's key without having it.
        let forged = MemberCommand.takeSeat(try claim(1, by: "seat 2", key: "thief"))
        #expect(throws: Refusal.self) { try act(forged, of: 2, by: "thief", deployment) }
        let other = MemberCommand.takeSeat(try claim(1, by: "seat 3", key: "thief"))
        #expect(try act(other, of: 2, by: "seat 3", deployment) == "seat.token")
        let double = MemberCommand.takeSeat(
            try claim(1, by: "seat 2", key: "seat 3", startsOver: false))
        #expect(try act(double, of: 2, by: "seat 2", deployment) == "members.key")
        #expect(try standing(2, deployment).course.acts == 0)
    }

    @Test func `a token is good once, in time, and for its seat`() throws {
        let deployment = try TestDeployment(seats: 3)
        try open(deployment)
        let key = try Ed25519.publicKey(seed: seed("token"))
        func offer(_ act: UInt64, for milliseconds: UInt64) -> MemberCommand {
            .offerSeat(
                SeatOffer(
                    act: act, key: key, expires: deployment.now.advanced(by: milliseconds)))
        }
        #expect(try act(offer(1, for: 90_000_000), of: 2, by: "seat 2", deployment) == "seat.offer")
        #expect(try act(offer(1, for: 5_000), of: 2, by: "seat 2", deployment) == "")
        let take = MemberCommand.takeSeat(try claim(2, by: "token", key: "new machine"))
        #expect(try act(take, of: 3, by: "token", deployment) == "seat.act")
        #expect(
            try act(take, of: 2, by: "token", deployment, after: 6_000) == "seat.token-expired")
        #expect(try act(offer(2, for: 5_000), of: 2, by: "seat 2", deployment) == "")
        // Not without beginning anew, and not under the token's own key.
        let lazy = MemberCommand.takeSeat(
            try claim(3, by: "token", key: "new machine", startsOver: false))
        #expect(try act(lazy, of: 2, by: "token", deployment) == "seat.token")
        let kept = MemberCommand.takeSeat(try claim(3, by: "token", key: "token"))
        #expect(try act(kept, of: 2, by: "token", deployment) == "seat.token")
        let good = MemberCommand.takeSeat(try claim(3, by: "token", key: "new machine"))
        #expect(try act(good, of: 2, by: "token", deployment) == "")
        let again = MemberCommand.takeSeat(try claim(4, by: "token", key: "another machine"))
        #expect(try act(again, of: 2, by: "token", deployment) == "seat.token")
        let after = try standing(2, deployment)
        #expect(after.course.life == 1)
        #expect(after.course.formerKeys == [try Ed25519.publicKey(seed: seed("seat 2"))])
        #expect(after.course.retiring == nil)
        // The machine that was replaced signs nothing any more.
        #expect(throws: Refusal.self) { try act(.tick, of: 2, by: "seat 2", deployment) }
        #expect(try act(.tick, of: 2, by: "new machine", deployment) == "")
    }

    @Test func `the key before signs for a minute, and an audit knows every key of its time`()
        throws
    {
        let deployment = try TestDeployment(seats: 3)
        try open(deployment)
        let rotate = MemberCommand.takeSeat(
            try claim(1, by: "seat 2", key: "second key", startsOver: false))
        #expect(try act(.tick, of: 2, by: "seat 2", deployment) == "")
        #expect(try act(rotate, of: 2, by: "seat 2", deployment) == "")
        #expect(try standing(2, deployment).course.life == 0)
        #expect(try act(.tick, of: 2, by: "seat 2", deployment) == "")
        #expect(try act(.tick, of: 2, by: "second key", deployment) == "")
        #expect(try deployment.apply([], after: 61_000).receipts.isEmpty)
        #expect(throws: Refusal.self) { try act(.tick, of: 2, by: "seat 2", deployment) }
        #expect(try act(.tick, of: 2, by: "second key", deployment) == "")
        let tree = deployment.views.treeHead()
        let head = try CheckpointNote.signed(
            genesis: deployment.genesis, member: 2, size: tree.size, root: tree.root,
            seed: seed("second key"), time: deployment.now)
        let report = Auditor.run(
            AuditFile(
                genesis: deployment.genesis.encoded, entries: deployment.entries.map(\.encoded),
                checkpoint: head))
        #expect(report.failure == nil)
        #expect(report.signedBy == [2])
    }
}
