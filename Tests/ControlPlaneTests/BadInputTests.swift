// Bad input to governance, one test a kind: each is refused with a stable code that names the rule,
// and nothing is ever half applied.

import ControlPlane
import Cryptography
import Governance
import Primitives
import Testing

@Suite struct BadInputTests {
    private let deployment: TestDeployment
    private let people: People

    init() throws {
        deployment = try TestDeployment()
        people = deployment.people
    }

    // MARK: Signatures

    private func vote(_ proposal: UInt64 = 1) -> AccountCommand {
        .vote(proposal: proposal, title: "t", choice: "for", effects: .zero, reason: "")
    }

    private func admitted(_ envelope: Envelope) -> String {
        do throws(Refusal) {
            _ = try deployment.admission.admit(envelope.encoded)
            return "admitted"
        } catch {
            return error.code
        }
    }

    private func changed(_ change: (inout AccountEnvelope) -> Void) throws -> Envelope {
        let signed = try deployment.signed(vote(), by: people.voters[0])
        guard case .account(var envelope) = signed else {
            throw Refusal("test.setup", "an account signs")
        }
        change(&envelope)
        return .account(envelope)
    }

    @Test func `a signature for another chain or another deployment`() throws {
        var chain = deployment.genesis
        chain.chainID = 137
        var foreign = deployment.genesis
        foreign.name = "another"
        for genesis in [chain, foreign] {
            let envelope = try CommandSigning.sign(
                vote(), nonce: 1, genesis: genesis, key: people.voters[0].key)
            #expect(admitted(envelope) == "signature.wrong-signer")
        }
        #expect(admitted(try changed { _ in }) == "admitted")
    }

