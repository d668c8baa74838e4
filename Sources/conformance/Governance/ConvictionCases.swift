// Conviction voting: standing votes, locks, delegation by class. Modelled over our convictions.

import Governance
import Primitives

enum ConvictionCases {
    static func check(_ item: JSON) throws(Refusal) {
        let chamber = try ConvictionChamber(config: try item.field("config"))
        for (number, step) in try item.items("steps").enumerated() {
            var refusal: String?
            do {
                try chamber.perform(step)
            } catch {
                guard error.code != "case.mismatch" else {
                    throw mismatch("step \(number): \(error.message)")
                }
                refusal = error.code
            }
            try expectEqual(refusal, step["expectError"]?.text, "step \(number): refusal")
        }
    }
}

/// Capital behind each side, and the weight it votes with.
private struct ConvictionVote {
    var aye: Amount = .zero
    var nay: Amount = .zero
    var abstain: Amount = .zero
    var conviction: Conviction

    var capital: Amount { Amount(aye.units &+ nay.units &+ abstain.units) }
    /// Only a vote for one side with its whole capital passes delegated power on.
    var isStandard: Bool { abstain.isZero && (aye.isZero != nay.isZero || capital.isZero) }
}

private struct ConvictionDelegation {
    var delegate: Int
    var conviction: Conviction
    var balance: Amount
}

/// A lock that outlives its vote.
private struct ConvictionLock {
    var until: Int
    var amount: Amount
}

final class ConvictionChamber {
    private enum Poll {
        case ongoing(cls: Int)
        case completed(at: Int, ayesWon: Bool)
    }

    private var balances: [Int: Amount] = [:]
    private var polls: [Int: Poll] = [:]
    private var votes: [Int: [Int: ConvictionVote]] = [:]
    private var delegations: [Int: [Int: ConvictionDelegation]] = [:]
    private var locks: [Int: [ConvictionLock]] = [:]
    /// What is locked, by voter and class, as of the last update.
    private var locked: [Int: Amount] = [:]
    private let lockingPeriod: Int
    private let voteLimit: Int
    private var block = 1

    init(config: JSON) throws(Refusal) {
        for member in try config.field("balances").members ?? [] {
            balances[Int(member.key) ?? 0] = member.value.amount ?? .zero
        }
        lockingPeriod = try config.integer("voteLockingPeriod")
        voteLimit = try config.integer("maxVotes")
        polls = [
            1: .completed(at: 1, ayesWon: true), 2: .completed(at: 2, ayesWon: false),
            3: .ongoing(cls: 0),
        ]
        for member in config["polls"]?.members ?? [] {
            polls[Int(member.key) ?? 0] = .ongoing(
                cls: member.value["class"]?.integer ?? member.value["cls"]?.integer
                    ?? member.value.integer ?? 0)
        }
    }

    // MARK: Steps

    func perform(_ step: JSON) throws(Refusal) {
        if let at = step["at"]?.integer ?? step["block"]?.integer { block = max(block, at) }
        let who = step["who"]?.integer ?? step["by"]?.integer ?? 0
        let poll = step["poll"]?.integer ?? 3
        switch try step.string("op") {
        case "vote", "voteSplit", "voteSplitAbstain", "split", "splitAbstain":
            try vote(who, poll, step)
        case "removeVote": try removeVote(who, poll)
        case "delegate": try delegate(who, step)
        case "undelegate": try undelegate(who, step["cls"]?.integer ?? 0)
        case "unlock": refreshLock(of: who)
        case "usable":
            try expectEqual(
                usable(who).description, step["expect"]?.scalar ?? "", "usable of \(who)")
        case "tally": try checkTally(poll, try step.field("expect"))
        case "poll", "setPoll", "completePoll", "endPoll", "setPolls": setPoll(poll, step)
        case "runTo", "block", "goto": block = step["to"]?.integer ?? block
        case let op: throw mismatch("the step \(op) is not known")
        }
    }

    private func setPoll(_ poll: Int, _ step: JSON) {
        let state = step["state"]?.text ?? step["status"]?.text ?? "Completed"
        if state.lowercased().hasPrefix("ongoing") {
            polls[poll] = .ongoing(cls: step["cls"]?.integer ?? step["class"]?.integer ?? 0)
        } else {
            let won =
                step["approved"]?.flag ?? step["aye"]?.flag ?? step["passed"]?.flag
                ?? step["result"]?.flag ?? true
            polls[poll] = .completed(at: block, ayesWon: won)
        }
    }

    private func cls(of poll: Int) throws(Refusal) -> Int {
        guard case .ongoing(let cls) = polls[poll] else {
            throw Refusal("NotOngoing", "the poll is not ongoing")
        }
        return cls
    }

    private func conviction(_ step: JSON) throws(Refusal) -> Conviction {
        guard let level = Conviction(UInt8(truncatingIfNeeded: step["conviction"]?.integer ?? 0))
        else { throw mismatch("no such conviction") }
        return level
    }

