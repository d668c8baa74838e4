// Others' cases against our code: `conformance SUITE PATH`.
//
// Prints a line a file and closes with `N passed, M failed`. A file or section that a suite does
// not know counts as failed, under its name.

import Primitives

let suites: [any ConformanceSuite.Type] = [
    EtcdRaftSuite.self, CryptoSuite.self, GovernanceSuite.self,
]

let words = CommandLine.arguments.dropFirst()
guard words.count == 2, let name = words.first, let path = words.last,
    let suite = suites.first(where: { $0.name == name })
else {
    Console.error("usage: conformance \(suites.map { $0.name }.joined(separator: "|")) PATH")
    Console.exit(64)
}
do {
    let score = try suite.run(path: path)
    print("\(score.passed) passed, \(score.failed) failed")
    Console.exit(score.failed == 0 ? 0 : 1)
} catch {
    Console.error("error[\(error.code)]: \(error.message)")
    Console.exit(2)
}
