// The stream chain against a plain triad, one core and all; both count 24 bytes an element.

import CKernels

extension KernelBenchmark {
    func memory() {
        // 128 MiB in each of three arrays: larger than the caches of one socket's share.
        let blocks = 2048
        let count = blocks * Int(STREAM_CHAIN_BLOCK)
        let chain = (0..<3).map { _ in Scratch<UInt64>(count) { UInt64($0) &* 0x9E37_79B9 } }
        let plain = (0..<3).map { _ in Scratch<Double>(count) { Double($0 % 97) } }
        let digests = Scratch<UInt8>(blocks * Int(STREAM_CHAIN_DIGEST)) { _ in 0 }
        for threads in Set([1, cores]).sorted() {
            let contest = Contest(
                title: "mem.stream-chain, \(threads == 1 ? "one core" : "\(threads) cores")",
                unit: "B/s", clock: .wall,
                entrants: [
                    Entrant(name: "non-temporal triad") {
                        onAllCores(threads) { part in
                            let first = count / threads * part
                            althing_triad(
                                plain[0].start + first, plain[1].start + first,
                                plain[2].start + first, 3, count / threads)
                        }
                        return 24 * Double(count)
                    },
                    Entrant(name: "stream chain, digests too") {
                        onAllCores(threads) { part in
                            let first = blocks / threads * part
                            let element = first * Int(STREAM_CHAIN_BLOCK)
                            stream_chain_pass(
                                chain[0].start + element, chain[1].start + element,
                                chain[2].start + element, 0x1234_5677, blocks / threads,
                                digests.start + first * Int(STREAM_CHAIN_DIGEST), 1)
                        }
                        return 24 * Double(count)
                    },
                ])
            report.add(contest, contest.run(repeats: repeats))
        }
    }
}
