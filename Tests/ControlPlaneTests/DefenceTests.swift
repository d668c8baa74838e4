// What happened to others, replayed against the whole state machine with signed commands. Each test
// is named after the event that taught it.

import ControlPlane
import Cryptography
import Governance
import Ledger
import Primitives
import Testing

@Suite struct DefenceTests {
    private let treasury = UInt64(10_000_000_000)

    private func record(_ proposal: UInt64, _ deployment: TestDeployment) throws -> JSON {
        try deployment.views.proposal(proposal)
    }

    private func give(
        _ votes: UInt64, from holder: Person, to other: Person, _ deployment: TestDeployment
    ) throws {
        try deployment.accept(
            .transfer(asset: "VOTE", to: other.address, amount: Amount(UInt128(votes)), memo: ""),
            by: holder)
    }

    // MARK: Borrowed power

    @Test(arguments: [false, true])
    func `Beanstalk, April 2022: power borrowed for the opening does not vote`(early: Bool) throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let proposal = try deployment.submit(
            TestDeployment.payment(1000, to: people.customer), by: people.owners[0])
        if early {
            // Held at the snapshot, but not for as long as power must age.
            try give(220_000, from: people.voters[0], to: people.customer, deployment)
        }
        try deployment.tick(after: 1000)
        if !early {
            // The loan arrives in the very entry in which voting opens.
            let loan = try deployment.signed(
                .transfer(
                    asset: "VOTE", to: people.customer.address, amount: Amount(220_000), memo: ""),
                by: people.voters[0])
            try deployment.apply([loan], after: 1000)
        } else {
            try deployment.tick(after: 1000)
        }
        #expect(try deployment.status(of: proposal) == "voting")
        let refused = try deployment.say("for", by: people.customer, on: proposal)
        #expect(refused.code == "vote.no-power")
        // Nor does any proposal pass without a delay before and a timelock after its vote.
        let queued = try deployment.views.proposal(proposal)
        #expect(queued["ready_at"] == "")
    }

    @Test func `Steem, March 2020: deposits held for customers replace no members`() throws {
        let deployment = try TestDeployment(seats: 3)
        let people = deployment.people
        let exchange = people.customer
        for voter in people.voters {
            let votes = deployment.balance(
                .wallet(voter.address, try #require(AssetSymbol("VOTE"))))
            try deployment.accept(
                .transfer(asset: "VOTE", to: exchange.address, amount: votes, memo: ""), by: voter)
        }
        try deployment.accept(
            .transfer(
                asset: "CREDIT", to: exchange.address, amount: Amount(1_000_000_000), memo: ""),
            by: people.maintainer)
        func members(_ change: String) -> String {
            TestDeployment.proposal("kind: change-members\ntitle: Change\neffects:\n\(change)")
        }
        // A majority at once is refused for whoever asks.
        let majority = members("  - remove: [member-1, member-2]")
        #expect(
            try deployment.apply(try deployment.submission(majority), by: people.maintainer).code
                == "members.majority")
        // 550 thousand of a million tokens, held for ten days: no proposal and no vote.
        for _ in 0..<10 { try deployment.tick(after: 1000) }
        let one = members("  - remove: [member-1]")
        #expect(
            try deployment.apply(try deployment.submission(one), by: exchange).code
                == "proposal.power")
        let proposal = try deployment.submit(one)
        try deployment.wait(for: ["voting"], of: proposal)
        #expect(try deployment.say("for", by: exchange, on: proposal).code == "vote.no-power")
    }

    // MARK: Counting twice

    @Test func `a vote, a transfer, another vote: each token counts once`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let proposal = try deployment.submit(TestDeployment.signal())
        try deployment.wait(for: ["voting"], of: proposal)
        #expect(try deployment.say("for", by: people.voters[0], on: proposal).accepted)
        try give(220_000, from: people.voters[0], to: people.customer, deployment)
        #expect(
            try deployment.say("for", by: people.customer, on: proposal).code == "vote.no-power")
        #expect(try record(proposal, deployment)["for"] == "220000")
    }

    @Test func `a delegate's vote and the holder's own: each token counts once`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let delegate = people.voters[0]
        try deployment.accept(
            .delegate(
                track: "signal",
                parts: [DelegationPart(delegate: delegate.address, parts: 10_000)]),
            by: people.delegator)
        let proposal = try deployment.submit(TestDeployment.signal())
        try deployment.wait(for: ["voting"], of: proposal)
        let cast = try deployment.say("for", by: delegate, on: proposal)
        #expect(cast.events.first?["lent"] == "200000")
        // Concentration is said aloud: 42 % of the supply behind one ballot.
        let warning = cast.events.first { $0.kind == "delegation.concentrated" }
        #expect(warning?["power"] == "420000")
        try deployment.say("against", by: people.delegator, on: proposal)
        let after = try record(proposal, deployment)
        #expect(after["for"] == "220000")
        #expect(after["against"] == "200000")
        // Delegating again while the vote runs moves nothing.
        try deployment.accept(
            .delegate(
                track: "signal",
                parts: [DelegationPart(delegate: people.voters[1].address, parts: 10_000)]),
            by: people.delegator)
        try deployment.say("for", by: people.voters[1], on: proposal)
        #expect(try record(proposal, deployment)["for"] == "400000")
        #expect(
            try record(proposal, deployment)["concentration"]?["largest"]?.elements?.first?["own"]
                == "220000")
    }

    @Test func `over-delegation, delegating to oneself and in a circle are refused`() throws {
        let deployment = try TestDeployment()
        let (first, second) = (deployment.people.voters[0], deployment.people.voters[1])
        func delegate(
            from holder: Person, to parts: [(Person, UInt64)], expires: Timestamp? = nil
        ) throws -> String {
            try deployment.apply(
                .delegate(
                    track: "",
                    parts: parts.map { DelegationPart(delegate: $0.0.address, parts: $0.1) }
                        .sorted { $0.delegate < $1.delegate }, expires: expires), by: holder
            ).code
        }
        #expect(try delegate(from: first, to: [(second, 10_001)]) == "delegation.parts")
        #expect(
            try delegate(from: first, to: [(second, 6000), (deployment.people.customer, 5000)])
                == "delegation.parts")
        #expect(try delegate(from: first, to: [(first, 10_000)]) == "delegation.self")
        #expect(try delegate(from: first, to: [(second, 10_000)]) == "")
        #expect(try delegate(from: second, to: [(first, 10_000)]) == "delegation.loop")
        #expect(
            try delegate(from: second, to: [(deployment.people.customer, 1)], expires: .zero)
                == "delegation.expired")
        // Taken back, the circle is open.
        #expect(try delegate(from: first, to: []) == "")
        #expect(try delegate(from: second, to: [(first, 10_000)]) == "")
    }

    // MARK: Few voters, many proposals

    @Test func `Build Finance, February 2022: what few want fails, and again from another wallet`()
        throws
    {
        let deployment = try TestDeployment()
        let people = deployment.people
        let text = TestDeployment.payment(treasury / 2, to: people.owners[0])
        let first = try deployment.submit(text, by: people.owners[0])
        #expect(try record(first, deployment)["track"] == "treasury-spend-large")
        try deployment.wait(for: ["voting"], of: first)
        try deployment.say("for", by: people.owners[0], on: first)
        try deployment.wait(for: ["defeated"], of: first)
        let again = try deployment.submit(text, by: people.owners[1])
        #expect(try record(again, deployment)["resubmission_of"]?.unsigned == first)
        #expect(
            deployment.events("proposal.submitted").last?["resubmission_of"] == String(first))
    }

    @Test func `Compound 289, July 2024: a sum cut into slices meets the rules of the sum`() throws
    {
        let deployment = try TestDeployment()
        let people = deployment.people
        var tracks: [String?] = []
        for slice in 1...4 as ClosedRange<UInt64> {
            let text = TestDeployment.payment(
                treasury / 250 + slice, to: people.customer, title: "Slice \(slice)")
            // From several wallets, to one payee.
            let proposer = slice > 2 ? people.maintainer : people.owners[Int(slice) % 2]
            let number = try deployment.submit(text, by: proposer)
            tracks.append(try record(number, deployment)["track"]?.text)
        }
        #expect(
            tracks == ["treasury-spend", "treasury-spend"]
                + ["treasury-spend-large", "treasury-spend-large"])
    }

    @Test func `spam: a deposit that must be there, power that must have aged, a full track`()
        throws
    {
        let deployment = try TestDeployment()
        let people = deployment.people
        func submit(_ number: Int, by person: Person) throws -> String {
            try deployment.apply(
                try deployment.submission(TestDeployment.signal("Statement \(number).")),
                by: person
            ).code
        }
        // Power without money, money without power.
        #expect(try submit(0, by: people.voters[0]) == "ledger.account-unknown")
        #expect(try submit(0, by: people.customer) == "proposal.power")
        for number in 0..<15 { #expect(try submit(number, by: people.maintainer) == "") }
        #expect(try submit(3, by: people.owners[0]) == "proposal.duplicate")
        #expect(try submit(15, by: people.maintainer) == "")
        #expect(try submit(16, by: people.owners[0]) == "proposal.too-many")
    }

    // MARK: What is behind a proposal

    @Test func `Compound 62, September 2021: parameters that contradict each other are refused`()
        throws
    {
        let deployment = try TestDeployment()
        let policy = try deployment.views.policy("revenue")
        let text = try #require(policy["text"]?.text)
        let wrong = text.replacing("serving-providers: 55%", with: "serving-providers: 56%")
        let indented = wrong.split(separator: "\n", omittingEmptySubsequences: false)
            .map { "      " + $0 }.joined(separator: "\n")
        let proposal = TestDeployment.proposal(
            "kind: change-policy\ntitle: T\neffects:\n  - policy: revenue\n"
                + "    base: sha256:\(policy["digest"]?.text ?? "")\n    text: |\n\(indented)")
        let receipt = try deployment.apply(
            try deployment.submission(proposal), by: deployment.people.maintainer)
        #expect(receipt.code == "revenue.shares")
    }

    @Test func `Tornado, May 2023: a ballot for one proposal is none for its double`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let honest = try deployment.submit(TestDeployment.payment(1000, to: people.customer))
        let double = try deployment.submit(TestDeployment.payment(1001, to: people.owners[0]))
        try deployment.wait(for: ["voting"], of: double)
        let signed = try deployment.ballot("for", on: honest)
        guard case .vote(_, let title, let choice, let effects, let reason) = signed else { return }
        let moved = AccountCommand.vote(
            proposal: double, title: title, choice: choice, effects: effects, reason: reason)
        #expect(try deployment.apply(moved, by: people.voters[0]).code == "vote.effects")
        // And a file that changed after its digest was signed never becomes a proposal.
        guard
            case .submitProposal(let name, let text, let file, _) = try deployment.submission(
                TestDeployment.signal())
        else { return }
        let swapped = AccountCommand.submitProposal(
            fileName: name, text: text.replacing("Say it.", with: "Do it."), title: file,
            effects: try ProposalFile(parsing: text, name: name).effectsDigest)
        #expect(try deployment.apply(swapped, by: people.maintainer).code == "proposal.effects")
    }

    @Test func `a ballot signed for another deployment is refused`() throws {
        let deployment = try TestDeployment()
        let other = try TestDeployment(day: 2000)
        let proposal = try deployment.submit(TestDeployment.signal())
        try deployment.wait(for: ["voting"], of: proposal)
        let foreign = try CommandSigning.sign(
            try deployment.ballot("for", on: proposal), nonce: 1, genesis: other.genesis,
            key: deployment.people.voters[0].key)
        #expect(throws: Refusal.self) { try deployment.admission.check(foreign) }
        do { try deployment.admission.check(foreign) } catch {
            #expect(error.code == "signature.wrong-signer")
        }
    }

    @Test func `a ballot that was signed until a time is refused after it`() throws {
        let deployment = try TestDeployment()
        let voter = deployment.people.voters[0]
        let proposal = try deployment.submit(TestDeployment.signal())
        try deployment.wait(for: ["voting"], of: proposal)
        func signed(_ nonce: UInt64, until time: Timestamp) throws -> Envelope {
            try CommandSigning.sign(
                try deployment.ballot("for", on: proposal), nonce: nonce, validUntil: time,
                genesis: deployment.genesis, key: voter.key)
        }
        let late = try deployment.apply([try signed(1, until: deployment.now)])
        #expect(late.receipts[0].code == "command.expired")
        // The time is part of what is signed: it cannot be pushed back.
        guard case .account(var moved) = try signed(2, until: deployment.now) else { return }
        moved.validUntil = deployment.now.advanced(by: 60_000)
        #expect(throws: Refusal.self) { try deployment.admission.check(.account(moved)) }
        let soon = try signed(3, until: deployment.now.advanced(by: 60_000))
        #expect(try deployment.apply([soon]).receipts[0].accepted)
        // Replayed, it is the first answer again and counts nothing.
        let again = try deployment.apply([soon])
        #expect(again.events.isEmpty)
        #expect(try record(proposal, deployment)["for"] == "220000")
    }

    // MARK: Time

    @Test func `the late whale: a quorum in the last moment leaves a day to answer`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let proposal = try deployment.submit(TestDeployment.payment(1000, to: people.customer))
        try deployment.wait(for: ["voting"], of: proposal)
        for _ in 0..<6 { try deployment.tick(after: 1000) }
        try deployment.tick(after: 980)
        let before = try record(proposal, deployment)["deadline"]
        try deployment.say("for", by: people.voters[0], on: proposal)
        #expect(deployment.events("proposal.deadline-moved").last?["reason"] == "late-quorum")
        #expect(try record(proposal, deployment)["deadline"] != before)
        // The day is enough for the others.
        try deployment.say("against", by: people.voters[1], on: proposal)
        try deployment.say("against", by: people.voters[2], on: proposal)
        try deployment.wait(for: ["defeated"], of: proposal)
    }

    @Test func `a leader's clock thirty days ahead closes no vote and opens no timelock`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let open = try deployment.submit(TestDeployment.payment(1000, to: people.customer))
        try deployment.wait(for: ["voting"], of: open)
        try deployment.tick(after: 30_000)
        #expect(try deployment.status(of: open) == "voting")
        #expect(deployment.events("cluster.outage").count == 1)
        try deployment.castVotes(on: open)
        try deployment.wait(for: ["queued"], of: open)
        try deployment.tick(after: 30_000)
        #expect(try deployment.status(of: open) == "queued")
        try deployment.wait(for: ["executed"], of: open)
    }

    @Test func `an outage at the deadline takes nobody's vote`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let proposal = try deployment.submit(TestDeployment.payment(1000, to: people.customer))
        try deployment.wait(for: ["voting"], of: proposal)
        try deployment.say("for", by: people.voters[1], on: proposal)
        for _ in 0..<6 { try deployment.tick(after: 1000) }
        // Away from before the deadline until long after it.
        let late = try deployment.signed(
            try deployment.ballot("against", on: proposal), by: people.voters[0])
        let applied = try deployment.apply([late], after: 5000)
        #expect(applied.receipts[0].accepted)
        #expect(applied.events.contains { $0.kind == "cluster.outage" })
        try deployment.wait(for: ["defeated"], of: proposal)
    }

    @Test func `an idle cluster is told from an absent one: a leader writes while something waits`()
        throws
    {
        let deployment = try TestDeployment()
        _ = try deployment.submit(TestDeployment.signal())
        // Due within the pulse though the proposal opens later.
        let due = try #require(deployment.machine.nextDue)
        #expect(due <= deployment.now.advanced(by: 1000))
    }
}
