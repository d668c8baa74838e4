// The name of a run: what was voted, whoever runs it and whenever.

import Cryptography
import Governance
import Primitives

enum SHA256Run {
    /// SHA-256 of the plan's canonical form.
    static func digest(_ plan: TrainingPlan) -> Digest { SHA256.hash(plan.encoded) }
}
