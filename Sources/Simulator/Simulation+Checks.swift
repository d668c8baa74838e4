// When the members are compared, and what must be true at the end.

import ControlPlane
import Node
import Primitives
import Raft

extension Simulation {
    /// Compares the members now and then; at the end, whether all is done.
    func inspect() throws(Refusal) {
        queue.plan(.inspect, at: now + 200_000)
        try ClusterChecks.matchLogs(members, isThorough: false)
        guard !isFaulty else { return }
        try restoreMembership()
        isAtRest =
            (plan.churnPace == 0 || isMembershipWhole) && isUpgradeDone
            && clients.allSatisfy { $0.open == nil && $0.completed >= lengths.finalOperations }
            && members.allSatisfy {
                $0.current?.engine.machine.appliedIndex == checks.lastApplied && isHealed($0)
            }
    }

    /// Whether a member has back what its disk lost, as far as it is in anybody's log: the rest is
    /// in its state, and leaves its log when it next saves that.
    private func isHealed(_ member: SimulatedMember) -> Bool {
        guard let life = member.current else { return false }
        guard life.engine.core.isImpaired || !life.log.damaged.isEmpty else { return true }
        let others = members.filter { $0.number != member.number }.compactMap(\.current?.log)
        let firstKept = others.map(\.firstIndex).min() ?? 0
        let applied = life.engine.machine.appliedIndex
        return life.log.isVoteCertain
            && life.log.damaged.allSatisfy {
                $0.upperBound <= applied && $0.upperBound < firstKept
            }
    }

    /// The second phase must come to an end: a leader, all answers, all members up to date.
    func checkRest() throws(Refusal) {
        guard !isAtRest else { return }
        let applied = members.map {
            $0.current.map { String($0.engine.machine.appliedIndex) } ?? "down"
        }
        let damaged = members.flatMap { $0.current?.log.damaged ?? [] }
        let waiting = clients.filter { $0.open != nil }.map { String($0.number + 1) }
        throw Refusal(
            "simulation.liveness",
            "without faults, after \(lengths.livenessMilliseconds) ms: "
                + (leader().map { "member \($0 + 1) leads" } ?? "nobody leads")
                + ", members applied \(applied.joined(separator: ", "))"
                + (waiting.isEmpty ? "" : ", clients \(waiting.joined(separator: ", ")) wait")
                + (damaged.isEmpty ? "" : ", entries \(damaged) cannot be read"))
    }

    /// Everything that can be judged only at the end.
    func checkOutcome() throws(Refusal) {
        try ClusterChecks.matchLogs(members, isThorough: true)
        try ClusterChecks.balanceBooks(members)
        try ClusterChecks.keepReceipts(history, members, blueprint)
        for account in blueprint.accounts.indices {
            let model = AccountModel(
                first: AccountReading(balance: Blueprint.firstBalance, nonce: 0))
            var checker = LinearizabilityChecker(model, history.actions(on: account, blueprint))
            switch checker.check() {
            case .holds: break
            case .undecided: undecidedHistories += 1
            case .broken:
                throw Refusal(
                    "simulation.linearizability",
                    "what clients saw of account \(account + 1) fits no order of events")
            }
        }
    }
}
