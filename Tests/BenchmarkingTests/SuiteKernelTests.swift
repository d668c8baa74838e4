// The kernels of the suite: every path through the processor against the others and against an
// obvious computation.

import CKernels
import Cryptography
import Primitives
import Testing

@testable import Benchmarking

/// What a kernel answers on every instruction set of this machine, with and without extensions.
func onEveryPath<Answer>(_ body: () -> Answer) -> [Answer] {
    defer {
        _ = althing_kernels_set_isa(althing_kernels_best_isa())
        althing_kernels_set_extensions(~0)
    }
    var answers: [Answer] = []
    for isa in 0...althing_kernels_best_isa().rawValue {
        for extensions in [0, ~0] as [UInt32] {
            #expect(althing_kernels_set_isa(althing_isa(isa)) == 0)
            althing_kernels_set_extensions(extensions)
            answers.append(body())
        }
    }
    return answers
}

/// Expects all answers to be `expected`.
func expectAll<Answer: Equatable>(
    _ answers: [Answer], _ expected: Answer, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(answers.allSatisfy { $0 == expected }, comment, sourceLocation: sourceLocation)
}

/// A copy of `values` that stays where it is, aligned.
func aligned<Element: Sendable>(_ values: [Element]) -> AlignedBuffer<Element> {
    let buffer = AlignedBuffer(count: values.count, repeating: values[0])
    for (index, value) in values.enumerated() { buffer.start[index] = value }
    return buffer
}

extension AlignedBuffer {
    /// What it holds.
    var values: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

@Suite(.serialized) struct ProductTests {
    private let workspace = AlignedBuffer<UInt8>(
        count: althing_products_workspace(), repeating: 0)

    struct Size: CustomTestStringConvertible {
        let rows: Int
        let columns: Int
        let depth: Int
        var testDescription: String { "\(rows) x \(columns) x \(depth)" }
    }

    /// Whole tiles, edges on every side, and more than one block in every direction.
    static let sizes = [
        Size(rows: 1, columns: 1, depth: 1), Size(rows: 5, columns: 7, depth: 3),
        Size(rows: 24, columns: 64, depth: 32), Size(rows: 37, columns: 209, depth: 71),
        Size(rows: 13, columns: 33, depth: 1999), Size(rows: 50, columns: 401, depth: 500),
    ]

    private func operands(_ count: Int, seed: UInt64) -> [Int8] {
        var lots = SplitMix64(seed: seed)
        return (0..<count).map { _ in Int8(Int(lots.next(below: 127)) - 63) }
    }

    /// The product by its definition.
    private func product(_ size: Size, _ a: [Int8], _ b: [Int8]) -> [Int] {
        var c = [Int](repeating: 0, count: size.rows * size.columns)
        for i in 0..<size.rows {
            for p in 0..<size.depth {
                let factor = Int(a[i * size.depth + p])
                for j in 0..<size.columns {
                    c[i * size.columns + j] += factor * Int(b[p * size.columns + j])
                }
            }
        }
        return c
    }

    @Test(arguments: sizes) func `a product of bytes is exact on every path`(size: Size) {
        let a = operands(size.rows * size.depth, seed: 1)
        let b = operands(size.depth * size.columns, seed: 2)
        let (left, right) = (aligned(a), aligned(b))
        let answers = onEveryPath {
            let c = AlignedBuffer<Int32>(count: size.rows * size.columns, repeating: 77)
            var task = althing_product_int8(
                rows: size.rows, columns: size.columns, depth: size.depth, a: left.start,
                a_row: size.depth, a_step: 1, b: right.start, b_step: size.columns, b_column: 1,
                c: c.start, c_row: size.columns)
            althing_gemm_int8(&task, workspace.start)
            return c.values
        }
        expectAll(answers, product(size, a, b).map { Int32($0) })
    }

    @Test func `extreme bytes do not overflow a partial sum`() {
        for (left, right) in [(63, 63), (-63, 63), (63, -63), (-63, -63)] as [(Int8, Int8)] {
            let (rows, columns, depth) = (12, 32, 4096)
            let a = AlignedBuffer(count: rows * depth, repeating: left)
            let b = AlignedBuffer(count: depth * columns, repeating: right)
            let answers = onEveryPath {
                let c = AlignedBuffer<Int32>(count: rows * columns, repeating: 0)
                // A transposed: the strides of the challenge.
                var task = althing_product_int8(
                    rows: rows, columns: columns, depth: depth, a: a.start, a_row: 1,
                    a_step: rows, b: b.start, b_step: columns, b_column: 1, c: c.start,
                    c_row: columns)
                althing_gemm_int8(&task, workspace.start)
                return c.values
            }
            let sum = Int32(left) * Int32(right) * Int32(depth)
            expectAll(answers, [Int32](repeating: sum, count: rows * columns))
        }
    }

