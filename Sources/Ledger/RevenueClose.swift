// Closing an epoch: facts and a policy in, payouts and a statement out.

public import Primitives

extension Ledger {
    /// Shares `received`, which lies on the revenue account, out by `policy` and keeps the
    /// statement.
    ///
    /// Payees are paid to their wallets, the treasury to its account. What is left in fractions
    /// goes to, and comes from, the dust account. All or nothing: on a refusal nothing has moved.
    /// Throws `revenue.epoch-closed`, `revenue.fact-malformed`, `revenue.weights` and the ledger's
    /// own codes.
    @discardableResult
    public func closeRevenueEpoch(
        _ epoch: UInt64, received: Amount, facts: [RevenueFact], policy: RevenuePolicy,
        policyDigest: Digest, at position: LogPosition
    ) throws(Refusal) -> RevenueStatement {
        guard revenueStatement(epoch: epoch, asset: policy.asset) == nil else {
            throw Refusal("revenue.epoch-closed", "epoch \(epoch) was closed before")
        }
        return try group { (ledger) throws(Refusal) in
            try ledger.shareOut(
                epoch, received: received, facts: facts, policy: policy,
                policyDigest: policyDigest, at: position)
        }
    }

    /// What closing an epoch with these facts would pay, with nothing moved.
    ///
    /// `received` need not lie anywhere: a past epoch can be tried under another policy.
    public func previewRevenueEpoch(
        _ epoch: UInt64, received: Amount, facts: [RevenueFact], policy: RevenuePolicy,
        policyDigest: Digest, at position: LogPosition
    ) throws(Refusal) -> RevenueStatement {
        let trial = Ledger(StateOverlay(state))
        if !received.isZero {
            try trial.issue(received, to: .revenue(policy.asset), at: position)
        }
        return try trial.shareOut(
            epoch, received: received, facts: facts, policy: policy, policyDigest: policyDigest,
            at: position)
    }

    private func shareOut(
        _ epoch: UInt64, received: Amount, facts: [RevenueFact], policy: RevenuePolicy,
        policyDigest: Digest, at position: LogPosition
    ) throws(Refusal) -> RevenueStatement {
        let carriedIn = balance(of: .dust(policy.asset))
        let lines = try payRevenue(
            received, parts: try RevenueParts(facts: facts, policy: policy), policy: policy,
            epoch: epoch, at: position)
        let statement = RevenueStatement(
            epoch: epoch, asset: policy.asset, policy: policyDigest, position: position,
            received: received, lines: lines, carriedIn: carriedIn,
            carriedOut: balance(of: .dust(policy.asset)))
        LedgerTables.statements.set(
            LedgerKeys.statement(epoch, policy.asset), to: statement, in: state)
        return statement
    }

    /// The statement of a closed epoch.
    public func revenueStatement(epoch: UInt64, asset: AssetSymbol) -> RevenueStatement? {
        LedgerTables.statements.record(LedgerKeys.statement(epoch, asset), in: state)
    }

    private func payRevenue(
        _ received: Amount, parts: RevenueParts, policy: RevenuePolicy, epoch: UInt64,
        at position: LogPosition
    ) throws(Refusal) -> [RevenueLine] {
        var lines: [RevenueLine] = []
        // The treasury's part is what the others' parts leave, so that nothing is lost to rounding.
        var rest = FineAmount(units: received.units, fraction: 0)
        for part in parts.parts {
            let entitlement = FineAmount(received, times: part.numerator, over: part.denominator)
            rest = rest.subtracting(entitlement)
            lines.append(try line(part, entitlement, asset: policy.asset))
        }
        if rest != .zero { lines.append(try line(parts.treasury, rest, asset: policy.asset)) }
        lines.sort { ($0.role, $0.payee.order) < ($1.role, $1.payee.order) }
        try settle(lines, received: received, asset: policy.asset, epoch: epoch, at: position)
        return lines
    }

    /// Counts an entitlement on the payee's carry.
    private func line(_ part: RevenuePart, _ entitlement: FineAmount, asset: AssetSymbol)
        throws(Refusal) -> RevenueLine
    {
        let key = LedgerKeys.carry(asset, part.role, part.payee)
        var carry =
            LedgerTables.carries.record(key, in: state)
            .map { RevenueCarry(fraction: $0.value) } ?? RevenueCarry()
        let paid = try carry.add(entitlement)
        LedgerTables.carries.set(key, to: Counter(carry.fraction), in: state)
        return RevenueLine(
            payee: part.payee, role: part.role, roleMillionths: part.roleMillionths,
            weight: part.weight, roleWeight: part.roleWeight, facts: part.facts, amount: paid)
    }

    /// Evens the revenue account with dust, then pays every line.
    private func settle(
        _ lines: [RevenueLine], received: Amount, asset: AssetSymbol, epoch: UInt64,
        at position: LogPosition
    ) throws(Refusal) {
        var paid = Amount.zero
        for line in lines { paid = try paid.adding(line.amount) }
        let carry = Memo(.revenueCarry, .number(epoch))
        if paid > received {
            try transfer(
                from: .dust(asset), to: .revenue(asset), amount: paid.subtracting(received),
                memo: carry, at: position)
        } else if paid < received {
            try transfer(
                from: .revenue(asset), to: .dust(asset), amount: received.subtracting(paid),
                memo: carry, at: position)
        }
        for line in lines where !line.amount.isZero {
            let account: AccountID =
                switch line.payee {
                case .address(let address): .wallet(address, asset)
                case .treasury: .treasury(asset)
                }
            try transfer(
                from: .revenue(asset), to: account, amount: line.amount,
                memo: Memo(.revenueShare, .number(epoch)), at: position)
        }
    }
}
