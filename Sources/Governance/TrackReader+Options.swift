// Reads what a track may have beside the rules every track has. None of it is inherited from the
// defaults: it exists on the tracks that name it.

import Primitives

extension TrackReader {
    mutating func hidden() throws(Refusal) -> HiddenBallots? {
        guard own.has("hidden") else { return nil }
        var inner = try own.mapping("hidden")
        let hidden = HiddenBallots(
            bond: try inner.amount("bond"), reveal: try inner.duration("reveal"))
        try inner.finish()
        return hidden
    }

    mutating func expedited() throws(Refusal) -> ExpeditedRules? {
        guard own.has("expedited") else { return nil }
        var inner = try own.mapping("expedited")
        let rules = ExpeditedRules(
            delay: try inner.duration("delay"), period: try inner.duration("period"),
            timelock: try inner.duration("timelock"), threshold: try inner.fraction("threshold"))
        try inner.finish()
        return rules
    }

    mutating func curves() throws(Refusal) -> TrackCurves? {
        guard own.has("curves") else { return nil }
        var inner = try own.mapping("curves")
        let curves = TrackCurves(
            approval: try TrackReader.curve("approval", in: &inner),
            support: try TrackReader.curve("support", in: &inner))
        try inner.finish()
        return curves
    }

    private static func curve(_ key: String, in map: inout YAMLMapping) throws(Refusal)
        -> ThresholdCurve
    {
        var inner = try map.mapping(key)
        func part(_ key: String) throws(Refusal) -> UInt64 { try inner.share(key) * 1000 }
        let curve: ThresholdCurve
        switch try inner.word("shape", of: ["linear", "stepped", "reciprocal"]) {
        case "linear":
            curve = .linear(
                length: try part("length"), floor: try part("floor"), ceiling: try part("ceiling"))
        case "stepped":
            curve = .stepped(
                begin: try part("begin"), end: try part("end"), step: try part("step"),
                period: try part("period"))
        default:
            curve = .reciprocal(
                delay: try part("delay"), level: try part("level"), floor: try part("floor"),
                ceiling: try part("ceiling"))
        }
        try inner.finish()
        guard curve.isSound else {
            throw map.refusal(
                "constitution.curve",
                "`\(key)` does not fall: its points must lie in order, and every length above zero",
                key: key)
        }
        return curve
    }

    /// Refuses keys that make no sense together (`constitution.system`, `constitution.identity`).
    func checkSystem(_ track: Track) throws(Refusal) {
        func refuse(_ rule: String, _ message: String, key: String) throws(Refusal) -> Never {
            throw own.refusal("constitution.\(rule)", "`\(name)`: \(message)", key: key)
        }
        let isRound = track.kind == .fundingRound
        guard track.system != .equalShares || isRound else {
            try refuse("system", "`equal-shares` is for funding-round only", key: "system")
        }
        guard !isRound || track.system == .equalShares || track.system == .token else {
            try refuse(
                "system", "a funding-round is counted by `equal-shares` or `token`", key: "system")
        }
        guard (track.system == .quadratic) == (track.identity != nil) else {
            try refuse(
                "identity",
                "`quadratic` and `identity` come together: without somebody who vouches for"
                    + " persons, a hundred wallets weigh ten times one", key: "identity")
        }
        guard (track.system == .conviction) == (track.lockPeriod > 0) else {
            try refuse("system", "`conviction` and `lock_period` come together", key: "lock_period")
        }
        let counts = track.system == .quadratic || track.system == .conviction
        guard !counts || track.tally.thresholdBase == .decided || track.tally.thresholdBase == .cast
        else {
            try refuse(
                "system", "votes that are weighted cannot be compared with a supply of tokens",
                key: "threshold")
        }
    }
}

extension ThresholdCurve {
    /// Whether the points lie so that the threshold falls, or stays, and never passes the whole.
    var isSound: Bool {
        let whole = ThresholdCurve.whole
        switch self {
        case .linear(let length, let floor, let ceiling):
            return length > 0 && length <= whole && floor <= ceiling && ceiling <= whole
        case .stepped(let begin, let end, let step, let period):
            return period > 0 && period <= whole && end <= begin && begin <= whole && step <= whole
        case .reciprocal(let delay, let level, let floor, let ceiling):
            return delay > 0 && delay < whole && floor < level && level < ceiling
                && ceiling <= whole
                // A hyperbola bends below the straight line between its ends.
                && UInt128(level - floor) * UInt128(whole)
                    < UInt128(ceiling - floor) * UInt128(whole - delay)
        }
    }

    /// The lowest threshold it reaches.
    var least: UInt64 { threshold(at: ThresholdCurve.whole) }
}
