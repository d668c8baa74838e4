// Casting votes at a governor: simple, fractional, overriding, by signature.

import Governance
import Primitives

extension GovernorModel {
    private func choice(_ step: JSON) throws(Refusal) -> Choice {
        switch (step["support"] ?? step["choice"])?.scalar?.lowercased() {
        case "against", "0": return .against
        case "for", "1": return .for
        case "abstain", "2": return .abstain
        default: throw Refusal("InvalidVoteType", "no such choice")
        }
    }

    private func active(_ id: String) throws(Refusal) -> GovernorProposal {
        let found = try proposal(id)
        guard try state(id) == "Active" else {
            throw Refusal("UnexpectedProposalState", "voting is not open")
        }
        return found
    }

    var isFractional: Bool { config["counting"]?.text == "fractional" }

    /// A ballot whose signature and nonce must be the voter's; a nonce is used once.
    func castSigned(_ by: String, _ step: JSON, _ id: String) throws(Refusal) -> String? {
        let next = nonces[by] ?? 0
        guard !step.hasBadSignature else {
            throw Refusal("InvalidSignature", "not the voter's signature")
        }
        if !isBravo, let nonce = step["nonce"]?.integer, nonce != next {
            throw Refusal("InvalidSignature", "not the voter's next nonce")
        }
        let answer = try cast(by, step, id)
        nonces[by] = next + 1
        return answer
    }

    func cast(_ by: String, _ step: JSON, _ id: String) throws(Refusal) -> String? {
        if step["weights"] != nil { return try voteFractional(by, step, id) }
        var proposal = try active(id)
        guard !step.hasBadSignature else {
            throw Refusal("InvalidSignature", "not the voter's signature")
        }
        if isFractional, let length = (step["paramsLength"] ?? step["paramsBytes"])?.integer,
            length != 0
        {
            throw Refusal("InvalidVoteParams", "a nominal vote has no weights")
        }
        let choice = try choice(step)
        let used = proposal.used[by]
        let whole = weight(of: by, in: proposal)
        guard isFractional ? used ?? .zero < whole : used == nil else {
            throw Refusal("AlreadyCastVote", "has voted")
        }
        let spent = isFractional ? used ?? .zero : proposal.taken[by] ?? .zero
        let weight = whole > spent ? try whole.subtracting(spent) : .zero
        try proposal.tally.add(weight, to: choice)
        proposal.used[by] = whole
        proposal.support[by] = choice
        try finishVote(&proposal, id)
        return weight.description
    }

    func voteFractional(_ by: String, _ step: JSON, _ id: String) throws(Refusal) -> String? {
        var proposal = try active(id)
        guard !step.hasBadSignature else {
            throw Refusal("InvalidSignature", "not the voter's signature")
        }
        if let support = step["support"]?.integer, support != 255 {
            throw Refusal("InvalidVoteParams", "a nominal vote has no weights")
        }
        if let length = (step["paramsLength"] ?? step["paramsBytes"])?.integer, length != 48 {
            throw Refusal("InvalidVoteParams", "three numbers of 16 bytes")
        }
        let whole = weight(of: by, in: proposal)
        let used = proposal.used[by] ?? .zero
        guard used < whole else { throw Refusal("AlreadyCastVote", "nothing is left") }
        let weights = try step.field("weights")
        var sum = used
        for (position, choice) in [Choice.against, .for, .abstain].enumerated() {
            let listed = weights.elements.flatMap { $0.count > position ? $0[position] : nil }
            let value =
                listed ?? weights[choice.word] ?? weights[choice.word.capitalized(ascii: true)]
            let weight = value?.amount ?? .zero
            sum = try sum.adding(weight)
            try proposal.tally.add(weight, to: choice)
        }
        guard sum <= whole else { throw Refusal("ExceedRemainingWeight", "more than is left") }
        proposal.used[by] = sum
        try finishVote(&proposal, id)
        return try sum.subtracting(used).description
    }

    func overrideVote(_ by: String, _ step: JSON, _ id: String) throws(Refusal) -> String? {
        var proposal = try active(id)
        guard !step.hasBadSignature else {
            throw Refusal("InvalidSignature", "not the voter's signature")
        }
        let choice = try choice(step)
        guard proposal.overridden.insert(by).inserted else {
            throw Refusal("AlreadyOverriddenVote", "has overridden")
        }
        let balance = balances[by] ?? .zero
        if let delegate = delegations[by] {
            proposal.taken[delegate] = try (proposal.taken[delegate] ?? .zero).adding(balance)
            if let before = proposal.support[delegate] {
                try proposal.tally.take(balance, from: before)
            }
        }
        try proposal.tally.add(balance, to: choice)
        try finishVote(&proposal, id)
        return balance.description
    }

    private func finishVote(_ proposal: inout GovernorProposal, _ id: String) throws(Refusal) {
        let reached = try rules(at: proposal.snapshot).isQuorumReached(
            proposal.tally, supply: supply(at: proposal.snapshot))
        // Once, even where nothing was added: a quorum is late only when it is reached.
        if reached, !proposal.wasExtended {
            proposal.wasExtended = true
            proposal.deadline = max(proposal.deadline, time.later(by: lateExtension))
        }
        proposals[id] = proposal
    }

    func describe(_ proposal: GovernorProposal) -> String {
        let tally = proposal.tally
        return "against=\(tally.against) for=\(tally.for) abstain=\(tally.abstain)"
    }
}

extension String {
    /// The first letter upper-case, as the files write choices.
    fileprivate func capitalized(ascii: Bool) -> String { prefix(1).uppercased() + dropFirst() }
}
