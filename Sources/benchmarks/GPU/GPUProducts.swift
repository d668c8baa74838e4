// Products on a device beside cuBLAS, on the same random operands; what came out is compared entry
// by entry, and some rows with the processor's.

import Accelerator
import CKernels
import Glibc
import Primitives

/// The contests of products.
struct GPUProducts {
    let session: AcceleratorSession
    let peer: CuBLAS?
    let benchmark: GPUBenchmark

    /// C = A B^T of a square size, in bytes or bfloat16; whether it is right.
    func run(_ format: AcceleratorSession.Format, _ size: Int) throws(Refusal) -> Bool {
        let (session, count) = (session, size * size)
        let places = try [
            32, format.bytes * count, format.bytes * count, 4 * count, 4 * count,
        ].map { (bytes) throws(Refusal) in try session.allocate(bytes: bytes) }
        defer { for place in places { session.free(place) } }
        let (a, b, c, other) = (places[1], places[2], places[3], places[4])
        try draw(format, size, key: places[0], [a, b])
        let flops = 2 * Double(size) * Double(size) * Double(size)
        let isBytes = format == .int8
        var entrants: [GPUEntrant] = []
        if let peer {
            let kinds: [(String, CuBLAS.Numbers)] =
                isBytes
                ? [("cuBLAS", .int32)]
                : [("cuBLAS, to bfloat16", .bfloat16), ("cuBLAS, to single", .single)]
            for (name, sums) in kinds {
                entrants.append(
                    GPUEntrant(name: name, work: flops) { () throws(Refusal) in
                        try Self.succeed(
                            peer.multiplyTransposed(
                                size, isBytes ? .int8 : .bfloat16, a: a, b: b, sums: sums,
                                c: other))
                    })
            }
        }
        for portable in size > 8192 ? [false] : [false, true] {
            entrants.append(
                GPUEntrant(name: portable ? "ours, portable" : "ours", work: flops) {
                    () throws(Refusal) in
                    try session.multiply(
                        format, rows: size, columns: size, depth: size, a: a, b: b, c: c,
                        portable: portable)
                })
        }
        try benchmark.contest(
            "\(format) product, \(size)^3", isBytes ? "OP/s" : "FLOP/s", on: session, entrants)
        try session.fill(c, with: 0xff, bytes: 4 * count)
        try session.multiply(
            format, rows: size, columns: size, depth: size, a: a, b: b, c: c)
        var isRight = try seeRows(format, size, a: a, b: b, c: c)
        if let peer {
            try Self.succeed(
                peer.multiplyTransposed(
                    size, isBytes ? .int8 : .bfloat16, a: a, b: b, sums: isBytes ? .int32 : .single,
                    c: other))
            isRight = try compare(count, c, other, "\(format) product, \(size)^3") && isRight
        }
        return isRight
    }

    /// C = A^T B in single precision; whether it is right, where there is something to compare
    /// with.
    func runSingle(_ size: Int) throws(Refusal) -> Bool {
        let (session, count) = (session, size * size)
        let places = try [32, 4 * count, 4 * count, 4 * count, 4 * count].map {
            (bytes) throws(Refusal) in try session.allocate(bytes: bytes)
        }
        defer { for place in places { session.free(place) } }
        let (a, b, c, other) = (places[1], places[2], places[3], places[4])
        try draw(.single, size, key: places[0], [a, b])
        let flops = 2 * Double(size) * Double(size) * Double(size)
        var entrants: [GPUEntrant] = []
        if let peer {
            entrants.append(
                GPUEntrant(name: "cuBLAS", work: flops) { () throws(Refusal) in
                    try Self.succeed(peer.multiplySingle(size, a: a, b: b, c: other))
                })
        }
        entrants.append(
            GPUEntrant(name: "ours", work: flops) { () throws(Refusal) in
                try session.multiplySingle(
                    rows: size, columns: size, depth: size, a: a, b: b, c: c)
            })
        try benchmark.contest("single product, \(size)^3", "FLOP/s", on: session, entrants)
        guard peer != nil else { return true }
        return try compare(count, c, other, "single product, \(size)^3")
    }

    private func draw(
        _ format: AcceleratorSession.Format, _ size: Int, key: UInt64, _ matrices: [UInt64]
    ) throws(Refusal) {
        var lots = SystemRandomNumberGenerator()
        for matrix in matrices {
            try session.copy((0..<4).map { _ in lots.next() }, to: key)
            try session.draw(format, key: key, streams: size / 32, count: 32 * size, to: matrix)
        }
    }

    private static func succeed(_ done: Bool) throws(Refusal) {
        guard done else { throw Refusal("gpu.peer", "cuBLAS refused a product") }
    }

    /// Holds all sums against cuBLAS's: whole numbers, so equal to the bit.
    private func compare(_ count: Int, _ ours: UInt64, _ theirs: UInt64, _ what: String)
        throws(Refusal) -> Bool
    {
        let (mine, others) = (
            try session.read(count, of: UInt32(0), from: ours),
            try session.read(count, of: UInt32(0), from: theirs)
        )
        let isEqual = mine.withUnsafeBytes { mine in
            others.withUnsafeBytes { others in
                guard let first = mine.baseAddress, let second = others.baseAddress else {
                    return false
                }
                return memcmp(first, second, mine.count) == 0
            }
        }
        benchmark.report.note("  \(what): sums \(isEqual ? "equal to" : "DIFFERENT from") cuBLAS's")
        return isEqual
    }

    /// Holds the first, a middle and the last rows against the processor's.
    private func seeRows(
        _ format: AcceleratorSession.Format, _ size: Int, a: UInt64, b: UInt64, c: UInt64
    ) throws(Refusal) -> Bool {
        let right = try residues(format, size * size, from: b)
        for row in [0, size / 2 + 77, size - 1] {
            let left = try residues(format, size, from: a + UInt64(row * size * format.bytes))
            var expected = [Int32](repeating: 0, count: size)
            let workspace = UnsafeMutableRawPointer.allocate(
                byteCount: althing_products_workspace(), alignment: 64)
            defer { workspace.deallocate() }
            left.withUnsafeBufferPointer { left in
                right.withUnsafeBufferPointer { right in
                    expected.withUnsafeMutableBufferPointer { out in
                        var task = althing_product_int8(
                            rows: 1, columns: size, depth: size, a: left.baseAddress, a_row: size,
                            a_step: 1, b: right.baseAddress, b_step: 1, b_column: size,
                            c: out.baseAddress, c_row: size)
                        althing_gemm_int8(&task, workspace)
                    }
                }
            }
            let place = c + UInt64(4 * row * size)
            let isRight =
                format == .int8
                ? try session.read(size, of: Int32(0), from: place) == expected
                : try session.read(size, of: Float(0), from: place) == expected.map(Float.init)
            guard isRight else {
                benchmark.report.note("WRONG: row \(row) of the \(format) product, \(size)^3")
                return false
            }
        }
        return true
    }

    private func residues(_ format: AcceleratorSession.Format, _ count: Int, from place: UInt64)
        throws(Refusal) -> [Int8]
    {
        if format == .int8 { return try session.read(count, of: Int8(0), from: place) }
        return try session.read(count, of: UInt16(0), from: place).map {
            Int8(Float(bitPattern: UInt32($0) << 16))
        }
    }
}
