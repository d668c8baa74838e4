// A community for scenario cases: the real engine over a state in memory, holders by name, time in
// seconds.

import Cryptography
import Governance
import Primitives

/// The control plane of a community: a treasury, seats, and effects that are only remembered.
final class CommunityHost: GovernanceHost {
    var current: Constitution
    var treasury = Amount(UInt128(10_000_000))
    var members: [String] = []
    /// SHA-256 of the policies' texts in force, by name.
    var policies: [String: Digest] = [:]
    var executed: [UInt64] = []
    var fates: [UInt64: DepositFate] = [:]
    var refusal: Refusal?

    init(_ constitution: Constitution) { current = constitution }

    func constitution(in state: any StateReader) throws(Refusal) -> Constitution { current }

    func check(_ effect: Effect, in state: any StateReader) throws(Refusal) {
        switch effect {
        case .changePolicy(let change):
            if let base = policies[change.policy], base != change.base {
                throw Refusal("policy.stale", "\(change.policy) is not the text it was based on")
            }
        case .treasurySpend(let payment):
            guard payment.amount <= treasury else {
                throw Refusal("treasury.short", "the treasury has only \(treasury)")
            }
        default: break
        }
    }

    func execute(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) {
        if let refusal { throw refusal }
        for effect in effects {
            switch effect {
            case .changePolicy(let change): policies[change.policy] = change.digest
            case .treasurySpend(let payment):
                treasury = try treasury.subtracting(payment.amount)
            case .changeMembers(let change):
                members.removeAll { change.remove.contains($0) }
                members += change.add.map(\.name)
            default: break
            }
        }
        executed.append(proposal.number)
    }

