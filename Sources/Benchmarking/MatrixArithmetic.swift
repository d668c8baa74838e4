// The arithmetic of each format, over the C kernels.

import CKernels
import Primitives

/// Single precision, modulo 127.
enum SingleArithmetic: MatrixArithmetic {
    static var zero: (operand: Float, sum: Float) { (0, 0) }
    static var format: althing_format { ALTHING_SINGLE }
    static var sumsAreOperands: Bool { true }

    static func draw(
        _ key: [UInt8], _ stream: Int, _ out: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        challenge_operands_float(key, UInt64(stream), out, count)
    }

    static func prepare(
        _ task: ProductTask<Float, Float>, threads: Int, _ workspace: UnsafeMutableRawPointer
    ) {
        var product = althing_product(
            rows: task.rows, columns: task.columns, depth: task.depth, a: task.a, a_row: task.aRow,
            a_step: task.aStep, b: task.b, b_step: task.bStep, b_column: task.bColumn, c: task.c,
            c_row: task.cRow, accumulate: 0)
        althing_team_single(&product, Int32(threads), workspace)
    }

    static func reduce(
        _ sums: UnsafeMutablePointer<Float>, _ bytes: UnsafeMutablePointer<Int8>,
        _ operands: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        challenge_reduce(sums, bytes, count)
    }

    static func read(
        _ bytes: UnsafePointer<Int8>, _ operands: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Bool {
        for index in 0..<count { operands[index] = Float(bytes[index]) }
        return challenge_in_range(bytes, count) == 1
    }
}

/// Bytes, modulo 127.
enum ByteArithmetic: MatrixArithmetic {
    static var zero: (operand: Int8, sum: Int32) { (0, 0) }
    static var format: althing_format { ALTHING_INT8 }
    static var sumsAreOperands: Bool { false }

    static func draw(_ key: [UInt8], _ stream: Int, _ out: UnsafeMutablePointer<Int8>, _ count: Int)
    {
        challenge_operands(key, UInt64(stream), out, count)
    }

    static func prepare(
        _ task: ProductTask<Int8, Int32>, threads: Int, _ workspace: UnsafeMutableRawPointer
    ) {
        var product = althing_product_int8(
            rows: task.rows, columns: task.columns, depth: task.depth, a: task.a, a_row: task.aRow,
            a_step: task.aStep, b: task.b, b_step: task.bStep, b_column: task.bColumn, c: task.c,
            c_row: task.cRow)
        althing_team_int8(&product, Int32(threads), workspace)
    }

    static func reduce(
        _ sums: UnsafeMutablePointer<Int32>, _ bytes: UnsafeMutablePointer<Int8>,
        _ operands: UnsafeMutablePointer<Int8>, _ count: Int
    ) {
        freivalds_reduce(sums, bytes, count)
        operands.update(from: bytes, count: count)
    }

    static func read(
        _ bytes: UnsafePointer<Int8>, _ operands: UnsafeMutablePointer<Int8>, _ count: Int
    ) -> Bool {
        operands.update(from: bytes, count: count)
        return challenge_in_range(bytes, count) == 1
    }
}

/// bfloat16, modulo 127: whole numbers up to 63 are exact in its eight bits.
enum BrainFloatArithmetic: MatrixArithmetic {
    static var zero: (operand: UInt16, sum: Float) { (0, 0) }
    static var format: althing_format { ALTHING_BFLOAT16 }
    static var sumsAreOperands: Bool { false }

    private static func bits(_ value: Float) -> UInt16 {
        UInt16(truncatingIfNeeded: value.bitPattern >> 16)
    }

    static func draw(
        _ key: [UInt8], _ stream: Int, _ out: UnsafeMutablePointer<UInt16>, _ count: Int
    ) {
        let bytes = AlignedBuffer<Int8>(count: count, repeating: 0)
        challenge_operands(key, UInt64(stream), bytes.start, count)
        for index in 0..<count { out[index] = bits(Float(bytes.start[index])) }
    }

