// Our speed against peers and physical bounds, in one run; and our defences against cheaters.
//
//   benchmarks training [REPEATS]   the trainer against PyTorch on one core
//   benchmarks kernels [REPEATS] [products|memory|checking|rest] [--output json]
//                                   the compute kernels against OpenBLAS and bounds
//   benchmarks gpu [REPEATS] [check|products|memory|rest] [--quick] [--output json]
//                                   an NVIDIA device's kernels: whether right, and how fast
//   benchmarks consensus [REPEATS] [--long] [--output json]   the replicated log against etcd's
//   benchmarks votes                signed votes on three members on loopback
//   benchmarks vote-stages [VOTES] [BATCH]   what a vote costs in each part of one member
//   benchmarks tally [HOLDERS] [VOTES]   power, votes and results; equal shares against pabutools
//   benchmarks redteam [TRIALS]     every cheating provider against a real member; 50 trials each
//   benchmarks tamper [COUNT]       single changes of right answers; a million
//   benchmarks prediction [JOBS]    predicted against actual run times; 50 jobs
//   benchmarks repeatability [N]    how far scores of N sessions lie apart; 10
//   benchmarks failover [KILLS]     the leader killed, its disk hung
//   benchmarks calm [SECONDS]       every core kept busy: no election; 600
//   benchmarks memory [PUTS] [--etcd]   what members keep in memory; a million
//   benchmarks reopen [MEBIBYTES]   how long a log takes to open; 1024
//   benchmarks faults [ROUNDS]      real processes under faults, with a checker of histories
//   benchmarks storage-faults       one replica's storage damaged, ours and etcd's

import Glibc
import Primitives

let arguments = CommandLine.arguments.dropFirst()
let count = arguments.dropFirst().first.flatMap { Int($0) }.map { max(1, $0) }
let repeats = count ?? 5

switch arguments.first {
case "training": TrainingBenchmark(repeats: repeats).run()
case "kernels":
    KernelBenchmark(repeats: repeats, words: arguments.dropFirst().map { String($0) }).run()
case "gpu":
    await orExplain { () async throws in
        try GPUBenchmark(
            repeats: max(20, count ?? 20), words: arguments.dropFirst().map { String($0) }
        ).run()
    }
case "consensus":
    await orExplain { () async throws in
        try await ConsensusBenchmark(
            repeats: repeats, isJSON: arguments.contains("json"),
            isLong: arguments.contains("--long")
        ).run()
    }
case "failover":
    await orExplain { () async throws in
        try await FailoverBenchmark(kills: count ?? 50).run()
    }
case "calm":
    await orExplain { () async throws in
        try await CalmBenchmark(seconds: max(10, count ?? 600)).run()
    }
case "memory":
    await orExplain { () async throws in
        try await MemoryBenchmark(
            puts: count ?? 1_000_000, hasPeer: arguments.contains("--etcd")
        ).run()
    }
case "reopen":
    await orExplain { () async throws in try ReopenBenchmark(mebibytes: count ?? 1024).run() }
case "faults":
    await orExplain { () async throws in
        try await FaultsBenchmark(rounds: repeats).run()
    }
case "storage-faults":
    await orExplain { () async throws in try await StorageFaultsBenchmark().run() }
case "votes":
    await orExplain { () async throws in try await VotesBenchmark().run() }
case "vote-stages":
    let numbers = arguments.dropFirst().compactMap { Int($0) }
    await orExplain { () async throws in
        try VoteStagesBenchmark(
            votes: max(1, numbers.first ?? 20_000), batch: max(1, numbers.dropFirst().first ?? 256)
        ).run()
    }
case "tally":
    let numbers = arguments.dropFirst().compactMap { Int($0) }
    await orExplain { () async throws in
        try TallyBenchmark(
            holders: numbers.first ?? 1_000_000, votes: numbers.dropFirst().first ?? 100_000
        ).run()
    }
case "redteam": await RedTeamBenchmark.run(trials: count ?? 50)
case "tamper": TamperBenchmark.run(count: count ?? 1_000_000)
case "prediction": PredictionBenchmark(jobs: count ?? 50).run()
case "repeatability": RepeatabilityBenchmark(sessions: count ?? 10).run()
default:
    print(
        "usage: benchmarks training|kernels|gpu|consensus|failover|calm|memory|faults"
            + "|storage-faults|reopen|votes|vote-stages|tally|redteam|tamper|prediction"
            + "|repeatability [N]")
    exit(64)
}

/// Ends the program with the reason when `work` is refused.
func orExplain(_ work: () async throws -> Void) async {
    do {
        try await work()
    } catch {
        let sentence =
            (error as? Refusal).map { "error[\($0.code)]: \($0.message)\n" }
            ?? "benchmarks: \(error)\n"
        _ = sentence.withCString { write(2, $0, strlen($0)) }
        exit(1)
    }
}
