// OpenZeppelin's TimelockController: operations that wait, roles, predecessors.

import Primitives

/// A timelock and its operations.
final class TimelockModel {
    private struct Operation {
        var ready: Int
        var predecessor: String?
        var reverts: Bool
        var isDone = false
    }

    private(set) var minimumDelay: Int
    private var operations: [String: Operation] = [:]
    /// Who may do what beside those whose name is the role.
    private var roles: [String: Set<String>] = [:]

    init(_ config: JSON?) {
        minimumDelay = config?["delay"]?.integer ?? config?["minDelay"]?.integer ?? 0
        for role in ["proposers", "cancellers", "executors", "admins"] {
            let names = (config?[role]?.elements ?? []).compactMap(\.text)
            if !names.isEmpty { roles[String(role.dropLast())] = Set(names) }
        }
    }

    /// Whether an operation of this name was ever scheduled.
    func has(_ id: String) -> Bool { operations[id] != nil }

    /// The timelock alone changes its own delay.
    func changeDelay(to delay: Int, by: String?) throws(Refusal) {
        guard ["timelock", "self", "governance", "executor"].contains(by ?? "") else {
            throw Refusal("UnauthorizedCaller", "only the timelock itself")
        }
        minimumDelay = delay
    }

    func perform(_ step: JSON, wall: Int) throws(Refusal) -> String? {
        let id = (step["id"] ?? step["op_id"] ?? step["operation"])?.scalar ?? ""
        let by = step.actor
        switch try step.string("op") {
        case "schedule", "scheduleBatch", "scheduleOp": try schedule(id, by, step, wall)
        case "cancelOp", "cancelOperation", "cancelTimelock", "timelockCancel":
            try check(by, ["canceller", "proposer"])
            guard let operation = operations[id], !operation.isDone else {
                throw Refusal("UnexpectedOperationState", "nothing waits")
            }
            operations[id] = nil
        case "executeOp", "executeBatch", "executeOperation": try execute(id, by, step, wall)
        case "opState", "operationState", "stateOp", "getOperationState":
            return state(id, wall)
        case "grantRole", "revokeRole", "renounceRole": try changeRole(by, step)
        case "hasRole":
            return String(roles[try role(step)]?.contains(step["account"]?.text ?? "") == true)
        case "isOperation": return String(operations[id] != nil)
        case "isOperationPending": return String(["Waiting", "Ready"].contains(state(id, wall)))
        case "isOperationReady": return String(state(id, wall) == "Ready")
        case "isOperationDone": return String(state(id, wall) == "Done")
        case "timestamp", "getTimestamp": return String(timestamp(id))
        case "minDelay", "getMinDelay", "delay": return String(minimumDelay)
        case let op: throw mismatch("the step \(op) is not known")
        }
        return nil
    }

    private func schedule(_ id: String, _ by: String?, _ step: JSON, _ wall: Int) throws(Refusal) {
        try check(by, ["proposer"])
        let delay = step["delay"]?.integer ?? minimumDelay
        guard delay >= minimumDelay else { throw Refusal("InsufficientDelay", "too short") }
        guard operations[id] == nil else {
            throw Refusal("UnexpectedOperationState", "scheduled already")
        }
        let lengths = ["targets", "values", "payloads"].compactMap {
            step[$0]?.elements?.count ?? step[$0]?.integer
        }
        guard Set(lengths).count <= 1 else {
            throw Refusal("InvalidOperationLength", "lists of \(lengths)")
        }
        let before = (step["predecessor"] ?? step["after"])?.text
        operations[id] = Operation(
            ready: wall.later(by: delay),
            predecessor: before.flatMap { $0.isEmpty || $0.hasPrefix("0x0") ? nil : $0 },
            reverts: step.saysItReverts)
    }

    private func execute(_ id: String, _ by: String?, _ step: JSON, _ wall: Int) throws(Refusal) {
        try check(by, ["executor"])
        guard let operation = operations[id], !operation.isDone, wall >= operation.ready
        else { throw Refusal("UnexpectedOperationState", "not ready") }
        if let before = operation.predecessor, operations[before]?.isDone != true {
            throw Refusal("UnexecutedPredecessor", "\(before) is not done")
        }
        guard !step.saysItReverts, !operation.reverts else {
            throw Refusal("FailedCall", "the call fails, and nothing happens")
        }
        operations[id]?.isDone = true
    }

    private func state(_ id: String, _ wall: Int) -> String {
        guard let operation = operations[id] else { return "Unset" }
        if operation.isDone { return "Done" }
        return wall >= operation.ready ? "Ready" : "Waiting"
    }

    private func timestamp(_ id: String) -> Int {
        guard let operation = operations[id] else { return 0 }
        return operation.isDone ? 1 : operation.ready
    }

    private func role(_ step: JSON) throws(Refusal) -> String {
        let word = try step.string("role").lowercased().replacing("_role", with: "")
        return word.hasSuffix("s") ? String(word.dropLast()) : word
    }

    private func changeRole(_ by: String?, _ step: JSON) throws(Refusal) {
        let role = try role(step)
        let account = step["account"]?.text ?? step["to"]?.text ?? step["of"]?.text ?? by ?? ""
        guard try step.string("op") != "renounceRole" else {
            guard by == nil || by == account else {
                throw Refusal("BadConfirmation", "nobody renounces for another")
            }
            roles[role]?.remove(account)
            return
        }
        try check(by, ["admin", "timelock", "self"])
        if try step.string("op") == "grantRole" {
            roles[role, default: []].insert(account)
        } else {
            roles[role]?.remove(account)
        }
    }

    private func check(_ by: String?, _ allowed: [String]) throws(Refusal) {
        guard let by else { return }
        // A role that the zero address holds is everybody's.
        let open: Set = ["0x0", "anyone", "*", "0x0000000000000000000000000000000000000000"]
        let holds = allowed.contains { role in
            by == role || roles[role]?.contains(by) == true
                || roles[role]?.isDisjoint(with: open) == false
        }
        guard holds else { throw Refusal("Unauthorized", "\(by) lacks the role") }
    }
}
