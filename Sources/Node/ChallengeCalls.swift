// Calls to a challenge: which machines must come, who is there, and the gate that opens for all of
// them at once.

import Benchmarking
import Platform
import Primitives

/// The calls of one member, changed only by its desk.
struct ChallengeCalls {
    /// A machine that is called.
    private struct Call {
        var group: UInt64
        var kernel: String
        var version: UInt32
        /// When, on the monotonic clock, a machine that is there has failed to come.
        var deadline: UInt64
        var hasBegun = false
    }

    /// The machines that start together.
    private struct Group {
        var awaited: Set<Address>
        var gate: StartGate
    }

    /// A machine that was there and did not come.
    struct Lapsed {
        let agent: Address
        let kernel: String
        let version: UInt32
    }

    private var calls: [Address: Call] = [:]
    private var groups: [UInt64: Group] = [:]
    private var nextGroup: UInt64 = 1
    /// Machines that were away when those they were called with began: they are called anew, all
    /// together, once they are back. Alone one of them could have the device to itself.
    private(set) var owing: Set<Address> = []

    /// Machines that are called and have not finished.
    var agents: Set<Address> { Set(calls.keys) }

    /// Calls machines, unless one of them has not finished what it was called to before.
    ///
    /// - Parameter within: how long they have to come and be ready, in nanoseconds; those that are
    ///   ready wait no longer for the others.
    mutating func call(_ agents: [Address], kernel: Kernel, now: UInt64, within: UInt64) {
        guard !agents.isEmpty, agents.allSatisfy({ calls[$0] == nil }) else { return }
        owing.subtract(agents)
        for agent in agents {
            calls[agent] = Call(
                group: nextGroup, kernel: kernel.name, version: kernel.version,
                deadline: now &+ within)
        }
        groups[nextGroup] = Group(
            awaited: Set(agents),
            gate: StartGate(patience: .nanoseconds(Int64(clamping: within))))
        nextGroup += 1
    }

    /// What an agent is told; nil when it has begun or is not called.
    func json(for agent: Address) -> JSON? {
        guard let call = calls[agent], !call.hasBegun else { return nil }
        return ["call": .int(call.group), "kernel": .string(call.kernel)]
    }

    /// An agent comes; throws `challenge.unknown` when it was not called to this.
    mutating func answer(_ group: UInt64, by agent: Address, kernel: String) throws(Refusal) {
        guard let call = calls[agent], call.group == group, call.kernel == kernel, !call.hasBegun
        else { throw Refusal("challenge.unknown", "this agent was not called to \(kernel)") }
        calls[agent]?.hasBegun = true
    }

    /// A machine is ready: the gate it must pass, which opens when all of the group are ready or
    /// out, and by itself when patience ends; nil for who is ready after that, and would have to
    /// itself what the others shared.
    mutating func ready(_ group: UInt64, _ agent: Address) -> StartGate? {
        guard let waiting = groups[group] else { return nil }
        let isLate = waiting.awaited.contains(agent) && waiting.gate.isOpen
        arrived(group, agent)
        return isLate ? nil : waiting.gate
    }

    private mutating func arrived(_ group: UInt64, _ agent: Address) {
        groups[group]?.awaited.remove(agent)
        guard let waiting = groups[group], waiting.awaited.isEmpty else { return }
        waiting.gate.open()
    }

    /// A machine's challenge is over.
    mutating func leave(_ group: UInt64, _ agent: Address) {
        if calls[agent]?.group == group { calls[agent] = nil }
        arrived(group, agent)
        if !calls.values.contains(where: { $0.group == group }) { groups[group] = nil }
    }

    /// Ends the calls of machines that did not come. Those that are there have failed; one that is
    /// away owes it, and gets no work until it has come with the others.
    mutating func lapsed(now: UInt64, present: Set<Address>) -> [Lapsed] {
        let late = calls.filter { _, call in !call.hasBegun && now > call.deadline }
        for (agent, call) in late { leave(call.group, agent) }
        owing.formUnion(late.keys.filter { !present.contains($0) })
        return late.filter { present.contains($0.key) }.sorted {
            $0.key.bytes.lexicographicallyPrecedes($1.key.bytes)
        }.map {
            Lapsed(agent: $0.key, kernel: $0.value.kernel, version: $0.value.version)
        }
    }
}
