// What machines can do, measured so that it cannot be talked up.
//
// A challenge is a conversation between a prover (the provider's agent) and a verifier (the
// cluster), both state machines without clock, randomness or input and output:
//
//     P -> S  HELLO     prover.hello
//     S -> P  PREPARE   verifier.receive(bytes:now:)        prover.receive -> .warmUp
//     P -> S  READY     prover.warmUp(workers)              no clock runs yet
//     S -> P  GO        the seed; verifier.seedLeft(at:)    prover.receive -> .compute
//     P -> S  COMMIT    prover.compute(workers)             the clock stops at its arrival
//     P -> S  ROOTS     sent right after
//     S -> P  OPEN      drawn after the commitment          prover.receive -> .prove
//     P -> S  PROOF...  prover.nextProof() until nil
//     S       VERDICT   step.verdict, with a sample and the digest of `verifier.evidence`
//
//     var verifier = try ChallengeVerifier(
//         entropy: bytes, provider: address, session: digest,
//         specification: try policy.specification(of: "cpu.sgemm.mt", lastRate: score.rate), now:
// now)
//     let step = verifier.receive(bytes: body, now: now)    // step.replies, step.verdict
//     let late = verifier.tick(now: now)                    // at verifier.wakeAt
//     score.record(verdict, at: time, policy: policy)       // KernelScore: rate, spread,
// lowerBound
//
// What is measured is the verifier's time from the seed leaving to the commitment arriving, and the
// network is in it: a provider can make its ping look long, so nothing is ever subtracted.
//
// Scores say what a machine did once. They cannot say that the machine which answered is the one
// which will run a job, that it is not a larger one rented for the minute, or that a challenge for
// one thread used only one. Against that stand challenges at random times, challenging all machines
// of an owner at the same instant, comparing jobs' run times with what the scores predict, and
// stake.
