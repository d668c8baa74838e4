// Which task runs on which machine, and why a task waits.
//
//     let policy = try SchedulingPolicy(parsing: text)
//     let scheduler = Scheduler(policy: policy)
//     let plan = scheduler.plan(snapshot)          // placements, and an explanation for every
// other task
//     let why = scheduler.explain(task: 7, in: snapshot)
//     let ratio = policy.corrected(ratio, predicted: p, actual: a)   // after a task ended
//
// A plan is a pure function of a snapshot: the same snapshot gives the same plan, whatever order
// its parts came in. Jobs take turns by weighted dominant share (Ghodsi et al., "Dominant Resource
// Fairness", NSDI 2011); inside a job the higher priority goes first, then the longer wait. A task
// goes where the money it costs and the value of the time it takes are least together. A gang is
// placed whole or not at all.
