// The Governor's life cycle, as OpenZeppelin and Bravo have it: proposing, and the states.

import Governance
import Primitives

/// A proposal of the model.
struct GovernorProposal {
    var proposer: String
    var snapshot: Int
    var deadline: Int
    /// What it would call; equal names are equal calls.
    var actions: [String] = []
    /// Whether one of its calls fails.
    var reverts = false
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
    /// The power of voters when they first counted here: a snapshot does not move.
    var frozen: [String: Amount] = [:]
}

/// A governor with its parameters, its proposals and its timelock.
final class GovernorModel: GovernorScript {
    let config: JSON
    private(set) var power: [String: Amount]
    let balances: [String: Amount]
    let delegations: [String: String]
    private var supply: Amount
    private var votingDelay: Int
    private var votingPeriod: Int
    private(set) var threshold: Amount
    private(set) var lateExtension: Int
    private var guardian: String?
    private let hasGuardian: Bool
    /// Who may propose below the threshold, and until when.
    private var whitelist: [String: Int]
    /// The quorum from a time on, newest last.
    private var quorums: [(from: Int, rule: TallyRules.Quorum)] = []
    /// The total supply from a time on, newest last.
    private var supplies: [(from: Int, amount: Amount)] = []
    /// The super quorum from a time on, newest last; none where it is not used.
    private var superQuorums: [(from: Int, rule: TallyRules.Quorum)] = []
    var proposals: [String: GovernorProposal] = [:]
    var lastProposal = ""
    let timelock: TimelockModel
    private(set) var time = 0
    private(set) var wall = 0
    /// The next nonce of each voter's signed ballots.
    var nonces: [String: Int] = [:]

    init(item: JSON) throws(Refusal) {
        config = try item.field("config")
        power = Self.amounts(item["power"] ?? config["power"])
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
        lateExtension = Self.extension(config)
        let guardian =
            config["guardian"] ?? config["proposalGuardian"] ?? config["whitelistGuardian"]
        self.guardian = guardian?.text.flatMap(Self.account)
        hasGuardian = guardian != nil && guardian?.flag != false
        let listed = config["whitelist"] ?? config["whitelisted"]
        whitelist = [:]
        for name in listed?.elements?.compactMap(\.text) ?? listed?.text.map({ [$0] }) ?? [] {
            whitelist[name] = .max
        }
        for member in listed?.members ?? [] { whitelist[member.key] = member.value.integer ?? .max }
        timelock = TimelockModel(config["timelock"])
        quorums = [(0, try quorum(try config.field("quorum")))]
        supplies = [(0, supply)]
        if let needed = config["superQuorum"] { superQuorums = [(0, try quorum(needed))] }
    }

    private static func account(_ name: String) -> String? {
        name.isEmpty || name.allSatisfy { "0xX".contains($0) } ? nil : name
    }

    private static func amounts(_ value: JSON?) -> [String: Amount] {
        var amounts: [String: Amount] = [:]
        for member in value?.members ?? [] { amounts[member.key] = member.value.amount }
        return amounts
    }

    /// The late-quorum extension, under any name that says so.
    private static func `extension`(_ config: JSON) -> Int {
        for member in config.members ?? [] where member.key.lowercased().contains("extension") {
            if let value = member.value.integer { return value }
        }
        let late = config["lateQuorum"] ?? config["preventLateQuorum"]
        return late?.integer ?? late?.members?.lazy.compactMap(\.value.integer).first ?? 0
    }

    private func quorum(_ value: JSON) throws(Refusal) -> TallyRules.Quorum {
        if let absolute = (value["absolute"] ?? value).amount { return .amount(absolute) }
        let above = try value.units("numerator").units
        guard let fraction = Fraction(above, over: value["denominator"]?.amount?.units ?? 100)
        else { throw mismatch("the quorum is not readable") }
        return .flooredShare(fraction)
    }

