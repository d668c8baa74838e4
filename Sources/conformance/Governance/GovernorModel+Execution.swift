// After the vote: queueing, executing, and what a timelock and cancellers do.

import Governance
import Primitives

extension GovernorModel {
    /// The steps that follow a vote, change parameters, or speak to the timelock itself.
    func after(_ step: JSON, _ id: String, _ by: String) throws(Refusal) -> String? {
        // Bravo's setters begin with an underscore.
        switch String(try step.string("op").drop { $0 == "_" }) {
        case "receive", "deposit", "sendValue", "sendEther", "receiveEther", "receiveERC721",
            "receiveERC1155":
            // What its timelock executes, its timelock must own: the governor itself takes nothing.
            guard !hasTimelock else {
                throw Refusal("DisabledDeposit", "the timelock holds the treasury")
            }
            return nil
        case "queue": return try queue(id, step)
        case "execute": return try execute(id, step)
        case "cancel", "cancelBySig":
            try cancel(id, by: by)
            return nil
        case "cancelInternal": return try cancelInternal(id)
        case "relay": return try relay(by, step)
        case "eta", "proposalEta": return String(try proposal(id).eta ?? 0)
        case "needsQueuing", "proposalNeedsQueuing": return String(hasTimelock)
        case let op where op.hasPrefix("set") || op.hasPrefix("update") || op.hasPrefix("drop"):
            try change(op, by, step)
            return nil
        case let op where op.lowercased().hasSuffix("power") && op != "power":
            try change(op, by, step)
            return nil
        case let op where isDirect(op, id, step): return try actOnTimelock(op, id, by)
        default: return try timelock.perform(step, wall: wall)
        }
    }

    /// Whether a step reaches past the governor to the proposal's operation in the timelock.
    private func isDirect(_ op: String, _ id: String, _ step: JSON) -> Bool {
        let word = op.lowercased()
        guard word.contains("timelock") || word.hasSuffix("op") else { return false }
        guard word.contains("cancel") || word.contains("execute") else { return false }
        return proposals[id]?.eta != nil && !timelock.has(step["id"]?.scalar ?? "")
    }

    private func actOnTimelock(_ op: String, _ id: String, _ by: String) throws(Refusal) -> String?
    {
        if op.lowercased().contains("cancel") {
            guard ["", "canceller", "proposer", "admin", "timelock", "owner"].contains(by) else {
                throw Refusal("Unauthorized", "\(by) may not cancel in the timelock")
            }
            markCancelled(id)
            return nil
        }
        guard let eta = try proposal(id).eta, wall >= eta else {
            throw Refusal("UnexpectedOperationState", "not ready")
        }
        proposals[id]?.isExecuted = true
        return nil
    }

    private func queue(_ id: String, _ step: JSON) throws(Refusal) -> String? {
        guard try state(id) == "Succeeded", hasTimelock else {
            throw Refusal("UnexpectedProposalState", "nothing to queue")
        }
        let eta = wall.later(by: timelock.minimumDelay)
        if isBravo {
            // Bravo's timelock knows an action by what it is and when: twice the same is refused.
            let actions = try proposal(id).actions
            let twin = proposals.contains { other in
                other.key != id && other.value.eta == eta
                    && !Set(other.value.actions).isDisjoint(with: actions)
                    && other.value.actions.allSatisfy { !$0.hasPrefix("call ") }
            }
            guard !twin, Set(actions).count == actions.count,
                step["duplicate"]?.flag != true
            else { throw Refusal("AlreadyQueued", "an identical action waits for \(eta)") }
        }
        proposals[id]?.eta = eta
        return String(eta)
    }

    private func execute(_ id: String, _ step: JSON) throws(Refusal) -> String? {
        let current = try state(id)
        guard current == "Queued" || (current == "Succeeded" && !hasTimelock) else {
            throw Refusal("UnexpectedProposalState", "it is \(current)")
        }
        let proposal = try proposal(id)
        if let eta = proposal.eta, wall < eta {
            throw Refusal("UnexpectedOperationState", "ready at \(eta)")
        }
        guard !proposal.reverts, !step.saysItReverts else {
            throw Refusal("FailedCall", "a call fails, and nothing happens")
        }
        proposals[id]?.isExecuted = true
        return nil
    }

    private func cancelInternal(_ id: String) throws(Refusal) -> String? {
        let current = try state(id)
        guard !["Canceled", "Expired", "Executed"].contains(current) else {
            throw Refusal("UnexpectedProposalState", "it is \(current)")
        }
        markCancelled(id)
        return nil
    }

    private func relay(_ by: String, _ step: JSON) throws(Refusal) -> String? {
        guard ["governance", "executor", "timelock", "governor"].contains(by) else {
            throw Refusal("OnlyExecutor", "only governance itself")
        }
        guard !step.saysItReverts else { throw Refusal("FailedCall", "the call fails") }
        return nil
    }
}
