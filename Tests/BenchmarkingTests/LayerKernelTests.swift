// Attention and convolution: every path through the processor, and an obvious computation.

import CKernels
import Primitives
import Testing

@testable import Benchmarking

@Suite(.serialized) struct LayerKernelTests {
    @Test func `attention is softmax of the scores times the values, row by row`() {
        let (context, size) = (75, 32)
        var lots = SplitMix64(seed: 21)
        func numbers() -> AlignedBuffer<Float> {
            aligned(
                (0..<context * size).map { _ in Float(Int(lots.next(below: 2001)) - 1000) / 500 })
        }
        let rows = (query: numbers(), key: numbers(), value: numbers())
        let workspace = AlignedBuffer<Float>(
            count: althing_attention_workspace(context), repeating: 0)
        func run(_ ranges: [Range<Int>]) -> [Float] {
            let out = AlignedBuffer<Float>(count: context * size, repeating: 9)
            for range in ranges {
                var task = althing_attention(
                    size: size, stride: size, first: range.lowerBound, last: range.upperBound,
                    query: rows.query.start, key: rows.key.start, value: rows.value.start,
                    out: out.start)
                althing_attention_forward(&task, workspace.start)
            }
            return out.values
        }
        let (query, key, value) = (rows.query.values, rows.key.values, rows.value.values)
        let whole = run([0..<context])
        expectAll(onEveryPath { run([0..<context]) }, whole)
        expectAll(onEveryPath { run([32..<64, 64..<context, 0..<32]) }, whole, "in pieces")
        for row in 0..<context {
            let scores = (0...row).map { column in
                (0..<size).reduce(0.0) {
                    $0 + Double(query[row * size + $1]) * Double(key[column * size + $1])
                } / Double(size).squareRoot()
            }
            let highest = scores.max() ?? 0
            let weights = scores.map { exponential($0 - highest) }
            let total = weights.reduce(0, +)
            for i in 0..<size {
                let expected = weights.indices.reduce(0.0) {
                    $0 + weights[$1] / total * Double(value[$1 * size + i])
                }
                #expect(abs(Double(whole[row * size + i]) - expected) < 1e-5)
            }
        }
    }

    /// e^x for x <= 0, by halving until the series is short: the tests import no library for it.
    private func exponential(_ x: Double) -> Double {
        var sum = 1.0
        var term = 1.0
        let small = x / 1024
        for k in 1..<12 {
            term *= small / Double(k)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }

    @Test func `a convolution sums nine taps`() {
        let (height, width, inputs, outputs) = (5, 7, 16, 33)
        let across = width + 2
        var lots = SplitMix64(seed: 22)
        func whole(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float(Int(lots.next(below: 127)) - 63) }
        }
        let image = whole((height + 2) * across * inputs)
        let weights = whole(9 * inputs * outputs)
        let (pixels, taps) = (aligned(image), aligned(weights))
        let workspace = AlignedBuffer<Float>(count: althing_gemm_workspace(), repeating: 0)
        let answers = onEveryPath {
            let out = AlignedBuffer<Float>(count: height * across * outputs, repeating: 0)
            var task = althing_convolution(
                height: height, width: width, inputs: inputs, outputs: outputs, in: pixels.start,
                weights: taps.start, out: out.start)
            althing_convolve(&task, workspace.start)
            return out.values
        }
        expectAll(answers, answers[0])
        for y in 0..<height {
            for x in 0..<width {
                for k in stride(from: 0, to: outputs, by: 8) {
                    var sum: Float = 0
                    for tap in 0..<9 {
                        let at = ((y + tap / 3) * across + x + tap % 3) * inputs
                        for i in 0..<inputs {
                            sum += image[at + i] * weights[(tap * inputs + i) * outputs + k]
                        }
                    }
                    #expect(answers[0][(y * across + x) * outputs + k] == sum)
                }
            }
        }
    }
}
