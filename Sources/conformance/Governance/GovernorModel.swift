// The Governor's life cycle, as OpenZeppelin and Bravo have it.

import Governance
import Primitives

/// A proposal of the model.
struct GovernorProposal {
    var proposer: String
    var snapshot: Int
    var deadline: Int
    var tally = VoteTally()
    var isExecuted = false
    var isCancelled = false
    var eta: Int?
    var wasExtended = false
    /// What each voter has spent of their power.
    var used: [String: Amount] = [:]
    /// Whom each ordinary voter voted for.
    var support: [String: Choice] = [:]
    /// What overriding holders took from their delegate's ballot.
    var taken: [String: Amount] = [:]
    var overridden: Set<String> = []
}

/// A governor with its parameters, its proposals and its timelock.
final class GovernorModel: GovernorScript {
    let config: JSON
    private let power: [String: Amount]
    private let balances: [String: Amount]
    private let delegations: [String: String]
    private var supply: Amount
    private var votingDelay: Int
    private var votingPeriod: Int
    private var threshold: Amount
    private var lateExtension: Int
    /// The quorum from a time on, newest last.
    private var quorums: [(from: Int, rule: TallyRules.Quorum)] = []
    private var proposals: [String: GovernorProposal] = [:]
    private var lastProposal = ""
    private let timelock: TimelockModel
    private var time = 0
    private var wall = 0

    init(item: JSON) throws(Refusal) {
        config = try item.field("config")
        power = Self.amounts(item["power"])
        balances = Self.amounts(config["balances"])
        var delegations: [String: String] = [:]
        for member in config["delegations"]?.members ?? [] {
            delegations[member.key] = member.value.text
        }
        self.delegations = delegations
        supply = config["totalSupply"]?.amount ?? .zero
        votingDelay = try config.integer("votingDelay")
        votingPeriod = try config.integer("votingPeriod")
        threshold = config["proposalThreshold"]?.amount ?? .zero
        lateExtension =
            config["lateQuorumExtension"]?.integer ?? config["voteExtension"]?.integer
            ?? config["extension"]?.integer ?? config["lateQuorum"]?["extension"]?.integer ?? 0
        timelock = TimelockModel(delay: config["timelock"]?["delay"]?.integer ?? 0)
        quorums = [(0, try Self.quorum(try config.field("quorum")))]
    }

    private static func amounts(_ value: JSON?) -> [String: Amount] {
        var amounts: [String: Amount] = [:]
        for member in value?.members ?? [] { amounts[member.key] = member.value.amount }
        return amounts
    }

    private static func quorum(_ value: JSON) throws(Refusal) -> TallyRules.Quorum {
        if let absolute = (value["absolute"] ?? value).amount { return .amount(absolute) }
        let above = try value.units("numerator").units
        guard let fraction = Fraction(above, over: value["denominator"]?.amount?.units ?? 100)
        else { throw mismatch("the quorum is not readable") }
        return .flooredShare(fraction)
    }

    private var isBravo: Bool { config["system"]?.text == "bravo" }
    private var hasTimelock: Bool { config["timelock"]?.members != nil }
    private var grace: Int? {
        config["timelock"]?["gracePeriod"]?.integer ?? (isBravo ? 1_209_600 : nil)
    }

    private func rules(at moment: Int) -> TallyRules {
        let quorum = quorums.last { $0.from <= moment }?.rule ?? .amount(.zero)
        return TallyRules(
            quorum: quorum, quorumCounts: isBravo ? .for : [.for, .abstain], threshold: .half)
    }

    // MARK: Steps

