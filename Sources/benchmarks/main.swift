// Our speed against peers and against the machine, measured in one run.
//
//   benchmarks training [REPEATS]   the trainer against PyTorch on one core
//   benchmarks kernels [REPEATS]    matrix products against OpenBLAS on one core

import Glibc

let arguments = CommandLine.arguments.dropFirst()
let repeats = max(1, arguments.dropFirst().first.flatMap { Int($0) } ?? 5)

switch arguments.first {
case "training": TrainingBenchmark(repeats: repeats).run()
case "kernels": MatrixBenchmark(repeats: repeats).run()
default:
    print("usage: benchmarks training|kernels [REPEATS]")
    exit(64)
}
