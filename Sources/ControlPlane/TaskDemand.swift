// Whether a task needs another execution, and who may give it.
//
// A result stands when as many different owners as the task demands handed in equal outputs. Two
// machines of one owner never confirm each other. When outputs differ, whoever can add an owner to
// one of the groups may run it next, so that two owners settle a dispute between two of their
// machines as soon as one more machine of either speaks the truth.

import Primitives

struct TaskDemand {
    /// Executions with equal outputs.
    struct Group {
        var output: TaskOutput
        var executions: [Execution]

        /// How many different owners stand behind it.
        var owners: Int { Set(executions.map(\.owner)).count }
    }

    /// Groups in the order of their first execution.
    let groups: [Group]
    private let task: TaskRecord
    private let leasedTo: [(provider: Address, owner: Address)]

    init(_ task: TaskRecord, in state: any StateReader) {
        self.task = task
        var groups: [Group] = []
        for execution in task.executions {
            if let index = groups.firstIndex(where: { $0.output == execution.output }) {
                groups[index].executions.append(execution)
            } else {
                groups.append(Group(output: execution.output, executions: [execution]))
            }
        }
        self.groups = groups
        var leasedTo: [(provider: Address, owner: Address)] = []
        for lease in task.leases {
            guard let record = Tables.leases.record(Key.number(lease), in: state),
                let provider = Tables.providers.record(record.provider.bytes, in: state)
            else { continue }
            leasedTo.append((record.provider, provider.owner))
        }
        self.leasedTo = leasedTo
    }

    /// The group that enough owners stand behind, if there is one.
    var settled: Group? { groups.first { $0.owners >= Int(task.owners) } }

    /// How many more executions could settle the task if all of them agreed with the best group.
    var missing: Int {
        let best = groups.map(\.owners).max() ?? 0
        return max(0, Int(task.owners) - best)
    }

    /// Whether a lease may be given now.
    var isOpen: Bool { task.status == .open && leasedTo.count < missing }

    /// Why `provider` of `owner` cannot help at `now`; nil when it can.
    func objection(to provider: Address, of owner: Address, at now: Timestamp) -> Refusal? {
        if let failure = task.failures.first(where: { $0.provider == provider }),
            failure.restsUntil > now
        {
            return Refusal(
                "task.failed-here",
                "this machine failed the task \(failure.count) times and rests from it until"
                    + " \(failure.restsUntil)")
        }
        if task.executions.contains(where: { $0.provider == provider })
            || leasedTo.contains(where: { $0.provider == provider })
        {
            return Refusal("task.same-provider", "this machine already ran the task")
        }
        if leasedTo.contains(where: { $0.owner == owner }) {
            return Refusal("task.same-owner", "another machine of this owner is running the task")
        }
        let helps =
            groups.isEmpty || groups.contains { !$0.executions.contains { $0.owner == owner } }
        return helps
            ? nil
            : Refusal("task.same-owner", "this owner's machines already ran the task")
    }
}