    var isBravo: Bool {
        config["system"]?.text == "bravo" || config["counting"]?.text == "bravo"
    }
    var hasTimelock: Bool { config["timelock"]?.members != nil || config["timelock"]?.flag == true }
    private var grace: Int? {
        let lock = config["timelock"]
        return lock?["gracePeriod"]?.integer ?? lock?["grace"]?.integer
            ?? (isBravo ? 1_209_600 : nil)
    }

    func rules(at moment: Int) -> TallyRules {
        let quorum = quorums.last { $0.from <= moment }?.rule ?? .amount(.zero)
        return TallyRules(
            quorum: quorum, quorumCounts: isBravo ? .for : [.for, .abstain], threshold: .half)
    }

    func supply(at moment: Int) -> Amount { supplies.last { $0.from <= moment }?.amount ?? supply }

    // MARK: Steps

    func perform(_ step: JSON) throws(Refusal) -> String? {
        time = max(time, step["t"]?.integer ?? time)
        wall = max(wall, step["wall"]?.integer ?? wall)
        let id = (step["id"] ?? step["proposal"] ?? step["proposalId"])?.scalar ?? lastProposal
        let by = step.actor ?? ""
        switch try step.string("op") {
        case "propose": return try propose(by, step)
        case "vote", "castVote", "voteWithReason", "castVoteWithReason", "voteWithParams":
            return try cast(by, step, id)
        case "voteBySig", "castVoteBySig", "voteBySignature", "voteWithReasonAndParamsBySig":
            return try castSigned(by, step, id)
        case "voteFractional", "castVoteFractional", "fractionalVote":
            return try voteFractional(by, step, id)
        case "overrideVote", "override", "castOverrideVote", "overrideVoteBySig":
            return try overrideVote(by, step, id)
        case "state": return try state(id)
        case "deadline", "proposalDeadline": return String(try proposal(id).deadline)
        case "snapshot", "proposalSnapshot": return String(try proposal(id).snapshot)
        case "proposer", "proposalProposer": return try proposal(id).proposer
        case "tally", "proposalVotes", "votes": return describe(try proposal(id))
        case "hasVoted":
            let used = try proposal(id).used[by]
            return String(isFractional ? used ?? .zero > .zero : used != nil)
        case "hasOverridden", "hasVotedOverride", "hasOverriden":
            return String(try proposal(id).overridden.contains(by))
        case "usedVotes": return (try proposal(id).used[by] ?? .zero).description
        case "remainingVotes", "remaining":
            let proposal = try proposal(id)
            return try weight(of: by, in: proposal).subtracting(proposal.used[by] ?? .zero)
                .description
        case "power", "getVotes", "weight": return (power[by] ?? .zero).description
        case "quorum": return try quorum(at: step["at"]?.integer ?? time)
        case "quorumReached":
            let proposal = try proposal(id)
            return String(
                try rules(at: proposal.snapshot).isQuorumReached(
                    proposal.tally, supply: supply(at: proposal.snapshot)))
        case "quorumNumerator": return try numerator()
        case "votingDelay": return String(votingDelay)
        case "votingPeriod": return String(votingPeriod)
        case "proposalThreshold": return threshold.description
        case "lateQuorumVoteExtension", "lateQuorumExtension": return String(lateExtension)
        case "proposalGuardian", "guardian": return guardian ?? "0x0"
        case "note", "wait", "mine", "clock": return nil
        default: return try after(step, id, by)
        }
    }

    func proposal(_ id: String) throws(Refusal) -> GovernorProposal {
        guard let proposal = proposals[id] else {
            throw Refusal("NonexistentProposal", "no such proposal")
        }
        return proposal
    }

    // MARK: Proposing

