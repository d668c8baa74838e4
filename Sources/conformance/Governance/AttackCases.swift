// Attacks on governance, real ones and our own, replayed against the real engine.

import Cryptography
import Governance
import Primitives

enum AttackCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        let scenario = try AttackScenario(item)
        for (number, step) in try item.items("steps").enumerated() {
            do {
                try scenario.check(step)
            } catch {
                throw mismatch("step \(number): \(error.message)")
            }
        }
    }
}

/// One attack: a community under the case's rules, and its steps.
final class AttackScenario {
    private let community: Community
    private let config: JSON
    private var numbers: [String: UInt64] = [:]
    /// How far the steps' clock lies behind the community's: a standing proposal opened before.
    private var offset: UInt64 = 0
    private var leaderSkew: UInt64 = 0
    private var clockRefused = false

    /// The furthest a majority's clocks let an entry be stamped ahead, in seconds.
    private static let skewLimit: UInt64 = 1

    init(_ item: JSON) throws(Refusal) {
        config = try item.field("config")
        let rules = try Self.rules(config)
        community = try Community(rules: rules)
        community.host.members = (config["members"]?.elements ?? []).compactMap(\.text)
        if let treasury = config["treasury"]?.amount { community.host.treasury = treasury }
        for member in item["power"]?.members ?? [] {
            try community.setBalance(of: member.key, to: member.value.amount ?? .zero)
        }
        if let supply = config["totalSupply"]?.amount { try community.setSupply(supply) }
        try openStanding(item, delay: rules.delay)
    }

    private static func rules(_ config: JSON) throws(Refusal) -> CommunityRules {
        var rules = CommunityRules()
        let track = config["track"] ?? .object([])
        func seconds(_ key: String, _ value: inout UInt64) {
            if let given = track[key]?.unsigned ?? config[key]?.unsigned { value = given }
        }
        seconds("votingDelay", &rules.delay)
        seconds("votingPeriod", &rules.period)
        seconds("timelock", &rules.timelock)
        seconds("grace", &rules.grace)
        seconds("lateQuorumExtension", &rules.lateQuorumExtension)
        seconds("swingWindow", &rules.swingWindow)
        seconds("objection", &rules.objection)
        seconds("objectionWindow", &rules.objection)
        if rules.objection > 0, rules.swingWindow == 0 { rules.swingWindow = rules.objection }
        seconds("powerAge", &rules.powerAge)
        seconds("membershipCooldown", &rules.cooldown)
        seconds("maxOpen", &rules.openLimit)
        if let quorum = track["quorum"]?.scalar {
            (rules.quorum, rules.valueQuorum) = (quorum, quorum)
        }
        if let words = track["threshold"]?.text {
            rules.threshold = String(words.prefix { $0 != " " })
            rules.atLeast = !words.contains("strict")
        }
        if let flag = track["changeVotes"]?.flag { rules.changeVotes = flag }
        if let deposit = track["deposit"]?.scalar { rules.deposit = deposit }
        if let small = config["tracks"]?["small-spend"] {
            rules.spendingShare = small["maxTreasuryShare"]?.scalar
            rules.spendingWindow = small["window"]?.unsigned ?? 0
            rules.largeThreshold = config["tracks"]?["large-spend"]?["threshold"]?.scalar
        }
        return rules
    }

    /// A proposal that steps name without proposing it stands open from the start.
    private func openStanding(_ item: JSON, delay: UInt64) throws(Refusal) {
        let steps = try item.items("steps")
        let proposed = Set(
            steps.filter { $0["op"]?.text == "propose" }.compactMap { $0["id"]?.text })
        let named = steps.compactMap { $0["id"]?.text ?? $0["proposal"]?.text }
        for id in Set(named).subtracting(proposed).sorted() {
            numbers[id] = try community.propose(by: "somebody", at: 0)
            offset = delay
        }
        if offset > 0 { try community.advance(to: offset) }
    }

    // MARK: Steps

    func check(_ step: JSON) throws(Refusal) {
        if let t = step["t"]?.unsigned { try community.advance(to: t + offset) }
        var refusal: Refusal?
        do {
            try perform(step)
        } catch {
            guard error.code != "case.mismatch" else { throw error }
            refusal = error
        }
        let expected = step["expectRefused"]?.flag ?? false
        if let refusal, !expected { throw mismatch("refused: \(refusal)") }
        try expect(!(expected && refusal == nil), "accepted, and must be refused")
    }