    func perform(_ step: JSON) throws(Refusal) -> String? {
        time = max(time, step["t"]?.integer ?? time)
        wall = max(wall, step["wall"]?.integer ?? wall)
        let id = step["id"]?.text ?? lastProposal
        let by = step["by"]?.text ?? ""
        switch try step.string("op") {
        case "propose": return try propose(by, step)
        case "vote", "castVote", "voteWithReason", "castVoteWithReason", "voteBySig":
            return try vote(by, step, id)
        case "voteFractional": return try voteFractional(by, step, id)
        case "overrideVote", "override": return try overrideVote(by, step, id)
        case "state": return try state(id)
        case "deadline", "proposalDeadline": return String(try proposal(id).deadline)
        case "snapshot", "proposalSnapshot": return String(try proposal(id).snapshot)
        case "proposer": return try proposal(id).proposer
        case "tally", "proposalVotes", "votes": return try describe(try proposal(id))
        case "hasVoted": return String(try proposal(id).used[by] != nil)
        case "usedVotes": return (try proposal(id).used[by] ?? .zero).description
        case "quorum": return try quorum(at: step["at"]?.integer ?? time)
        case "queue": return try queue(id)
        case "execute": return try execute(id)
        case "cancel": return try cancel(id, by: by)
        case "cancelInternal": return try cancelInternal(id)
        case "eta", "proposalEta": return String(try proposal(id).eta ?? 0)
        case let op where op.hasPrefix("set") || op.hasPrefix("update"):
            return try change(op, by, step)
        default: return try timelock.perform(step, wall: wall)
        }
    }

    private func proposal(_ id: String) throws(Refusal) -> GovernorProposal {
        guard let proposal = proposals[id] else {
            throw Refusal("NonexistentProposal", "no such proposal")
        }
        return proposal
    }

    // MARK: Proposing

    private func propose(_ by: String, _ step: JSON) throws(Refusal) -> String? {
        let description = step["description"]?.text ?? ""
        let actions = step["actions"]?.integer ?? step["actions"]?.elements?.count ?? 1
        guard !isBravo || (1...10).contains(actions), actions > 0 else {
            throw Refusal("InvalidProposalLength", "1 to 10 actions")
        }
        try checkProposer(by, description)
        // The proposer is no part of a Governor's identifier: who copies a text is refused.
        let id = isBravo ? "\(by)#\(proposals.count)" : step["id"]?.text ?? "d:\(description)"
        let twin = proposals[id] != nil
        guard !twin else { throw Refusal("UnexpectedProposalState", "proposed already") }
        if isBravo, proposals.contains(where: { $0.value.proposer == by && isLive($0.key) }) {
            throw Refusal("AlreadyLive", "one live proposal for each proposer")
        }
        let snapshot = time + votingDelay
        proposals[id] = GovernorProposal(
            proposer: by, snapshot: snapshot, deadline: snapshot + votingPeriod)
        if let name = step["id"]?.text, name != id {
            proposals[name] = proposals.removeValue(forKey: id)
        }
        lastProposal = step["id"]?.text ?? id
        return nil
    }

    private func isLive(_ id: String) -> Bool {
        let current = try? state(id)
        return current == "Pending" || current == "Active"
    }

    private func checkProposer(_ by: String, _ description: String) throws(Refusal) {
        let votes = power[by] ?? .zero
        let whitelisted =
            (config["whitelist"]?.elements ?? config["whitelisted"]?.elements ?? [])
            .contains { $0.text == by }
        guard isBravo ? votes > threshold || whitelisted : votes >= threshold else {
            throw Refusal("InsufficientProposerVotes", "too little power to propose")
        }
        guard let mark = description.range(ofSuffixAfter: "#proposer=") else { return }
        let digits = mark.dropFirst(2)
        let isAddress =
            mark.hasPrefix("0x") && digits.count == 40 && digits.allSatisfy(\.isHexDigit)
        let own = config["addresses"]?[by]?.text ?? by
        if isAddress, mark.lowercased() != own.lowercased() {
            throw Refusal("RestrictedProposer", "meant for somebody else")
        }
    }

    // MARK: Voting

