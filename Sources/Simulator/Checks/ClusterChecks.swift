// What must hold between the members at every moment (Ongaro and Ousterhout 2014, figure 3),
// watched from outside, after every step.

import ControlPlane
import Ledger
import Node
import Primitives
import Raft

/// What was seen of the members so far, and must not be contradicted.
struct ClusterChecks {
    /// Who led in each term.
    private var leaders: [UInt64: Int] = [:]
    /// The latest term that had a leader.
    private var latestTerm: UInt64 = 0
    /// The term of each applied entry, from the one after the genesis on.
    private var terms: [UInt64] = []
    /// The state after each entry, where somebody stopped there.
    private var digests: [UInt64: Digest] = [:]

    /// How many entries are compared while a run goes on.
    private static let reach: UInt64 = 24

    private static var genesisIndex: UInt64 { StateMachine.genesisIndex }

    /// The last entry that anybody applied.
    var lastApplied: UInt64 { ClusterChecks.genesisIndex + UInt64(terms.count) }

    private static func broken(_ property: String, _ sentence: String) -> Refusal {
        Refusal("simulation.\(property)", sentence)
    }

    private func term(at index: UInt64) -> UInt64? {
        let offset = Int(index) - Int(ClusterChecks.genesisIndex) - 1
        return terms.indices.contains(offset) ? terms[offset] : nil
    }

    /// Looks at a member after a step. Throws what does not hold.
    mutating func observe(_ member: SimulatedMember) throws(Refusal) {
        guard let life = member.current else { return }
        if life.engine.isLeader, life.ledTerm != life.engine.term {
            life.ledTerm = life.engine.term
            try noteLeader(member, life, life.engine.core)
        }
        try noteApplied(member, life)
    }

    /// At most one leader in a term, and it has every entry that was ever committed.
    private mutating func noteLeader(
        _ member: SimulatedMember, _ life: MemberLife, _ core: RawNode
    ) throws(Refusal) {
        // Not even the same member in two of its lives: each writes entries of its own.
        if let other = leaders[core.term] {
            throw ClusterChecks.broken(
                "election-safety",
                "members \(other + 1) and \(member.number + 1) were both elected in term"
                    + " \(core.term)")
        }
        leaders[core.term] = member.number
        // Elected late, in a term that another has overtaken: it owes nothing to that one.
        guard core.term > latestTerm else { return }
        latestTerm = core.term
        guard core.status.lastIndex >= lastApplied else {
            throw ClusterChecks.broken(
                "leader-completeness",
                "member \(member.number + 1) leads term \(core.term) with a log up to"
                    + " \(core.status.lastIndex), entry \(lastApplied) was applied")
        }
        // What is still being written is not in the log yet, or replaces what is.
        guard member.isDiskIdle else { return }
        let first = max(ClusterChecks.genesisIndex + 1, life.log.firstIndex)
        for index in first..<max(first, lastApplied + 1) {
            let own = try life.log.term(at: index)
            let isLost = own == nil && life.log.damaged.contains { $0.contains(index) }
            guard own == term(at: index) || isLost else {
                throw ClusterChecks.broken(
                    "leader-completeness",
                    "member \(member.number + 1) leads term \(core.term) with another entry"
                        + " \(index) than the one that was applied")
            }
        }
    }

    /// Nobody applies another entry at the same index, and whoever applied the same has the same
    /// state.
    private mutating func noteApplied(
        _ member: SimulatedMember, _ life: MemberLife
    ) throws(Refusal) {
        let machine = life.engine.machine
        let applied = machine.appliedIndex
        guard applied > life.checkedIndex else { return }
        for index in max(life.checkedIndex, ClusterChecks.genesisIndex) + 1...applied {
            let found = try life.log.term(at: index)
            if index > lastApplied { terms.append(found ?? 0) }
            guard found == term(at: index), found != nil else {
                throw ClusterChecks.broken(
                    "state-machine-safety",
                    "member \(member.number + 1) applied entry \(index) of term"
                        + " \(found.map(String.init) ?? "unknown"), another member that of term"
                        + " \(term(at: index) ?? 0)")
            }
        }
        life.checkedIndex = applied
        try compareState(member, life)
    }

