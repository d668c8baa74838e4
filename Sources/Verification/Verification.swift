// Checking results of strangers: the policy that says how many independent owners must agree and
// what a wrong answer costs, and the draw that decides which answers are computed again.
//
// What follows from them for a task (how many executions it still needs, which of them count, when
// it is accepted, who is refuted) is computed from the state in `ControlPlane/TaskDemand.swift`,
// and carried out in `ControlPlane/TaskRules.swift` and `JobRules.swift`. Two answers of one owner
// never count as two, and an answer is compared by its digest.