    static func prepare(
        _ task: ProductTask<UInt16, Float>, threads: Int, _ workspace: UnsafeMutableRawPointer
    ) {
        var product = althing_product_bfloat16(
            rows: task.rows, columns: task.columns, depth: task.depth, a: task.a, a_row: task.aRow,
            a_step: task.aStep, b: task.b, b_step: task.bStep, b_column: task.bColumn, c: task.c,
            c_row: task.cRow)
        althing_team_bfloat16(&product, Int32(threads), workspace)
    }

    static func reduce(
        _ sums: UnsafeMutablePointer<Float>, _ bytes: UnsafeMutablePointer<Int8>,
        _ operands: UnsafeMutablePointer<UInt16>, _ count: Int
    ) {
        challenge_reduce(sums, bytes, count)
        for index in 0..<count { operands[index] = bits(sums[index]) }
    }

    static func read(
        _ bytes: UnsafePointer<Int8>, _ operands: UnsafeMutablePointer<UInt16>, _ count: Int
    ) -> Bool {
        for index in 0..<count { operands[index] = bits(Float(bytes[index])) }
        return challenge_in_range(bytes, count) == 1
    }
}

/// Double precision, modulo the largest prime below 2^20.
enum DoubleArithmetic: MatrixArithmetic {
    /// The modulus.
    static let modulus: Double = 1_048_573
    /// The largest magnitude of a balanced residue.
    static let residueLimit: Double = 524_286

    static var zero: (operand: Double, sum: Double) { (0, 0) }
    static var format: althing_format { ALTHING_DOUBLE }
    static var sumsAreOperands: Bool { true }

    /// Operands need not be reduced: 20 bits of each four bytes, less 2^19.
    static func draw(
        _ key: [UInt8], _ stream: Int, _ out: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        let words = AlignedBuffer<UInt32>(count: count, repeating: 0)
        words.start.withMemoryRebound(to: UInt8.self, capacity: 4 * count) {
            challenge_random_bytes(key, UInt64(stream), $0, 4 * count)
        }
        for index in 0..<count {
            let word = UInt32(littleEndian: words.start[index])
            out[index] = Double(Int32(truncatingIfNeeded: word >> 12) - 524_288)
        }
    }

    static func prepare(
        _ task: ProductTask<Double, Double>, threads: Int, _ workspace: UnsafeMutableRawPointer
    ) {
        var product = althing_product_double(
            rows: task.rows, columns: task.columns, depth: task.depth, a: task.a, a_row: task.aRow,
            a_step: task.aStep, b: task.b, b_step: task.bStep, b_column: task.bColumn, c: task.c,
            c_row: task.cRow, accumulate: 0)
        althing_team_double(&product, Int32(threads), workspace)
    }

    static func reduce(
        _ sums: UnsafeMutablePointer<Double>, _ bytes: UnsafeMutablePointer<Int8>,
        _ operands: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        // Adding and taking away 1.5 x 2^52 rounds to a whole number; everything else is exact.
        let (inverse, rounding) = (1 / modulus, 6_755_399_441_055_744.0)
        let out = UnsafeMutableRawPointer(bytes).assumingMemoryBound(to: Int32.self)
        for index in 0..<count {
            let quotient = (sums[index] * inverse + rounding) - rounding
            var rest = sums[index] - quotient * modulus
            rest -= rest > residueLimit ? modulus : 0
            rest += rest < -residueLimit ? modulus : 0
            sums[index] = rest
            out[index] = Int32(rest).littleEndian
        }
    }

    static func read(
        _ bytes: UnsafePointer<Int8>, _ operands: UnsafeMutablePointer<Double>, _ count: Int
    ) -> Bool {
        var isInRange = true
        for index in 0..<count {
            let word = UnsafeRawPointer(bytes).loadUnaligned(
                fromByteOffset: 4 * index, as: Int32.self)
            operands[index] = Double(Int32(littleEndian: word))
            if abs(operands[index]) > residueLimit { isInRange = false }
        }
        return isInRange
    }
}