    /// A member has a state that it did not arrive at by itself.
    mutating func noteInstalled(
        _ member: SimulatedMember, _ life: MemberLife
    ) throws(Refusal) {
        life.checkedIndex = life.engine.machine.appliedIndex
        try compareState(member, life)
    }

    private mutating func compareState(
        _ member: SimulatedMember, _ life: MemberLife
    ) throws(Refusal) {
        let applied = life.checkedIndex
        let digest = life.engine.machine.stateDigest
        guard digests[applied, default: digest] == digest else {
            throw ClusterChecks.broken(
                "state-equality",
                "member \(member.number + 1) has another state after entry \(applied) than others")
        }
        digests[applied] = digest
    }

    /// Where two logs have an entry of the same index and term, they are the same up to there: all
    /// of them, with their payloads, where `isThorough`; else as far back as changes may reach
    /// between two looks.
    static func matchLogs(_ members: [SimulatedMember], isThorough: Bool) throws(Refusal) {
        let idle = members.filter { $0.isDiskIdle && $0.current?.log.damaged.isEmpty == true }
        for (position, left) in idle.enumerated() {
            for right in idle[(position + 1)...] {
                try matchLogs(left, right, isThorough)
            }
        }
    }

    private static func matchLogs(
        _ left: SimulatedMember, _ right: SimulatedMember, _ isThorough: Bool
    ) throws(Refusal) {
        guard let one = left.current?.log, let other = right.current?.log else { return }
        var index = min(one.lastIndex, other.lastIndex)
        var haveMet = false
        let start = max(genesisIndex, one.firstIndex - 1, other.firstIndex - 1)
        let floor = isThorough ? start : max(start, index - min(index, reach))
        while index > floor {
            let agree = try one.term(at: index) == other.term(at: index)
            if agree, isThorough {
                let range = (index, index + 1)
                let entry = try one.entries(from: range.0, to: range.1, maximumBytes: .max)
                guard
                    try entry == other.entries(from: range.0, to: range.1, maximumBytes: .max)
                else { throw mismatch(left, right, index) }
            }
            guard agree || !haveMet else { throw mismatch(left, right, index) }
            haveMet = haveMet || agree
            index -= 1
        }
    }

    private static func mismatch(
        _ left: SimulatedMember, _ right: SimulatedMember, _ index: UInt64
    ) -> Refusal {
        broken(
            "log-matching",
            "the logs of members \(left.number + 1) and \(right.number + 1) differ at entry"
                + " \(index), below one that they share")
    }

    /// No unit of anything is made or lost.
    static func balanceBooks(_ members: [SimulatedMember]) throws(Refusal) {
        for member in members {
            guard let machine = member.current?.engine.machine else { continue }
            _ = try Ledger(StateOverlay(machine.state)).checkInvariants()
        }
    }

    /// What was acknowledged is there, as it was acknowledged.
    static func keepReceipts(
        _ history: History, _ members: [SimulatedMember], _ blueprint: Blueprint
    ) throws(Refusal) {
        for member in members {
            guard let machine = member.current?.engine.machine else { continue }
            let views = Views(state: machine.state, genesis: blueprint.genesis)
            for operation in history.operations where operation.returned != nil {
                guard case .transfer(let nonce) = operation.question else { continue }
                let receipt = views.receipt(
                    of: blueprint.accounts[operation.client], nonce: nonce)
                guard let receipt, receipt.index == operation.index,
                    receipt.position == operation.position
                else {
                    throw broken(
                        "durability",
                        "member \(member.number + 1) does not know the answer that client"
                            + " \(operation.client + 1) was given under nonce \(nonce)")
                }
            }
        }
    }
}