    @Test(arguments: sizes) func `a product of bfloat16 is exact on every path`(size: Size) {
        let a = operands(size.rows * size.depth, seed: 3)
        let b = operands(size.depth * size.columns, seed: 4)
        func narrow(_ values: [Int8]) -> AlignedBuffer<UInt16> {
            aligned(values.map { UInt16(Float($0).bitPattern >> 16) })
        }
        let (left, right) = (narrow(a), narrow(b))
        let answers = onEveryPath {
            let c = AlignedBuffer<Float>(count: size.rows * size.columns, repeating: 77)
            var task = althing_product_bfloat16(
                rows: size.rows, columns: size.columns, depth: size.depth, a: left.start,
                a_row: size.depth, a_step: 1, b: right.start, b_step: size.columns, b_column: 1,
                c: c.start, c_row: size.columns)
            althing_gemm_bfloat16(&task, workspace.start)
            return c.values
        }
        expectAll(answers, product(size, a, b).map { Float($0) })
    }

    @Test(arguments: sizes) func `a double product is one chain in rising depth`(size: Size) {
        // Values that need rounding, so that another order of summation gives other bits.
        let a = operands(size.rows * size.depth, seed: 5).map { Double($0) / 7 }
        let b = operands(size.depth * size.columns, seed: 6).map { Double($0) / 11 }
        var expected = [Double](repeating: 0.25, count: size.rows * size.columns)
        for i in 0..<size.rows {
            for p in 0..<size.depth {
                for j in 0..<size.columns {
                    let at = i * size.columns + j
                    expected[at].addProduct(a[i * size.depth + p], b[p * size.columns + j])
                }
            }
        }
        let (left, right) = (aligned(a), aligned(b))
        let answers = onEveryPath {
            let c = AlignedBuffer<Double>(count: size.rows * size.columns, repeating: 0.25)
            var task = althing_product_double(
                rows: size.rows, columns: size.columns, depth: size.depth, a: left.start,
                a_row: size.depth, a_step: 1, b: right.start, b_step: size.columns, b_column: 1,
                c: c.start, c_row: size.columns, accumulate: 1)
            althing_gemm_double(&task, workspace.start)
            return c.values
        }
        expectAll(answers, expected)
    }
}

@Suite(.serialized) struct SuiteKernelTests {
    @Test(arguments: [1, 2, 5, 33]) func `chained hashes are hashes`(lanes: Int) {
        var lots = SplitMix64(seed: UInt64(lanes))
        let start = (0..<lanes * 32).map { _ in UInt8(truncatingIfNeeded: lots.next()) }
        let answers = onEveryPath {
            var digests = start
            sha256_chain(&digests, lanes, 3)
            return digests
        }
        var expected: [UInt8] = []
        for lane in 0..<lanes {
            var digest = Array(start[lane * 32..<lane * 32 + 32])
            for _ in 0..<3 { digest = SHA256.hash(digest).bytes }
            expected += digest
        }
        expectAll(answers, expected)
    }

    @Test func `two messages of any length hash as one does`() {
        var lots = SplitMix64(seed: 9)
        for count in [0, 1, 54, 55, 56, 62, 63, 64, 118, 119, 120, 127, 191, 1000, 4096] {
            let first = (0..<count).map { _ in UInt8(truncatingIfNeeded: lots.next()) }
            let second = first.map { $0 ^ 0x5A }
            let answers = onEveryPath {
                var digests = [[UInt8]](repeating: [UInt8](repeating: 0, count: 32), count: 2)
                var (one, two) = (digests[0], digests[1])
                sha256_pair(0, first, second, count, &one, &two)
                digests = [one, two]
                return digests
            }
            expectAll(
                answers, [SHA256.hash([0] + first).bytes, SHA256.hash([0] + second).bytes],
                "\(count) bytes")
        }
    }

    @Test func `a table is the same however many pages are made at once`() {
        let key = (0..<32).map { UInt8($0 * 5) }
        let pages = 32
        let entries = pages * Int(MEMORY_PAGE_ENTRIES)
        let answers = onEveryPath {
            var table = [UInt64](repeating: 0, count: entries)
            memory_fill(key, 7, pages, &table)
            return table
        }
        expectAll(answers, answers[0])
        var table = [UInt64](repeating: 0, count: entries)
        memory_fill(key, 0, pages, &table)
        #expect(Set(table).count == entries)
        let end = memory_walk(table, UInt64(entries), 99, 200)
        #expect(end == memory_replay(key, UInt64(entries), 99, 200))
        table[entries / 2] ^= 1
        for index in 0..<entries / 4 { table[index] ^= 1 }
        #expect(end != memory_walk(table, UInt64(entries), 99, 200))
    }

