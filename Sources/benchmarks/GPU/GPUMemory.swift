// A device's memory beside plain copies within it, and rates of the kernels that have no peer here.

import Accelerator
import CKernels
import Primitives

/// The contests of memory, and the rest.
struct GPUMemory {
    let session: AcceleratorSession
    let benchmark: GPUBenchmark

    /// The stream chain against a copy; bytes read count as well as bytes written.
    func stream() throws(Refusal) {
        let session = session
        // 2 GiB an array.
        let blocks = 32_768
        let bytes = blocks * Int(STREAM_CHAIN_BLOCK) * 8
        let places = try places([bytes, bytes, bytes, blocks * 64, 65_536])
        defer { free(places) }
        try session.copy(words(8192), to: places[4])
        for array in 0..<3 {
            try session.streamFill(base: places[4], array: array, blocks: blocks, to: places[array])
        }
        try benchmark.contest(
            "stream chain, 3 x 2 GiB", "B/s", on: session,
            [
                copy(places[0], places[1], bytes),
                GPUEntrant(name: "ours", work: 3 * Double(bytes)) { () throws(Refusal) in
                    try session.streamPass(
                        places[0], places[1], places[2], factor: 0x9e37_79b9_7f4a_7c15,
                        blocks: blocks, digests: places[3])
                },
            ])
    }

    /// Pages that are dear to make: bytes written against bytes copied.
    func fill() throws(Refusal) {
        let session = session
        let bytes = 8 << 30
        let places = try places([bytes, 32, 8 * 4096, 4096 * 16 * 17 * 8])
        defer { free(places) }
        try session.copy(words(4), to: places[1])
        try session.copy(words(4096), to: places[2])
        try benchmark.contest(
            "memory fill, 8 GiB", "B/s", on: session,
            [
                copy(places[0], places[0] + UInt64(bytes / 2), bytes / 2),
                GPUEntrant(name: "ours", work: Double(bytes)) { () throws(Refusal) in
                    try session.memoryFill(
                        key: places[1], first: 0, pages: bytes / 4096, to: places[0])
                },
            ])
        try benchmark.contest(
            "memory walk, 4096 walks through 8 GiB", "read/s", on: session,
            [
                GPUEntrant(name: "ours", work: Double(4096 * 256 * 16)) { () throws(Refusal) in
                    try session.memoryWalk(
                        places[0], entries: bytes / 8, starts: places[2], walks: 4096, leaves: 16,
                        segments: 16, steps: 16, to: places[3])
                }
            ])
    }

    /// Attention, roundings, generators and digests.
    func rest() throws(Refusal) {
        let session = session
        let (context, heads) = (8192, 32)
        let count = context * heads * 128
        let places = try places([4 * count, 4 * count, 4 * count, 4 * count, 32])
        defer { free(places) }
        try session.copy(words(4), to: places[4])
        for place in places[..<3] {
            try session.draw(.single, key: places[4], streams: count / 4096, count: 4096, to: place)
        }
        let pairs = Double(heads) * Double(context) * Double(context + 1) / 2
        try benchmark.contest(
            "attention, 32 heads of 128, 8192 tokens", "FLOP/s", on: session,
            [
                GPUEntrant(name: "ours", work: 4 * 128 * pairs) { () throws(Refusal) in
                    try session.attention(
                        query: places[0], key: places[1], value: places[2], context: context,
                        heads: heads, to: places[3])
                }
            ])
        let (lanes, steps) = (1 << 22, 4096)
        let lots = (0..<lanes).map { Float($0 % 997) / 997 }
        try session.copy(lots, to: places[0])
        try session.copy(lots.map { 1.5 + $0 / 2 }, to: places[1])
        try benchmark.contest(
            "fma chain, 2^22 lanes", "FLOP/s", on: session,
            [
                GPUEntrant(name: "ours", work: 2 * Double(lanes * steps)) { () throws(Refusal) in
                    try session.fmaChain(places[0], places[1], count: lanes, steps: steps)
                }
            ])
        try benchmark.contest(
            "operands", "operand/s", on: session,
            [
                GPUEntrant(name: "bytes", work: Double(count)) { () throws(Refusal) in
                    try session.draw(
                        .int8, key: places[4], streams: count / 4096, count: 4096, to: places[0])
                },
                GPUEntrant(name: "bfloat16", work: Double(count)) { () throws(Refusal) in
                    try session.draw(
                        .bfloat16, key: places[4], streams: count / 4096, count: 4096,
                        to: places[0])
                },
            ])
        let size = 4096
        try benchmark.contest(
            "residues of a matrix of 4096^2", "entry/s", on: session,
            [
                GPUEntrant(name: "from 32 bits", work: Double(size * size)) {
                    () throws(Refusal) in
                    try session.reduce(
                        .int8, size: size, sums: places[0], panels: places[1], operands: places[2])
                },
                GPUEntrant(name: "from single", work: Double(size * size)) {
                    () throws(Refusal) in
                    try session.reduce(
                        .bfloat16, size: size, sums: places[0], panels: places[1],
                        operands: places[2])
                },
            ])
        try benchmark.contest(
            "digests of tiles of 1 KiB", "B/s", on: session,
            [
                GPUEntrant(name: "ours", work: Double(4 * count)) { () throws(Refusal) in
                    try session.hashLeaves(
                        places[0], bytes: 1024, count: 4 * count / 1024, to: places[1])
                }
            ])
    }

    private func copy(_ target: UInt64, _ source: UInt64, _ bytes: Int) -> GPUEntrant {
        let session = session
        return GPUEntrant(name: "copy within the device", work: 2 * Double(bytes)) {
            () throws(Refusal) in try session.copy(from: source, to: target, bytes: bytes)
        }
    }

    private func words(_ count: Int) -> [UInt64] {
        var lots = SystemRandomNumberGenerator()
        return (0..<count).map { _ in lots.next() }
    }

    private func places(_ bytes: [Int]) throws(Refusal) -> [UInt64] {
        try bytes.map { (bytes) throws(Refusal) in try session.allocate(bytes: bytes) }
    }

    private func free(_ places: [UInt64]) { for place in places { session.free(place) } }
}