    private func propose(_ by: String, _ step: JSON) throws(Refusal) -> String? {
        let description = step["description"]?.text ?? ""
        let actions = try actions(step)
        try checkProposer(by, description)
        // The proposer is no part of a Governor's identifier: who copies a text is refused.
        let name = step["id"]?.scalar
        let content = step["sameAs"]?.text ?? step["copyOf"]?.text
        let id =
            isBravo ? name ?? "\(by)#\(proposals.count)" : content ?? name ?? "d:\(description)"
        guard proposals[id] == nil else {
            throw Refusal("UnexpectedProposalState", "proposed already")
        }
        if isBravo, proposals.contains(where: { $0.value.proposer == by && isLive($0.key) }) {
            throw Refusal("AlreadyLive", "one live proposal for each proposer")
        }
        let snapshot = time.later(by: votingDelay)
        var proposal = GovernorProposal(
            proposer: by, snapshot: snapshot, deadline: snapshot.later(by: votingPeriod))
        proposal.actions = actions
        proposal.reverts = step.saysItReverts
        proposals[id] = proposal
        lastProposal = id
        return nil
    }

    /// The calls by name; refused when there are none, or Bravo's too many, or lists of different
    /// lengths.
    private func actions(_ step: JSON) throws(Refusal) -> [String] {
        let lists = ["targets", "values", "calldatas", "signatures"].compactMap { step[$0] }
            .compactMap { $0.elements?.count ?? $0.integer }
        let lengths = lists + (step["lengths"]?.elements ?? []).compactMap(\.integer)
        let given = step["actions"]
        let names =
            given?.elements?.map { $0.text ?? $0.compact }
            ?? (0..<max(0, min(given?.integer ?? lengths.first ?? 1, 1_000))).map { "call \($0)" }
        guard !names.isEmpty, Set(lengths).count <= 1, given?.text != "mismatch",
            !isBravo || names.count <= (config["maxActions"]?.integer ?? 10)
        else { throw Refusal("InvalidProposalLength", "\(names.count) calls, lists of \(lengths)") }
        return names
    }

    private func isLive(_ id: String) -> Bool {
        let current = try? state(id)
        return current == "Pending" || current == "Active"
    }

    private func checkProposer(_ by: String, _ description: String) throws(Refusal) {
        let votes = power[by] ?? .zero
        guard isBravo ? votes > threshold || isWhitelisted(by) : votes >= threshold else {
            throw Refusal("InsufficientProposerVotes", "too little power to propose")
        }
        // The last 52 bytes decide, if they are `#proposer=0x` and an address.
        guard !isBravo, let mark = description.suffix(ofLast: "#proposer=") else { return }
        let digits = mark.dropFirst(2)
        let isAddress =
            mark.hasPrefix("0x") && digits.count == 40
            && digits.allSatisfy { $0.isASCII && $0.isHexDigit }
        let own = config["addresses"]?[by]?.text ?? by
        if isAddress, mark.lowercased() != own.lowercased() {
            throw Refusal("RestrictedProposer", "meant for somebody else")
        }
    }

    private func isWhitelisted(_ name: String) -> Bool { wall < whitelist[name] ?? .min }

    // MARK: State

    func state(_ id: String) throws(Refusal) -> String {
        let proposal = try proposal(id)
        if proposal.isExecuted { return "Executed" }
        if proposal.isCancelled { return "Canceled" }
        if time <= proposal.snapshot { return "Pending" }
        if time <= proposal.deadline, !(try isSuper(proposal)) { return "Active" }
        guard try passes(proposal) else { return "Defeated" }
        guard let eta = proposal.eta else { return "Succeeded" }
        if let grace, wall >= eta.later(by: grace) { return "Expired" }
        return "Queued"
    }

    private func passes(_ proposal: GovernorProposal) throws(Refusal) -> Bool {
        try rules(at: proposal.snapshot).decide(
            proposal.tally, supply: supply(at: proposal.snapshot)
        ).passes
    }

