// OpenZeppelin's TimelockController: operations that wait, roles, predecessors.

import Primitives

/// A timelock and its operations.
final class TimelockModel {
    private struct Operation {
        var ready: Int
        var predecessor: String?
        var isDone = false
    }

    private(set) var minimumDelay: Int
    private var operations: [String: Operation] = [:]

    init(delay: Int) { minimumDelay = delay }

    func perform(_ step: JSON, wall: Int) throws(Refusal) -> String? {
        let id = step["id"]?.text ?? ""
        let by = step["by"]?.text
        switch try step.string("op") {
        case "schedule", "scheduleBatch":
            try check(by, ["proposer"])
            let delay = try step.integer("delay")
            guard delay >= minimumDelay else { throw Refusal("InsufficientDelay", "too short") }
            guard operations[id] == nil else {
                throw Refusal("UnexpectedOperationState", "scheduled already")
            }
            operations[id] = Operation(
                ready: wall + delay, predecessor: step["predecessor"]?.text)
        case "cancelOp":
            try check(by, ["canceller", "proposer"])
            guard let operation = operations[id], !operation.isDone else {
                throw Refusal("UnexpectedOperationState", "nothing waits")
            }
            operations[id] = nil
        case "executeOp":
            try check(by, ["executor"])
            guard let operation = operations[id], !operation.isDone, wall >= operation.ready
            else { throw Refusal("UnexpectedOperationState", "not ready") }
            if let before = operation.predecessor, operations[before]?.isDone != true {
                throw Refusal("UnexecutedPredecessor", "\(before) is not done")
            }
            if step["reverts"]?.flag == true || step["fails"]?.flag == true {
                throw Refusal("FailedCall", "the call fails, and nothing happens")
            }
            operations[id]?.isDone = true
        case "opState", "operationState", "stateOp":
            guard let operation = operations[id] else { return "Unset" }
            if operation.isDone { return "Done" }
            return wall >= operation.ready ? "Ready" : "Waiting"
        case let op: throw mismatch("the step \(op) is not known")
        }
        return nil
    }

    private func check(_ by: String?, _ roles: [String]) throws(Refusal) {
        guard let by else { return }
        guard roles.contains(by) else { throw Refusal("Unauthorized", "\(by) lacks the role") }
    }
}
