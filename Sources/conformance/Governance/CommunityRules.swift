// The rules of a community of a case, as a constitution in seconds.

import Governance
import Primitives

/// What a case says of its rules; what it does not say is as permissive as can be.
struct CommunityRules {
    var delay: UInt64 = 10
    var period: UInt64 = 100
    var timelock: UInt64 = 0
    var grace: UInt64 = 1_209_600
    var lateQuorumExtension: UInt64 = 0
    var swingWindow: UInt64 = 0
    var objection: UInt64 = 0
    var confirm: UInt64 = 0
    var powerAge: UInt64 = 0
    var cooldown: UInt64 = 0
    var openLimit: UInt64 = 256
    var quorum = "0%"
    var valueQuorum = "1%"
    var threshold = "1/2"
    var atLeast = false
    var veto: String?
    var changeVotes = true
    var deposit = "0"
    var depositGrowth: String?
    var refund = "unless-vetoed"
    /// What a proposer must hold: a share, or an amount.
    var proposer: (key: String, value: String) = ("power", "0%")
    var spendingShare: String?
    var spendingWindow: UInt64 = 0
    var largeThreshold: String?
    var system = "token"
    var identity: String?
    /// The guardian's name, and what the office may do.
    var guardian: String?
    var guardianTerm: UInt64 = 31_536_000
    var guardianDelay: UInt64 = 604_800
    var guardianCancels = false
    /// How long hidden ballots can be revealed; nil where ballots are open.
    var reveal: UInt64?
    var bond = "1"