    /// Enough for, and winning: no need to wait for the deadline.
    private func isSuper(_ proposal: GovernorProposal) throws(Refusal) -> Bool {
        guard let needed = superQuorums.last(where: { $0.from <= proposal.snapshot })?.rule
        else { return false }
        switch needed {
        case .amount(let amount): guard proposal.tally.for >= amount else { return false }
        case .flooredShare(let share), .share(let share), .moreThanShare(let share):
            let least = try share.floor(of: supply(at: proposal.snapshot))
            guard proposal.tally.for >= least else { return false }
        }
        return try passes(proposal)
    }

    private func quorum(at moment: Int) throws(Refusal) -> String {
        switch rules(at: moment).quorum {
        case .amount(let amount): return amount.description
        case .flooredShare(let share), .share(let share), .moreThanShare(let share):
            return try share.floor(of: supply(at: moment)).description
        }
    }

    private func numerator() throws(Refusal) -> String {
        guard case .flooredShare(let share) = rules(at: time).quorum else { return "0" }
        let below = config["quorum"]?["denominator"]?.amount ?? Amount(100)
        return try share.floor(of: below).description
    }

    // MARK: Cancelling

    func cancel(_ id: String, by: String) throws(Refusal) {
        let proposal = try proposal(id)
        let current = try state(id)
        let isOver = isBravo ? ["Executed"] : ["Canceled", "Expired", "Executed"]
        guard !isOver.contains(current) else {
            throw Refusal("UnexpectedProposalState", "it is \(current)")
        }
        guard by != proposal.proposer else {
            // Without a guardian in office the proposer keeps the guardian's right.
            guard
                isBravo || current == "Pending" || (hasGuardian && guardian == nil)
                    || by == guardian
            else { throw Refusal("UnableToCancel", "only while pending") }
            return markCancelled(id)
        }
        if isBravo {
            let fell = (power[proposal.proposer] ?? .zero) < threshold
            let isProtected = isWhitelisted(proposal.proposer)
            guard fell, !isProtected || by == guardian else {
                throw Refusal("UnableToCancel", "the proposer is above the threshold")
            }
        } else {
            guard by == guardian else {
                throw Refusal("UnableToCancel", "only its proposer, while pending")
            }
        }
        markCancelled(id)
    }

    func markCancelled(_ id: String) {
        proposals[id]?.isCancelled = true
        proposals[id]?.eta = nil
    }

    // MARK: Parameters

    func change(_ op: String, _ by: String, _ step: JSON) throws(Refusal) {
        if op.lowercased().contains("power") { return try changePower(by, step) }
        if op == "setTotalSupply" || op == "setSupply" {
            supply = step["value"]?.amount ?? step["amount"]?.amount ?? supply
            supplies.append((time, supply))
            return
        }
        let mayChange = ["", "governance", "executor", "timelock", "governor", "self"].contains(by)
        guard mayChange || isBravo && ["admin", guardian].contains(by) else {
            throw Refusal("OnlyExecutor", "only governance itself")
        }
        let value = step["value"]?.integer ?? step["numerator"]?.integer ?? 0
        switch op {
        // Bravo's bounds are constants of its contract.
        case "setVotingDelay" where isBravo && !(1...40_320).contains(value),
            "setVotingPeriod" where isBravo && !(5_760...80_640).contains(value):
            throw Refusal("InvalidVotingTime", "outside the bounds of the contract")
        case "setVotingDelay": votingDelay = value
        case "setVotingPeriod":
            guard value > 0 else { throw Refusal("InvalidVotingPeriod", "a period is not zero") }
            guard value >= lateExtension else {
                throw Refusal("InvalidVotingPeriod", "shorter than the late-quorum extension")
            }
            votingPeriod = value
        case "setProposalThreshold": threshold = Amount(UInt128(max(0, value)))
        case "setProposalGuardian", "setGuardian", "setWhitelistGuardian":
            guardian = (step["value"] ?? step["guardian"] ?? step["to"])?.text
                .flatMap(Self.account)
        case "setWhitelistAccountExpiration", "setWhitelist", "setWhitelisted":
            if let name = (step["account"] ?? step["value"] ?? step["to"])?.text {
                whitelist[name] =
                    (step["expiration"] ?? step["until"] ?? step["expires"])?.integer ?? .max
            }
        case let op where op.lowercased().contains("extension"):
            guard value <= votingPeriod else {
                throw Refusal("ExtensionTooLong", "longer than the period")
            }
            lateExtension = value
        case let op where op.lowercased().contains("superquorum"):
            superQuorums.append((time, try share(value, absolute: config["superQuorum"])))
            try checkSuperQuorum(undoing: \.superQuorums)
        case let op where op.lowercased().contains("quorum"):
            quorums.append((time, try share(value, absolute: config["quorum"])))
            try checkSuperQuorum(undoing: \.quorums)
        case "updateDelay", "setDelay", "updateTimelockDelay":
            try timelock.changeDelay(to: value, by: by.isEmpty ? "timelock" : by)
        default: throw mismatch("the step \(op) is not known")
        }
    }

