// From facts to fractions: which part of an epoch each payee is entitled to.

import Primitives

/// One payee's part in one role, as a fraction of what was received.
struct RevenuePart {
    let payee: RevenuePayee
    let role: RevenueRole
    let roleMillionths: UInt64
    let weight: UInt128
    let roleWeight: UInt128
    let facts: [String]
    /// The payee's weight times the role's share.
    var numerator: UInt128 = 0
    /// The role's weights times all shares.
    var denominator: UInt128 = 1
}

/// All parts but the treasury's, by role and payee, and the treasury's.
struct RevenueParts {
    private(set) var parts: [RevenuePart] = []
    /// The commons' own share, with the grounds on which it also gets others'.
    let treasury: RevenuePart

    /// Adds facts up; throws `revenue.fact-malformed` or `revenue.weights`.
    init(facts: [RevenueFact], policy: RevenuePolicy) throws(Refusal) {
        for fact in facts { try RevenueParts.check(fact) }
        // The order of facts must not matter, and a zero weight is never paid.
        let ordered = facts.filter { $0.weight > 0 }.sorted(by: RevenueParts.precedes)
        var earned: UInt64 = policy.share(of: .treasury)
        var grounds = ["commons"]
        for (role, millionths) in policy.shares where millionths > 0 && role != .treasury {
            let ofRole = ordered.filter { $0.role == role }
            if ofRole.isEmpty {
                if policy.unearned == .treasury { grounds.append("unearned:\(role.word)") }
            } else {
                earned += millionths
                parts += try RevenueParts.parts(ofRole, role: role, millionths: millionths)
            }
        }
        treasury = RevenuePart(
            payee: .treasury, role: .treasury, roleMillionths: policy.share(of: .treasury),
            weight: 0, roleWeight: 0, facts: grounds)
        // Either shares are taken of the whole and the treasury keeps what nobody earned, or they
        // are taken of what was earned.
        try fractions(of: policy.unearned == .otherRoles ? UInt128(earned) : 1_000_000)
    }

    private mutating func fractions(of all: UInt128) throws(Refusal) {
        for index in parts.indices {
            let part = parts[index]
            let (denominator, overflow) = part.roleWeight.multipliedReportingOverflow(by: all)
            guard !overflow else {
                throw Refusal(
                    "revenue.weights", "the weights of \(part.role.word) add up to more than 2^108")
            }
            parts[index].denominator = denominator
            parts[index].numerator = part.weight * UInt128(part.roleMillionths)
        }
    }

    /// By role, payee and bytes of the reference: comparing texts as texts would bring Unicode's
    /// tables, which change between releases, into the replicated state.
    private static func precedes(_ left: RevenueFact, _ right: RevenueFact) -> Bool {
        if (left.role, left.payee) != (right.role, right.payee) {
            return (left.role, left.payee) < (right.role, right.payee)
        }
        return left.reference.utf8.lexicographicallyPrecedes(right.reference.utf8)
    }

    private static func check(_ fact: RevenueFact) throws(Refusal) {
        guard fact.role != .treasury else {
            throw Refusal("revenue.fact-malformed", "the treasury's share is not earned by facts")
        }
        let bytes = fact.reference.utf8.count
        guard bytes > 0, bytes <= RevenueFact.referenceLimit else {
            throw Refusal(
                "revenue.fact-malformed",
                "a fact's reference has 1 to \(RevenueFact.referenceLimit) bytes, not \(bytes)")
        }
    }

    /// The parts of one role: `facts` are sorted by payee and not empty.
    private static func parts(_ facts: [RevenueFact], role: RevenueRole, millionths: UInt64)
        throws(Refusal) -> [RevenuePart]
    {
        var roleWeight: UInt128 = 0
        for fact in facts {
            let (sum, overflow) = roleWeight.addingReportingOverflow(fact.weight)
            guard !overflow else {
                throw Refusal("revenue.weights", "the weights of \(role.word) overflow")
            }
            roleWeight = sum
        }
        var parts: [RevenuePart] = []
        var start = 0
        while start < facts.count {
            let payee = facts[start].payee
            let end = facts[start...].firstIndex { $0.payee != payee } ?? facts.count
            let mine = facts[start..<end]
            parts.append(
                RevenuePart(
                    payee: .address(payee), role: role, roleMillionths: millionths,
                    weight: mine.reduce(0) { $0 + $1.weight }, roleWeight: roleWeight,
                    facts: mine.map(\.reference)))
            start = end
        }
        return parts
    }
}
