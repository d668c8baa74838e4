// Guardians who overreach, hidden ballots that others would copy, drafts that others would open:
// what a step says, done by the engine's own offices.

import Cryptography
import Governance
import Primitives

extension Community {
    /// The guardian acts on a proposal.
    func guardProposal(
        _ number: UInt64, _ action: GuardianAction, by name: String
    ) throws(Refusal) {
        try entry { (moment, state) throws(Refusal) in
            _ = try engine.guardProposal(
                number, action, by: address(name), reason: "case", at: moment, in: state)
        }
    }

    /// Where the community's ballots are good.
    private var deployment: Digest { SHA256.hash(Array("case".utf8)) }

    /// The ballot that names the proposal's own title and effects.
    private func ballot(_ choice: Choice, on number: UInt64) throws(Refusal) -> Vote {
        guard let record = record(number) else {
            throw Refusal("proposal.unknown", "there is no proposal \(number)")
        }
        return Vote(
            proposal: number, title: record.title, choice: choice, effects: record.effectsDigest)
    }

    /// What a voter commits to.
    func commitment(
        _ choice: Choice, by name: String, on number: UInt64, salt: Digest
    ) throws(Refusal) -> Digest {
        HiddenVoting.commitment(
            to: try ballot(choice, on: number).statement.words, on: number, by: address(name),
            salt: salt, deployment: deployment)
    }

    func commit(_ commitment: Digest, by name: String, on number: UInt64) throws(Refusal) {
        let ballot = try ballot(.abstain, on: number)
        try entry { (moment, state) throws(Refusal) in
            _ = try engine.commit(
                to: commitment, on: number, title: ballot.title, effects: ballot.effects,
                by: address(name), at: moment, in: state)
        }
    }

    func reveal(
        _ choice: Choice, by name: String, on number: UInt64, salt: Digest
    ) throws(Refusal) {
        let ballot = try ballot(choice, on: number)
        try entry { (moment, state) throws(Refusal) in
            _ = try engine.reveal(
                ballot, salt: salt, deployment: deployment, by: address(name), at: moment,
                in: state)
        }
    }
}

extension AttackScenario {
    /// Steps of the offices; false where the step is none of them.
    func performOffice(_ op: String, _ step: JSON, _ by: String) throws(Refusal) -> Bool {
        switch op {
        case "commit", "commitVote": try commit(step, by)
        case "reveal", "revealVote": try reveal(step, by)
        case "draft", "saveDraft", "writeDraft": try draft(step, by)
        case "update", "edit", "updateDraft", "editDraft", "updateProposal", "editProposal":
            try edit(step, by)
        case "sponsor", "sponsorDraft", "support", "cosign", "coSign": try sponsor(step, by)
        case "unsponsor", "withdrawSponsor", "withdrawSponsorship":
            try community.delegate(from: by, [])
        case "open", "openVote", "publish", "submit", "submitDraft": try open(step, by)
        case "delay", "hold", "veto", "pause", "extend", "stop": try actAsGuardian(op, step, by)
        case _ where op.lowercased().hasPrefix("guardian"): try actAsGuardian(op, step, by)
        default: return false
        }
        return true
    }

    /// Whether somebody acts on a proposal by the guardian's power.
    func isGuardian(_ by: String, of step: JSON) -> Bool {
        guard by == rules.guardian, let record = try? record(step) else { return false }
        return record.proposer != community.address(by)
    }

    /// A guardian delays or cancels; there is no command for anything else.
    func actAsGuardian(_ op: String, _ step: JSON, _ by: String) throws(Refusal) {
        let by = by.isEmpty ? rules.guardian ?? "guardian" : by
        let word = ((step["action"] ?? step["does"])?.text ?? op).lowercased()
        let action: GuardianAction
        if ["cancel", "veto", "stop"].contains(where: word.contains) {
            action = .cancel
        } else if ["delay", "hold", "pause", "extend"].contains(where: word.contains) {
            action = .delay(try delaySeconds(step) * 1000)
        } else {
            throw Refusal("guardian.action", "a guardian has no command for \(word)")
        }
        try community.guardProposal(try number(step), action, by: by)
    }

    private func delaySeconds(_ step: JSON) throws(Refusal) -> UInt64 {
        let keys = ["seconds", "duration", "delay", "for", "extra", "length"]
        if let seconds = keys.lazy.compactMap({ step[$0]?.unsigned }).first {
            guard seconds < 1 << 40 else { throw Refusal("guardian.delay", "for ever") }
            return seconds
        }
        if let until = (step["until"] ?? step["to"])?.unsigned, until < 1 << 40 {
            let now = (step["t"]?.unsigned ?? 0)
            return until > now ? until - now : 0
        }
        // As long as the office lets.
        return rules.guardianDelay
    }

    // MARK: Hidden ballots

