// Who had how much to vote with, at any index of the log.
//
// The ledger's balances of the governance token are copied here as checkpoints whenever they
// change, so that power is read as it was at the end of the entry before voting opened: what is
// bought, borrowed or delegated afterwards does not vote. Power also ages: what counts is the least
// a holder had over a window before the opening.
//
// A delegate's power is worked out when they vote, from the delegations in force at the snapshot:
// the cost is one look-up a delegator. That keeps ageing, expiry and overriding exact; running sums
// could not tell whose units have aged.

public import Primitives

/// A balance or a supply from an index on.
struct BalanceCheckpoint: BinaryCodable {
    let amount: Amount
    let time: Timestamp

    init(amount: Amount, time: Timestamp) {
        self.amount = amount
        self.time = time
    }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.amount(amount)
        encoder.timestamp(time)
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        amount = try decoder.amount()
        time = try decoder.timestamp()
    }
}

/// The point at which a proposal reads power.
public struct PowerSnapshot: Hashable, Sendable {
    /// Power is that at the end of this entry.
    public var index: UInt64
    /// When voting opened: delegations that lapsed before do not count.
    public var time: Timestamp
    /// How long power must have been held before `time`, in milliseconds.
    public var age: UInt64

    /// Makes a snapshot.
    public init(index: UInt64, time: Timestamp, age: UInt64 = 0) {
        self.index = index
        self.time = time
        self.age = age
    }
}

/// Power lent by one holder.
public struct LentPower: Hashable, Sendable {
    /// The holder.
    public let holder: Address
    /// How much.
    public let amount: Amount
}

/// Balance checkpoints, delegations and the power that follows from them.
public enum VotingPower {
    // MARK: Writing

    /// Notes that `holder` has `balance` from the end of this entry on.
    ///
    /// Balances of the genesis are recorded with time zero, so that they count as aged.
    public static func record(
        holder: Address, balance: Amount, at moment: LogMoment, in state: StateOverlay
    ) {
        GovernanceTables.balances.set(
            holder.bytes + GovernanceTables.newestFirst(moment.index),
            to: BalanceCheckpoint(amount: balance, time: moment.time), in: state)
    }

    /// Notes that all holders together have `supply` from the end of this entry on.
    public static func recordSupply(
        _ supply: Amount, at moment: LogMoment, in state: StateOverlay
    ) {
        GovernanceTables.supplies.set(
            GovernanceTables.newestFirst(moment.index),
            to: BalanceCheckpoint(amount: supply, time: moment.time), in: state)
    }

    /// Notes that accounts hold `amount` together from the end of this entry on.
    public static func recordHeld(_ amount: Amount, at moment: LogMoment, in state: StateOverlay) {
        GovernanceTables.held.set(
            GovernanceTables.newestFirst(moment.index),
            to: BalanceCheckpoint(amount: amount, time: moment.time), in: state)
    }

