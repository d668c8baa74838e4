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
    let community: Community
    let config: JSON
    var numbers: [String: UInt64] = [:]
    /// The headers that were proposed, and the names their effects go by.
    var headers: [String: String] = [:]
    var effectNames: [String: String] = [:]
    /// How far the steps' clock lies behind the community's: a standing proposal opened before.
    private(set) var offset: UInt64 = 0
    private var leaderSkew: UInt64 = 0
    private(set) var clockRefused = false

    /// The furthest a majority's clocks let an entry be stamped ahead, in seconds.
    private static let skewLimit: UInt64 = 1

    /// The hard bounds that the case's own rules keep: production's where they can be.
    let bounds: ConstitutionBounds
    let rules: CommunityRules
    /// Why the case's own rules cannot be in force; whatever is done under them is refused.
    private let rulesRefusal: Refusal?
    /// Drafts by name, and who wrote them.
    var drafts: [String: (author: String, step: JSON)] = [:]
    /// What voters committed to, by name, and by the text of the commitment after `=`.
    var commitments: [String: Digest] = [:]
    /// The case's reveals: a bare hash does not say what was committed to.
    let reveals: [JSON]
    /// The last nonce each signer used.
    private var nonces: [String: UInt64] = [:]

    init(_ item: JSON) throws(Refusal) {
        config = try item.field("config")
        let steps = try item.items("steps")
        func ops(_ word: String) -> [JSON] {
            steps.filter { $0["op"]?.text?.lowercased().hasPrefix(word) == true }
        }
        var rules = try CommunityRules(config)
        reveals = ops("reveal")
        if rules.reveal == nil, !ops("commit").isEmpty { rules.hideBallots() }
        if rules.guardian == nil, let first = ops("guardian").first {
            rules.guardian = first["by"]?.text ?? "guardian"
        }
        // A case that says nothing of members' changes must not lose the bounds of production.
        var real = rules
        if config["membershipCooldown"] == nil { real.cooldown = 604_800 }
        let isReal = (try? Constitution(parsing: real.yaml, name: "case", bounds: .production))
        bounds = isReal == nil ? .development : .production
        let (made, refusal) = try Self.found(rules)
        (community, rulesRefusal) = (made, refusal)
        self.rules = rules
        community.host.members = (config["members"]?.elements ?? []).compactMap(\.text)
        if let treasury = config["treasury"]?.amount { community.host.treasury = treasury }
        for member in item["power"]?.members ?? [] {
            try community.setBalance(of: member.key, to: member.value.amount ?? .zero)
        }
        if let supply = config["totalSupply"]?.amount { try community.setSupply(supply) }
        try openStanding(item, delay: rules.delay)
    }

    /// A proposal that steps name without proposing it stands open from the start.
    private func openStanding(_ item: JSON, delay: UInt64) throws(Refusal) {
        let steps = try item.items("steps")
        let proposed = Set(
            steps.filter { ["propose", "draft"].contains($0["op"]?.text) }
                .compactMap { $0["id"]?.text })
        let named = steps.compactMap { $0["id"]?.text ?? $0["proposal"]?.text }
        for id in Set(named).subtracting(proposed).sorted() {
            numbers[id] = try community.propose(by: "somebody", at: 0)
            offset = delay
        }
        if offset > 0 { try community.advance(to: offset) }
    }

    /// The community under its rules; under none of its own where those cannot be.
    private static func found(_ rules: CommunityRules) throws(Refusal) -> (Community, Refusal?) {
        do {
            return (try Community(rules: rules), nil)
        } catch {
            return (try Community(), error)
        }
    }

    // MARK: Steps

    func check(_ step: JSON) throws(Refusal) {
        if let t = step["t"]?.unsigned {
            guard t < 1 << 40 else { throw mismatch("\(t) seconds is beyond any calendar") }
            try community.advance(to: t + offset)
        }
        var refusal: Refusal?
        do {
            try perform(step)
        } catch {
            guard error.code != "case.mismatch" else { throw error }
            refusal = error
        }
        let expected = step["expectRefused"]?.flag ?? false
        if let choices = step["expectOneOf"]?.elements {
            return try checkOneOf(choices, step, refusal)
        }
        if let refusal, !expected { throw mismatch("refused: \(refusal)") }
        try expect(!(expected && refusal == nil), "accepted, and must be refused")
    }

    /// Several designs are acceptable: one of them must be ours.
    private func checkOneOf(_ choices: [JSON], _ step: JSON, _ refusal: Refusal?) throws(Refusal) {
        for choice in choices {
            let word = choice.text?.lowercased() ?? ""
            if refusal != nil {
                if word.contains("refus") || word.contains("reject") { return }
                continue
            }
            if word.contains("accept") || word == "ok" { return }
            let asking = JSON.object(
                (step.members ?? []).filter { !$0.key.hasPrefix("expect") }
                    + [JSON.Member("expect", choice)])
            if (try? checkExpectation(asking)) != nil { return }
        }
        throw mismatch(
            "ours is none of \(JSON.array(choices).compact), \(refusal?.code ?? "accepted")")
    }

    private func perform(_ step: JSON) throws(Refusal) {
        let by = step["by"]?.text ?? ""
        let op = try step.string("op")
        if let rulesRefusal, !Self.readings.contains(op) { throw rulesRefusal }
        try checkEnvelope(step, by)
        switch op {
        case "note", "wait", "advance", "validate", "config", "load", "loadRules": return
        case "propose": try propose(step, by)
        case "vote" where isHiddenCommit(step): _ = try performOffice("commit", step, by)
        case "vote": try vote(step, by)
        case "cancel" where isGuardian(by, of: step): try actAsGuardian(op, step, by)
        case "cancel": try community.cancel(try number(step), by: by)
        case "execute": try execute(step)
        case "transfer": try transfer(step, by)
        case "mint", "setBalance":
            let to = step["to"]?.text ?? step["of"]?.text ?? by
            try community.setBalance(of: to, to: try step.units("amount"))
        case "delegate": try delegate(step, by)
        case "outage": try outage(step)
        case "setTrack", "setQuorum", "setRules", "changeRules", "changeTrack", "amend",
            "setConstitution", "changeConstitution", "setParams":
            try changeRules(step)
        case "undelegate": try community.delegate(from: by, [])
        case "leaderClock": leaderSkew = step["skew"]?.unsigned ?? 0
        case "append": clockRefused = leaderSkew > Self.skewLimit
        default:
            if !Self.readings.contains(op) {
                try expect(try performOffice(op, step, by), "the step \(op) is not known")
            }
        }
        try checkExpectation(step)
    }

    /// Steps that only ask.
    private static let readings: Set = [
        "state", "deadline", "powerAt", "power", "tally", "members", "treasury", "balance",
        "policy", "note", "wait", "advance", "deposit", "depositState", "bond", "bondState",
        "depositPrice", "eta", "readyAt", "executableAt", "snapshot", "resubmission",
    ]

    private func isHiddenCommit(_ step: JSON) -> Bool { step["commitment"] != nil }

    /// What an envelope is refused with before its command is looked at: a signature that is not
    /// the signer's, another deployment, a time that is over, a nonce that was used.
    private func checkEnvelope(_ step: JSON, _ by: String) throws(Refusal) {
        guard !step.hasBadSignature else {
            throw Refusal("envelope.signature", "not a signature of \(by) over this command")
        }
        for key in ["chainId", "chain", "genesis", "deployment", "ledger", "domain", "salt"] {
            guard let named = step[key]?.scalar, let own = config[key]?.scalar else { continue }
            guard named == own else {
                throw Refusal("envelope.deployment", "signed for \(named), this is \(own)")
            }
        }
        if let until = step["validUntil"]?.unsigned, let now = step["t"]?.unsigned, now > until {
            throw Refusal("command.expired", "it was signed to be applied until \(until)")
        }
        guard step["commitment"] == nil, let nonce = step["nonce"]?.unsigned else { return }
        guard nonce > nonces[by] ?? 0 || (nonce == 0 && nonces[by] == nil) else {
            throw Refusal("nonce.too-low", "nonce \(nonce) of \(by) was used")
        }
        nonces[by] = nonce
    }

    func number(_ step: JSON) throws(Refusal) -> UInt64 {
        let id = step["id"]?.text ?? step["proposal"]?.text ?? "P"
        guard let number = numbers[id] else {
            throw Refusal("proposal.unknown", "there is no proposal \(id)")
        }
        return number
    }

    func record(_ step: JSON) throws(Refusal) -> ProposalRecord {
        guard let record = community.record(try number(step)) else {
            throw Refusal("proposal.unknown", "there is no such proposal")
        }
        return record
    }

    private func vote(_ step: JSON, _ by: String) throws(Refusal) {
        guard let choice = Choice(word: try step.string("choice")) else {
            throw Refusal("vote.choice", "no such choice")
        }
        let number = try number(step)
        let title = step["title"]?.text
        // A ballot names the effects that its voter was shown.
        let id = step["id"]?.text ?? step["proposal"]?.text ?? "P"
        let shown = (step["effects"] ?? step["effectsDigest"] ?? step["signedEffects"])?.compact
        let other = shown.map { $0 != effectNames[id] } ?? false
        try community.vote(
            choice, by: by, on: number, title: title,
            effects: other ? SHA256.hash(Array((shown ?? "").utf8)) : nil)
    }

    /// Execution happens by itself when it is due: whoever calls for it before is refused.
    private func execute(_ step: JSON) throws(Refusal) {
        let status = try record(step).status
        // What is carried out is what was voted on, or nothing.
        let id = step["id"]?.text ?? step["proposal"]?.text ?? "P"
        let shown = (step["effects"] ?? step["effectsDigest"] ?? step["actions"])?.compact
        guard shown == nil || shown == effectNames[id] else {
            throw Refusal("proposal.effects", "these are not the effects voted on")
        }
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
        guard seconds < 1 << 40 else { throw mismatch("\(seconds) seconds is no outage") }
        community.apply { _, state in
            _ = community.engine.postpone(by: seconds * 1000, in: state)
        }
    }
}
