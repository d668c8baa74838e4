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
    /// What became of deposits and of the bonds of hidden ballots.
    var fates: [UInt64: DepositFate] = [:]
    var bondFates: [Address: DepositFate] = [:]
    /// Proposals whose last effect fails when it is carried out.
    var failing: Set<UInt64> = []
    var guardian: Address?

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
        // All or none: what is changed is kept aside until nothing can fail any more.
        var (policies, treasury, members) = (self.policies, self.treasury, self.members)
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
        guard !failing.contains(proposal.number) else {
            throw Refusal("effect.failed", "one of the effects fails")
        }
        (self.policies, self.treasury, self.members) = (policies, treasury, members)
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

    func holdBond(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {}

    func settleBond(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {
        bondFates[account] = fate
    }

    func guardian(in state: any StateReader) -> Guardian? {
        guardian.map { Guardian(account: $0, since: .zero) }
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
        host.guardian = rules.guardian.map(address)
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

    func entry(
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
