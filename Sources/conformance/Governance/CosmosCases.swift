// Cosmos x/gov: validators vote with what is delegated to them unless delegators vote themselves.
// Powers are exact fractions, brought to a common denominator for the tally rules.

import Governance
import Primitives

enum CosmosCases {
    private static let options = ["yes", "abstain", "no", "veto", "spam"]

    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        let kind = try item.string("kind")
        if kind == "atomone" {
            try AtomOneCases.check(item)
            return
        }
        let expected = try item.field("expected")
        if expected["error"] != nil {
            return try expectRefused("the vote") { () throws(Refusal) in _ = try Self.powers(item) }
        }
        let powers = try powers(item)
        let bonded = try item.exact("totalBonded")
        let decision = try decide(kind, powers, bonded: bonded, try item.field("params"))
        if let pass = expected["pass"]?.flag { try expectEqual(decision.passes, pass, "pass") }
        if let burn = expected["burnDeposit"]?.flag {
            try expectEqual(decision.burns, burn, "burnDeposit")
        }
        for (position, option) in options.enumerated() {
            guard let theirs = expected["tally"]?[option]?.scalar else { continue }
            try expectEqual(powers[position].floor.description, theirs, option)
        }
    }

    // MARK: Power

    private static func powers(_ item: JSON) throws(Refusal) -> [Rational] {
        var powers = [Rational](repeating: .zero, count: options.count)
        let validators = try item.field("validators")
        let delegations = try item.field("delegations")
        let votes = try standingVotes(item)
        var deductions: [String: Rational] = [:]
        for vote in votes {
            let voter = try vote.string("voter")
            for delegation in delegations[voter]?.members ?? [] {
                guard let validator = validators[delegation.key],
                    let shares = delegation.value.rational
                else { continue }
                deductions[delegation.key, default: .zero] =
                    (deductions[delegation.key] ?? .zero) + shares
                try add(try power(shares, validator), vote, to: &powers)
            }
        }
        for vote in votes {
            let voter = try vote.string("voter")
            guard let validator = validators[voter] else { continue }
            let shares = try validator.exact("shares")
                .subtracting(deductions[voter] ?? .zero)
            try add(try power(shares, validator), vote, to: &powers)
        }
        return powers
    }

    /// The last vote of each voter, its weights checked: each above zero, together one.
    private static func standingVotes(_ item: JSON) throws(Refusal) -> [JSON] {
        var votes: [(voter: String, vote: JSON)] = []
        for vote in try item.items("votes") {
            let voter = try vote.string("voter")
            var sum = Rational.zero
            for option in try vote.field("options").members ?? [] {
                guard let weight = option.value.rational, !weight.isZero else {
                    throw mismatch("a weight of \(voter) is not above zero")
                }
                sum = sum + weight
            }
            try expect(sum == .one, "the weights of \(voter) are \(sum), not one")
            votes.removeAll { $0.voter == voter }
            votes.append((voter, vote))
        }
        return votes.map(\.vote)
    }

    private static func power(_ shares: Rational, _ validator: JSON) throws(Refusal) -> Rational {
        let tokens = try validator.exact("tokens")
        return (shares * tokens).divided(by: try validator.exact("shares")) ?? .zero
    }

    private static func add(_ power: Rational, _ vote: JSON, to powers: inout [Rational])
        throws(Refusal)
    {
        for member in try vote.field("options").members ?? [] {
            guard let position = position(of: member.key), let weight = member.value.rational
            else { throw mismatch("the option \(member.key) is not known") }
            powers[position] = powers[position] + power * weight
        }
    }

    private static func position(of option: String) -> Int? {
        let numbered = ["one", "two", "three", "four", "spam"]
        return options.firstIndex(of: option) ?? numbered.firstIndex(of: option)
    }

    // MARK: Decision

    private static func decide(
        _ kind: String, _ powers: [Rational], bonded: Rational, _ params: JSON
    ) throws(Refusal) -> (passes: Bool, burns: Bool) {
        guard !bonded.isZero else { return (false, false) }
        let others = powers[0] + powers[1] + powers[2] + powers[3]
        let spam = powers[4]
        if !spam.isZero, spam >= others { return (false, true) }
        if kind == "optimistic" {
            let limit = try params.exact("optimistic_rejected_threshold") * bonded
            return (powers[2] <= limit, false)
        }
        let expedited = kind == "expedited"
        guard let (tally, supply) = scaled(powers, bonded: bonded) else {
            return try decideWide(kind, powers, bonded: bonded, params)
        }
        var rules = TallyRules(
            quorum: .share(try fraction(params, quorumKey(expedited, params))),
            quorumCounts: .all,
            threshold: try fraction(params, expedited ? "expedited_threshold" : "threshold"),
            veto: try fraction(params, "veto_threshold"))
        guard try rules.isQuorumReached(tally, supply: supply) else {
            return (false, params["burn_vote_quorum"]?.flag ?? false)
        }
        if kind.hasPrefix("multiple") { return (true, false) }
        // Nobody took a side: there is nothing to weigh, nor to burn.
        guard try tally.sum(of: .decided) > .zero else { return (false, false) }
        let yesQuorum = params["yes_quorum"] == nil ? .zero : try fraction(params, "yes_quorum")
        guard yesQuorum.isReached(by: tally.for, of: try tally.sum(of: .all)) else {
            return (false, false)
        }
        rules.thresholdBase = .decided
        let outcome = try rules.decide(tally, supply: supply).outcome
        let vetoBurns = params["burn_vote_veto"]?.flag ?? false
        return (outcome == .passed, outcome == .vetoed && vetoBurns)
    }

    /// Before 0.52 expedited proposals had no quorum of their own, and there was none of yes.
    private static func quorumKey(_ expedited: Bool, _ params: JSON) -> String {
        expedited && params["expedited_quorum"] != nil ? "expedited_quorum" : "quorum"
    }

    private static func fraction(_ params: JSON, _ key: String) throws(Refusal) -> Fraction {
        guard let fraction = params[key]?.rational?.fraction else {
            throw mismatch("the parameter \(key) is not readable")
        }
        return fraction
    }

    /// The tally in whole units of a common denominator, spam among the votes against; nil when
    /// that takes more than the 128 bits of an amount.
    private static func scaled(_ powers: [Rational], bonded: Rational) -> (VoteTally, Amount)? {
        var common = Natural.one
        for value in powers + [bonded] {
            let divisor = Natural.greatestCommonDivisor(common, value.denominator)
            common = common * (value.denominator.divided(by: divisor)?.quotient ?? .one)
        }
        let scale = Rational(common, over: .one) ?? .one
        let cast = powers.reduce(.zero, +)
        guard (cast * scale).floor.asUInt128 != nil else { return nil }
        func units(_ value: Rational) -> Amount? {
            (value * scale).floor.asUInt128.map(Amount.init)
        }
        guard let yes = units(powers[0]), let no = units(powers[2] + powers[4]),
            let abstain = units(powers[1]), let veto = units(powers[3]), let supply = units(bonded)
        else { return nil }
        return (VoteTally(for: yes, against: no, abstain: abstain, veto: veto), supply)
    }

    /// The same rules in fractions of any size: slashed validators of different exchange rates have
    /// no common denominator that an amount could hold.
    private static func decideWide(
        _ kind: String, _ powers: [Rational], bonded: Rational, _ params: JSON
    ) throws(Refusal) -> (passes: Bool, burns: Bool) {
        let expedited = kind == "expedited"
        let cast = powers.reduce(.zero, +)
        guard cast >= bonded * (try params.exact(quorumKey(expedited, params))) else {
            return (false, params["burn_vote_quorum"]?.flag ?? false)
        }
        if kind.hasPrefix("multiple") { return (true, false) }
        let decided = cast.subtracting(powers[1])
        let yesQuorum = params["yes_quorum"] == nil ? .zero : try params.exact("yes_quorum")
        guard !decided.isZero, powers[0] >= cast * yesQuorum else { return (false, false) }
        guard powers[3] <= cast * (try params.exact("veto_threshold")) else {
            return (false, params["burn_vote_veto"]?.flag ?? false)
        }
        let threshold = try params.exact(expedited ? "expedited_threshold" : "threshold")
        return (powers[0] > decided * threshold, false)
    }
}