    /// A quorum's new value: an amount where it was one, else a part of its denominator.
    private func share(_ value: Int, absolute rule: JSON?) throws(Refusal) -> TallyRules.Quorum {
        if rule?["absolute"] != nil || rule?.amount != nil {
            return .amount(Amount(UInt128(max(0, value))))
        }
        let below = rule?["denominator"]?.integer ?? 100
        guard value <= below,
            let fraction = Fraction(UInt128(max(0, value)), over: UInt128(below))
        else { throw Refusal("InvalidQuorumFraction", "more than the whole") }
        return .flooredShare(fraction)
    }

    /// A super quorum never lies below the quorum; a change that would have it so is undone.
    private func checkSuperQuorum(
        undoing list: ReferenceWritableKeyPath<
            GovernorModel, [(from: Int, rule: TallyRules.Quorum)]
        >
    ) throws(Refusal) {
        guard let least = quorums.last?.rule, let most = superQuorums.last?.rule,
            case .flooredShare(let quorum) = least, case .flooredShare(let needed) = most,
            needed < quorum
        else { return }
        self[keyPath: list].removeLast()
        throw Refusal("InvalidSuperQuorum", "the super quorum would lie below the quorum")
    }

    private func changePower(_ by: String, _ step: JSON) throws(Refusal) {
        let of = step["of"]?.text ?? step["account"]?.text ?? by
        guard let amount = (step["value"] ?? step["amount"] ?? step["power"] ?? step["to"])?.amount
        else { throw mismatch("how much power?") }
        // What was counted at a snapshot stays as it was.
        for id in proposals.keys where time > (proposals[id]?.snapshot ?? time) {
            if proposals[id]?.frozen[of] == nil { proposals[id]?.frozen[of] = power[of] ?? .zero }
        }
        power[of] = amount
    }

    /// A voter's power at a proposal's snapshot.
    func weight(of voter: String, in proposal: GovernorProposal) -> Amount {
        proposal.frozen[voter] ?? power[voter] ?? .zero
    }
}

extension JSON {
    /// Whether a step or an action says that its call fails.
    var saysItReverts: Bool {
        for key in ["reverts", "fails", "revert", "fail", "targetReverts", "callReverts"] {
            if self[key]?.flag == true { return true }
        }
        let calls = ["actions", "calls", "targets", "batch"].flatMap { self[$0]?.elements ?? [] }
        return calls.contains { call in
            let word = (call.text ?? "").lowercased()
            return call.saysItReverts || word.contains("revert") || word.contains("fail")
        }
    }
}

extension String {
    /// What follows the last `mark`, or nil.
    fileprivate func suffix(ofLast mark: String) -> Substring? {
        var rest = self[...]
        var found: Substring?
        while !rest.isEmpty {
            if rest.hasPrefix(mark) { found = rest.dropFirst(mark.count) }
            rest = rest.dropFirst()
        }
        return found
    }
}
