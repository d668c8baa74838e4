// Hidden ballots: while voting runs, a voter commits to a ballot and puts down a bond; once it has
// ended, ballots are revealed, and only what is revealed counts. The commitment covers voter and
// proposal, so that copying somebody's commitment copies a ballot one cannot reveal.

import Cryptography
public import Primitives

/// A commitment to a hidden ballot.
struct Commitment: BinaryCodable {
    let digest: Digest
    let bond: Amount

    init(digest: Digest, bond: Amount) {
        self.digest = digest
        self.bond = bond
    }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.digest(digest)
        encoder.amount(bond)
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        digest = try decoder.digest()
        bond = try decoder.amount()
    }
}

/// What commitments are made of.
public enum HiddenVoting {
    /// SHA-256 over the tag, the deployment, the proposal, the voter, the words of the ballot and
    /// 32 bytes that only the voter knows.
    ///
    /// - Parameter deployment: the genesis digest, so that no commitment is good elsewhere.
    public static func commitment(
        to words: String, on proposal: UInt64, by voter: Address, salt: Digest, deployment: Digest
    ) -> Digest {
        var encoder = BinaryEncoder()
        encoder.text("althing/hidden-ballot/1")
        encoder.digest(deployment)
        encoder.number(proposal)
        encoder.address(voter)
        encoder.text(words)
        encoder.digest(salt)
        return SHA256.hash(encoder.bytes)
    }
}

extension GovernanceEngine {
    /// Takes a commitment and its bond. A new one replaces the old where votes may be changed.
    ///
    /// Throws `vote.not-hidden` on tracks with open ballots, and whatever a vote would be refused
    /// with for its title, its effects, its time or its voter's power.
    public func commit(
        to commitment: Digest, on number: UInt64, title: String, effects: Digest,
        by voter: Address, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        guard var record = Self.proposal(number, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(number)")
        }
        guard let hidden = record.rules.hidden else {
            throw Refusal("vote.not-hidden", "ballots on \(record.rules.name) are open")
        }
        try check(Vote(proposal: number, title: title, choice: .abstain, effects: effects), record)
        guard record.status == .voting, moment.time <= record.deadline else {
            guard record.status != .submitted else {
                throw Refusal("vote.not-open", "voting opens at \(record.opensAt)")
            }
            throw Refusal("vote.closed", "commitments were taken until \(record.deadline)")
        }
        _ = try newBallot(by: voter, record, in: state)
        let key = GovernanceTables.key(number) + voter.bytes
        if let earlier = GovernanceTables.commitments.record(key, in: state) {
            guard record.rules.changeVotes else {
                throw Refusal(
                    "vote.already",
                    "you committed, and \(record.rules.name) does not allow to change it")
            }
            GovernanceTables.commitments.set(
                key, to: Commitment(digest: commitment, bond: earlier.bond), in: state)
        } else {
            try host.holdBond(hidden.bond, from: voter, proposal: number, in: state)
            GovernanceTables.commitments.set(
                key, to: Commitment(digest: commitment, bond: hidden.bond), in: state)
            record.committed += 1
            store(record, in: state)
        }
        return [
            .committed(proposal: number, voter: voter, commitment: commitment, bond: hidden.bond)
        ]
    }

    /// Counts a hidden ballot, and gives its bond back.
    ///
    /// Throws `vote.not-revealing` outside the time for it, `vote.commitment` when the ballot is
    /// not what was committed to.
    public func reveal(
        _ vote: Vote, salt: Digest, deployment: Digest, by voter: Address, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        guard let record = Self.proposal(vote.proposal, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(vote.proposal)")
        }
        guard record.rules.hidden != nil else {
            throw Refusal("vote.not-hidden", "ballots on \(record.rules.name) are open")
        }
        guard record.status == .revealing, moment.time <= record.deadline else {
            throw Refusal(
                "vote.not-revealing",
                record.status == .voting || record.status == .submitted
                    ? "ballots are revealed once voting has ended"
                    : "proposal \(vote.proposal) is \(record.status.word)")
        }
        try check(vote, record)
        let key = GovernanceTables.key(record.number) + voter.bytes
        let expected = HiddenVoting.commitment(
            to: vote.statement.words, on: record.number, by: voter, salt: salt,
            deployment: deployment)
        guard let commitment = GovernanceTables.commitments.record(key, in: state),
            commitment.digest == expected
        else {
            throw Refusal(
                "vote.commitment", "this is not the ballot that \(voter) committed to")
        }
        let events = try count(
            vote, by: voter, earlier: nil, record, at: moment, in: state)
        GovernanceTables.commitments.remove(key, in: state)
        return events
            + settleBond(commitment, of: voter, on: record.number, fate: .returned, in: state)
    }

    /// Voting on hidden ballots has ended: they may be revealed.
    func beginRevealing(
        _ record: inout ProposalRecord, _ hidden: HiddenBallots, at moment: LogMoment,
        in state: StateOverlay
    ) -> [GovernanceEvent] {
        begin(.revealing, hidden.reveal, &record, at: moment, in: state)
    }

    /// Settles the bonds of ballots that nobody revealed.
    func settleBonds(
        of record: ProposalRecord, fate: DepositFate, in state: StateOverlay
    ) -> [GovernanceEvent] {
        guard record.rules.hidden != nil else { return [] }
        var events: [GovernanceEvent] = []
        let left = GovernanceTables.commitments.records(
            withPrefix: GovernanceTables.key(record.number), in: state)
        for (key, commitment) in left {
            guard let voter = Address(key.suffix(Address.count)) else { continue }
            GovernanceTables.commitments.remove(key, in: state)
            events += settleBond(commitment, of: voter, on: record.number, fate: fate, in: state)
        }
        return events
    }

    private func settleBond(
        _ commitment: Commitment, of voter: Address, on number: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) -> [GovernanceEvent] {
        guard !commitment.bond.isZero else { return [] }
        host.settleBond(commitment.bond, of: voter, proposal: number, fate: fate, in: state)
        return [
            .bondSettled(proposal: number, account: voter, amount: commitment.bond, fate: fate)
        ]
    }
}