/// AtomOne's rows give only the tally: ten validators of one token each, a quorum of a third.
enum AtomOneCases {
    static func check(_ item: JSON) throws(Refusal) {
        let expected = try item.field("expected")
        let theirs = try expected.field("tally")
        let tally = VoteTally(
            for: try theirs.units("yes"), against: try theirs.units("no"),
            abstain: try theirs.units("abstain"))
        let params = try item.field("params")
        let kind = item["proposalKind"]?.text ?? "generic"
        let key = kind == "generic" ? "threshold" : "\(kind)_threshold"
        guard let threshold = (params[key]?.scalar).flatMap({ Fraction($0) }) else {
            throw mismatch("the parameter \(key) is not readable")
        }
        let cast = try tally.sum(of: .all)
        let validators = Amount(10)
        let rules = TallyRules(
            quorum: .share(Fraction("1/3") ?? .one), quorumCounts: .all, threshold: threshold)
        let outcome = try rules.decide(
            tally, supply: cast > validators ? cast : validators
        ).outcome
        try expectEqual(outcome == .passed, expected["pass"]?.flag ?? false, "pass")
        let decided = try tally.sum(of: .decided)
        let burnLimit = Fraction("0.8") ?? .one
        let burns =
            outcome == .quorumMissed
            ? params["burn_vote_quorum"]?.flag ?? false
            : burnLimit.isExceeded(by: tally.against, of: decided)
        try expectEqual(burns, expected["burnDeposit"]?.flag ?? false, "burnDeposit")
    }
}
