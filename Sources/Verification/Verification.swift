// Checking results of strangers: how many must compute a task, whose answers count, what is
// accepted, and what a wrong answer does to a provider.
//
// The road of one task:
//
//     ResultLedger(policy)
//       .expectedReplicas(provider:)      before placement: 2 for a provider not yet trusted
//       .open(task:in:)                   the task may be answered
//       .submit(result:beacon:at:in:)     -> ResultOutcome
//            .waiting(replicasMissing)    more owners must compute it; the scheduler excludes
// `owners`
//            .accepted(Acceptance)        digest, honest, dishonest, provisional, released,
// reopened
//            .disputed                    no quorum among the most results allowed
//            .late(agrees:)               it had been accepted; the answer is still judged
//       .noExecutorLeft(task:at:in:)      no other owner can compute it -> settled or disputed
//       .resolve(task:digest:at:in:)      a referee's answer settles a dispute
//       .timedOut(provider:in:)           a lease ended without a result
//       .expireProvisional(at:limit:in:)  earnings whose time is over
//
// Two answers of one owner never count as two. An answer is compared by its digest; tasks whose
// bytes depend on the processor carry a class, and only answers of one class are compared. Which
// answers of a trusted provider are computed again is drawn from a beacon that nobody knew when
// they were made. Deciding a dispute by running the task again is somebody else's work: the state
// `disputed` says that it is needed, `resolve` takes its outcome.
//
// Tables: 0x50 reputations, 0x51 tasks, 0x52 provisional results, 0x53 their order in time.