    /// Replaces what `holder` lends in `scope`, from the end of this entry on. No shares end it.
    public static func delegate(
        from holder: Address, scope: DelegationScope, _ delegation: Delegation,
        at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> GovernanceEvent {
        guard !delegation.shares.contains(where: { $0.delegate == holder }) else {
            throw Refusal(
                "delegation.self", "power that is not delegated is your own: name others only")
        }
        if let expires = delegation.expires, expires <= moment.time {
            throw Refusal("delegation.expired", "the delegation would lapse before it starts")
        }
        try checkLoop(from: holder, scope: scope, delegation, at: moment, in: state)
        GovernanceTables.delegations.set(
            holder.bytes + [scope.byte] + GovernanceTables.newestFirst(moment.index),
            to: delegation, in: state)
        for share in delegation.shares {
            GovernanceTables.delegators.set(
                share.delegate.bytes + [scope.byte] + holder.bytes, to: Presence(), in: state)
        }
        return .delegated(holder: holder, scope: scope, delegation: delegation)
    }

    /// How far a chain of delegates is followed in search of a loop.
    private static let loopSearchLimit = 256

    /// Refuses a delegation whose delegates lend back to its holder (`delegation.loop`). Power is
    /// never passed on, so a loop would do no harm but to those who believe somebody in it votes.
    private static func checkLoop(
        from holder: Address, scope: DelegationScope, _ delegation: Delegation,
        at moment: LogMoment, in state: any StateReader
    ) throws(Refusal) {
        let snapshot = PowerSnapshot(index: moment.index, time: moment.time)
        var open = delegation.shares.map(\.delegate)
        var seen = Set(open)
        while let delegate = open.popLast(), seen.count <= loopSearchLimit {
            let next = self.delegation(of: delegate, in: scope, at: snapshot, in: state)
            for share in next?.shares ?? [] {
                guard share.delegate != holder else {
                    throw Refusal(
                        "delegation.loop",
                        "\(delegate) lends to \(holder) already: of a circle nobody votes")
                }
                if seen.insert(share.delegate).inserted { open.append(share.delegate) }
            }
        }
    }

    // MARK: Reading

    /// What `holder` had at the end of entry `index`.
    public static func balance(
        of holder: Address, at index: UInt64, in state: any StateReader
    ) -> Amount {
        checkpoints(of: holder, upTo: index, limit: 1, in: state).first?.amount ?? .zero
    }

    /// What all had together at the end of entry `index`.
    public static func supply(at index: UInt64, in state: any StateReader) -> Amount {
        GovernanceTables.supplies.records(
            from: GovernanceTables.newestFirst(index), limit: 1, in: state
        ).first?.record.amount ?? .zero
    }

    /// What accounts held together at the end of entry `index`.
    public static func held(at index: UInt64, in state: any StateReader) -> Amount {
        GovernanceTables.held.records(
            from: GovernanceTables.newestFirst(index), limit: 1, in: state
        ).first?.record.amount ?? .zero
    }

    /// What holders lend to delegates for `kind` at the snapshot. Costs a look at every holder who
    /// ever lent, once, when a vote on a track with this base opens.
    public static func delegated(
        for kind: ProposalKind, at snapshot: PowerSnapshot, in state: any StateReader
    ) -> Amount {
        var holders: Set<Address> = []
        for (key, _) in GovernanceTables.delegators.records(in: state) {
            if let holder = Address(key.suffix(Address.count)) { holders.insert(holder) }
        }
        var sum: UInt128 = 0
        for holder in holders {
            guard let delegation = delegation(of: holder, for: kind, at: snapshot, in: state)
            else { continue }
            let balance = agedBalance(of: holder, at: snapshot, in: state)
            // Parts of balances, so that the sum stays below the supply.
            for share in delegation.shares { sum += share.units(of: balance).units }
        }
        return Amount(sum)
    }

    /// The least `holder` had from `age` before the opening to the snapshot.
    public static func agedBalance(
        of holder: Address, at snapshot: PowerSnapshot, in state: any StateReader
    ) -> Amount {
        guard snapshot.age > 0 else { return balance(of: holder, at: snapshot.index, in: state) }
        let opening = snapshot.time.milliseconds
        let windowStart = Timestamp(
            milliseconds: opening > snapshot.age ? opening - snapshot.age : 0)
        var least = Amount.max
        var index = snapshot.index
        let batch = 64
        while true {
            let found = checkpoints(of: holder, upTo: index, limit: batch, in: state)
            for checkpoint in found {
                least = Amount.min(least, checkpoint.amount)
                if checkpoint.time <= windowStart || least.isZero { return least }
            }
            // Before the first checkpoint a holder had nothing.
            guard found.count == batch, let oldest = found.last, oldest.index > 0 else {
                return .zero
            }
            index = oldest.index - 1
        }
    }

    /// What `holder` lends for `kind` at the snapshot, and to whom; nil when nothing.
    public static func delegation(
        of holder: Address, for kind: ProposalKind, at snapshot: PowerSnapshot,
        in state: any StateReader
    ) -> Delegation? {
        for scope in [DelegationScope.kind(kind), .all] {
            if let found = delegation(of: holder, in: scope, at: snapshot, in: state) {
                return found
            }
        }
        return nil
    }

    /// What `holder` lends in one scope at the snapshot; nil when nothing.
    public static func delegation(
        of holder: Address, in scope: DelegationScope, at snapshot: PowerSnapshot,
        in state: any StateReader
    ) -> Delegation? {
        let prefix = holder.bytes + [scope.byte]
        let found = GovernanceTables.delegations.records(
            withPrefix: prefix, from: prefix + GovernanceTables.newestFirst(snapshot.index),
            limit: 1, in: state)
        guard let delegation = found.first?.record, delegation.isInForce(at: snapshot.time) else {
            return nil
        }
        return delegation
    }

    /// What others lend to `delegate` for `kind` at the snapshot, ascending by holder.
    public static func lent(
        to delegate: Address, for kind: ProposalKind, at snapshot: PowerSnapshot,
        in state: any StateReader
    ) -> [LentPower] {
        var lent: [LentPower] = []
        for holder in delegators(of: delegate, for: kind, in: state) {
            guard
                let share = delegation(of: holder, for: kind, at: snapshot, in: state)?
                    .shares.first(where: { $0.delegate == delegate })
            else { continue }
            let amount = share.units(of: agedBalance(of: holder, at: snapshot, in: state))
            if !amount.isZero { lent.append(LentPower(holder: holder, amount: amount)) }
        }
        return lent
    }

    /// Everyone who ever lent to `delegate` for `kind`, ascending, each once.
    private static func delegators(
        of delegate: Address, for kind: ProposalKind, in state: any StateReader
    ) -> [Address] {
        var holders: Set<Address> = []
        for scope in [DelegationScope.kind(kind), .all] {
            let prefix = delegate.bytes + [scope.byte]
            for found in GovernanceTables.delegators.records(withPrefix: prefix, in: state) {
                if let holder = Address(found.key.suffix(Address.count)) { holders.insert(holder) }
            }
        }
        return holders.sorted()
    }

    private static func checkpoints(
        of holder: Address, upTo index: UInt64, limit: Int, in state: any StateReader
    ) -> [(index: UInt64, amount: Amount, time: Timestamp)] {
        let prefix = holder.bytes
        let found = GovernanceTables.balances.records(
            withPrefix: prefix, from: prefix + GovernanceTables.newestFirst(index), limit: limit,
            in: state)
        return found.map { key, record in
            let inverted = key.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return (UInt64.max - inverted, record.amount, record.time)
        }
    }
}