    private func vote(_ who: Int, _ poll: Int, _ step: JSON) throws(Refusal) {
        let cls = try cls(of: poll)
        let vote = ConvictionVote(
            aye: step["aye"]?.amount ?? .zero, nay: step["nay"]?.amount ?? .zero,
            abstain: step["abstain"]?.amount ?? .zero, conviction: try conviction(step))
        guard vote.capital <= balances[who] ?? .zero else {
            throw Refusal("InsufficientFunds", "more than the balance")
        }
        guard delegations[who]?[cls] == nil else {
            throw Refusal("AlreadyDelegating", "a delegator cannot vote")
        }
        if votes[who]?[poll] == nil, (votes[who]?.count ?? 0) >= voteLimit {
            throw Refusal("MaxVotesReached", "too many votes")
        }
        votes[who, default: [:]][poll] = vote
        // A lock only grows until it is refreshed.
        locked[who] = max(locked[who] ?? .zero, vote.capital)
    }

    private func removeVote(_ who: Int, _ poll: Int) throws(Refusal) {
        guard let vote = votes[who]?.removeValue(forKey: poll) else {
            throw Refusal("NotVoter", "no such vote")
        }
        guard case .completed(let ended, let ayesWon) = polls[poll] else { return }
        // Only the side that won stays locked.
        let capital = ayesWon ? vote.aye : vote.nay
        guard vote.isStandard, !capital.isZero else { return }
        let until = ended + Int(vote.conviction.lockPeriods) * lockingPeriod
        if until > block {
            locks[who, default: []].append(ConvictionLock(until: until, amount: capital))
        }
    }

    private func delegate(_ who: Int, _ step: JSON) throws(Refusal) {
        let cls = step["cls"]?.integer ?? 0
        let delegate = try step.integer("to")
        guard delegate != who else { throw Refusal("Nonsense", "to oneself") }
        let amount = try step.units("balance")
        guard amount <= balances[who] ?? .zero else {
            throw Refusal("InsufficientFunds", "more than the balance")
        }
        guard delegations[who]?[cls] == nil else {
            throw Refusal("AlreadyDelegating", "delegated already")
        }
        let voting = (votes[who] ?? [:]).keys.contains { poll in
            if case .ongoing(let other) = polls[poll] { return other == cls }
            return false
        }
        guard !voting else { throw Refusal("AlreadyVoting", "has voted") }
        delegations[who, default: [:]][cls] = ConvictionDelegation(
            delegate: delegate, conviction: try conviction(step), balance: amount)
        locked[who] = max(locked[who] ?? .zero, amount)
    }

    private func undelegate(_ who: Int, _ cls: Int) throws(Refusal) {
        guard let ended = delegations[who]?.removeValue(forKey: cls) else {
            throw Refusal("NotDelegating", "nothing delegated")
        }
        let until = block + Int(ended.conviction.lockPeriods) * lockingPeriod
        if until > block {
            locks[who, default: []].append(ConvictionLock(until: until, amount: ended.balance))
        }
    }

    private func refreshLock(of who: Int) {
        locks[who]?.removeAll { $0.until <= block }
        var amount = locks[who]?.map(\.amount).max() ?? .zero
        for vote in votes[who]?.values.map({ $0 }) ?? [] { amount = max(amount, vote.capital) }
        for delegation in delegations[who]?.values.map({ $0 }) ?? [] {
            amount = max(amount, delegation.balance)
        }
        locked[who] = amount
    }

    private func usable(_ who: Int) -> Amount {
        let balance = balances[who] ?? .zero
        let lock = min(locked[who] ?? .zero, balance)
        return Amount(balance.units - lock.units)
    }

    // MARK: Counting

    private func checkTally(_ poll: Int, _ expected: JSON) throws(Refusal) {
        var ayes = Amount.zero
        var nays = Amount.zero
        var support = Amount.zero
        guard let tenth = Conviction(0) else { return }
        for (who, standing) in votes {
            guard let vote = standing[poll] else { continue }
            let level = vote.isStandard ? vote.conviction : tenth
            ayes = try ayes.adding(try level.votes(of: vote.aye))
            nays = try nays.adding(try level.votes(of: vote.nay))
            support = try support.adding(vote.aye).adding(vote.abstain)
            guard vote.isStandard, case .ongoing(let cls) = polls[poll] else { continue }
            for (_, classes) in delegations {
                guard let lent = classes[cls], lent.delegate == who else { continue }
                let power = try lent.conviction.votes(of: lent.balance)
                if vote.nay.isZero {
                    ayes = try ayes.adding(power)
                    support = try support.adding(lent.balance)
                } else {
                    nays = try nays.adding(power)
                }
            }
        }
        for (key, ours) in [("ayes", ayes), ("nays", nays), ("support", support)] {
            if let theirs = expected[key]?.scalar {
                try expectEqual(ours.description, theirs, "\(key) of poll \(poll)")
            }
        }
    }
}
