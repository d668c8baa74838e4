// What governance needs from the house around it: the constitution in force, what effects would do,
// and somebody to hold the deposits. Governance itself knows no ledger, no jobs and no cluster.

import Cryptography
public import Primitives

/// The control plane, as governance sees it.
///
/// Everything is asked of the state handed in, never of something remembered, so that a replay
/// gives the same answers.
public protocol GovernanceHost {
    /// The constitution in force.
    func constitution(in state: any StateReader) throws(Refusal) -> Constitution

    /// Refuses an effect that the state does not allow: a stale policy base, an unknown model, a
    /// treasury too small. Asked when it is submitted and again when voting opens.
    func check(_ effect: Effect, in state: any StateReader) throws(Refusal)

    /// Makes the effects happen, all or none: what is written to `state` is dropped on a refusal.
    func execute(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal)

    /// Takes a proposer's deposit; throws when they cannot pay.
    func holdDeposit(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal)

    /// Gives a deposit back, or burns it. It was held, so this cannot fail.
    func settleDeposit(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay)

    /// Whether payments must be in the treasury when they are handed in and when they are voted on.
    /// A log that was written before that was asked is replayed without it.
    func checksFunds(in state: any StateReader) -> Bool

    /// What the treasury has of an asset.
    func treasuryBalance(of asset: String, in state: any StateReader) -> Amount

    /// The names of the cluster's seats.
    func memberNames(in state: any StateReader) -> [String]

    /// The names of seats that a vote decided on and that have yet to come; a vote may take them
    /// back by removing them.
    func awaitedNames(in state: any StateReader) -> [String]

    /// The guardian, if the deployment has one.
    func guardian(in state: any StateReader) -> Guardian?

    /// SHA-256 over what executing `effects` would do now, worked out on a copy of the state; nil
    /// where the host cannot say. A refusal is something that would happen, too.
    func plan(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: any StateReader
    ) -> Digest?

    /// What nobody could know before this entry: ties go by it.
    func lot(at moment: LogMoment, in state: any StateReader) -> Digest

    /// Takes the bond of a hidden ballot; throws when they cannot pay.
    func holdBond(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal)

    /// Gives a bond back, or burns it. It was held, so this cannot fail.
    func settleBond(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay)
}

extension GovernanceHost {
    /// They must.
    public func checksFunds(in state: any StateReader) -> Bool { true }

    /// Nobody is waited for.
    public func awaitedNames(in state: any StateReader) -> [String] { [] }

    /// No guardian.
    public func guardian(in state: any StateReader) -> Guardian? { nil }

    /// No plans.
    public func plan(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: any StateReader
    ) -> Digest? { nil }

    /// The entry's place in the log: enough for tests, guessable elsewhere.
    public func lot(at moment: LogMoment, in state: any StateReader) -> Digest {
        var encoder = BinaryEncoder()
        encoder.number(moment.index)
        encoder.timestamp(moment.time)
        return SHA256.hash(encoder.bytes)
    }

    /// A bond is a deposit of another kind.
    public func holdBond(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {
        try holdDeposit(amount, from: account, proposal: proposal, in: state)
    }

    /// A bond is a deposit of another kind.
    public func settleBond(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {
        settleDeposit(amount, of: account, proposal: proposal, fate: fate, in: state)
    }
}
