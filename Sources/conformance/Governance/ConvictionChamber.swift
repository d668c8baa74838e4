// OpenGov's conviction voting: standing votes, delegation by class, and locks that outlive votes.
// The rules are those of pallet-conviction-voting; weights and lock times are our convictions.

import Governance
import Primitives

/// Capital behind each side, and the weight it votes with.
struct ConvictionVote {
    var aye: Amount = .zero
    var nay: Amount = .zero
    var abstain: Amount = .zero
    var conviction: Conviction
    /// Only a vote for one side with its whole capital has a conviction and passes delegated
    /// power on; a split one weighs a tenth.
    var isStandard: Bool

    var capital: Amount { Amount(aye.units &+ nay.units &+ abstain.units) }
}

/// One account's standing in one class.
private struct ConvictionStanding {
    var votes: [Int: ConvictionVote] = [:]
    var delegation: (delegate: Int, conviction: Conviction, balance: Amount)?
    /// What outlives votes and delegations: the longest lock and the largest amount, amalgamated.
    var priorUntil = 0
    var priorAmount = Amount.zero

    /// What this class keeps locked.
    var locked: Amount {
        votes.values.reduce(max(priorAmount, delegation?.balance ?? .zero)) {
            max($0, $1.capital)
        }
    }

    mutating func keep(_ amount: Amount, until: Int) {
        priorUntil = max(priorUntil, until)
        priorAmount = max(priorAmount, amount)
    }

    mutating func release(at block: Int) {
        if block >= priorUntil { (priorUntil, priorAmount) = (0, .zero) }
    }
}

/// A chamber with accounts, polls and classes.
final class ConvictionChamber {
    enum Poll {
        case ongoing(cls: Int)
        case completed(at: Int, ayesWon: Bool)
    }

    private static let classes = 0...2

    private var balances: [Int: Amount] = [:]
    private var polls: [Int: Poll] = [:]
    private var standings: [Int: [Int: ConvictionStanding]] = [:]
    /// What is locked for each account and class; it only grows until it is unlocked.
    private var locks: [Int: [Int: Amount]] = [:]
    private let lockingPeriod: Int
    private let voteLimit: Int
    private let namesClasses: Bool
    private(set) var block = 1

    init(config: JSON, namesClasses: Bool) throws(Refusal) {
        for member in try config.field("balances").members ?? [] {
            balances[Int(member.key) ?? 0] = member.value.amount ?? .zero
        }
        lockingPeriod = try config.integer("voteLockingPeriod")
        voteLimit = try config.integer("maxVotes")
        self.namesClasses = namesClasses
        polls = [
            1: .completed(at: 1, ayesWon: true), 2: .completed(at: 2, ayesWon: false),
            3: .ongoing(cls: 0),
        ]
        guard let own = config["polls"]?.members else { return }
        polls = [:]
        for member in own {
            polls[Int(member.key) ?? 0] = .ongoing(
                cls: member.value.anyClass ?? member.value.integer ?? 0)
        }
    }

    func advance(to target: Int) { block = max(block, target) }

    func setPoll(_ number: Int, _ poll: Poll) { polls[number] = poll }

    func removePolls() { polls = [:] }

    // MARK: Voting

    func vote(_ who: Int, _ poll: Int, _ vote: ConvictionVote) throws(Refusal) {
        guard vote.capital <= balances[who] ?? .zero else {
            throw Refusal("InsufficientFunds", "more than the balance")
        }
        guard case .ongoing(let cls) = polls[poll] else {
            throw Refusal("NotOngoing", "the poll is not ongoing")
        }
        var standing = standings[who]?[cls] ?? ConvictionStanding()
        guard standing.delegation == nil else {
            throw Refusal("AlreadyDelegating", "a delegator cannot vote")
        }
        guard standing.votes[poll] != nil || standing.votes.count < voteLimit else {
            throw Refusal("MaxVotesReached", "too many votes")
        }
        standing.votes[poll] = vote
        standings[who, default: [:]][cls] = standing
        extendLock(of: who, cls, vote.capital)
    }

