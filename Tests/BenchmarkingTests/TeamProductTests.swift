// One product on several threads: the bits of a product on one.

import CKernels
import Primitives
import Testing

@testable import Benchmarking

@Suite(.serialized) struct TeamProductTests {
    struct Size: CustomTestStringConvertible {
        let rows, columns, depth: Int
        var isTurned = false
        var testDescription: String {
            "\(rows) x \(columns) x \(depth)\(isTurned ? " turned" : "")"
        }
    }

    /// Too small to divide; edges on every side; several blocks of depths, of columns, of rows.
    static let sizes = [
        Size(rows: 5, columns: 7, depth: 3), Size(rows: 160, columns: 160, depth: 160),
        Size(rows: 131, columns: 397, depth: 515, isTurned: true),
        Size(rows: 97, columns: 1030, depth: 1001), Size(rows: 5003, columns: 33, depth: 40),
        Size(rows: 40, columns: 4700, depth: 37, isTurned: true),
    ]

    /// The product on one thread and on several, on every path through the processor.
    private func compare<Arithmetic: MatrixArithmetic>(
        _ arithmetic: Arithmetic.Type, _ size: Size,
        _ operand: (Int8) -> Arithmetic.Operand
    ) where Arithmetic.Sum: Equatable {
        var lots = SplitMix64(seed: 9)
        let a = aligned(
            (0..<size.rows * size.depth).map { _ in operand(Int8(Int(lots.next(below: 127)) - 63)) }
        )
        let b = aligned(
            (0..<size.depth * size.columns).map { _ in
                operand(Int8(Int(lots.next(below: 127)) - 63))
            })
        let (aRow, aStep) = size.isTurned ? (1, size.rows) : (size.depth, 1)
        let (bStep, bColumn) = size.isTurned ? (1, size.depth) : (size.columns, 1)
        let answers = onEveryPath {
            [1, 2, 3, 16, 64].map { threads in
                let c = AlignedBuffer(
                    count: size.rows * size.columns, repeating: Arithmetic.zero.sum)
                let team = ProductTeam<Arithmetic>(
                    rows: size.rows, columns: size.columns, depth: size.depth, threads: threads)
                let workers = Workers(width: threads) { count, body in
                    withoutActuallyEscaping(body) { body in
                        withUnsafePointer(to: body) { body in
                            parallel_run(
                                Int32(threads), Int32(count),
                                { context, index, _ in
                                    context?.assumingMemoryBound(to: (@Sendable (Int) -> Void).self)
                                        .pointee(Int(index))
                                }, body)
                        }
                    }
                }
                team.multiply(
                    ProductTask(
                        rows: size.rows, columns: size.columns, depth: size.depth,
                        a: UnsafePointer(a.start), aRow: aRow, aStep: aStep,
                        b: UnsafePointer(b.start), bStep: bStep, bColumn: bColumn,
                        c: c.start, cRow: size.columns), workers: workers)
                return c.values
            }
        }
        for answer in answers { expectAll(answer, answers[0][0]) }
    }

    @Test(arguments: sizes) func `any number of threads gives the same bits`(size: Size) {
        // Where there are sums to be rounded, so that another order would show.
        compare(SingleArithmetic.self, size) { Float($0) / 7 }
        compare(DoubleArithmetic.self, size) { Double($0) / 7 }
        compare(ByteArithmetic.self, size) { $0 }
        compare(BrainFloatArithmetic.self, size) { UInt16(Float($0).bitPattern >> 16) }
    }

    @Test func `threads that come one after another finish the product too`() {
        let (size, threads) = (300, 7)
        let a = aligned((0..<size * size).map { Float($0 % 127 - 63) / 3 })
        func product(_ threads: Int, _ workers: Workers) -> [Float] {
            let c = AlignedBuffer<Float>(count: size * size, repeating: 0)
            ProductTeam<SingleArithmetic>(rows: size, columns: size, depth: size, threads: threads)
                .multiply(
                    ProductTask(
                        rows: size, columns: size, depth: size, a: UnsafePointer(a.start),
                        aRow: size, aStep: 1, b: UnsafePointer(a.start), bStep: size, bColumn: 1,
                        c: c.start, cRow: size), workers: workers)
            return c.values
        }
        let inTurn = Workers(width: threads) { count, body in
            for index in 0..<count { body(index) }
        }
        #expect(product(threads, inTurn) == product(1, .serial))
    }
}
