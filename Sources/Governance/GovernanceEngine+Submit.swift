// Handing proposals in, and withdrawing them.

import Cryptography
public import Primitives

extension GovernanceEngine {
    /// Takes in a proposal, holds its deposit and schedules the opening of its vote.
    public func submit(
        _ file: ProposalFile, by proposer: Address, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let constitution = try host.constitution(in: state)
        if file.options.isEmpty {
            try Effect.validate(file.effects, kind: file.kind)
        } else {
            try ProposalOption.validate(file.options, kind: file.kind)
        }
        for effect in file.allEffects { try host.check(effect, in: state) }
        try checkFunds(file.effects, file.options, in: state)
        let track = try track(for: file, by: proposer, constitution, at: moment, in: state)
        try checkProposer(proposer, track: track, at: moment, in: state)
        let digest = file.effectsDigest
        let earlier = try checkNotOpen(digest, kind: file.kind, in: state)
        try checkMembership(file.allEffects, track: track, at: moment, in: state)
        let deposit = try track.depositTerms.price(
            of: track.deposit, open: openCount(of: track.name, in: state))

        let number = Self.highestNumber(in: state) + 1
        var record = newRecord(
            file, number: number, proposer: proposer, track: track, effects: digest,
            resubmissionOf: earlier, at: moment)
        record.deposit = deposit
        try checkOptions(record, track)
        try checkExpedited(file, track)
        GovernanceTables.counters.set(
            GovernanceTables.highestProposal, to: StoredNumber(number), in: state)
        GovernanceTables.documents.set(
            GovernanceTables.key(number),
            to: ProposalDocument(text: file.text, effects: file.effects, options: file.options),
            in: state)
        GovernanceTables.effects.set(digest.bytes, to: StoredNumber(number), in: state)
        recordSpends(file.allEffects, record, in: state)
        _ = notePlan("submitted", &record, at: moment, in: state)
        var events: [GovernanceEvent] = [.submitted(record)]
        if !deposit.isZero {
            try host.holdDeposit(deposit, from: proposer, proposal: number, in: state)
            events.append(.depositHeld(proposal: number, account: proposer, amount: deposit))
        }
        store(record, in: state)
        return events
    }

    private func checkExpedited(_ file: ProposalFile, _ track: Track) throws(Refusal) {
        guard !file.isExpedited || track.expedited != nil else {
            throw Refusal(
                "proposal.not-expedited", "the track \(track.name) has no expedited vote")
        }
    }

    /// Withdraws a proposal: by its proposer, before its voting opens. The deposit returns.
    public func cancel(
        _ number: UInt64, by account: Address, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        guard var record = Self.proposal(number, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(number)")
        }
        guard record.proposer == account else {
            throw Refusal("proposal.not-yours", "only \(record.proposer) may withdraw it")
        }
        guard record.status == .submitted else {
            throw Refusal(
                "proposal.not-cancellable",
                "it is \(record.status.word); a proposal can be withdrawn until voting opens")
        }
        record.status = .cancelled
        record.finishedAt = moment.time
        record.dueAt = nil
        store(record, in: state)
        return [.ended(proposal: number, status: .cancelled, reason: "withdrawn by its proposer")]
            + settleDeposit(
                of: record, burning: record.rules.depositTerms.withdrawal, in: state)
    }

    static func highestNumber(in state: any StateReader) -> UInt64 {
        GovernanceTables.counters.record(GovernanceTables.highestProposal, in: state)?.value ?? 0
    }

    private func newRecord(
        _ file: ProposalFile, number: UInt64, proposer: Address, track: Track, effects: Digest,
        resubmissionOf earlier: UInt64?, at moment: LogMoment
    ) -> ProposalRecord {
        var identity = BinaryEncoder()
        identity.text("althing proposal")
        identity.address(proposer)
        identity.number(moment.index)
        identity.number(number)
        identity.digest(effects)
        identity.digest(file.bodyDigest)
        let expedited = file.isExpedited ? track.expedited?.delay : nil
        let opensAt = moment.time.advanced(by: expedited ?? track.times.delay)
        var record = ProposalRecord(
            number: number, identity: SHA256.hash(identity.bytes), proposer: proposer,
            kind: file.kind, rules: track, title: file.title, effectsDigest: effects,
            bodyDigest: file.bodyDigest, resubmissionOf: earlier, status: .submitted,
            submittedIndex: moment.index, submittedAt: moment.time, opensAt: opensAt,
            snapshotIndex: 0, supply: .zero, deadline: opensAt, quorumWasReached: false,
            swung: false, readyAt: nil, graceEnds: nil, finishedAt: nil, lastRefusal: nil,
            tally: Tally(), deposit: track.deposit, dueAt: opensAt)
        record.isExpedited = file.isExpedited
        record.optionCount = UInt16(truncatingIfNeeded: file.options.count)
        return record
    }

