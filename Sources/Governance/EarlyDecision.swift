// Whether a vote is settled before its end: it passes if it would pass with everybody else against,
// and fails if it would fail with everybody else for. Only sound where votes cannot be changed.

public import Primitives

extension TallyRules {
    /// Whether the tally passes whatever those who did not vote still say. Throws
    /// `amount.overflow`.
    ///
    /// The quorum must have been reached by the votes cast: nobody is made to have taken part.
    public func passesForCertain(_ tally: Tally, supply: Amount) throws(Refusal) -> Bool {
        guard try isQuorumReached(tally, supply: supply) else { return false }
        var worst = tally
        try worst.add(try outstanding(tally, supply: supply), to: .against)
        return try decide(worst, supply: supply).passes
    }

    /// Whether the tally fails whatever those who did not vote still say. Throws `amount.overflow`.
    public func failsForCertain(_ tally: Tally, supply: Amount) throws(Refusal) -> Bool {
        var best = tally
        try best.add(try outstanding(tally, supply: supply), to: .for)
        return try !decide(best, supply: supply).passes
    }

    private func outstanding(_ tally: Tally, supply: Amount) throws(Refusal) -> Amount {
        let cast = try tally.sum(of: .all)
        return cast < supply ? try supply.subtracting(cast) : .zero
    }
}
