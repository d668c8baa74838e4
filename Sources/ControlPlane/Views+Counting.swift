// How a proposal is counted, and what would change its outcome.

import Governance
import Primitives

extension Views {
    /// What is counted how, and whether it holds as the tally stands.
    static func counting(of record: ProposalRecord) -> [JSON.Member] {
        let rules = record.tallyRules(at: nil)
        let counted = (try? record.turnout.sum(of: rules.quorumCounts)) ?? .zero
        let whole = rules.quorumBase == .supply ? record.supply : record.quorumBase
        let reached = (try? rules.isQuorumReached(record.turnout, supply: whole)) ?? false
        let verdict = try? record.verdict()
        return [
            JSON.Member("quorum_counted", .amount(counted)),
            JSON.Member("quorum_reached", .bool(reached)),
            JSON.Member("threshold", .string(rules.threshold.description)),
            JSON.Member("threshold_strict", .bool(rules.thresholdIsStrict)),
            JSON.Member("threshold_of", .amount(base(of: record))),
            JSON.Member("has_veto", .bool(rules.veto != nil)),
            JSON.Member("passes", .bool(verdict?.passes ?? false)),
            JSON.Member(
                "explanation", .array((verdict?.explanation ?? []).map { .string($0) })),
        ]
    }

    private static func base(of record: ProposalRecord) -> Amount {
        let tally = record.tally
        let sum: Amount? =
            switch record.rules.tally.thresholdBase {
            case .decided: try? tally.sum(of: .decided)
            case .cast: try? tally.sum(of: .all)
            case .supply: record.supply
            case .nonAbstainingSupply: try? record.supply.subtracting(tally.abstain)
            }
        return sum ?? .zero
    }

    /// The fewest votes of one kind that would turn the outcome round; null when none would.
    static func change(of record: ProposalRecord, passes: Bool) -> JSON {
        let choice: Choice = passes ? .against : .for
        let room = (try? record.supply.subtracting((try? record.turnout.sum(of: .all)) ?? .zero))
        guard let room, turns(record, choice, room, passes) else { return .null }
        // More of the same never turns it back, so that halving finds the least.
        var (low, high) = (UInt128(1), room.units)
        while low < high {
            let middle = low + (high - low) / 2
            if turns(record, choice, Amount(middle), passes) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return ["choice": .string(choice.word), "votes": .amount(Amount(low))]
    }

    private static func turns(
        _ record: ProposalRecord, _ choice: Choice, _ votes: Amount, _ passes: Bool
    ) -> Bool {
        var (tally, turnout) = (record.tally, record.turnout)
        let base =
            record.rules.tally.quorumBase == .supply ? record.supply : record.quorumBase
        guard (try? tally.add(votes, to: choice)) != nil,
            (try? turnout.add(votes, to: choice)) != nil,
            let verdict = try? record.tallyRules(at: nil).decide(
                tally, supply: record.supply, turnout: turnout, base: base)
        else { return false }
        return verdict.passes != passes
    }
}