    @Test func `a page is chained ChaCha permutations`() {
        let key = (0..<32).map { UInt8($0) }
        var table = [UInt64](repeating: 0, count: 16 * Int(MEMORY_PAGE_ENTRIES))
        memory_fill(key, 0, 16, &table)
        var state: [UInt32] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574]
        for word in 0..<8 {
            state.append((0..<4).reduce(0) { $0 | UInt32(key[word * 4 + $1]) << UInt32(8 * $1) })
        }
        state += [3, 0, 0x6D65_6D6F, 0x7279_2070]
        for line in 0..<64 {
            state = chachaBlock(state, rounds: 20)
            for pair in 0..<8 {
                let expected = UInt64(state[2 * pair]) | UInt64(state[2 * pair + 1]) << 32
                #expect(table[3 * 512 + line * 8 + pair] == expected)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 5, 9, 13] as [UInt32])
    func `a transform is its definition`(log2: UInt32) {
        let count = 1 << Int(log2)
        let prime = UInt64(NTT_PRIME)
        var lots = SplitMix64(seed: UInt64(log2))
        let start = (0..<count).map { _ in UInt32(lots.next(below: prime)) }
        var twiddles = [UInt32](repeating: 0, count: count)
        ntt_prepare(log2, &twiddles)
        let answers = onEveryPath {
            var values = start
            ntt_forward(log2, twiddles, &values)
            return values
        }
        let root = UInt64(ntt_root(log2))
        expectAll(answers, answers[0])
        for k in Set([0, 1, count / 2, count - 1, count / 3]) {
            var reversed = 0
            for bit in 0..<Int(log2) where k >> bit & 1 == 1 {
                reversed |= 1 << (Int(log2) - 1 - bit)
            }
            // root^reversed, then Horner from the last value down.
            let point = (0..<reversed).reduce(UInt64(1)) { power, _ in power * root % prime }
            let sum = start.reversed().reduce(UInt64(0)) { ($0 * point + UInt64($1)) % prime }
            #expect(UInt64(answers[0][k]) == sum)
        }
        let dot = ntt_dot(start, start, count)
        #expect(UInt64(dot) == start.reduce(UInt64(0)) { ($0 + UInt64($1) * UInt64($1)) % prime })
    }

    @Test func `a chain of roundings rounds each step once`() {
        var lots = SplitMix64(seed: 12)
        let count = 2 * Int(FMA_CHAIN_GROUP)
        let start = (0..<count).map { _ in Float(Int(lots.next(below: 2000)) - 1000) / 1000 }
        let c = (0..<count).map { _ in 1.5 + Float(lots.next(below: 499)) / 1000 }
        let answers = onEveryPath {
            var x = start
            fma_chain(&x, c, count, 1000)
            return x
        }
        var expected = start
        for _ in 0..<1000 {
            for lane in 0..<count {
                expected[lane] = (-c[lane]).addingProduct(expected[lane], expected[lane])
            }
        }
        expectAll(answers, expected)
        #expect(expected.allSatisfy { abs($0) <= 2 })
        #expect(Set(expected).count > count / 2)
    }

    @Test func `the integer mix depends on every word and every step`() {
        var lots = SplitMix64(seed: 14)
        let table = (0..<Int(INTEGER_MIX_ENTRIES)).map { _ in lots.next() }
        func run(_ state: [UInt64], _ steps: UInt64) -> [UInt64] {
            var state = state
            integer_mix(table, &state, steps)
            return state
        }
        let end = run([1, 2, 3, 4], 1000)
        // One run, and another machine's answer for the same table.
        #expect(end == run([1, 2, 3, 4], 1000))
        #expect(end != run([1, 2, 3, 4], 999))
        for word in 0..<4 {
            var other: [UInt64] = [1, 2, 3, 4]
            other[word] ^= 1 << 40
            let changed = run(other, 1000)
            #expect(zip(end, changed).allSatisfy { $0 != $1 })
        }
    }
}

/// One ChaCha permutation added to its start.
private func chachaBlock(_ start: [UInt32], rounds: Int) -> [UInt32] {
    var x = start
    func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 { value << by | value >> (32 - by) }
    func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
        x[a] &+= x[b]
        x[d] = rotate(x[d] ^ x[a], 16)
        x[c] &+= x[d]
        x[b] = rotate(x[b] ^ x[c], 12)
        x[a] &+= x[b]
        x[d] = rotate(x[d] ^ x[a], 8)
        x[c] &+= x[d]
        x[b] = rotate(x[b] ^ x[c], 7)
    }
    for _ in 0..<rounds / 2 {
        for i in 0..<4 { quarter(i, 4 + i, 8 + i, 12 + i) }
        for i in 0..<4 { quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4) }
    }
    return zip(x, start).map { $0 &+ $1 }
}
