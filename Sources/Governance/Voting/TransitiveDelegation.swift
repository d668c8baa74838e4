// Liquid delegation: power follows a chain of delegates to the first who votes. Resolved once, when
// voting has ended, in time linear in the voters: the order in which people delegated cannot
// matter.

public import Primitives

/// Power that is passed on from delegate to delegate.
public struct TransitiveDelegation: Sendable {
    /// What each holder has.
    public var weights: [Amount]
    /// To whom each holder passes it on, by position; nil for nobody.
    public var delegates: [Int?]

    /// Makes a graph of holders by position.
    public init(weights: [Amount], delegates: [Int?]) {
        self.weights = weights
        self.delegates = delegates
    }

    /// For each holder, whose vote theirs follows: the first voter on their chain, themselves
    /// first; nil when the chain ends or runs in a circle without one.
    public func representatives(voted: [Bool]) -> [Int?] {
        enum Mark { case unknown, onPath, known(Int?) }
        var marks = [Mark](repeating: .unknown, count: weights.count)
        for start in weights.indices {
            var path: [Int] = []
            var current: Int? = start
            var found: Int?
            walk: while let holder = current {
                switch marks[holder] {
                case .known(let representative):
                    found = representative
                    break walk
                case .onPath: break walk
                case .unknown: break
                }
                marks[holder] = .onPath
                path.append(holder)
                if voted[holder] {
                    found = holder
                    break walk
                }
                current = delegates[holder].flatMap { weights.indices.contains($0) ? $0 : nil }
            }
            for holder in path { marks[holder] = .known(found) }
        }
        return marks.map { mark in
            if case .known(let representative) = mark { return representative }
            return nil
        }
    }

    /// The power that stands behind each voter, and what counts for nobody. Throws
    /// `amount.overflow`.
    public func power(voted: [Bool]) throws(Refusal) -> (behind: [Amount], uncounted: Amount) {
        var behind = [Amount](repeating: .zero, count: weights.count)
        var uncounted = Amount.zero
        for (holder, representative) in representatives(voted: voted).enumerated() {
            if let representative {
                behind[representative] = try behind[representative].adding(weights[holder])
            } else {
                uncounted = try uncounted.adding(weights[holder])
            }
        }
        return (behind, uncounted)
    }
}