    func removeVote(of who: Int, _ poll: Int, cls given: Int?, by: Int) throws(Refusal) {
        guard let cls = given ?? implicitClass(of: poll, who) else {
            throw Refusal("ClassNeeded", "an ended poll has no class")
        }
        guard var standing = standings[who]?[cls], let vote = standing.votes[poll] else {
            throw Refusal("NotVoter", "no such vote")
        }
        switch polls[poll] {
        case .ongoing:
            guard who == by else { throw Refusal("NoPermission", "another's standing vote") }
        case .completed(let ended, let ayesWon):
            // Only the side that won stays locked.
            let capital = ayesWon ? vote.aye : vote.nay
            let until = ended.later(by: Int(vote.conviction.lockPeriods) * lockingPeriod)
            if vote.isStandard, !capital.isZero, vote.conviction.level > 0, block < until {
                guard who == by else { throw Refusal("NoPermissionYet", "it is locked") }
                standing.keep(capital, until: until)
            }
        case nil: break
        }
        standing.votes[poll] = nil
        standings[who, default: [:]][cls] = standing
    }

    private func implicitClass(of poll: Int, _ who: Int) -> Int? {
        if case .ongoing(let cls) = polls[poll] { return cls }
        guard !namesClasses else { return nil }
        return Self.classes.first { standings[who]?[$0]?.votes[poll] != nil }
    }

    // MARK: Delegation

    func delegate(
        _ who: Int, cls: Int, to delegate: Int, conviction: Conviction, balance: Amount
    ) throws(Refusal) {
        guard delegate != who else { throw Refusal("Nonsense", "to oneself") }
        guard Self.classes.contains(cls) else { throw Refusal("BadClass", "no such class") }
        guard balance <= balances[who] ?? .zero else {
            throw Refusal("InsufficientFunds", "more than the balance")
        }
        var standing = standings[who]?[cls] ?? ConvictionStanding()
        guard standing.delegation == nil else {
            throw Refusal("AlreadyDelegating", "delegated already")
        }
        guard standing.votes.isEmpty else { throw Refusal("AlreadyVoting", "has voted") }
        standing.delegation = (delegate, conviction, balance)
        standings[who, default: [:]][cls] = standing
        extendLock(of: who, cls, balance)
    }

    func undelegate(_ who: Int, cls: Int) throws(Refusal) {
        guard var standing = standings[who]?[cls], let ended = standing.delegation else {
            throw Refusal("NotDelegating", "nothing delegated")
        }
        standing.delegation = nil
        standing.keep(
            ended.balance,
            until: block.later(by: Int(ended.conviction.lockPeriods) * lockingPeriod))
        standings[who, default: [:]][cls] = standing
    }

    // MARK: Locks

    private func extendLock(of who: Int, _ cls: Int, _ amount: Amount) {
        locks[who, default: [:]][cls] = max(locks[who]?[cls] ?? .zero, amount)
    }

    /// Brings a lock down to what is still needed; every class when none is named.
    func unlock(_ who: Int, cls: Int?) throws(Refusal) {
        for cls in cls.map({ [$0] }) ?? Array(Self.classes) {
            guard var standing = standings[who]?[cls] else { continue }
            standing.release(at: block)
            standings[who, default: [:]][cls] = standing
            locks[who, default: [:]][cls] = standing.locked
        }
    }

    func usable(_ who: Int) -> Amount {
        let balance = balances[who] ?? .zero
        let lock = min((locks[who] ?? [:]).values.max() ?? .zero, balance)
        return Amount(balance.units - lock.units)
    }

    // MARK: Counting

    func tally(of poll: Int) throws(Refusal) -> (ayes: Amount, nays: Amount, support: Amount) {
        guard let tenth = Conviction(0) else { return (.zero, .zero, .zero) }
        var (ayes, nays, support) = (Amount.zero, Amount.zero, Amount.zero)
        for (who, classes) in standings {
            for (cls, standing) in classes {
                guard let vote = standing.votes[poll] else { continue }
                let level = vote.isStandard ? vote.conviction : tenth
                ayes = try ayes.adding(try level.votes(of: vote.aye))
                nays = try nays.adding(try level.votes(of: vote.nay))
                support = try support.adding(vote.aye).adding(vote.abstain)
                guard vote.isStandard else { continue }
                for lent in standings.values.compactMap({ $0[cls]?.delegation })
                where lent.delegate == who {
                    let power = try lent.conviction.votes(of: lent.balance)
                    if vote.aye.isZero, !vote.nay.isZero {
                        nays = try nays.adding(power)
                    } else {
                        ayes = try ayes.adding(power)
                        support = try support.adding(lent.balance)
                    }
                }
            }
        }
        return (ayes, nays, support)
    }
}