    func holdDeposit(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {}

    func settleDeposit(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {
        fates[proposal] = fate
    }

    func treasuryBalance(of asset: String, in state: any StateReader) -> Amount { treasury }

    func memberNames(in state: any StateReader) -> [String] { members }
}

/// The engine with holders by name; every call is a log entry of its own.
final class Community {
    let memory = MemoryState()
    let host: CommunityHost
    private(set) var index: UInt64 = 1
    /// The time of the last entry, in milliseconds.
    private(set) var now: UInt64 = 0
    private var supply = Amount.zero
    private var balances: [String: Amount] = [:]
    private var serial = 0
    /// The header of the last proposal.
    private(set) var lastHeader = ""

    /// The voting delay of the rules, in seconds.
    let delay: UInt64

    init(rules: CommunityRules = CommunityRules()) throws(Refusal) {
        delay = rules.delay
        host = CommunityHost(
            try Constitution(parsing: rules.yaml, name: "case", bounds: .development))
    }

    var engine: GovernanceEngine { GovernanceEngine(host: host) }

    /// A holder's address: the first bytes of the hash of their name.
    func address(_ name: String) -> Address {
        Address(SHA256.hash(Array(name.utf8)).bytes.prefix(Address.count)) ?? .zero
    }

    func moment() -> LogMoment {
        LogMoment(index: index, time: Timestamp(milliseconds: now))
    }

    /// What is due up to `seconds`, each at its time as a leader's ticks do it, then an entry.
    func advance(to seconds: UInt64) throws(Refusal) {
        while let due = GovernanceEngine.nextDueTime(in: memory),
            due.milliseconds <= seconds * 1000
        {
            try tick(at: due.milliseconds)
        }
        try tick(at: seconds * 1000)
    }

    private func tick(at milliseconds: UInt64) throws(Refusal) {
        now = max(now, milliseconds)
        index += 1
        let state = StateOverlay(memory)
        _ = try engine.advance(to: moment(), in: state)
        memory.commit(state.allChanges)
    }

    private func entry(
        _ body: (LogMoment, StateOverlay) throws(Refusal) -> Void
    ) throws(Refusal) {
        index += 1
        let state = StateOverlay(memory)
        try body(moment(), state)
        memory.commit(state.allChanges)
    }

    func setSupply(_ amount: Amount) throws(Refusal) {
        supply = amount
        try entry { (moment, state) throws(Refusal) in
            VotingPower.recordSupply(supply, at: moment, in: state)
        }
    }

    func balance(of name: String) -> Amount { balances[name] ?? .zero }

    /// Sets a balance; `sameEntry` writes it into the entry that came last. A balance set before
    /// time begins has aged.
    func setBalance(of name: String, to amount: Amount, sameEntry: Bool = false) throws(Refusal) {
        let before = balance(of: name)
        balances[name] = amount
        if supply < amount { supply = amount }
        if amount > before, sum > supply { supply = sum }
        if !sameEntry { index += 1 }
        let state = StateOverlay(memory)
        VotingPower.record(holder: address(name), balance: amount, at: moment(), in: state)
        VotingPower.recordSupply(supply, at: moment(), in: state)
        memory.commit(state.allChanges)
    }

    private var sum: Amount {
        balances.values.reduce(.zero) { Amount($0.units &+ $1.units) }
    }

    func delegate(from name: String, _ shares: [DelegationShare]) throws(Refusal) {
        try entry { (moment, state) throws(Refusal) in
            _ = try VotingPower.delegate(
                from: address(name), scope: .all, try Delegation(shares), at: moment, in: state)
        }
    }

    /// Proposes something; by default a statement that nobody made before.
    func propose(
        by name: String, at seconds: UInt64, header: String? = nil
    ) throws(Refusal) -> UInt64 {
        try advance(to: seconds)
        serial += 1
        let header =
            header
            ?? "kind: signal\ntitle: Case\neffects:\n  - text: Statement \(serial)."
        lastHeader = header
        let file = try ProposalFile(
            parsing: "---\nformat: proposal/1\n\(header)\n---\n\nWhy.\n", name: "case")
        var number: UInt64 = 0
        try entry { (moment, state) throws(Refusal) in
            let events = try engine.submit(file, by: address(name), at: moment, in: state)
            number = events.first?.proposal ?? 0
        }
        return number
    }

    /// Votes; the ballot names the proposal's own title and effects unless others are given.
    func vote(
        _ choice: Choice, by name: String, on number: UInt64, title: String? = nil,
        effects: Digest? = nil
    ) throws(Refusal) {
        guard let record = record(number) else {
            throw Refusal("proposal.unknown", "there is no proposal \(number)")
        }
        try entry { (moment, state) throws(Refusal) in
            _ = try engine.vote(
                Vote(
                    proposal: number, title: title ?? record.title, choice: choice,
                    effects: effects ?? record.effectsDigest), by: address(name), at: moment,
                in: state)
        }
    }

    func cancel(_ number: UInt64, by name: String) throws(Refusal) {
        try entry { (moment, state) throws(Refusal) in
            _ = try engine.cancel(number, by: address(name), at: moment, in: state)
        }
    }

    func record(_ number: UInt64) -> ProposalRecord? {
        GovernanceEngine.proposal(number, in: memory)
    }

    /// Writes at the state directly, as an entry.
    func apply(_ body: (LogMoment, StateOverlay) -> Void) {
        index += 1
        let state = StateOverlay(memory)
        body(moment(), state)
        memory.commit(state.allChanges)
    }
}

/// The rules of a community, as a constitution in seconds.
struct CommunityRules {
    var delay: UInt64 = 10
    var period: UInt64 = 100
    var timelock: UInt64 = 0
    var grace: UInt64 = 1_209_600
    var lateQuorumExtension: UInt64 = 0
    var swingWindow: UInt64 = 0
    var objection: UInt64 = 0
    var powerAge: UInt64 = 0
    var cooldown: UInt64 = 0
    var openLimit: UInt64 = 256
    var quorum = "0%"
    var valueQuorum = "1%"
    var threshold = "1/2"
    var atLeast = false
    var changeVotes = true
    var deposit = "0"
    var spendingShare: String?
    var spendingWindow: UInt64 = 0
    var largeThreshold: String?

    /// The constitution's text.
    var yaml: String {
        let counts = "counts: [for, against, abstain]"
        var lines = [
            "format: constitution/1", "defaults:", "  propose:", "    power: 0%", "  deposit:",
            "    amount: \(deposit)", "    refund: unless-vetoed", "  open_limit: \(openLimit)",
            "  delay: \(delay)s", "  period: \(period)s",
            "  late_quorum_extension: \(lateQuorumExtension)s", "  swing_window: \(swingWindow)s",
            "  objection: \(objection)s", "  confirm: 0s", "  timelock: \(timelock)s",
            "  grace: \(grace)s", "  retry: 60s", "  power_age: \(powerAge)s", "  cooldown: 0s",
            "  quorum:", "    base: supply", "    fraction: \(valueQuorum)", "    \(counts)",
            "  threshold:", "    fraction: \(threshold)", "    base: decided",
            "    comparison: \(atLeast ? "at-least" : "more-than")",
            "  change_votes: \(changeVotes)", "  system: token", "tracks:",
        ]
        for kind in ProposalKind.allCases {
            lines.append("  \(kind.word):")
            switch kind {
            case .signal:
                lines += [
                    "    quorum:", "      base: supply", "      fraction: \(quorum)",
                    "      \(counts)",
                ]
            case .changeMembers: lines.append("    cooldown: \(cooldown)s")
            case .treasurySpend:
                if let spendingShare {
                    lines += [
                        "    spending:", "      share_of_treasury: \(spendingShare)",
                        "      window: \(spendingWindow)s", "      beyond: treasury-spend-large",
                        "  treasury-spend-large:", "    threshold:",
                        "      fraction: \(largeThreshold ?? threshold)", "      base: decided",
                        "      comparison: more-than",
                    ]
                } else {
                    lines.append("    system: token")
                }
            default: lines.append("    system: token")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