    // MARK: Who may propose what

    private func checkProposer(
        _ proposer: Address, track: Track, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) {
        // Power at the end of the entry before: what was borrowed in this one proposes nothing.
        let before = moment.index > 0 ? moment.index - 1 : 0
        let snapshot = PowerSnapshot(
            index: before, time: moment.time, age: track.times.powerAge)
        let supply = VotingPower.supply(at: before, in: state)
        var power = VotingPower.agedBalance(of: proposer, at: snapshot, in: state)
        for lent in VotingPower.lent(to: proposer, for: track.kind, at: snapshot, in: state) {
            power = try power.adding(lent.amount)
        }
        guard track.proposer.isReached(by: power, supply: supply) else {
            let needed =
                switch track.proposer {
                case .share(let share): "\(share) of the supply of \(supply)"
                case .amount(let amount): "\(amount)"
                }
            throw Refusal(
                "proposal.power",
                "\(track.name) asks a proposer for \(needed); \(proposer) has \(power), with what"
                    + " others lend")
        }
        guard openCount(of: track.name, in: state) < track.openLimit else {
            throw Refusal(
                "proposal.too-many", "\(track.openLimit) \(track.name) proposals are open already")
        }
    }

    /// Refuses effects that are being voted on already; answers with an earlier proposal of the
    /// same effects. Two equal payments are two payments, so they may be open together.
    private func checkNotOpen(
        _ effects: Digest, kind: ProposalKind, in state: StateOverlay
    ) throws(Refusal) -> UInt64? {
        guard let earlier = GovernanceTables.effects.record(effects.bytes, in: state)?.value,
            let record = Self.proposal(earlier, in: state)
        else { return nil }
        guard record.status.isFinal || kind == .treasurySpend else {
            throw Refusal(
                "proposal.duplicate",
                "proposal \(earlier) has the same effects and is \(record.status.word)")
        }
        return earlier
    }

    /// A vote must not remove the majority that keeps the log, nor change members again too soon.
    func checkMembership(
        _ effects: [Effect], track: Track, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) {
        if !isWithdrawal(effects, in: state) { try checkCooldown(track, at: moment, in: state) }
        let awaited = host.awaitedNames(in: state)
        for case .changeMembers(let change) in effects {
            let members = host.memberNames(in: state)
            let minority = members.isEmpty ? 0 : (members.count - 1) / 2
            let leaving = change.remove.filter { !awaited.contains($0) }
            guard leaving.count <= minority, change.add.count <= Swift.max(1, minority) else {
                throw Refusal(
                    "members.majority",
                    "of \(members.count) members a vote may remove \(minority) and add"
                        + " \(Swift.max(1, minority)) at once")
            }
            if let stranger = leaving.first(where: { !members.contains($0) }) {
                throw Refusal("members.unknown", "there is no member \(stranger)")
            }
            if let known = change.add.first(where: { members.contains($0.name) }) {
                throw Refusal("members.known", "\(known.name) is a member already")
            }
        }
    }

    /// Whether all that effects do is to take back seats that were voted and have yet to come.
    /// Nobody who keeps the log comes or goes by that, so no distance to other changes is asked
    /// for, nor begun.
    func isWithdrawal(_ effects: [Effect], in state: any StateReader) -> Bool {
        let awaited = host.awaitedNames(in: state)
        return !awaited.isEmpty && !effects.isEmpty
            && effects.allSatisfy { effect in
                guard case .changeMembers(let change) = effect else { return false }
                return change.add.isEmpty && change.remove.allSatisfy(awaited.contains)
            }
    }

    /// Refuses a track whose last execution is too recent.
    func checkCooldown(
        _ track: Track, at moment: LogMoment, in state: any StateReader
    ) throws(Refusal) {
        guard track.times.cooldown > 0,
            let last = GovernanceTables.lastExecuted.record(Array(track.name.utf8), in: state)
        else { return }
        let allowed = Timestamp(milliseconds: last.value).advanced(by: track.times.cooldown)
        guard moment.time >= allowed else {
            throw Refusal(
                "proposal.cooldown",
                "the last \(track.name) was executed at"
                    + " \(Timestamp(milliseconds: last.value)); the next may come at \(allowed)")
        }
    }
}
