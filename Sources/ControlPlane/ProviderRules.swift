// Machines come, prove their speed, stop and go.

import Benchmarking
import Ledger
import Primitives
import Verification

enum ProviderRules {
    static func register(
        _ owner: Address, machine: MachineDescription, stake: Amount, _ transaction: Transaction
    ) throws(Refusal) {
        try check(machine)
        let state = transaction.state
        guard Tables.providers.record(machine.agent.bytes, in: state) == nil else {
            throw Refusal(
                "provider.exists", "a machine with the agent key \(machine.agent) is registered")
        }
        guard machine.agent != owner else {
            throw Refusal(
                "provider.agent-key",
                "the agent on the machine needs a key of its own, not the owner's")
        }
        let minimum = try PolicyBook.verification(state).slashFloor
        guard stake >= minimum else {
            throw Refusal(
                "provider.stake-too-low",
                "a machine is registered with a stake of at least \(minimum), not \(stake)")
        }
        try transaction.pay(
            from: .wallet(owner, transaction.currency),
            to: .stake(machine.agent, transaction.currency), amount: stake, .stake)
        let record = ProviderRecord(
            owner: owner, machine: machine, registeredAt: transaction.index)
        Tables.providers.set(machine.agent.bytes, to: record, in: state)
        transaction.emit(
            "provider.registered",
            [
                "provider": machine.agent.hex, "owner": owner.hex, "name": machine.name,
                "cores": String(machine.cores), "memory_bytes": String(machine.memoryBytes),
                "isolation": machine.isolation, "stake": stake.description,
            ])
    }

    private static func check(_ machine: MachineDescription) throws(Refusal) {
        let plain = machine.name.utf8.allSatisfy {
            0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x2D
        }
        guard plain, 1...64 ~= machine.name.utf8.count else {
            throw Refusal(
                "provider.name",
                "a machine's name is 1 to 64 lower-case letters, digits and `-`, not"
                    + " `\(machine.name)`")
        }
        guard 1...4096 ~= machine.cores, 64 << 20...64 << 40 ~= machine.memoryBytes else {
            throw Refusal(
                "provider.resources",
                "a machine offers 1 to 4096 cores and 64 MiB to 64 TiB of memory")
        }
        guard ["bubblewrap", "oci", "process"].contains(machine.isolation) else {
            throw Refusal(
                "provider.isolation",
                "isolation is `bubblewrap`, `oci` or `process`, not `\(machine.isolation)`")
        }
    }

    /// The provider whose agent is `agent`; throws `provider.unknown`.
    static func provider(_ agent: Address, in state: any StateReader) throws(Refusal)
        -> ProviderRecord
    {
        guard let record = Tables.providers.record(agent.bytes, in: state) else {
            throw Refusal("provider.unknown", "no machine has the agent key \(agent)")
        }
        return record
    }

    /// Whether a machine failed so often that its owner must register it anew.
    static func isExpelled(_ record: ProviderRecord, at now: Timestamp) -> Bool {
        record.quarantinedUntil.since(now) > expulsion / 2
    }

    static func drain(
        _ signer: Address, provider agent: Address, draining: Bool, _ transaction: Transaction
    ) throws(Refusal) {
        var record = try provider(agent, in: transaction.state)
        guard signer == record.owner || signer == agent else {
            throw Refusal(
                "provider.not-owner", "only \(record.owner) or the agent may drain \(agent)")
        }
        record.draining = draining
        Tables.providers.set(agent.bytes, to: record, in: transaction.state)
        transaction.emit(
            draining ? "provider.draining" : "provider.offered", ["provider": agent.hex])
    }

    /// No new work until the policy's quarantine is over.
    ///
    /// - Parameter forEver: for a hundred years, which is when its owner may complain.
    static func quarantine(
        _ agent: Address, reason: String, forEver: Bool = false, _ transaction: Transaction
    ) throws(Refusal) {
        var record = try provider(agent, in: transaction.state)
        let length = try PolicyBook.benchmarks(transaction.state).quarantine
        let until = transaction.now.advanced(
            by: forEver ? expulsion : transaction.genesis.timings.scaled(length))
        record.quarantinedUntil = max(record.quarantinedUntil, until)
        record.quarantineReason = reason
        Tables.providers.set(agent.bytes, to: record, in: transaction.state)
        transaction.emit(
            "provider.quarantined",
            [
                "provider": agent.hex, "reason": reason,
                "until": record.quarantinedUntil.description,
            ])
    }

    /// How long a machine that must register anew is kept from work, in milliseconds.
    private static let expulsion: UInt64 = 100 * 365 * 86_400_000

    /// Takes an amount of a machine's stake, at most all of it; it goes to the treasury.
    static func slash(
        _ agent: Address, amount: Amount, reason: String, _ transaction: Transaction
    ) throws(Refusal) {
        let stake = AccountID.stake(agent, transaction.currency)
        let amount = Amount.min(amount, transaction.ledger.balance(of: stake))
        try transaction.pay(
            from: stake, to: .treasury(transaction.currency), amount: amount, .slash)
        transaction.emit(
            "provider.slashed",
            ["provider": agent.hex, "amount": amount.description, "reason": reason])
    }
}
