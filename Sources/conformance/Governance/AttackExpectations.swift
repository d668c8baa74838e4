// What must hold after a step of an attack.

import Cryptography
import Governance
import Primitives

extension AttackScenario {
    // MARK: Expectations

    func checkExpectation(_ step: JSON) throws(Refusal) {
        guard let expected = step["expect"] else { return }
        switch try step.string("op") {
        case "state":
            let ours = try record(step).status.word
            let theirs = expected.text ?? ""
            let names = [
                "pending": "submitted", "active": "voting", "open": "voting",
                "rejected": "defeated", "passed": "queued", "succeeded": "queued",
                "canceled": "cancelled", "failed": "execution-failed", "queue": "queued",
                "timelocked": "queued", "execution_failed": "execution-failed",
                "revealing": "revealing", "objecting": "objection",
            ]
            try expectEqual(ours, names[theirs] ?? theirs, "state")
        case "deadline":
            let seconds = try record(step).deadline.milliseconds / 1000 - offset
            try expectEqual(String(seconds), expected.scalar ?? "", "deadline")
        case "powerAt", "power":
            try expectEqual(try power(step).description, expected.scalar ?? "", "power")
        case "tally":
            let tally = try record(step).tally
            for member in expected.members ?? [] {
                guard let choice = Choice(word: member.key) else { continue }
                try expectEqual(tally[choice].description, member.value.scalar ?? "", member.key)
            }
        case "deposit", "depositState":
            guard let theirs = expected.scalar else { throw mismatch("no fate is expected") }
            if theirs.allSatisfy(\.isNumber) {
                return try expectEqual(try record(step).deposit.description, theirs, "deposit")
            }
            try compareFate(community.host.fates[try number(step)], theirs)
        case "bond", "bondState":
            let of = community.address((step["of"] ?? step["by"])?.text ?? "")
            try compareFate(community.host.bondFates[of], expected.text ?? "")
        case "eta", "readyAt", "executableAt":
            let ready = try record(step).readyAt.map { $0.milliseconds / 1000 - offset }
            try expectEqual(ready.map(String.init), expected.scalar, "ready")
        case "resubmission":
            let earlier = try record(step).resubmissionOf
            let theirs = expected.text.map { numbers[$0] } ?? nil
            try expect(
                expected.flag.map { $0 == (earlier != nil) } ?? (earlier == theirs),
                "resubmission of \(earlier.map(String.init) ?? "nothing")")
        case "policy":
            let name = (step["policy"] ?? step["name"])?.text ?? "pricing"
            let theirs = SHA256.hash(Array((expected.scalar ?? "").utf8))
            try expectEqual(community.host.policies[name], theirs, "policy \(name)")
        case "treasury":
            try expectEqual(community.host.treasury.description, expected.scalar ?? "", "treasury")
        case "balance":
            let of = step["of"]?.text ?? step["by"]?.text ?? ""
            try expectEqual(
                community.balance(of: of).description, expected.scalar ?? "", "balance of \(of)")
        case "members":
            let theirs = (expected.elements ?? []).compactMap(\.text).sorted()
            try expectEqual(community.host.members.sorted(), theirs, "members")
        case "append":
            let refuses = expected.text?.contains("refuse") ?? false
            try expectEqual(clockRefused, refuses, "append refused")
        default: throw mismatch("the expectation is not known")
        }
    }

    private func compareFate(_ ours: DepositFate?, _ theirs: String) throws(Refusal) {
        let words: [String: DepositFate] = [
            "returned": .returned, "refunded": .returned, "released": .returned,
            "burned": .burned, "burnt": .burned, "slashed": .burned, "forfeited": .burned,
            "lost": .burned,
        ]
        try expectEqual(ours, words[theirs.lowercased()], "fate")
    }

    /// Power at a proposal's snapshot; what is held now where no proposal is named.
    private func power(_ step: JSON) throws(Refusal) -> Amount {
        let of = try step.string("of")
        let names = step["id"] ?? step["proposal"]
        if names == nil, numbers["P"] == nil { return community.balance(of: of) }
        let record = try record(step)
        let holder = community.address(of)
        var power = VotingPower.agedBalance(of: holder, at: record.snapshot, in: community.memory)
        for lent in VotingPower.lent(
            to: holder, for: record.kind, at: record.snapshot, in: community.memory)
        {
            power = try power.adding(lent.amount)
        }
        return power
    }
}
