// Rules that came with a level of the log: a log of an earlier one is replayed without them, and
// from the level on they hold.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Testing

@Suite struct LevelRuleTests {
    private let people: People

    init() throws { people = try People() }

    /// Whoever reads the log alone comes to the same state.
    private func expectReplays(_ deployment: TestDeployment, seats: UInt64) throws {
        let copy = try TestDeployment(people: people, seats: seats)
        try copy.replay(deployment)
        #expect(copy.machine.stateDigest == deployment.machine.stateDigest)
        #expect(copy.receipts.map(\.code) == deployment.receipts.map(\.code))
    }

    private func receipt(_ text: String, _ deployment: TestDeployment) throws -> CommandReceipt {
        try deployment.apply(try deployment.submission(text), by: people.maintainer)
    }

    // MARK: Level 3: payments must be in the treasury

    private func payments(_ amounts: [Amount]) -> String {
        TestDeployment.proposal(
            "kind: treasury-spend\ntitle: Pay\neffects:\n"
                + zip(people.owners, amounts).map { payee, amount in
                    "  - asset: CREDIT\n    to: \"\(payee.address.hex)\"\n    amount: \(amount)"
                }.joined(separator: "\n"))
    }

    @Test func `before level 3 payments beyond the treasury are voted on, and fail`() throws {
        let deployment = try TestDeployment(people: people)
        let treasury = deployment.balance(.treasury(try #require(AssetSymbol("CREDIT"))))
        let text = payments([treasury, Amount(1)])
        #expect(deployment.views.featureLevel < 3)
        let proposal = try deployment.submit(text)
        try deployment.wait(for: ["voting"], of: proposal)
        try deployment.castVotes(on: proposal)
        try deployment.wait(for: ["execution-failed"], of: proposal)
        try expectReplays(deployment, seats: 1)

        // One that was taken in before is held to the rule when its vote opens.
        let waiting = try deployment.submit(payments([treasury, Amount(2)]))
        try deployment.accept(.raiseLevel(3))
        try deployment.wait(for: ["expired"], of: waiting)
        #expect(
            try receipt(payments([treasury, Amount(3)]), deployment).code == "treasury.too-small")
        try expectReplays(deployment, seats: 1)
    }

    // MARK: Level 4: addresses are read strictly

    private func seat(_ number: UInt64, at address: String) -> String {
        let key = SHA256.hash(Array("seat \(number)".utf8)).hex
        return TestDeployment.proposal(
            "kind: change-members\ntitle: Change\neffects:\n  - add:\n"
                + "      - name: member-\(number)\n        key: \"\(key)\"\n"
                + "        address: \"\(address)\"")
    }

    @Test func `before level 4 addresses are read loosely, and then they are not`() throws {
        let deployment = try TestDeployment(people: people, seats: 3)
        try deployment.accept(.raiseLevel(3))
        #expect(try receipt(seat(4, at: "[::1]:7000"), deployment).code == "members.address")
        #expect(try receipt(seat(4, at: "nonsense"), deployment).code == "members.address")
        let waiting = try deployment.submit(seat(4, at: "a b:+7000"))
        try deployment.accept(.raiseLevel(4))
        // What nobody can call is not opened for a vote either.
        try deployment.wait(for: ["expired"], of: waiting)
        for address in ["a b:+7000", "d.example:0", "d.example", "::1:7000", "[::1]"] {
            let receipt = try receipt(seat(4, at: address), deployment)
            #expect(receipt.code == "members.address")
            #expect(receipt.message.contains("member-4 is wrong: `\(address)`"))
        }
        let executed = try deployment.decide(seat(4, at: "[2001:db8::4]:7000"))
        #expect(try deployment.status(of: executed) == "executed")
        try expectReplays(deployment, seats: 3)
    }

    @Test func `before level 4 a log with a loose address goes its way`() throws {
        let deployment = try TestDeployment(people: people, seats: 3)
        try deployment.accept(.raiseLevel(3))
        let executed = try deployment.decide(seat(4, at: "a b:+7000"))
        #expect(try deployment.status(of: executed) == "executed")
        try expectReplays(deployment, seats: 3)
    }

    @Test func `from level 4 on a seat is taken at addresses that can be called`() throws {
        for level in [UInt64(3), 4] {
            let deployment = try TestDeployment(people: people, seats: 3)
            try deployment.accept(.raiseLevel(level))
            let seed = SecretBytes(SHA256.hash(Array("seat 3".utf8)).bytes)
            let key = try Ed25519.publicKey(seed: seed)
            func take(_ peer: String, _ origin: String) throws -> CommandReceipt {
                let claim = SeatClaim(
                    act: 1, startsOver: true, signer: key, publicKey: key, peerAddress: peer,
                    clientOrigin: origin)
                let envelope = try MemberEnvelope(
                    member: 3, command: .takeSeat(claim), genesis: deployment.machine.genesisDigest,
                    seed: seed)
                return try deployment.apply([.member(envelope)]).receipts[0]
            }
            #expect(try take("d.example:0", "http://d:1").code == "members.address")
            #expect(try take("d.example:1", "d:1").code == "members.address")
            let isStrict = level >= 4
            #expect(try take("a b:1", "http://d:1").code == (isStrict ? "members.address" : ""))
            let bracketed = try take("[::1]:1", "http://[::1]:2")
            #expect(bracketed.accepted == isStrict)
            try expectReplays(deployment, seats: 3)
        }
    }
}
