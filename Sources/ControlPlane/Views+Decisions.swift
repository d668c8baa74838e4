// Proposals, votes and revenue.

import Governance
import Ledger
public import Primitives

extension Views {
    // MARK: Voting power

    func votingPower(of address: Address) -> JSON {
        let position = Tables.meta.record(ChainPosition.key, in: state)
        // The log's own time: by a later one, whatever lapses some day would have lapsed already.
        let snapshot = PowerSnapshot(
            index: position == nil ? 0 : .max - 1,
            time: position?.timestamp ?? genesis.timestamp)
        let index = snapshot.index
        let own = VotingPower.balance(of: address, at: index, in: state)
        var delegations: [JSON] = []
        for kind in ProposalKind.allCases {
            guard
                let delegation = VotingPower.delegation(
                    of: address, for: kind, at: snapshot, in: state)
            else { continue }
            delegations.append([
                "track": .string(kind.word),
                "shares": .array(
                    delegation.shares.map {
                        ["delegate": .string($0.delegate.hex), "parts": .int($0.parts)]
                    }),
                "expires": .string(delegation.expires?.description ?? ""),
            ])
        }
        let lent = VotingPower.lent(to: address, for: .trainModel, at: snapshot, in: state)
        return [
            "tokens": .amount(own), "delegations": .array(delegations),
            "lent_to_this_account": .array(
                lent.map { ["holder": .string($0.holder.hex), "amount": .amount($0.amount)] }),
        ]
    }

    // MARK: Proposals

    /// Every proposal, newest first.
    public func proposals() -> JSON {
        .array(
            GovernanceEngine.proposals(limit: 10_000, in: state).reversed().map {
                proposal($0)
            })
    }

    /// One proposal with its text; throws `proposal.unknown`.
    ///
    /// - Parameter brief: whether to leave out what only its ballots tell, which costs a look at
    ///   each of them.
    public func proposal(_ number: UInt64, brief: Bool = false) throws(Refusal) -> JSON {
        let record = try known(number)
        let text = GovernanceEngine.document(number, in: state)?.text ?? ""
        return .object(
            (proposal(record).members ?? []) + timing(of: record)
                + Views.counting(of: record) + [JSON.Member("text", .string(text))]
                + (brief
                    ? []
                    : [
                        JSON.Member(
                            "ballots", .int(GovernanceEngine.ballots(on: number, in: state).count)),
                        JSON.Member("concentration", concentration(on: number)),
                    ]))
    }

    /// The log's time, and how long until the next step.
    private func timing(of record: ProposalRecord) -> [JSON.Member] {
        let now = Tables.meta.record(ChainPosition.key, in: state)?.timestamp ?? .zero
        let next: Timestamp? =
            switch record.status {
            case .submitted: record.opensAt
            case .voting, .objection, .confirming, .revealing: record.deadline
            case .queued: record.readyAt
            default: nil
            }
        return [
            JSON.Member("as_of", .string(now.description)),
            JSON.Member(
                "next_step_in_milliseconds",
                next.map { .int($0 > now ? $0.since(now) : 0) } ?? .null),
        ]
    }

    private func known(_ number: UInt64) throws(Refusal) -> ProposalRecord {
        guard let record = GovernanceEngine.proposal(number, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(number)")
        }
        return record
    }

    private func proposal(_ record: ProposalRecord) -> JSON {
        .object((outline(record).members ?? []) + voting(record))
    }

    /// What the vote does next, or did last, and when; null for one that never opened.
    private func votingStep(_ record: ProposalRecord) -> [JSON.Member] {
        let step: (word: String, time: Timestamp)?
        switch record.status {
        case .submitted: step = ("opens", record.opensAt)
        case .voting, .objection, .confirming, .revealing: step = ("ends", record.deadline)
        case _ where record.deadline > record.opensAt:
            // One that was decided early ended before its deadline.
            let now = Tables.meta.record(ChainPosition.key, in: state)?.timestamp ?? .zero
            step = ("ended", min(record.deadline, record.finishedAt ?? now))
        default: step = nil
        }
        return [
            JSON.Member("voting_step", step.map { .string($0.word) } ?? .null),
            JSON.Member("voting_step_at", step.map { .string($0.time.description) } ?? .null),
        ]
    }

    private func outline(_ record: ProposalRecord) -> JSON {
        .object(facts(of: record) + votingStep(record))
    }

    private func facts(of record: ProposalRecord) -> [JSON.Member] {
        let facts: JSON = [
            "id": .int(record.number), "title": .string(record.title),
            "kind": .string(record.kind.word), "track": .string(record.rules.name),
            "status": .string(record.status.word), "proposer": .string(record.proposer.hex),
            "effects": .string(record.effectsDigest.hex),
            "for": .amount(record.tally.for), "against": .amount(record.tally.against),
            "abstain": .amount(record.tally.abstain), "veto": .amount(record.tally.veto),
            "supply": .amount(record.supply), "quorum": .amount(quorum(of: record)),
            "deposit": .amount(record.deposit),
            "submitted_at": .string(record.submittedAt.description),
            "opens_at": .string(record.opensAt.description),
            "deadline": .string(record.deadline == .zero ? "" : record.deadline.description),
            "ready_at": .string(record.readyAt?.description ?? ""),
            "due_at": .string(record.dueAt?.description ?? ""),
            "finished_at": .string(record.finishedAt?.description ?? ""),
            "last_refusal": .string(record.lastRefusal ?? ""),
        ]
        return facts.members ?? []
    }

