// What a release or a verification policy's new text would change about the models and machines
// that are there; and why there is nothing to try for the other policies.

import Governance
import Primitives
import Verification

extension Views {
    /// Every model at the gate in force and at another.
    func models(under text: String) throws(Refusal) -> JSON {
        let now = try PolicyBook.release(state)
        let then = try ReleasePolicy(parsing: text, name: "Policies/release.yaml")
        var models: [JSON] = []
        for (_, model) in Tables.models.records(in: state) {
            let licences = try JobRules.job(model.job, in: state).plan.data.map(\.licence)
            let was = now.objection(to: model, licences: licences)
            let would = then.objection(to: model, licences: licences)
            models.append([
                "model": .string(model.name), "status": .string(model.status.word),
                "passes": .bool(was == nil), "would_pass": .bool(would == nil),
                "objection": .string(was?.message ?? ""),
                "would_object": .string(would?.message ?? ""),
            ])
        }
        return .array(models)
    }

    /// Every machine: whether some of its answers are taken unchecked, and would be.
    func trust(under text: String) throws(Refusal) -> JSON {
        let now = try PolicyBook.verification(state)
        let then = try VerificationPolicy(parsing: text, name: "Policies/verification.yaml")
        return .array(
            Tables.providers.records(in: state).map { key, provider in
                [
                    "agent": .string("0x" + Hex.encode(key)),
                    "name": .string(provider.machine.name),
                    "verified": .int(provider.verified), "wrong": .int(provider.wrong),
                    "trusted": .bool(TaskRules.isTrusted(provider, now)),
                    "would_be_trusted": .bool(TaskRules.isTrusted(provider, then)),
                ]
            })
    }

    /// Why a policy's text changes nothing that has happened.
    static func whyNotSimulated(_ name: String) -> String {
        switch name {
        case "pricing":
            "There is nothing to try: a price is the one in the vote that released the model, and"
                + " requests that a bound refused are not on the log."
        case "scheduling":
            "There is nothing to try: a plan depends on which machines are present, which is not"
                + " on the log; `althing job why` says what tasks wait for under the text in force."
        case "benchmarks":
            "There is nothing to try: scores are proofs of the suite in force, and another suite"
                + " needs new ones."
        default: "There is nothing to try."
        }
    }
}
