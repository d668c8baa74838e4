// What a ballot weighs, and for what. Two tallies are kept: the tokens behind the votes, which the
// quorum counts, and the votes as they weigh, which decide. For most systems they are the same.

import Primitives

/// What one ballot adds to the two tallies.
struct Contribution {
    /// Tokens.
    var turnout = Tally()
    /// Votes as they weigh.
    var votes = Tally()
}

extension VotingSystem {
    /// The square root of power counts in millionths, so that small holders keep their difference.
    static let rootScale: UInt128 = 1_000_000_000_000

    /// What a voter's own and lent power weigh. Throws `amount.overflow`.
    ///
    /// Conviction is the voter's own: what others lend is not locked and weighs a tenth, or
    /// delegating to oneself would be a way around the lock.
    func weight(own: Amount, lent: Amount, conviction: UInt8?) throws(Refusal) -> Amount {
        switch self {
        case .token, .equalShares, .weighted, .approval, .ranked, .condorcet:
            return try own.adding(lent)
        case .quadratic:
            let root = (Natural(own.units) * Natural(Self.rootScale)).squareRoot
            return Amount(root.asUInt128 ?? .max)
        case .conviction:
            let level = Conviction(conviction ?? 0) ?? Conviction.none
            return try level.votes(of: own).adding(Conviction.none.votes(of: lent))
        }
    }
}

extension Conviction {
    /// No lock.
    static let none = Conviction(unchecked: 0)
}

extension Ballot {
    /// What it adds to the tallies. Throws `amount.overflow`.
    func contribution(under system: VotingSystem) throws(Refusal) -> Contribution {
        var sum = Contribution()
        let capital = try weight()
        let votes = try system.weight(own: own, lent: lent, conviction: conviction)
        for (choice, part) in split(capital) { try sum.turnout.add(part, to: choice) }
        for (choice, part) in split(votes) { try sum.votes.add(part, to: choice) }
        return sum
    }

    /// Power by side, in whole units; what rounding leaves goes to the first side.
    private func split(_ power: Amount) -> [(Choice, Amount)] {
        var left = power.units
        var parts: [(Choice, Amount)] = []
        for side in sides.dropFirst() {
            let part = DelegationShare(delegate: .zero, parts: side.parts).units(of: power)
            left -= part.units
            parts.append((side.choice, part))
        }
        return [(choice, Amount(left))] + parts
    }
}

extension ProposalRecord {
    mutating func add(_ ballot: Ballot) throws(Refusal) {
        let sum = try ballot.contribution(under: rules.system)
        for choice in Choice.allCases {
            try tally.add(sum.votes[choice], to: choice)
            try turnout.add(sum.turnout[choice], to: choice)
        }
    }

    mutating func take(_ ballot: Ballot) throws(Refusal) {
        let sum = try ballot.contribution(under: rules.system)
        for choice in Choice.allCases {
            try tally.take(sum.votes[choice], from: choice)
            try turnout.take(sum.turnout[choice], from: choice)
        }
    }
}