    /// Commits to a ballot, or to what somebody else committed to.
    private func commit(_ step: JSON, _ by: String) throws(Refusal) {
        let number = try number(step)
        let commitment = try commitment(step, by, on: number)
        try community.commit(commitment, by: by, on: number)
        commitments[by] = commitment
        if let text = step["commitment"]?.scalar { commitments["=" + text] = commitment }
    }

    private func commitment(
        _ step: JSON, _ by: String, on number: UInt64
    ) throws(Refusal) -> Digest {
        let copied = ["copyOf", "copies", "copyFrom", "sameAs"].lazy.compactMap { step[$0]?.text }
        if let source = copied.first {
            guard let known = commitments[source] ?? commitments["=" + source] else {
                throw Refusal("vote.commitment", "\(source) has committed to nothing")
            }
            return known
        }
        // The same text as somebody's before is the same commitment, whoever hands it in.
        if let text = step["commitment"]?.scalar, let known = commitments["=" + text] {
            return known
        }
        // A bare hash says nothing; what is revealed later tells what it was made of.
        let opened = step["choice"] == nil ? reveals.first { $0["by"]?.text == by } ?? step : step
        let choice = (opened["choice"]?.text).flatMap { Choice(word: $0) } ?? .for
        return try community.commitment(choice, by: by, on: number, salt: salt(opened, by))
    }

    /// Opens a ballot.
    private func reveal(_ step: JSON, _ by: String) throws(Refusal) {
        guard let choice = Choice(word: try step.string("choice")) else {
            throw Refusal("vote.choice", "no such choice")
        }
        let number = try number(step)
        try community.reveal(choice, by: by, on: number, salt: salt(step, by))
    }

    private func salt(_ step: JSON, _ by: String) -> Digest {
        SHA256.hash(Array(((step["salt"] ?? step["nonce"])?.scalar ?? by).utf8))
    }

    // MARK: Drafts

    private func draft(_ step: JSON, _ by: String) throws(Refusal) {
        let id = draftName(step)
        guard drafts[id].map({ $0.author == by }) ?? true else { throw notTheAuthor(id) }
        drafts[id] = (by, step)
    }

    private func draftName(_ step: JSON) -> String {
        (step["id"] ?? step["draft"] ?? step["proposal"])?.text ?? "P"
    }

    private func notTheAuthor(_ id: String) -> Refusal {
        Refusal("proposal.not-yours", "\(drafts[id]?.author ?? "nobody") wrote \(id)")
    }

    /// Until it is submitted a draft is its author's to change. What was submitted stays as it is:
    /// there is no command that changes it.
    private func edit(_ step: JSON, _ by: String) throws(Refusal) {
        let id = draftName(step)
        guard numbers[id] == nil else {
            throw Refusal("proposal.submitted", "a submitted proposal is withdrawn, never changed")
        }
        guard let known = drafts[id] else {
            throw Refusal("proposal.unknown", "there is no draft \(id)")
        }
        guard known.author == by else { throw notTheAuthor(id) }
        let changed = step.members ?? []
        let kept = (known.step.members ?? []).filter { member in
            !changed.contains { $0.key == member.key }
        }
        drafts[id] = (by, .object(kept + changed))
    }

    /// A sponsor lends its power to the author: what a proposer is asked for is counted with what
    /// others lend. Once the proposal is submitted there is nothing left to sponsor.
    private func sponsor(_ step: JSON, _ by: String) throws(Refusal) {
        let id = draftName(step)
        guard numbers[id] == nil else {
            throw Refusal("proposal.submitted", "\(id) is submitted, and needs no sponsor")
        }
        guard let author = drafts[id]?.author ?? (step["author"] ?? step["of"] ?? step["to"])?.text
        else { throw Refusal("proposal.unknown", "there is no draft \(id)") }
        try community.delegate(
            from: by, [DelegationShare(delegate: community.address(author), parts: 10_000)])
    }

    /// A draft is a file of its author's; only a proposal that its author signs is one.
    private func open(_ step: JSON, _ by: String) throws(Refusal) {
        let id = (step["id"] ?? step["draft"])?.text ?? "P"
        let author = drafts[id]?.author ?? (step["author"] ?? step["of"])?.text
        if let author, author != by {
            throw Refusal("proposal.not-yours", "\(author) wrote it, and has not signed it")
        }
        // Voting opens by itself when it is due; nobody has a command to open it before.
        guard numbers[id] == nil else {
            throw Refusal("proposal.not-due", "voting opens at \(try record(step).opensAt)")
        }
        let own =
            (step.members ?? [])
            + (drafts[id]?.step.members ?? []).filter { member in
                step[member.key] == nil
            }
        try propose(.object(own + (step["id"] == nil ? [JSON.Member("id", .string(id))] : [])), by)
    }
}
