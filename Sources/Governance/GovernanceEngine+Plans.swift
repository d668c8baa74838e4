// What execution would do, recorded while there still is time: when a proposal is handed in, when
// its voting opens, when it passes. If it is no longer the same, that is an event.

import Cryptography
public import Primitives

extension GovernanceEngine {
    /// Works out what executing would do now, and says so when it differs from the stage before.
    ///
    /// Where voters choose, everything they can choose is worked out, each by itself.
    func notePlan(
        _ stage: String, _ record: inout ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) -> [GovernanceEvent] {
        guard let document = Self.document(record.number, in: state) else { return [] }
        var digests: [UInt8] = []
        for effects in document.candidates {
            guard let digest = host.plan(effects, of: record, at: moment, in: state) else {
                return []
            }
            digests += digest.bytes
        }
        let digest = SHA256.hash(digests)
        let before = record.plans.last?.digest
        record.plans.append(PlanRecord(stage: stage, index: moment.index, digest: digest))
        guard let before, before != digest else { return [] }
        return [
            .planDrifted(proposal: record.number, stage: stage, before: before, now: digest)
        ]
    }
}

extension ProposalDocument {
    /// Each list of effects that might be executed: the effects, or each option's, or each project.
    fileprivate var candidates: [[Effect]] {
        if !options.isEmpty { return options.map(\.effects) }
        guard case .fundingRound(let round) = effects.first else { return [effects] }
        return round.projects.map { project in
            var alone = round
            alone.projects = [project]
            return [.fundingRound(alone)]
        }
    }
}

extension Refusal {
    /// The same refusal, naming the effect at fault where there are several.
    public func naming(_ effect: Effect, _ position: Int, of count: Int) -> Refusal {
        guard count > 1 else { return self }
        return Refusal(
            code, "effect \(position + 1) of \(count) (\(effect.kind.word)): \(message)")
    }
}