    @Test func `a malleable signature, one of another form, one of nothing`() throws {
        let order = try #require(
            Digest(hex: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        let twin = try changed { envelope in
            guard let s = Digest(envelope.signature[32..<64]) else { return }
            let v: UInt8 = envelope.signature[64] == 27 ? 28 : 27
            envelope.signature = envelope.signature[..<32] + (order &- s).bytes + [v]
        }
        #expect(admitted(twin) == "signature.high-s")
        for (v, code) in [(UInt8(2), "signature.v"), (29, "signature.v"), (37, "signature.v")] {
            #expect(admitted(try changed { $0.signature[64] = v }) == code)
        }
        #expect(admitted(try changed { $0.signature = [] }) == "signature.length")
        // EIP-2098's 64 bytes are read where people bring signatures, and not on the log.
        #expect(admitted(try changed { $0.signature.removeLast() }) == "signature.length")
        let zeros = [UInt8](repeating: 0, count: 64) + [27]
        #expect(admitted(try changed { $0.signature = zeros }) == "signature.range")
    }

    @Test func `a signature whose words were exchanged, or that says more than was asked`() throws {
        #expect(
            admitted(
                try changed {
                    $0.command = .vote(
                        proposal: 1, title: "t", choice: "against", effects: .zero, reason: "")
                }) == "signature.wrong-signer")
        #expect(
            admitted(try changed { $0.validUntil = Timestamp(milliseconds: 1) })
                == "signature.wrong-signer")
        let signed = try deployment.signed(vote(), by: people.voters[0])
        #expect(throws: Refusal("codec.malformed", "")) {
            try deployment.admission.admit(signed.encoded + [1])
        }
    }

    // MARK: The state

    /// The code that a command is refused with; its nonce is used, and nothing else is changed.
    private func refusal(
        _ command: AccountCommand, by person: Person, validUntil: Timestamp = .zero,
        _ place: SourceLocation = #_sourceLocation
    ) throws -> String {
        let envelope = try CommandSigning.sign(
            command, nonce: 1_000_000, validUntil: validUntil, genesis: deployment.genesis,
            key: person.key)
        try deployment.admission.check(envelope)
        let trial = deployment.machine.preview([envelope], at: deployment.now.advanced(by: 10))
        #expect(trial.state.allChanges.count <= 1, sourceLocation: place)
        #expect(trial.events.isEmpty, sourceLocation: place)
        return trial.refusals.first.flatMap { $0?.code } ?? "accepted"
    }

    @Test func `an expired command`() throws {
        let before = deployment.now
        #expect(try refusal(vote(), by: people.voters[0], validUntil: before) == "command.expired")
    }

    @Test func `a replayed command, and another one under its nonce`() throws {
        let receiver = people.customer.address
        func transfer(_ amount: UInt128) throws -> Envelope {
            try deployment.signed(
                .transfer(asset: "VOTE", to: receiver, amount: Amount(amount), memo: ""),
                by: people.voters[0], nonce: 5)
        }
        let first = try deployment.apply([try transfer(1)]).receipts[0]
        let digest = deployment.machine.stateDigest
        let again = try deployment.apply([try transfer(1)])
        #expect(again.receipts[0] == first)
        #expect(again.events.isEmpty)
        // Only time and the chain moved on.
        #expect(deployment.machine.stateDigest != digest)
        #expect(
            try deployment.apply([try transfer(2)]).receipts[0].code == "nonce.conflict")
        let late = try deployment.signed(
            .transfer(asset: "VOTE", to: receiver, amount: Amount(3), memo: ""),
            by: people.voters[0], nonce: 4)
        #expect(try deployment.apply([late]).receipts[0].code == "nonce.too-low")
    }

    @Test func `an unknown track`() throws {
        let part = DelegationPart(delegate: people.voters[1].address, parts: 10_000)
        #expect(
            try refusal(.delegate(track: "treasure-spend", parts: [part]), by: people.voters[0])
                == "delegation.track")
        let policy = try Shipped.policy("constitution") + "\n  treasure-spend:\n    delay: 1d\n"
        #expect(throws: Refusal("constitution.track", "")) {
            try Constitution(parsing: policy, name: "constitution", bounds: .production)
        }
    }

    @Test func `a proposal whose file changed after it was signed`() throws {
        let signed = try ProposalFile(parsing: TestDeployment.signal("Say it."), name: "a.md")
        let changed = TestDeployment.signal("Say something else.")
        #expect(
            try refusal(
                .submitProposal(
                    fileName: "a.md", text: changed, title: signed.title,
                    effects: signed.effectsDigest), by: people.maintainer) == "proposal.effects")
        #expect(
            try refusal(
                .submitProposal(
                    fileName: "a.md", text: signed.text, title: signed.title + "!",
                    effects: signed.effectsDigest), by: people.maintainer) == "proposal.title")
        // And the text is signed as a whole: what changes in its body breaks the signature.
        let envelope = try deployment.signed(
            .submitProposal(
                fileName: "a.md", text: signed.text, title: signed.title,
                effects: signed.effectsDigest), by: people.maintainer)
        guard case .account(var account) = envelope else { return }
        account.command = .submitProposal(
            fileName: "a.md", text: signed.text + "\nAnd one thing more.\n", title: signed.title,
            effects: signed.effectsDigest)
        #expect(admitted(.account(account)) == "signature.wrong-signer")
    }

    @Test func `votes out of time, on nothing, on another title, for other effects`() throws {
        #expect(try refusal(vote(9), by: people.voters[0]) == "proposal.unknown")
        let proposal = try deployment.submit(TestDeployment.signal())
        let ballot = try deployment.ballot("for", on: proposal)
        #expect(try refusal(ballot, by: people.voters[0]) == "vote.not-open")
        try deployment.wait(for: ["voting"], of: proposal)
        guard case .vote(_, let title, _, let effects, _) = ballot else { return }
        func signed(_ title: String, _ choice: String, _ effects: Digest) -> AccountCommand {
            .vote(proposal: proposal, title: title, choice: choice, effects: effects, reason: "")
        }
        #expect(
            try refusal(signed(title + " ", "for", effects), by: people.voters[0]) == "vote.title")
        #expect(try refusal(signed(title, "for", .zero), by: people.voters[0]) == "vote.effects")
        #expect(try refusal(signed(title, "For", effects), by: people.voters[0]) == "vote.choice")
        #expect(try refusal(signed(title, "veto", effects), by: people.voters[0]) == "vote.no-veto")
        try deployment.wait(for: ["executed", "defeated"], of: proposal)
        #expect(try refusal(ballot, by: people.voters[0]) == "vote.closed")
    }

    @Test func `over-delegation and loops`() throws {
        let (first, second, third) = (people.voters[0], people.voters[1], people.voters[2])
        func delegate(_ parts: [(Person, UInt64)]) -> AccountCommand {
            .delegate(
                track: "",
                parts: parts.map { DelegationPart(delegate: $0.0.address, parts: $0.1) }
                    .sorted { $0.delegate < $1.delegate })
        }
        #expect(
            try refusal(delegate([(second, 6000), (third, 4001)]), by: first) == "delegation.parts")
        #expect(try refusal(delegate([(second, 0)]), by: first) == "delegation.parts")
        #expect(try refusal(delegate([(second, 1 << 40)]), by: first) == "delegation.parts")
        #expect(
            try refusal(delegate([(second, 1), (second, 1)]), by: first) == "delegation.order")
        #expect(try refusal(delegate([(first, 10_000)]), by: first) == "delegation.self")
        try deployment.accept(delegate([(second, 10_000)]), by: first)
        try deployment.accept(delegate([(third, 10_000)]), by: second)
        #expect(try refusal(delegate([(first, 10_000)]), by: third) == "delegation.loop")
    }

    @Test(arguments: [
        // A deposit above all money there is; a proposer who holds everything; a quorum of all.
        "deposit:\n  amount: 900_000_000_000_000_000\n  refund: always\n",
        "propose:\n  power: 100%\n",
        "quorum:\n  base: supply\n  fraction: 100%\n  counts: [for]\n",
    ])
    func `a constitution that nobody could decide under`(lines: String) throws {
        let text = try #require(
            try DecisionTests.constitution("signal", lines)["constitution"])
        let body = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            "      \($0)"
        }
        let base = try #require(try deployment.views.policy("constitution")["digest"]?.text)
        let file = TestDeployment.proposal(
            "kind: change-policy\ntitle: Lock up\neffects:\n  - policy: constitution\n"
                + "    base: sha256:\(base)\n    text: |\n" + body.joined(separator: "\n"))
        let refused = try refusal(try deployment.submission(file), by: people.maintainer)
        #expect(
            ["constitution.lock-out", "constitution.bounds"].contains(refused),
            "\(lines): \(refused)")
    }
}
