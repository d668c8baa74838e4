// Our speed against peers and against the machine, measured in one run.
//
//   benchmarks training [REPEATS]   the trainer against PyTorch on one core
//   benchmarks kernels [REPEATS]    matrix products against OpenBLAS on one core
//   benchmarks consensus [REPEATS] [--long] [--output json]   the replicated log against etcd's

import Glibc
import Primitives

let arguments = CommandLine.arguments.dropFirst()
let repeats = max(1, arguments.dropFirst().first.flatMap { Int($0) } ?? 5)

switch arguments.first {
case "training": TrainingBenchmark(repeats: repeats).run()
case "kernels": MatrixBenchmark(repeats: repeats).run()
case "consensus":
    await orExplain { () async throws(Refusal) in
        try await ConsensusBenchmark(
            repeats: repeats, isJSON: arguments.contains("json"),
            isLong: arguments.contains("--long")
        ).run()
    }
default:
    print("usage: benchmarks training|kernels|consensus [REPEATS]")
    exit(64)
}

/// Ends the program with the reason when `work` is refused.
func orExplain(_ work: () async throws(Refusal) -> Void) async {
    do throws(Refusal) {
        try await work()
    } catch {
        let sentence = "error[\(error.code)]: \(error.message)\n"
        _ = sentence.withCString { write(2, $0, strlen($0)) }
        exit(1)
    }
}
