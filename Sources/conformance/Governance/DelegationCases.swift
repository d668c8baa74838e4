// Split delegation, holders who override their delegates, liquid delegation.

import Governance
import Primitives

enum DelegationCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        switch try item.string("kind") {
        case "partial_delegation": try checkSplit(item)
        case "partial_delegation_reject":
            try expectRefused("the delegation") { () throws(Refusal) in _ = try delegation(item) }
        case "split_override": try checkOverride(item)
        case "transitive": try checkTransitive(item)
        case let kind: throw mismatch("the kind \(kind) is not known")
        }
    }

    // MARK: Shares

    private static func delegation(_ item: JSON) throws(Refusal) -> Delegation {
        var shares: [DelegationShare] = []
        for entry in try item.items("delegations") {
            guard let delegate = Address(hex: try entry.string("delegatee")),
                let parts = UInt16(exactly: try entry.integer("numerator"))
            else { throw mismatch("a share is not readable") }
            shares.append(DelegationShare(delegate: delegate, parts: parts))
        }
        if let limit = (item["maxDelegatees"] ?? item["limit"])?.integer, shares.count > limit {
            throw Refusal("delegation.too-many", "\(limit) delegates at most")
        }
        return try Delegation(shares)
    }

    private static func checkSplit(_ item: JSON) throws(Refusal) {
        let balance = try item.units("balance")
        let expected = try item.field("expected")
        var left = balance
        for share in try delegation(item).shares {
            let units = share.units(of: balance)
            left = try left.subtracting(units)
            let theirs = try expected.field("votes").units(share.delegate.hex)
            try expectEqual(units, theirs, "votes of \(share.delegate)")
        }
        try expectEqual(left, try expected.units("undelegated"), "undelegated")
    }

    // MARK: Overriding, by the engine

    private static func checkOverride(_ item: JSON) throws(Refusal) {
        let community = try Community()
        let holders = try item.field("holders").members ?? []
        for holder in holders {
            try community.setBalance(of: holder.key, to: try holder.value.units("balance"))
        }
        for holder in holders {
            var shares: [DelegationShare] = []
            for entry in try holder.value.items("delegations") {
                shares.append(
                    DelegationShare(
                        delegate: community.address(try entry.string("delegatee")),
                        parts: UInt16(truncatingIfNeeded: try entry.integer("numerator"))))
            }
            shares.sort { $0.delegate < $1.delegate }
            if !shares.isEmpty { try community.delegate(from: holder.key, shares) }
        }
        let number = try community.propose(by: holders.first?.key ?? "", at: 0)
        try community.advance(to: community.delay)
        for vote in try item.items("votesInOrder") {
            guard let choice = Choice(word: try vote.string("choice")) else {
                throw mismatch("a choice is not readable")
            }
            do throws(Refusal) {
                try community.vote(choice, by: try vote.string("by"), on: number)
            } catch  where error.code == "vote.no-power" {
                // A ballot that nothing stands behind counts for nothing, refused or not.
                continue
            }
        }
        let tally = community.record(number)?.tally ?? VoteTally()
        let expected = try item.field("expected")
        try expectEqual(tally.for, try expected.units("for"), "for")
        try expectEqual(tally.against, try expected.units("against"), "against")
        try expectEqual(tally.abstain, try expected.units("abstain"), "abstain")
    }

    // MARK: Chains

    private static func checkTransitive(_ item: JSON) throws(Refusal) {
        let members = try item.field("weights").members ?? []
        let names = members.map(\.key)
        let weights = members.map { $0.value.amount ?? .zero }
        let delegations = try item.field("delegations")
        let votes = try item.field("directVotes")
        let graph = TransitiveDelegation(
            weights: weights,
            delegates: names.map { name in
                delegations[name]?.text.flatMap { names.firstIndex(of: $0) }
            })
        let (behind, uncounted) = try graph.power(voted: names.map { votes[$0] != nil })
        var tally: [String: Amount] = [:]
        for (position, name) in names.enumerated() {
            guard let choice = votes[name]?.text else { continue }
            tally[choice] = try (tally[choice] ?? .zero).adding(behind[position])
        }
        let expected = try item.field("expected")
        let theirs = try expected.field("tally").members ?? []
        for entry in theirs {
            try expectEqual(tally[entry.key] ?? .zero, entry.value.amount ?? .zero, entry.key)
        }
        try expectEqual(
            tally.values.count { !$0.isZero },
            theirs.count { !($0.value.amount?.isZero ?? true) }, "choices")
        try expectEqual(uncounted, try expected.units("uncounted"), "uncounted")
    }
}