    /// The least power that reaches the quorum of a proposal's supply.
    private func quorum(of record: ProposalRecord) -> Amount {
        let base = record.rules.tally.quorumBase == .supply ? record.supply : record.quorumBase
        return switch record.tallyRules(at: nil).quorum {
        case .amount(let amount): amount
        case .flooredShare(let fraction): (try? fraction.floor(of: base)) ?? .zero
        case .share(let fraction): Views.ceiling(fraction, of: base)
        case .moreThanShare(let fraction):
            Amount(((try? fraction.floor(of: base)) ?? .zero).units + 1)
        }
    }

    private static func ceiling(_ fraction: Fraction, of supply: Amount) -> Amount {
        guard let floor = try? fraction.floor(of: supply) else { return .zero }
        return fraction.isReached(by: floor, of: supply) ? floor : Amount(floor.units + 1)
    }

    /// Every ballot on a proposal; throws `proposal.unknown`.
    public func votes(on number: UInt64) throws(Refusal) -> JSON {
        _ = try known(number)
        let options = GovernanceEngine.document(number, in: state)?.optionNames ?? []
        return .array(
            GovernanceEngine.ballots(on: number, in: state).map { voter, ballot in
                [
                    "voter": .string(voter.hex), "choice": .string(ballot.choice.word),
                    "words": .string(ballot.words(options: options)),
                    "own": .amount(ballot.own), "lent": .amount(ballot.lent),
                    "reason": .string(ballot.reason), "index": .int(ballot.index),
                    "time": .string(ballot.time.description),
                ]
            })
    }

    /// What decided a proposal, or would decide it now, as arithmetic; throws `proposal.unknown`.
    public func explanation(of number: UInt64) throws(Refusal) -> JSON {
        let record = try known(number)
        let verdict = try record.verdict()
        return [
            "id": .int(number), "status": .string(record.status.word),
            "passes": .bool(verdict.passes),
            "lines": .array(
                (verdict.explanation + GovernanceEngine.optionLines(on: number, in: state))
                    .map { .string($0) }),
            "would_change_it": Views.change(of: record, passes: verdict.passes),
        ]
    }

    // MARK: Revenue

    /// The epochs closed so far and what the running one has brought in.
    public func revenue() -> JSON {
        let running = state.lastNumber("epochs")
        let closes = RevenueRules.nextClose(in: state, genesis: genesis)
        return [
            "running_epoch": .int(running),
            "closes_at": .string(closes?.description ?? ""),
            "received_so_far": .amount(ledger.balance(of: .revenue(currency))),
            "asset": .string(genesis.currencyAsset),
            "epochs": .array(Tables.epochs.records(in: state).map { epoch($0.record) }),
        ]
    }

    private func epoch(_ record: EpochRecord) -> JSON {
        [
            "epoch": .int(record.number), "closed": .string(record.closed.description),
            "index": .int(record.index), "policy": .string(record.policy.hex),
            "received": .amount(record.received), "paid": .amount(record.paid),
            "carried": .amount(record.carried), "claims_root": .string(record.claimsRoot.hex),
        ]
    }

    /// An epoch's statement line by line; throws `revenue.unknown-epoch`.
    public func statement(epoch number: UInt64) throws(Refusal) -> JSON {
        guard let record = Tables.epochs.record(Key.number(number), in: state),
            let statement = ledger.revenueStatement(epoch: number, asset: currency)
        else { throw Refusal("revenue.unknown-epoch", "epoch \(number) is not closed") }
        let lines = statement.lines.map { line -> JSON in
            [
                "payee": .string(line.payee.description), "role": .string(line.role.word),
                "role_share_millionths": .int(line.roleMillionths),
                "weight": .string(String(line.weight)),
                "role_weight": .string(String(line.roleWeight)),
                "facts": .array(line.facts.map { .string($0) }), "amount": .amount(line.amount),
            ]
        }
        return .object(
            (epoch(record).members ?? []) + [
                JSON.Member("carried_in", .amount(statement.carriedIn)),
                JSON.Member("lines", .array(lines)),
            ])
    }

    /// What the running epoch would pay if it closed now.
    public func revenuePreview(now: Timestamp, index: UInt64) throws(Refusal) -> JSON {
        let policy = try PolicyBook.revenue(state)
        let number = state.lastNumber("epochs")
        let statement = try ledger.previewRevenueEpoch(
            number,
            received: ledger.balance(of: .revenue(policy.asset)),
            facts: RevenueRules.facts(of: number, in: state), policy: policy,
            policyDigest: try PolicyBook.record("revenue", in: state).digest,
            at: LogPosition(index: index, time: now))
        let lines = statement.lines.map { line -> JSON in
            [
                "payee": .string(line.payee.description), "role": .string(line.role.word),
                "amount": .amount(line.amount),
            ]
        }
        return [
            "epoch": .int(number), "received": .amount(statement.received), "lines": .array(lines),
        ]
    }
}