    /// The constitution's text.
    var yaml: String {
        var lines = guardianLines + defaultLines + ["tracks:"]
        lines.insert("format: constitution/1", at: 0)
        for kind in ProposalKind.allCases { lines += trackLines(kind) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let counts = "counts: [for, against, abstain]"

    private var defaultLines: [String] {
        [
            "defaults:", "  propose:", "    \(proposer.key): \(proposer.value)", "  deposit:",
            "    amount: \(deposit)", "    refund: \(refund)",
        ] + (depositGrowth.map { ["    growth: \($0)"] } ?? []) + [
            "  open_limit: \(openLimit)", "  delay: \(delay)s", "  period: \(period)s",
            "  late_quorum_extension: \(lateQuorumExtension)s", "  swing_window: \(swingWindow)s",
            "  objection: \(objection)s", "  confirm: \(confirm)s", "  timelock: \(timelock)s",
            "  grace: \(grace)s", "  retry: 60s", "  power_age: \(powerAge)s", "  cooldown: 0s",
            "  quorum:", "    base: supply", "    fraction: \(valueQuorum)",
            "    \(Self.counts)", "  threshold:", "    fraction: \(threshold)",
            "    base: decided", "    comparison: \(atLeast ? "at-least" : "more-than")",
            "  change_votes: \(changeVotes)", "  system: token",
        ]
    }

    private func trackLines(_ kind: ProposalKind) -> [String] {
        var lines = ["  \(kind.word):", "    system: \(kind == .fundingRound ? "token" : system)"]
        if let identity, kind != .fundingRound { lines.append("    identity: \"\(identity)\"") }
        if let veto { lines.append("    veto: \(veto)") }
        if let reveal {
            lines += ["    hidden:", "      bond: \(bond)", "      reveal: \(reveal)s"]
        }
        switch kind {
        case .signal:
            lines += [
                "    quorum:", "      base: supply", "      fraction: \(quorum)",
                "      \(Self.counts)",
            ]
        case .changeMembers: lines.append("    cooldown: \(cooldown)s")
        case .treasurySpend:
            guard let spendingShare else { break }
            lines += [
                "    spending:", "      share_of_treasury: \(spendingShare)",
                "      window: \(spendingWindow)s", "      beyond: treasury-spend-large",
                "  treasury-spend-large:", "    threshold:",
                "      fraction: \(largeThreshold ?? threshold)", "      base: decided",
                "      comparison: more-than",
            ]
        default: break
        }
        return lines
    }

    private var guardianLines: [String] {
        guard guardian != nil else { return [] }
        return [
            "guardian:", "  term: \(guardianTerm)s", "  delay: \(guardianDelay)s",
            "  cancel: \(guardianCancels)",
        ]
    }
}

extension CommunityRules {
    /// Reads the rules that a case gives under `track`, or beside it.
    init(_ config: JSON) throws(Refusal) {
        self.init()
        let track = config["track"] ?? .object([])
        func given(_ keys: [String]) -> JSON? {
            keys.lazy.compactMap { track[$0] ?? config[$0] }.first
        }
        func seconds(_ keys: String..., into value: inout UInt64) {
            if let seconds = given(keys)?.unsigned { value = seconds }
        }
        seconds("votingDelay", "delay", into: &delay)
        seconds("votingPeriod", "period", "commitPeriod", into: &period)
        seconds("timelock", "timelockDelay", into: &timelock)
        seconds("grace", "gracePeriod", into: &grace)
        seconds("lateQuorumExtension", "lateExtension", into: &lateQuorumExtension)
        seconds("swingWindow", into: &swingWindow)
        seconds("objection", "objectionWindow", "objectionPeriod", into: &objection)
        seconds("confirm", "confirmPeriod", into: &confirm)
        if objection > 0, swingWindow == 0 { swingWindow = objection }
        seconds("powerAge", "minPowerAge", into: &powerAge)
        seconds("membershipCooldown", into: &cooldown)
        seconds("maxOpen", into: &openLimit)
        if let quorum = given(["quorum"])?.scalar { (self.quorum, valueQuorum) = (quorum, quorum) }
        if let words = given(["threshold"])?.scalar {
            threshold = String(words.prefix { $0 != " " })
            atLeast = words.contains(" ") && !words.contains("strict")
        }
        veto = given(["vetoThreshold", "veto"])?.scalar
        if let flag = given(["changeVotes", "allowChange"])?.flag { changeVotes = flag }
        if let amount = given(["deposit", "minDeposit"])?.scalar { deposit = amount }
        depositGrowth = given(["depositGrowth", "depositPriceGrowth", "priceGrowth"])?.growth
        if let word = given(["refund", "depositRefund"])?.text { refund = word }
        if let least = given(["proposalThreshold", "proposeMinPower"])?.scalar {
            proposer = (least.allSatisfy(\.isNumber) ? "power_amount" : "power", least)
        }
        if let word = given(["system", "votingSystem", "counting"])?.text { system = word }
        identity = given(["identity", "identitySource"])?.text
        readSpending(config)
        readOffices(given)
    }

    private mutating func readSpending(_ config: JSON) {
        guard let small = config["tracks"]?["small-spend"] else { return }
        spendingShare = small["maxTreasuryShare"]?.scalar
        spendingWindow = small["window"]?.unsigned ?? 0
        largeThreshold = config["tracks"]?["large-spend"]?["threshold"]?.scalar
    }

    /// The guardian, and ballots that are committed to and revealed.
    private mutating func readOffices(_ given: ([String]) -> JSON?) {
        if let office = given(["guardian"]), office != .null, office.flag != false {
            func own(_ keys: String...) -> JSON? { keys.lazy.compactMap { office[$0] }.first }
            guardian = office.text ?? own("account", "name", "by")?.text ?? "guardian"
            let term = own("term", "expires", "until", "expiresAt") ?? given(["guardianTerm"])
            let delay =
                own("maxDelay", "delay", "delayMax")
                ?? given(["guardianMaxDelay", "guardianDelay"])
            guardianTerm = term?.unsigned ?? guardianTerm
            guardianDelay = delay?.unsigned ?? guardianDelay
            let powers = (own("powers", "may")?.elements ?? []).compactMap(\.text)
            guardianCancels =
                own("mayCancel", "cancel", "canCancel")?.flag ?? powers.contains("cancel")
        }
        let hidden = given(["hidden", "hiddenBallots", "commitReveal", "secretBallots"])
        let words = given(["ballots", "system", "votingSystem"])?.text
        let isNamed = words == "hidden" || words == "commit-reveal"
        guard isNamed || hidden.map({ $0 != .null && $0.flag != false }) ?? false else { return }
        if isNamed { system = "token" }
        hideBallots(
            reveal: (hidden?["reveal"] ?? hidden?["revealPeriod"]
                ?? given(["revealPeriod", "revealWindow", "reveal"]))?.unsigned,
            bond: (hidden?["bond"] ?? given(["bond"]))?.scalar)
    }

    /// Nobody sees a hidden tally turn: what guards against late swings has no place.
    mutating func hideBallots(reveal: UInt64? = nil, bond: String? = nil) {
        self.reveal = reveal ?? self.reveal ?? period
        self.bond = bond ?? self.bond
        (lateQuorumExtension, swingWindow, objection, confirm) = (0, 0, 0, 0)
    }
}

extension JSON {
    /// What each open proposal adds to a price: `1/20`, `5%`, or the factor `1.05`.
    fileprivate var growth: String? {
        guard let text = scalar, let rate = Rational(scientific: text) else { return nil }
        guard rate >= .one else { return text }
        let growth = rate.subtracting(.one)
        return "\(growth.numerator)/\(growth.denominator)"
    }
}
