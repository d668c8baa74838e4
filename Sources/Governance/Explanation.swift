// Why a proposal stands where it stands, as arithmetic a person can follow.

public import Primitives

/// A proposal's standing in sentences and comparisons.
public struct Explanation: Hashable, Sendable {
    /// The lines, in the order to read them.
    public let lines: [String]
}

extension GovernanceEngine {
    /// Explains a proposal as it stands; throws `proposal.unknown`.
    public static func explain(_ number: UInt64, in state: any StateReader) throws(Refusal)
        -> Explanation
    {
        guard let record = proposal(number, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(number)")
        }
        var lines = [
            "proposal \(number), `\(record.title)`, is \(record.status.word)",
            "track \(record.rules.name), rules \(record.rulesDigest.hex)",
            "effects \(record.effectsDigest.hex)",
        ]
        if let earlier = record.resubmissionOf {
            lines.append("the same effects were proposed before, in proposal \(earlier)")
        }
        guard record.status != .submitted, record.snapshotIndex > 0 || !record.supply.isZero else {
            return Explanation(lines: lines + ["voting opens at \(record.opensAt)"])
        }
        lines.append(
            "power is that at the end of entry \(record.snapshotIndex): supply \(record.supply)"
                + (record.rules.times.powerAge > 0
                    ? ", held for \(record.rules.times.powerAge) ms" : ""))
        let verdict = try record.verdict()
        lines += verdict.explanation + optionLines(on: number, in: state)
        if record.status.isOpen {
            lines.append("voting is open until \(record.deadline)")
            lines += try whatWouldChange(record, verdict)
        }
        if let ready = record.readyAt { lines.append("executed from \(ready)") }
        if record.heldUp > 0 { lines.append("the guardian holds it up by \(record.heldUp) ms") }
        for plan in record.plans { lines.append("plan when \(plan.stage): \(plan.digest.hex)") }
        if let refusal = record.lastRefusal { lines.append("last refusal: \(refusal)") }
        return Explanation(lines: lines)
    }

    /// The least power for, cast in addition, that would make a failing tally pass.
    private static func whatWouldChange(
        _ record: ProposalRecord, _ verdict: Verdict
    ) throws(Refusal) -> [String] {
        guard !verdict.passes else { return [] }
        func passes(with more: UInt128) throws(Refusal) -> Bool {
            var tally = record.tally
            try tally.add(Amount(more), to: .for)
            var turnout = record.turnout
            try turnout.add(Amount(more), to: .for)
            let base =
                record.rules.tally.quorumBase == .supply ? record.supply : record.quorumBase
            return try record.tallyRules(at: nil).decide(
                tally, supply: record.supply, turnout: turnout, base: base
            ).passes
        }
        let cast = try record.turnout.sum(of: .all)
        let left = cast < record.supply ? try record.supply.subtracting(cast).units : 0
        guard left > 0, try passes(with: left) else {
            return ["no votes that are still out could make it pass"]
        }
        // Passing is monotone in votes for, so halving finds the least.
        var low: UInt128 = 0
        var high = left
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if try passes(with: middle) { high = middle } else { low = middle }
        }
        return ["\(high) more for, and nothing else, would make it pass"]
    }
}
