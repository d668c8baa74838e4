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
// What is proved, and how well:
//
// - A matrix chain: that every entry of every round's matrix is right (Freivalds over GF(127) with
//   ten vectors: a wrong round passes with probability below 2^-64), and that the rounds were done
//   one after the other, for each round's operand is drawn from the root of the round before.
// - A stream chain, a lane chain and a tile chain: that all but a share f of the units are right,
//   with probability 1 - (1 - f)^s for s openings. A cheat too small for the policy's openings
//   gains its share, and no more. Tiles stand for whole matrices where those are too large.
// - A walk chain: the same of its segments, and that they follow one another. Who lacks the memory
//   makes a page for every read, which takes some fifty times as long.
// - The time: at most what the verifier's clock says. It can only be longer than the work took.
//
// What cannot be proved from outside, and what stands against it:
//
// - That the machine which answered is the one which will run a job, or that it is not a larger one
//   rented for the minute, or that a challenge was not relayed. Against it: challenges at random
//   times while the machine is idle; the way there and back counts as the machine's time; the run
//   times of real jobs are held against the score (`provider.slow`).
// - That ten machines of ten owners are ten machines. Machines of one owner, or of one network, are
//   challenged at the same instant, and none of them alone but for its first samples: one that is
//   late, or gives up, has failed, and one that is away is called again with the others. Owners who
//   are one person behind several keys and networks are not seen to be one, and pay one stake a
//   machine.
// - That a challenge for one thread used one. Faster than the claimed cores allow is said
//   (`benchmark.implausible`), and opens an audit.
// - That two machines did not share lanes, or blocks of a stream, between them: these know nothing
//   of each other but the root. Their rate is then that of both, for as long as both answer to one
//   name. Products need all of a round for any part of the next, and gain nothing over a network.
// - That a format was computed in its own units: exact integers may be multiplied in any unit that
//   is exact. The score is for the task, done this fast, by whatever means.
