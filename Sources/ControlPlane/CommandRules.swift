// Which rule answers which command. The place to start reading what the machine can do.

import Primitives

enum CommandRules {
    static func apply(_ envelope: Envelope, _ transaction: Transaction) throws(Refusal) {
        try FeatureLevel.check(envelope, in: transaction.state)
        switch envelope {
        case .account(let envelope):
            try apply(envelope.command, by: envelope.signer, transaction)
        case .member(let envelope):
            try apply(envelope.command, by: envelope.member, transaction)
        }
    }

    private static func apply(
        _ command: AccountCommand, by signer: Address, _ transaction: Transaction
    ) throws(Refusal) {
        switch command {
        case .transfer(let asset, let to, let amount, _):
            try AccountRules.transfer(signer, asset: asset, to: to, amount: amount, transaction)
        case .delegate(let track, let parts, let expires):
            try VotingRules.delegate(
                signer, track: track, parts: parts, expires: expires, transaction)
        case .submitProposal(let fileName, let text, let title, let effects):
            try ProposalRules.submit(
                signer, fileName: fileName, text: text, title: title, effects: effects, transaction)
        case .vote(let proposal, let title, let choice, let effects, let reason):
            try ProposalRules.vote(
                signer, proposal: proposal, title: title, choice: choice, effects: effects,
                reason: reason, transaction)
        case .commitVote, .revealVote, .guardProposal, .attestPerson:
            try BallotRules.apply(command, by: signer, transaction)
        case .cancelProposal(let proposal, let reason):
            try ProposalRules.cancel(signer, proposal: proposal, reason: reason, transaction)
        case .registerProvider(let machine, let stake):
            try ProviderRules.register(signer, machine: machine, stake: stake, transaction)
        case .drainProvider(let provider, let draining):
            try ProviderRules.drain(signer, provider: provider, draining: draining, transaction)
        case .fundPrepaid(let amount):
            try AccountRules.fundPrepaid(signer, amount: amount, transaction)
        case .createKey(let keyDigest, let label):
            try AccountRules.createKey(signer, keyDigest: keyDigest, label: label, transaction)
        case .revokeKey(let keyDigest):
            try AccountRules.revokeKey(signer, keyDigest: keyDigest, transaction)
        case .completeTask(let lease, let task, let output):
            try TaskRules.complete(
                signer, lease: lease, task: task, output: output, transaction)
        case .failTask(let lease, let task, let reason):
            try TaskRules.fail(signer, lease: lease, task: task, reason: reason, transaction)
        case .cancelJob(let job, let reason):
            try JobRules.cancel(job, by: signer, reason: reason, transaction)
        case .offerServing(let model, let offered):
            try ModelRules.offer(signer, model: model, offered: offered, transaction)
        }
    }

    private static func apply(
        _ command: MemberCommand, by member: UInt64, _ transaction: Transaction
    ) throws(Refusal) {
        switch command {
        case .offerSeat(let offer): return try SeatActRules.offer(offer, by: member, transaction)
        case .takeSeat(let claim): return try SeatActRules.take(claim, by: member, transaction)
        default: break
        }
        guard Tables.seats.record(Key.number(member), in: transaction.state) != nil else {
            throw Refusal("member.unknown", "there is no seat \(member)")
        }
        switch command {
        case .offerSeat, .takeSeat: break
        case .raiseLevel(let level):
            try FeatureLevel.raise(to: level, member: member, transaction)
        case .tick: break
        case .recordBenchmark(let record):
            try ScoreRules.record(record, member: member, transaction)
        case .place(let placements): TaskRules.place(placements, transaction)
        case .releaseLeases(let leases, let reason):
            TaskRules.release(leases, reason: reason, transaction)
        case .reserveUsage(let request, let key, let model, let promptTokens, let maximumTokens):
            try UsageRules.reserve(
                request: request, key: key, model: model, promptTokens: promptTokens,
                maximumTokens: maximumTokens, transaction)
        case .postUsage(let reading): try UsageRules.post(reading, transaction)
        case .settleSeats(let proposal): try SeatRules.settle(proposal, transaction)
        case .voidUsage(let request, let reason):
            try UsageRules.void(request: request, reason: reason, transaction)
        case .openEpoch(let epoch, let reason):
            try EpochRules.open(epoch, reason: reason, member: member, transaction)
        }
    }
}