    private func choice(_ step: JSON) throws(Refusal) -> Choice {
        switch step["support"]?.scalar {
        case "Against", "0": return .against
        case "For", "1": return .for
        case "Abstain", "2": return .abstain
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

    private func vote(_ by: String, _ step: JSON, _ id: String) throws(Refusal) -> String? {
        var proposal = try active(id)
        guard step["signature"]?.text != "invalid", step["validSignature"]?.flag != false,
            step["nonceValid"]?.flag != false
        else { throw Refusal("InvalidSignature", "not the voter's signature") }
        let choice = try choice(step)
        let used = proposal.used[by]
        let fractional = config["counting"]?.text == "fractional"
        let whole = power[by] ?? .zero
        guard used == nil || (fractional && (used ?? .zero) < whole) else {
            throw Refusal("AlreadyCastVote", "has voted")
        }
        let spent = fractional ? used ?? .zero : proposal.taken[by] ?? .zero
        let weight = whole > spent ? try whole.subtracting(spent) : .zero
        try proposal.tally.add(weight, to: choice)
        proposal.used[by] = whole
        proposal.support[by] = choice
        try finishVote(&proposal, id)
        return weight.description
    }

    private func voteFractional(_ by: String, _ step: JSON, _ id: String) throws(Refusal) -> String?
    {
        var proposal = try active(id)
        let whole = power[by] ?? .zero
        let used = proposal.used[by] ?? .zero
        guard used < whole else { throw Refusal("AlreadyCastVote", "nothing is left") }
        let weights = try step.field("weights")
        var sum = used
        for choice in [Choice.against, .for, .abstain] {
            let weight = weights[choice.word]?.amount ?? .zero
            sum = try sum.adding(weight)
            try proposal.tally.add(weight, to: choice)
        }
        guard sum <= whole else { throw Refusal("ExceedRemainingWeight", "more than is left") }
        proposal.used[by] = sum
        try finishVote(&proposal, id)
        return nil
    }

    private func overrideVote(_ by: String, _ step: JSON, _ id: String) throws(Refusal) -> String? {
        var proposal = try active(id)
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
        return nil
    }

    private func finishVote(_ proposal: inout GovernorProposal, _ id: String) throws(Refusal) {
        let reached = try rules(at: proposal.snapshot).isQuorumReached(
            proposal.tally, supply: supply)
        if lateExtension > 0, reached, !proposal.wasExtended {
            proposal.wasExtended = true
            proposal.deadline = max(proposal.deadline, time + lateExtension)
        }
        proposals[id] = proposal
    }

    // MARK: State

    private func state(_ id: String) throws(Refusal) -> String {
        let proposal = try proposal(id)
        if proposal.isExecuted { return "Executed" }
        if proposal.isCancelled { return "Canceled" }
        if time <= proposal.snapshot { return "Pending" }
        if time <= proposal.deadline, !(try isSuper(proposal)) { return "Active" }
        let passes = try rules(at: proposal.snapshot).decide(proposal.tally, supply: supply).passes
        guard passes else { return "Defeated" }
        guard let eta = proposal.eta else { return "Succeeded" }
        if let grace, wall >= eta + grace { return "Expired" }
        return "Queued"
    }

    /// Enough for, and winning: no need to wait for the deadline.
    private func isSuper(_ proposal: GovernorProposal) throws(Refusal) -> Bool {
        guard let needed = config["superQuorum"]?.amount, proposal.tally.for >= needed else {
            return false
        }
        return try rules(at: proposal.snapshot).decide(proposal.tally, supply: supply).passes
    }

    private func describe(_ proposal: GovernorProposal) throws(Refusal) -> String {
        let tally = proposal.tally
        return "for=\(tally.for) against=\(tally.against) abstain=\(tally.abstain)"
    }

    private func quorum(at moment: Int) throws(Refusal) -> String {
        switch rules(at: moment).quorum {
        case .amount(let amount): return amount.description
        case .flooredShare(let share), .share(let share), .moreThanShare(let share):
            return try share.floor(of: supply).description
        }
    }

    // MARK: After the vote

    private func queue(_ id: String) throws(Refusal) -> String? {
        guard try state(id) == "Succeeded", hasTimelock else {
            throw Refusal("UnexpectedProposalState", "nothing to queue")
        }
        let eta = wall + timelock.minimumDelay
        proposals[id]?.eta = eta
        return String(eta)
    }

    private func execute(_ id: String) throws(Refusal) -> String? {
        let current = try state(id)
        guard current == "Queued" || (current == "Succeeded" && !hasTimelock) else {
            throw Refusal("UnexpectedProposalState", "it is \(current)")
        }
        if let eta = proposals[id]?.eta, wall < eta {
            throw Refusal("UnexpectedOperationState", "ready at \(eta)")
        }
        proposals[id]?.isExecuted = true
        return nil
    }

    private func cancel(_ id: String, by: String) throws(Refusal) -> String? {
        let proposal = try proposal(id)
        let current = try state(id)
        let guardian = config["guardian"]?.text ?? config["proposalGuardian"]?.text
        if ["Canceled", "Expired", "Executed"].contains(current) {
            throw Refusal("UnexpectedProposalState", "it is \(current)")
        }
        if isBravo {
            let fell = (power[proposal.proposer] ?? .zero) < threshold
            guard by == proposal.proposer || fell || by == guardian else {
                throw Refusal("UnableToCancel", "the proposer is above the threshold")
            }
        } else if by == guardian {
            // A guardian may cancel until it is done.
        } else {
            guard by == proposal.proposer,
                current == "Pending" || guardian == nil && current == "Pending"
            else { throw Refusal("UnableToCancel", "only its proposer, while pending") }
        }
        proposals[id]?.isCancelled = true
        return nil
    }

    private func cancelInternal(_ id: String) throws(Refusal) -> String? {
        let current = try state(id)
        guard !["Canceled", "Expired", "Executed"].contains(current) else {
            throw Refusal("UnexpectedProposalState", "it is \(current)")
        }
        proposals[id]?.isCancelled = true
        return nil
    }

    // MARK: Parameters

    private func change(_ op: String, _ by: String, _ step: JSON) throws(Refusal) -> String? {
        guard by.isEmpty || by == "governance" || by == "executor" || by == "timelock" else {
            throw Refusal("OnlyExecutor", "only governance itself")
        }
        let value = step["value"]?.integer ?? step["numerator"]?.integer ?? 0
        switch op {
        case "setVotingDelay": votingDelay = value
        case "setVotingPeriod":
            guard value > 0 else { throw Refusal("InvalidVotingPeriod", "a period is not zero") }
            votingPeriod = value
        case "setProposalThreshold": threshold = Amount(UInt128(max(0, value)))
        case "setLateQuorumExtension", "setLateQuorumVoteExtension":
            guard value <= votingPeriod else {
                throw Refusal("ExtensionTooLong", "longer than the period")
            }
            lateExtension = value
        case "updateQuorumNumerator", "setQuorumNumerator", "setQuorum", "updateQuorum":
            let below = config["quorum"]?["denominator"]?.integer ?? 100
            guard value <= below,
                let fraction = Fraction(UInt128(max(0, value)), over: UInt128(below))
            else { throw Refusal("InvalidQuorumFraction", "more than the whole") }
            quorums.append((time, .flooredShare(fraction)))
        case "setTotalSupply": supply = Amount(UInt128(max(0, value)))
        default: throw mismatch("the step \(op) is not known")
        }
        return nil
    }
}

extension String {
    /// What follows the last `mark`, or nil.
    fileprivate func range(ofSuffixAfter mark: String) -> Substring? {
        var rest = self[...]
        var found: Substring?
        while !rest.isEmpty {
            if rest.hasPrefix(mark) { found = rest.dropFirst(mark.count) }
            rest = rest.dropFirst()
        }
        return found
    }
}
