// The kernels of memory, of rounding and of attention against the processor's.

import CKernels
import Glibc
import Primitives

extension AcceleratorCheck {
    static let memory = [
        AcceleratorCheck("stream chain") { bench throws(Refusal) in
            let (blocks, count) = (3, Int(STREAM_CHAIN_BLOCK))
            let session = bench.session
            let base = bench.words(count)
            let seed = try bench.place(base)
            var arrays: [[UInt64]] = []
            var places: [UInt64] = []
            for array in 0..<3 {
                var values = [UInt64](repeating: 0, count: blocks * count)
                for block in 0..<blocks {
                    values.withUnsafeMutableBufferPointer {
                        guard let start = $0.baseAddress else { return }
                        stream_chain_fill(
                            base, UInt64(array), UInt64(block), start + block * count)
                    }
                }
                let place = try bench.place(8 * values.count)
                try session.streamFill(base: seed, array: array, blocks: blocks, to: place)
                let found = try session.read(values.count, of: UInt64(0), from: place)
                try require(found == values, "what a stream chain begins with")
                arrays.append(values)
                places.append(place)
            }
            let factor = bench.lots.next() | 1
            var digests = [UInt8](repeating: 0, count: blocks * Int(STREAM_CHAIN_DIGEST))
            var out = [UInt64](repeating: 0, count: blocks * count)
            stream_chain_pass(&out, arrays[1], arrays[2], factor, blocks, &digests, 0)
            let shown = try bench.place(digests.count)
            try session.fill(places[0], with: 0xa5, bytes: 8 * out.count)
            try session.streamPass(
                places[0], places[1], places[2], factor: factor, blocks: blocks, digests: shown)
            let found = try session.read(out.count, of: UInt64(0), from: places[0])
            try require(found == out, "a pass of a stream chain")
            let foundDigests = try session.read(digests.count, of: UInt8(0), from: shown)
            try require(foundDigests == digests, "the digests of a stream chain")
        },
        AcceleratorCheck("memory fill and walks") { bench throws(Refusal) in
            let (pages, walks, leaves, segments, steps) = (48, 37, 2, 3, 5)
            let session = bench.session
            let key = bench.key()
            let entries = pages * Int(MEMORY_PAGE_ENTRIES)
            var table = [UInt64](repeating: 0, count: entries)
            memory_fill(key, 16, pages, &table)
            let place = try bench.place(8 * entries)
            try session.memoryFill(key: try bench.place(key), first: 16, pages: pages, to: place)
            let found = try session.read(entries, of: UInt64(0), from: place)
            try require(found == table, "pages of memory")
            let starts = bench.words(walks)
            var expected: [UInt64] = []
            for start in starts {
                var state = start
                for _ in 0..<leaves {
                    expected.append(state)
                    for _ in 0..<segments {
                        state = memory_walk(table, UInt64(entries), state, UInt64(steps))
                        expected.append(state)
                    }
                }
            }
            let out = try bench.place(8 * expected.count)
            try session.memoryWalk(
                place, entries: entries, starts: try bench.place(starts), walks: walks,
                leaves: leaves, segments: segments, steps: steps, to: out)
            let walked = try session.read(expected.count, of: UInt64(0), from: out)
            try require(walked == expected, "walks through memory")
        },
    ]

    static let rest = [
        AcceleratorCheck("chain of roundings") { bench throws(Refusal) in
            let (count, steps) = (384, 200)
            var x = bench.fractions(count)
            let c = bench.fractions(count).map { 1.75 + $0 / 4 }
            let place = try bench.place(x)
            fma_chain(&x, c, count, UInt64(steps))
            try bench.session.fmaChain(place, try bench.place(c), count: count, steps: steps)
            let found = try bench.session.read(count, of: Float(0), from: place)
            try require(found == x, "a chain of roundings")
        },
        AcceleratorCheck("attention") { bench throws(Refusal) in
            let (heads, context, size) = (2, 77, 128)
            let count = heads * context * size
            let inputs = (0..<3).map { _ in bench.fractions(count) }
            let out = try bench.place(4 * count)
            try bench.session.attention(
                query: try bench.place(inputs[0]), key: try bench.place(inputs[1]),
                value: try bench.place(inputs[2]), context: context, heads: heads, to: out)
            let found = try bench.session.read(count, of: Float(0), from: out)
            var (difference, length) = (0.0, 0.0)
            for head in 0..<heads {
                for row in 0..<context {
                    let at = (head * context + row) * size
                    let expected = attention(inputs, head * context * size, row, size)
                    for index in 0..<size {
                        let apart = Double(found[at + index]) - expected[index]
                        difference += apart * apart
                        length += expected[index] * expected[index]
                    }
                }
            }
            // NaN is not below anything.
            try require((difference / length).squareRoot() < 1e-5, "attention")
        },
    ]

    /// One row in double precision; a head begins at `base`.
    private static func attention(_ inputs: [[Float]], _ base: Int, _ row: Int, _ size: Int)
        -> [Double]
    {
        var weights: [Double] = []
        for key in 0...row {
            var score = 0.0
            for index in 0..<size {
                score +=
                    Double(inputs[0][base + row * size + index])
                    * Double(inputs[1][base + key * size + index])
            }
            weights.append(exp(score / Double(size).squareRoot()))
        }
        let total = weights.reduce(0, +)
        return (0..<size).map { index in
            (0...row).reduce(0.0) { sum, key in
                sum + weights[key] * Double(inputs[2][base + key * size + index])
            } / total
        }
    }
}
