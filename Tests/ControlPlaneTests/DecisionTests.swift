// Decisions from signed ballots to their effects, by every way there is: options, funding rounds,
// hidden ballots, locked tokens, the guardian, the seats of the cluster.

import ControlPlane
import Cryptography
import Governance
import Ledger
import Primitives
import Testing

@Suite struct DecisionTests {
    /// The shipped constitution with a track of its own words.
    static func constitution(_ track: String, _ lines: String) throws -> [String: String] {
        let body = lines.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        var kept: [Substring] = []
        var skips = false
        let text = try Shipped.policy("constitution")
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("  "), !line.hasPrefix("   "), !line.hasPrefix("  #") {
                skips = line == "  \(track):"
            }
            if !skips { kept.append(line) }
        }
        return ["constitution": kept.joined(separator: "\n") + "\n  \(track):\n\(body)\n"]
    }

    private var credit: AssetSymbol {
        get throws { try #require(AssetSymbol("CREDIT")) }
    }

    // MARK: Options

    @Test(arguments: ["approval", "ranked", "condorcet", "weighted"])
    func `one of three statements is chosen and executed`(system: String) throws {
        let policies = try Self.constitution("signal", "system: \(system)\ntimelock: 0s\n")
        let deployment = try TestDeployment(policies: policies)
        let people = deployment.people
        let options = ["kings", "queens", "jacks"].map {
            "  - name: \($0)\n    effects:\n      - text: Crown \($0)."
        }
        let proposal = try deployment.submit(
            TestDeployment.proposal(
                "kind: signal\ntitle: Whom to crown\noptions:\n" + options.joined(separator: "\n")))
        try deployment.wait(for: ["voting"], of: proposal)
        let words =
            switch system {
            case "approval": ["approve queens", "approve kings, queens", "approve jacks"]
            case "weighted":
                ["share kings 40%, queens 60%", "share queens 100%", "share jacks 100%"]
            default: ["rank queens > kings", "rank kings > queens", "rank jacks > queens > kings"]
            }
        for (voter, words) in zip(people.voters, words) {
            #expect(try deployment.say("for; \(words)", by: voter, on: proposal).accepted)
        }
        try deployment.wait(for: ["executed"], of: proposal)
        #expect(try deployment.views.proposal(proposal)["winners"]?.elements == ["queens"])
        #expect(deployment.events("signal.recorded").last?["text"] == "Crown queens.")
        let ballots = try deployment.views.votes(on: proposal).elements ?? []
        #expect(Set(ballots.compactMap { $0["words"]?.text }) == Set(words.map { "for; \($0)" }))
    }

    // MARK: Funding rounds

    private static func training(_ model: String, budget: UInt64) throws -> String {
        let file = try Shipped.trainingProposal()
        let start = try #require(file.firstRange(of: "  - model: kings"))
        let end = try #require(file.range(of: "\n---\n", after: start.upperBound))
        return file[start.lowerBound..<end.lowerBound]
            .replacing("  - model: kings", with: "    model: \(model)")
            .replacing("amount: 200_000_000", with: "amount: \(budget)")
            .split(separator: "\n").map { "        " + $0 }
            .joined(separator: "\n")
    }

    @Test func `a round divides one budget among models, escrows each and starts its job`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let projects = try ["kings", "judges", "psalms"].map { model in
            "      - name: \(model)\n        summary: A model of \(model).\n        train:\n"
                + (try Self.training(model, budget: 200_000_000))
        }
        let payment =
            "      - name: garden\n        summary: Flowers.\n"
            + "        to: \"\(people.customer.address.hex)\"\n        cost: 100_000_001"
        let text = TestDeployment.proposal(
            "kind: funding-round\ntitle: A round\neffects:\n  - asset: CREDIT\n"
                + "    budget: 500_000_001\n    projects:\n"
                + (projects + [payment]).joined(separator: "\n"))
        let proposal = try deployment.submit(text)
        try deployment.wait(for: ["voting"], of: proposal)
        try deployment.say("for; approve kings, judges", by: people.voters[0], on: proposal)
        try deployment.say("for; approve judges, psalms", by: people.voters[1], on: proposal)
        try deployment.say("for; approve garden", by: people.voters[2], on: proposal)
        let before = deployment.balance(.treasury(try credit))
        try deployment.wait(for: ["executed"], of: proposal)
        #expect(
            try deployment.views.proposal(proposal)["winners"]?.elements
                == ["kings", "judges", "garden"])
        // To the unit: two budgets in escrow, one payment made, the rest where it was.
        #expect(
            deployment.events("job.started").map { $0["model"] } == ["kings", "judges"])
        let spent = try before.subtracting(deployment.balance(.treasury(try credit)))
        #expect(spent == Amount(500_000_001))
        #expect(
            deployment.balance(.wallet(people.customer.address, try credit))
                == Amount(50_000_000 + 100_000_001))
        #expect(deployment.events("round.closed").last?["left"] == "0")
        #expect(try deployment.views.job(2)["status"]?.text != nil)
    }

    // MARK: Hidden ballots

    @Test func `hidden ballots: committed, revealed, counted; bonds back or burned to the unit`()
        throws
    {
        let policies = try Self.constitution(
            "signal",
            "hidden:\n  bond: 1_000_000\n  reveal: 2d\nlate_quorum_extension: 0s\n"
                + "swing_window: 0s\nobjection: 0s\ntimelock: 0s\n")
        let deployment = try TestDeployment(policies: policies)
        let people = deployment.people
        let proposal = try deployment.submit(TestDeployment.signal())
        try deployment.wait(for: ["voting"], of: proposal)
        let record = try deployment.views.proposal(proposal)
        let title = try #require(record["title"]?.text)
        let effects = try #require(record["effects"]?.text.flatMap { Digest(hex: $0) })
        func salt(_ person: Person) -> Digest { SHA256.hash(Array(person.name.utf8)) }
        func commit(_ words: String, by person: Person) throws -> CommandReceipt {
            try deployment.apply(
                .commitVote(
                    proposal: proposal, title: title, effects: effects,
                    commitment: HiddenVoting.commitment(
                        to: words, on: proposal, by: person.address, salt: salt(person),
                        deployment: deployment.machine.genesisDigest)), by: person)
        }
        func reveal(_ words: String, by person: Person) throws -> CommandReceipt {
            try deployment.apply(
                .revealVote(
                    proposal: proposal, title: title, choice: words, effects: effects, reason: "",
                    salt: salt(person)), by: person)
        }
        let owners = people.owners
        let credit = try owners.map { try deployment.credit(of: $0) }
        #expect(try commit("for", by: people.maintainer).accepted)
        #expect(try commit("for", by: owners[0]).accepted)
        #expect(try commit("against", by: owners[1]).accepted)
        #expect(try commit("for", by: people.voters[0]).code == "ledger.account-unknown")
        #expect(try deployment.say("for", by: owners[0], on: proposal).code == "vote.hidden")
        #expect(try deployment.views.proposal(proposal)["for"] == "0")
        try deployment.wait(for: ["revealing"], of: proposal)
        #expect(try reveal("for", by: people.maintainer).accepted)
        #expect(try reveal("against", by: owners[0]).code == "vote.commitment")
        #expect(try reveal("for", by: owners[0]).accepted)
        let supply = deployment.ledger.supply(of: try self.credit)
        try deployment.wait(for: ["executed"], of: proposal)
        #expect(try deployment.views.proposal(proposal)["against"] == "0")
        #expect(try deployment.credit(of: owners[0]) == credit[0])
        #expect(
            try deployment.credit(of: owners[1]) == credit[1].subtracting(Amount(1_000_000)))
        #expect(
            deployment.ledger.supply(of: try self.credit)
                == (try supply.subtracting(Amount(1_000_000))))
    }

    // MARK: Conviction

    @Test func `tokens that voted with conviction stay until their periods are over`() throws {
        let policies = try Self.constitution(
            "signal", "system: conviction\nlock_period: 5d\ntimelock: 0s\n")
        let deployment = try TestDeployment(policies: policies)
        let (voter, other) = (deployment.people.voters[0], deployment.people.customer)
        let proposal = try deployment.submit(TestDeployment.signal())
        try deployment.wait(for: ["voting"], of: proposal)
        #expect(try deployment.say("for with conviction 1", by: voter, on: proposal).accepted)
        func move(_ amount: UInt128) throws -> String {
            try deployment.apply(
                .transfer(asset: "VOTE", to: other.address, amount: Amount(amount), memo: ""),
                by: voter
            ).code
        }
        #expect(try move(1) == "vote.locked")
        try deployment.wait(for: ["executed"], of: proposal)
        #expect(try move(1) == "vote.locked")
        #expect(
            deployment.views.locked(voter.address, at: deployment.now)["amount"] == "220000")
        for _ in 0..<5 { try deployment.tick(after: 1000) }
        #expect(try move(220_000) == "")
    }

    // MARK: The guardian

    @Test
    func `the guardian of the genesis delays and cancels, within its term, and moves nothing`()
        throws
    {
        let guardian = try Person("guardian")
        let deployment = try TestDeployment(guardian: guardian)
        let people = deployment.people
        let proposal = try deployment.submit(TestDeployment.payment(1000, to: people.customer))
        func act(_ action: String, _ milliseconds: UInt64, title: String = "Pay", by person: Person)
            throws -> String
        {
            try deployment.apply(
                .guardProposal(
                    proposal: proposal, title: title, action: action, milliseconds: milliseconds,
                    reason: "wait"), by: person
            ).code
        }
        #expect(try act("delay", 1000, by: people.voters[0]) == "guardian.not-you")
        #expect(try act("delay", 1000, title: "Other", by: guardian) == "guardian.title")
        #expect(try act("spend", 0, by: guardian) == "guardian.action")
        #expect(try act("delay", 1_000_000, by: guardian) == "guardian.delay")
        #expect(try act("delay", 2000, by: guardian) == "")
        try deployment.wait(for: ["voting"], of: proposal)
        try deployment.castVotes(on: proposal)
        try deployment.wait(for: ["queued"], of: proposal)
        let books = deployment.balance(.treasury(try credit))
        #expect(try act("cancel", 0, by: guardian) == "")
        #expect(try deployment.status(of: proposal) == "cancelled")
        for _ in 0..<20 { try deployment.tick(after: 1000) }
        #expect(deployment.balance(.treasury(try credit)) == books)
    }

    // MARK: Seats

    @Test func `a voted change of seats waits for the cluster, one at a time, and is settled once`()
        throws
    {
        let deployment = try TestDeployment(seats: 3)
        func change(_ add: String, _ remove: String) -> String {
            let key = SHA256.hash(Array(add.utf8)).hex
            return TestDeployment.proposal(
                "kind: change-members\ntitle: Change\neffects:\n  - add:\n      - name: \(add)\n"
                    + "        key: \"\(key)\"\n        address: d.example:7000\n"
                    + "    remove: [\(remove)]")
        }
        func refusal(_ text: String) throws -> String {
            try deployment.apply(
                try deployment.submission(text), by: deployment.people.maintainer
            ).code
        }
        #expect(try refusal(change("member-3", "member-2")) == "members.name")
        #expect(try refusal(change("newcomer", "member-2")) == "members.name")
        #expect(try refusal(change("member-4", "member-9")) == "members.unknown")
        let proposal = try deployment.decide(change("member-4", "member-3"))
        #expect(try deployment.status(of: proposal) == "executed")
        let open = deployment.views.openSeatDecisions()
        #expect(open.map(\.proposal) == [proposal])
        #expect(open.first?.add.map(\.id) == [4])
        #expect(open.first?.remove == [3])
        #expect(deployment.events("members.decided").last?["add"] == "member-4")
        #expect(try refusal(change("member-5", "member-2")) == "members.pending")
        #expect(
            try deployment.apply(.settleSeats(proposal: proposal + 1)).code == "members.unknown")
        #expect(try deployment.apply(.settleSeats(proposal: proposal)).accepted)
        #expect(try deployment.apply(.settleSeats(proposal: proposal)).code == "members.settled")
        #expect(deployment.views.openSeatDecisions().isEmpty)
        // Changes keep their distance, and a removed seat's name is never given out again.
        #expect(try refusal(change("member-5", "member-2")) == "proposal.cooldown")
        for _ in 0..<30 { try deployment.tick(after: 1000) }
        #expect(try refusal(change("member-3", "member-2")) == "members.name")
    }

    // MARK: Execution

    @Test func `payments happen all or none, and the one that failed is named`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let pay = { (amount: UInt64, to: Person) in
            "  - asset: CREDIT\n    to: \"\(to.address.hex)\"\n    amount: \(amount)"
        }
        func spend(_ title: String, _ payments: [String]) -> String {
            TestDeployment.proposal(
                "kind: treasury-spend\ntitle: \(title)\neffects:\n"
                    + payments.joined(separator: "\n"))
        }
        // Each can be paid while it is voted on; the first leaves too little for the second.
        let first = try deployment.submit(spend("First", [pay(9_000_000_000, people.owners[1])]))
        let proposal = try deployment.submit(
            spend("Both", [pay(1000, people.customer), pay(9_000_000_000, people.owners[0])]))
        for number in [first, proposal] {
            try deployment.wait(for: ["voting"], of: number)
            try deployment.castVotes(on: number)
        }
        try deployment.wait(for: ["execution-failed"], of: proposal, days: 60)
        #expect(try deployment.views.proposal(first)["status"]?.text == "executed")
        #expect(try deployment.credit(of: people.customer) == Amount(50_000_000))
        let last = try deployment.views.proposal(proposal)["last_refusal"]?.text ?? ""
        #expect(last.contains("effect 2 of 2 (treasury-spend)"))
        #expect(deployment.events("proposal.execution-refused").count > 1)
    }

    @Test func `a plan that drifts is said; the policy it was written against must still stand`()
        throws
    {
        let deployment = try TestDeployment()
        let policy = try deployment.views.policy("release")
        func change(_ word: String) throws -> String {
            let text = try #require(policy["text"]?.text) + "\n# \(word)\n"
            let indented = text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { "      " + $0 }.joined(separator: "\n")
            return TestDeployment.proposal(
                "kind: change-policy\ntitle: \(word)\neffects:\n  - policy: release\n"
                    + "    base: sha256:\(policy["digest"]?.text ?? "")\n    text: |\n\(indented)")
        }
        let first = try deployment.submit(try change("first"))
        let second = try deployment.submit(try change("second"))
        for proposal in [first, second] {
            try deployment.wait(for: ["voting"], of: proposal)
            try deployment.castVotes(on: proposal)
        }
        try deployment.wait(for: ["executed"], of: first)
        try deployment.wait(for: ["execution-failed"], of: second, days: 60)
        let last = try deployment.views.proposal(second)["last_refusal"]?.text ?? ""
        #expect(last.contains("policy.stale-base"))
        #expect(try deployment.views.proposal(first)["plan_drifted"]?.flag == false)
    }

    @Test func `what another decision makes impossible shows as drift before it fails`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let first = try deployment.submit(
            TestDeployment.payment(6_000_000_000, to: people.customer, title: "First"))
        try deployment.wait(for: ["voting"], of: first)
        try deployment.castVotes(on: first)
        for _ in 0..<8 { try deployment.tick(after: 1000) }
        let second = try deployment.submit(
            TestDeployment.payment(6_000_000_000, to: people.owners[0], title: "Second"),
            by: people.owners[1])
        try deployment.wait(for: ["voting"], of: second)
        try deployment.castVotes(on: second)
        #expect(deployment.events("proposal.plan-drifted").isEmpty)
        try deployment.wait(for: ["executed"], of: first)
        try deployment.wait(for: ["queued"], of: second)
        #expect(deployment.events("proposal.plan-drifted").map { $0["stage"] } == ["queued"])
        #expect(try deployment.views.proposal(second)["plan_drifted"]?.flag == true)
        try deployment.wait(for: ["execution-failed"], of: second, days: 60)
        #expect(try deployment.credit(of: people.customer) == Amount(6_050_000_000))
    }

    @Test func `a delegation lapses at its time, and the holder's power with it`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        try deployment.accept(
            .delegate(
                track: "", parts: [DelegationPart(delegate: people.voters[0].address, parts: 5000)],
                expires: deployment.now.advanced(by: 3000)), by: people.delegator)
        func shown() -> Int? {
            deployment.views.account(people.delegator.address)["voting"]?["delegations"]?
                .elements?.count
        }
        #expect(shown() == ProposalKind.allCases.count)
        let early = try deployment.submit(TestDeployment.signal("Early."))
        try deployment.wait(for: ["voting"], of: early)
        let cast = try deployment.say("for", by: people.voters[0], on: early)
        #expect(cast.events.first?["lent"] == "100000")
        for _ in 0..<3 { try deployment.tick(after: 1000) }
        #expect(shown() == 0)
        let late = try deployment.submit(TestDeployment.signal("Late."))
        try deployment.wait(for: ["voting"], of: late)
        let after = try deployment.say("for", by: people.voters[0], on: late)
        #expect(after.events.first?["lent"] == "0")
    }

    @Test func `a constitution that would lock everybody out is refused`() throws {
        let deployment = try TestDeployment()
        let policy = try deployment.views.policy("constitution")
        let text = try #require(policy["text"]?.text)
            .replacing("    amount: 100_000_000\n", with: "    amount: 100_000_000_000_000\n")
        let indented = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { "      " + $0 }.joined(separator: "\n")
        let proposal = TestDeployment.proposal(
            "kind: change-policy\ntitle: T\neffects:\n  - policy: constitution\n"
                + "    base: sha256:\(policy["digest"]?.text ?? "")\n    text: |\n\(indented)")
        #expect(
            try deployment.apply(
                try deployment.submission(proposal), by: deployment.people.maintainer
            ).code == "constitution.lock-out")
    }
}

extension String {
    /// The first place of `text` from `start` on.
    fileprivate func range(of text: String, after start: Index) -> Range<Index>? {
        self[start...].firstRange(of: text)
    }
}
