// A constitution can be sound by every bound and still lock everybody out, if what it asks for is
// more than there is: a quorum above what accounts hold, a deposit nobody can pay.

public import Primitives

/// What there is to govern with.
public struct Electorate: Hashable, Sendable {
    /// The supply of the voting token.
    public var supply: Amount
    /// What accounts hold of it: the rest, in the treasury, votes for nobody.
    public var held: Amount
    /// The supply of the currency that deposits are paid in.
    public var currency: Amount

    /// Names the amounts.
    public init(supply: Amount, held: Amount, currency: Amount) {
        self.supply = supply
        self.held = held
        self.currency = currency
    }
}

extension Constitution {
    /// Refuses a constitution with a track that nobody could use (`constitution.lock-out`): even
    /// if every holder took part and agreed, nothing could be proposed or passed on it.
    public func checkUsable(_ electorate: Electorate) throws(Refusal) {
        for track in tracks {
            guard let reason = try track.lockOut(electorate) else { continue }
            throw Refusal(
                "constitution.lock-out", "nobody could use the track \(track.name): \(reason)")
        }
    }
}

extension Track {
    /// Why nothing can pass, or nil.
    fileprivate func lockOut(_ electorate: Electorate) throws(Refusal) -> String? {
        let held = electorate.held
        guard proposer.isReached(by: held, supply: electorate.supply) else {
            return "all holders together have \(held), less than a proposer is asked for"
        }
        guard deposit <= electorate.currency else {
            return "the deposit of \(deposit) is more than there is, \(electorate.currency)"
        }
        if let hidden, hidden.bond > electorate.currency {
            return "the bond of \(hidden.bond) is more than there is, \(electorate.currency)"
        }
        let base = tally.quorumBase == .supply ? electorate.supply : held
        let everybody = Tally(for: held)
        var rules = tally
        if let curves {
            rules.quorum = .share(
                Fraction(UInt128(curves.support.least), over: UInt128(ThresholdCurve.whole))
                    ?? .one)
        }
        let verdict = try rules.decide(everybody, supply: electorate.supply, base: base)
        guard verdict.passes else {
            return "with every vote for, \(verdict.explanation.last ?? "nothing passes")"
        }
        return nil
    }
}