    private func perform(_ step: JSON) throws(Refusal) {
        let by = step["by"]?.text ?? ""
        switch try step.string("op") {
        case "note": return
        case "propose": try propose(step, by)
        case "vote": try vote(step, by)
        case "cancel": try community.cancel(try number(step), by: by)
        case "execute": try execute(step)
        case "transfer": try transfer(step, by)
        case "mint", "setBalance":
            let to = step["to"]?.text ?? step["of"]?.text ?? by
            try community.setBalance(of: to, to: try step.units("amount"))
        case "delegate": try delegate(step, by)
        case "outage": try outage(step)
        case "setTrack", "setQuorum", "setRules", "changeRules", "changeTrack", "amend":
            try changeRules(step)
        case "leaderClock": leaderSkew = step["skew"]?.unsigned ?? 0
        case "append": clockRefused = leaderSkew > Self.skewLimit
        case "state", "deadline", "powerAt", "tally", "members": break
        case let op: throw mismatch("the step \(op) is not known")
        }
        try checkExpectation(step)
    }

    private func number(_ step: JSON) throws(Refusal) -> UInt64 {
        let id = step["id"]?.text ?? step["proposal"]?.text ?? "P"
        guard let number = numbers[id] else {
            throw Refusal("proposal.unknown", "there is no proposal \(id)")
        }
        return number
    }

    private func record(_ step: JSON) throws(Refusal) -> ProposalRecord {
        guard let record = community.record(try number(step)) else {
            throw Refusal("proposal.unknown", "there is no such proposal")
        }
        return record
    }

    private func vote(_ step: JSON, _ by: String) throws(Refusal) {
        guard let choice = Choice(word: try step.string("choice")) else {
            throw Refusal("vote.choice", "no such choice")
        }
        try community.vote(choice, by: by, on: try number(step))
    }

    /// Execution happens by itself when it is due: whoever calls for it before is refused.
    private func execute(_ step: JSON) throws(Refusal) {
        let status = try record(step).status
        guard status == .executed else {
            throw Refusal("proposal.not-ready", "it is \(status.word)")
        }
    }

    private func transfer(_ step: JSON, _ by: String) throws(Refusal) {
        let to = try step.string("to")
        let amount = try step.units("amount")
        let sameEntry = step["sameEntryAs"] != nil
        try community.setBalance(
            of: by, to: try community.balance(of: by).subtracting(amount), sameEntry: sameEntry)
        try community.setBalance(
            of: to, to: try community.balance(of: to).adding(amount), sameEntry: sameEntry)
    }

    private func delegate(_ step: JSON, _ by: String) throws(Refusal) {
        let delegate = community.address(try step.string("to"))
        let parts = UInt16(truncatingIfNeeded: step["parts"]?.integer ?? 10_000)
        try community.delegate(from: by, [DelegationShare(delegate: delegate, parts: parts)])
    }

    private func outage(_ step: JSON) throws(Refusal) {
        let span = (step["from"]?.unsigned ?? 0, step["to"]?.unsigned ?? 0)
        let seconds =
            span.1 > span.0
            ? span.1 - span.0
            : step["seconds"]?.unsigned ?? step["length"]?.unsigned ?? step["duration"]?.unsigned
                ?? 0
        community.apply { _, state in
            _ = community.engine.postpone(by: seconds * 1000, in: state)
        }
    }

    /// The constitution changes while proposals are open: their rules are frozen.
    private func changeRules(_ step: JSON) throws(Refusal) {
        let rules = try Self.rules(.object([JSON.Member("track", step["track"] ?? step)]))
        community.host.current = try Constitution(
            parsing: rules.yaml, name: "case", bounds: .development)
    }

    // MARK: Proposing

    private func propose(_ step: JSON, _ by: String) throws(Refusal) {
        if let treasury = step["treasury"]?.amount { community.host.treasury = treasury }
        let seconds = (step["t"]?.unsigned ?? 0) + offset
        let number = try community.propose(by: by, at: seconds, header: try header(step))
        numbers[step["id"]?.text ?? "P"] = number
        guard let track = step["expectTrack"]?.text else { return }
        let names = ["small-spend": "treasury-spend", "large-spend": "treasury-spend-large"]
        try expectEqual(community.record(number)?.rules.name, names[track] ?? track, "track")
    }

