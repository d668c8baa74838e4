// The promise that audits rest on: equal bits on every instruction set and any number of threads.

import CKernels
import Primitives
import Testing

@testable import LanguageModel

/// The choice of instruction set is one for the process, hence one test after another here. Other
/// suites may run meanwhile: they get the same bits, only slower.
@Suite("kernels give equal bits", .serialized)
struct KernelEqualityTests {
    static let supported = (0...2).map { althing_isa(UInt32($0)) }
        .filter { $0.rawValue <= althing_kernels_best_isa().rawValue }

    /// Runs `body` once for each instruction set that this processor has.
    private func onEach(_ body: (althing_isa) throws -> Void) throws {
        defer { althing_kernels_set_isa(althing_kernels_best_isa()) }
        for isa in Self.supported {
            #expect(althing_kernels_set_isa(isa) == 0)
            try body(isa)
        }
    }

    struct Shape: CustomTestStringConvertible {
        let rows, columns, depth: Int
        var transposedA = false
        var transposedB = false
        var testDescription: String { "\(rows)x\(columns)x\(depth) \(transposedA) \(transposedB)" }
    }

    @Test(
        "a product is one chain of multiply-adds an element",
        arguments: [
            Shape(rows: 1, columns: 16, depth: 5), Shape(rows: 1, columns: 272, depth: 3),
            Shape(rows: 2, columns: 17, depth: 4), Shape(rows: 13, columns: 33, depth: 7),
            Shape(rows: 25, columns: 64, depth: 3, transposedA: true),
            Shape(rows: 7, columns: 40, depth: 19, transposedB: true),
            Shape(rows: 3, columns: 5, depth: 485), Shape(rows: 2, columns: 390, depth: 2),
        ])
    func productIsAChain(_ shape: Shape) throws {
        var generator = SplitMix64(seed: 7)
        func random(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
        }
        let a = random(shape.rows * shape.depth), b = random(shape.depth * shape.columns)
        let start = random(shape.rows * shape.columns)
        let (aRow, aStep) = shape.transposedA ? (1, shape.rows) : (shape.depth, 1)
        let (bStep, bColumn) = shape.transposedB ? (1, shape.depth) : (shape.columns, 1)
        var expected = start
        for i in 0..<shape.rows {
            for j in 0..<shape.columns {
                for p in 0..<shape.depth {
                    expected[i * shape.columns + j].addProduct(
                        a[i * aRow + p * aStep], b[p * bStep + j * bColumn])
                }
            }
        }
        let workspace = Scratch(althing_gemm_workspace())
        try onEach { isa in
            var c = start
            c.withUnsafeMutableBufferPointer { c in
                a.withUnsafeBufferPointer { a in
                    b.withUnsafeBufferPointer { b in
                        var product = althing_product(
                            rows: shape.rows, columns: shape.columns, depth: shape.depth,
                            a: a.baseAddress, a_row: aRow, a_step: aStep, b: b.baseAddress,
                            b_step: bStep, b_column: bColumn, c: c.baseAddress,
                            c_row: shape.columns, accumulate: 1)
                        althing_gemm(&product, workspace.base)
                    }
                }
            }
            #expect(c.map(\.bitPattern) == expected.map(\.bitPattern), "isa \(isa.rawValue)")
        }
    }

    @Test("a wide product with packed rows is the same chain")
    func packedRows() throws {
        // Wide enough (512) for rows to be packed, with zeros and ones so that the sums are exact.
        let rows = 3, columns = 512, depth = 512
        let a = (0..<rows * depth).map { Float(($0 * 7) % 5) - 2 }
        let b = (0..<depth * columns).map { Float(($0 * 11) % 7) - 3 }
        let workspace = Scratch(althing_gemm_workspace())
        let c = Scratch(rows * columns)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var product = althing_product(
                    rows: rows, columns: columns, depth: depth, a: a.baseAddress, a_row: depth,
                    a_step: 1, b: b.baseAddress, b_step: columns, b_column: 1, c: c.base,
                    c_row: columns, accumulate: 0)
                althing_gemm(&product, workspace.base)
            }
        }
        for (i, j) in [(0, 0), (1, 100), (2, 511), (0, 383), (2, 384)] {
            var sum: Float = 0
            for p in 0..<depth { sum += a[i * depth + p] * b[p * columns + j] }
            #expect(c.floats[i * columns + j] == sum)
        }
    }

    @Test("a segment's bytes do not depend on the instruction set or the threads")
    func segmentsAreEqual() throws {
        var recipe = try Sample.recipe()
        recipe.stepsPerSegment = 1
        recipe.batch = 3
        let parameters = ModelParameters(configuration: recipe.configuration, seed: 5)
        let segment = TrainingSegment(recipe: recipe, round: 0, seed: 11)
        var results: [SegmentResult] = []
        try onEach { _ in
            results.append(try segment.run(from: parameters, corpus: Sample.corpus()))
        }
        for threads in [2, 5] {
            results.append(
                try segment.run(from: parameters, corpus: Sample.corpus(), threads: threads))
        }
        for result in results { #expect(result == results[0]) }
    }

    @Test("aggregation, evaluation and decoding do not depend on the instruction set")
    func restIsEqual() throws {
        let recipe = try Sample.recipe(quantisation: .int8)
        let parameters = ModelParameters(configuration: recipe.configuration, seed: 5)
        let deltas = try (1...3).map {
            try Sample.delta(from: parameters, seed: $0, quantisation: .int8)
        }
        var digests: Set<Digest> = []
        var losses: Set<UInt64> = []
        var texts: Set<[UInt8]> = []
        try onEach { _ in
            let momentum = OuterMomentum(configuration: recipe.configuration)
            let next = try Aggregation.apply(
                recipe, parameters: parameters, momentum: momentum, deltas: deltas)
            digests.insert(next.digest)
            losses.insert(
                try Evaluation.bitsPerByte(next.parameters, heldOut: Sample.corpus(33)))
            let sampling = try Sampling(seed: 3)
            texts.insert(
                try Generation.run(next.parameters, prompt: [65], sampling: sampling, limit: 4))
        }
        #expect(digests.count == 1 && losses.count == 1 && texts.count == 1)
    }

    @Test("an unknown or unsupported instruction set is refused")
    func unknownInstructionSet() {
        #expect(throws: Refusal("kernels.unsupported", "")) {
            try Kernels.use(instructionSet: "mmx")
        }
        #expect(althing_kernels_set_isa(althing_isa(9)) == -1)
    }

    @Test("the process rounds to nearest and keeps subnormal numbers")
    func floatingPoint() { #expect(althing_floating_point_is_standard() == 1) }
}
