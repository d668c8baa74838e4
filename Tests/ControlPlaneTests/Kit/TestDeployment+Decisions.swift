// Proposals from their text to their execution.

import ControlPlane
import Governance
import Primitives
import Testing

extension TestDeployment {
    /// The command that submits a proposal.
    func submission(_ text: String) throws(Refusal) -> AccountCommand {
        let file = try ProposalFile(parsing: text, name: "proposal.md")
        return .submitProposal(
            fileName: "proposal.md", text: text, title: file.title, effects: file.effectsDigest)
    }

    /// Submits a proposal, by the maintainer unless said, and answers its number.
    func submit(_ text: String, by proposer: Person? = nil) throws -> UInt64 {
        let receipt = try accept(try submission(text), by: proposer ?? people.maintainer)
        let event = try #require(receipt.events.first { $0.kind == "proposal.submitted" })
        return try #require(event["proposal"].flatMap { UInt64($0) })
    }

    func status(of proposal: UInt64) throws -> String {
        try #require(try views.proposal(proposal)["status"]?.text)
    }

    /// Ballots as the voters of the development deployment cast them: 60 % for, 15 % against.
    func castVotes(on proposal: UInt64) throws {
        let record = try views.proposal(proposal)
        let title = try #require(record["title"]?.text)
        let effects = try #require(record["effects"]?.text.flatMap { Digest(hex: $0) })
        for (voter, choice) in zip(people.voters, ["for", "for", "against"]) {
            try accept(
                .vote(
                    proposal: proposal, title: title, choice: choice, effects: effects, reason: ""),
                by: voter)
        }
    }

    /// A ballot in words, with the title and the effects that stand on the proposal.
    func ballot(_ words: String, on proposal: UInt64) throws -> AccountCommand {
        let record = try views.proposal(proposal)
        return .vote(
            proposal: proposal, title: try #require(record["title"]?.text), choice: words,
            effects: try #require(record["effects"]?.text.flatMap { Digest(hex: $0) }), reason: "")
    }

    /// Casts a ballot; answers its receipt, accepted or refused.
    @discardableResult
    func say(_ words: String, by person: Person, on proposal: UInt64) throws -> CommandReceipt {
        try apply(try ballot(words, on: proposal), by: person)
    }

    /// A proposal file of one header.
    static func proposal(_ header: String) -> String {
        "---\nformat: proposal/1\n\(header)\n---\n\nBecause.\n"
    }

    static func signal(_ text: String = "Say it.") -> String {
        proposal("kind: signal\ntitle: Say it\neffects:\n  - text: \(text)")
    }

    static func payment(_ amount: UInt64, to payee: Person, title: String = "Pay") -> String {
        proposal(
            "kind: treasury-spend\ntitle: \(title)\neffects:\n  - asset: CREDIT\n"
                + "    to: \"\(payee.address.hex)\"\n    amount: \(amount)")
    }

    /// Lets days pass until the proposal has one of these states.
    func wait(for states: Set<String>, of proposal: UInt64, days: Int = 40) throws {
        for _ in 0..<days {
            if states.contains(try status(of: proposal)) { return }
            try tick(after: genesis.timings.dayMilliseconds)
        }
        let status = try status(of: proposal)
        try #require(states.contains(status), "proposal \(proposal) is still \(status)")
    }

    /// The whole way of a proposal that is voted for.
    @discardableResult
    func decide(_ text: String) throws -> UInt64 {
        let proposal = try submit(text)
        try wait(for: ["voting"], of: proposal)
        try castVotes(on: proposal)
        try wait(for: ["executed", "execution-failed", "defeated", "expired"], of: proposal)
        return proposal
    }

    static func releaseProposal(model: String, digest: String) -> String {
        """
        ---
        format: proposal/1
        kind: release-model
        title: Release \(model)
        effects:
          - model: \(model)
            digest: \(digest)
            asset: CREDIT
            price_per_input_token: 2
            price_per_output_token: 6
            licence: CC0-1.0
        ---

        It passed its evaluation.
        """
    }
}