    private func header(_ step: JSON) throws(Refusal) -> String? {
        switch step["kind"]?.text {
        case nil, "signal": return nil
        case "treasury-spend":
            let payee = community.address(step["to"]?.text ?? step["by"]?.text ?? "")
            return """
                kind: treasury-spend
                title: Case
                effects:
                  - asset: CREDIT
                    to: "\(payee.hex)"
                    amount: \(step["amount"]?.scalar ?? "0")
                """
        case "change-members": return membersHeader(step)
        case "change-policy": return policyHeader(step)
        case "retire-model", "release-model", "train-model":
            return
                "kind: retire-model\ntitle: Case\neffects:\n  - model: \(step["model"]?.text ?? "m")"
        case "slash-provider":
            let provider = community.address(step["provider"]?.text ?? step["of"]?.text ?? "")
            return """
                kind: slash-provider
                title: Case
                effects:
                  - provider: "\(provider.hex)"
                    amount: \(step["amount"]?.scalar ?? "1")
                    reason: Case.
                """
        // Any other kind is written as it is: the list of actions is closed, and refuses it.
        case let kind: return "kind: \(kind ?? "none")\ntitle: Case\neffects:\n  - text: x"
        }
    }

    private func membersHeader(_ step: JSON) -> String {
        var lines = ["kind: change-members", "title: Case", "effects:", "  - remove:"]
        for name in (step["remove"]?.elements ?? []).compactMap(\.text) {
            lines.append("      - \(name)")
        }
        if lines.count == 4 { lines[3] = "  - remove: []" }
        let added = (step["add"]?.elements ?? []).compactMap(\.text)
        if !added.isEmpty { lines.append("    add:") }
        for name in added {
            lines += [
                "      - name: \(name)",
                "        key: \"\(SHA256.hash(Array(name.utf8)).hex)\"",
                "        address: \(name).example:7000",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private func policyHeader(_ step: JSON) -> String {
        let policy = step["policy"]?.text ?? "pricing"
        let base = SHA256.hash(Array((step["base"]?.text ?? "").utf8))
        if community.host.policies[policy] == nil { community.host.policies[policy] = base }
        return """
            kind: change-policy
            title: Case
            effects:
              - policy: \(policy)
                base: \(base.contentName)
                text: "\(step["text"]?.text ?? step["new"]?.text ?? step["id"]?.text ?? "new")"
            """
    }

    // MARK: Expectations

    private func checkExpectation(_ step: JSON) throws(Refusal) {
        guard let expected = step["expect"] else { return }
        switch try step.string("op") {
        case "state":
            let ours = try record(step).status.word
            let theirs = expected.text ?? ""
            let names = ["pending": "submitted", "active": "voting", "open": "voting"]
            try expectEqual(ours, names[theirs] ?? theirs, "state")
        case "deadline":
            let seconds = try record(step).deadline.milliseconds / 1000 - offset
            try expectEqual(String(seconds), expected.scalar ?? "", "deadline")
        case "powerAt": try expectEqual(try power(step).description, expected.scalar ?? "", "power")
        case "tally":
            let tally = try record(step).tally
            for member in expected.members ?? [] {
                guard let choice = Choice(word: member.key) else { continue }
                try expectEqual(tally[choice].description, member.value.scalar ?? "", member.key)
            }
        case "members":
            let theirs = (expected.elements ?? []).compactMap(\.text).sorted()
            try expectEqual(community.host.members.sorted(), theirs, "members")
        case "append":
            let refuses = expected.text?.contains("refuse") ?? false
            try expectEqual(clockRefused, refuses, "append refused")
        default: throw mismatch("the expectation is not known")
        }
    }

    private func power(_ step: JSON) throws(Refusal) -> Amount {
        let record = try record(step)
        let holder = community.address(try step.string("of"))
        var power = VotingPower.agedBalance(of: holder, at: record.snapshot, in: community.memory)
        for lent in VotingPower.lent(
            to: holder, for: record.kind, at: record.snapshot, in: community.memory)
        {
            power = try power.adding(lent.amount)
        }
        return power
    }
}
