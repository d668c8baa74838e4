// Products of a device against the processor's: odd sizes and even ones, edges in every direction.

import CKernels
import Primitives

extension AcceleratorCheck {
    /// Rows, columns and depth of a product.
    private typealias Size = (rows: Int, columns: Int, depth: Int)

    static func products(_ isQuick: Bool) -> [AcceleratorCheck] {
        let tensor: [Size] =
            [(1, 1, 16), (128, 256, 128), (130, 71, 144), (257, 255, 80)]
            + (isQuick ? [] : [(512, 512, 512), (1000, 999, 2064), (769, 1281, 4112)])
        let single: [Size] =
            [(4, 4, 1), (132, 260, 37)] + (isQuick ? [] : [(512, 512, 512), (1000, 516, 1021)])
        var checks: [AcceleratorCheck] = []
        for portable in [false, true] {
            for format in [AcceleratorSession.Format.int8, .bfloat16] {
                let name = "\(format) product\(portable ? ", portable" : "")"
                for size in tensor {
                    checks.append(
                        AcceleratorCheck("\(name), \(size.rows) x \(size.columns) x \(size.depth)")
                        { bench throws(Refusal) in
                            try product(
                                format, size, portable, bench.residues(size.rows * size.depth),
                                bench.residues(size.columns * size.depth), bench)
                        })
                }
                guard !isQuick else { continue }
                checks.append(
                    AcceleratorCheck("\(name), sums just below 2^24") { bench throws(Refusal) in
                        // 63 x 63 x 4224 = 16,765,056: the last sum that single precision holds.
                        let depth = 4224
                        try product(
                            format, (128, 256, depth), portable,
                            [Int8](repeating: 63, count: 128 * depth),
                            [Int8](repeating: 63, count: 256 * depth), bench)
                    })
            }
        }
        for size in single {
            checks.append(
                AcceleratorCheck("single product, \(size.rows) x \(size.columns) x \(size.depth)") {
                    bench throws(Refusal) in try singleProduct(size, bench)
                })
        }
        return checks
    }

    private static func product(
        _ format: AcceleratorSession.Format, _ size: Size, _ portable: Bool, _ a: [Int8],
        _ b: [Int8], _ bench: Bench
    ) throws(Refusal) {
        let count = size.rows * size.columns
        let expected = self.product(size, a, b)
        let isBytes = format == .int8
        let left = isBytes ? try bench.place(a) : try bench.place(bfloat16(a))
        let right = isBytes ? try bench.place(b) : try bench.place(bfloat16(b))
        let place = try bench.place(4 * count)
        try bench.session.multiply(
            format, rows: size.rows, columns: size.columns, depth: size.depth, a: left, b: right,
            c: place, portable: portable)
        try bench.session.wait()
        let isRight =
            isBytes
            ? try bench.session.read(count, of: Int32(0), from: place) == expected
            : try bench.session.read(count, of: Float(0), from: place) == expected.map(Float.init)
        try require(isRight, "a product of \(size.rows) x \(size.columns) x \(size.depth)")
    }

    /// What the processor says.
    private static func product(_ size: Size, _ a: [Int8], _ b: [Int8]) -> [Int32] {
        var c = [Int32](repeating: 0, count: size.rows * size.columns)
        let workspace = UnsafeMutableRawPointer.allocate(
            byteCount: althing_products_workspace(), alignment: 64)
        defer { workspace.deallocate() }
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    var task = althing_product_int8(
                        rows: size.rows, columns: size.columns, depth: size.depth,
                        a: a.baseAddress, a_row: size.depth, a_step: 1, b: b.baseAddress, b_step: 1,
                        b_column: size.depth, c: c.baseAddress, c_row: size.columns)
                    althing_gemm_int8(&task, workspace)
                }
            }
        }
        return c
    }

    private static func singleProduct(_ size: Size, _ bench: Bench) throws(Refusal) {
        let a = bench.fractions(size.rows * size.depth)
        let b = bench.fractions(size.columns * size.depth)
        var expected = [Float](repeating: 0, count: size.rows * size.columns)
        let workspace = UnsafeMutableRawPointer.allocate(
            byteCount: 4 * althing_gemm_workspace(), alignment: 64)
        defer { workspace.deallocate() }
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                expected.withUnsafeMutableBufferPointer { c in
                    var task = althing_product(
                        rows: size.rows, columns: size.columns, depth: size.depth,
                        a: a.baseAddress, a_row: 1, a_step: size.rows, b: b.baseAddress,
                        b_step: size.columns, b_column: 1, c: c.baseAddress, c_row: size.columns,
                        accumulate: 0)
                    althing_gemm(&task, workspace.assumingMemoryBound(to: Float.self))
                }
            }
        }
        let place = try bench.place(4 * expected.count)
        try bench.session.multiplySingle(
            rows: size.rows, columns: size.columns, depth: size.depth, a: try bench.place(a),
            b: try bench.place(b), c: place)
        let found = try bench.session.read(expected.count, of: Float(0), from: place)
        try require(found == expected, "a product in single precision")
    }
}
