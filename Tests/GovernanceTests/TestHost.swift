// What the tests of this target share: a host with a ledger of two numbers, and addresses by name.

import Governance
import Primitives
import Testing

/// A control plane of the smallest kind.
final class TestHost: GovernanceHost {
    var current: Constitution
    var members = ["m1", "m2", "m3"]
    var treasury = Amount(1_000_000_000)
    var refuseExecution: Refusal?
    var refuseCheck: Refusal?
    var executed: [[Effect]] = []
    var held: [UInt64: Amount] = [:]
    var fates: [UInt64: DepositFate] = [:]
    var settled: [UInt64: [DepositFate: Amount]] = [:]
    var keeper: Guardian?
    var planned: ([Effect]) -> Digest? = { _ in nil }

    init(_ constitution: Constitution) { current = constitution }

    func constitution(in state: any StateReader) throws(Refusal) -> Constitution { current }

    func check(_ effect: Effect, in state: any StateReader) throws(Refusal) {
        if let refuseCheck { throw refuseCheck }
    }

    func execute(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) {
        state.set([0xF0], to: [1])
        if let refuseExecution { throw refuseExecution }
        executed.append(effects)
    }

    func holdDeposit(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {
        held[proposal] = amount
    }

    func settleDeposit(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {
        fates[proposal] = fate
        settled[proposal, default: [:]][fate] = amount
    }

    func treasuryBalance(of asset: String, in state: any StateReader) -> Amount { treasury }

    func guardian(in state: any StateReader) -> Guardian? { keeper }

    func plan(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: any StateReader
    ) -> Digest? { planned(effects) }

    func holdBond(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {}

    func settleBond(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {}

    func memberNames(in state: any StateReader) -> [String] { members }
}

/// An address that ends in `number`.
func address(_ number: UInt8) -> Address {
    Address([UInt8](repeating: 0, count: 19) + [number]) ?? .zero
}
