// Bits a byte, for models and for the baseline, and copies of the training text.

import Primitives
import Testing

@testable import LanguageModel

@Suite("evaluation")
struct EvaluationTests {
    @Test("windows lie side by side, or spread evenly under a limit")
    func windows() {
        #expect(EvaluationWindows(count: 50, length: 16).starts == [0, 16, 32])
        #expect(EvaluationWindows(count: 49, length: 16).starts == [0, 16, 32])
        #expect(EvaluationWindows(count: 48, length: 16).starts == [0, 16])
        #expect(EvaluationWindows(count: 161, length: 16, limit: 3).starts == [0, 48, 96])
        #expect(EvaluationWindows(count: 16, length: 16).starts.isEmpty)
        #expect(EvaluationWindows(count: 0, length: 16).starts.isEmpty)
    }

    @Test("does not depend on the threads")
    func threads() throws {
        let parameters = ModelParameters(configuration: try Sample.configuration(), seed: 1)
        let text = Sample.corpus(100)
        let one = try Evaluation.bitsPerByte(parameters, heldOut: text)
        #expect(try Evaluation.bitsPerByte(parameters, heldOut: text, threads: 3) == one)
        #expect(throws: Refusal("evaluation.text", "")) {
            try Evaluation.bitsPerByte(parameters, heldOut: Sample.corpus(16))
        }
        #expect(throws: Refusal("model.unknown-byte", "")) {
            try Evaluation.bitsPerByte(parameters, heldOut: text + [255])
        }
    }

    @Test("logarithms are right to a millionth of a bit, and never above")
    func logarithms() {
        #expect(BinaryLogarithm.micro(0) == 0)
        for exponent in 0..<128 {
            #expect(
                BinaryLogarithm.micro(UInt128(1) << UInt128(exponent)) == UInt64(exponent)
                    * 1_000_000)
        }
        #expect(BinaryLogarithm.micro(3) == 1_584_962)
        #expect(BinaryLogarithm.micro(10) == 3_321_928)
        #expect(BinaryLogarithm.micro(1_000_000_007) == 29_897_352)
        #expect(BinaryLogarithm.micro(.max) == 127_999_999)
    }

    @Test("the baseline's chances add up to one behind every byte")
    func baselineIsADistribution() {
        let baseline = BigramBaseline(train: Sample.corpus(200))
        for first: UInt8 in [0, 0x20, 0x74, 0x65, 255] {
            var sum = 0.0
            for second: UInt8 in 0...255 {
                let windows = EvaluationWindows(count: 2, length: 1)
                let bits = baseline.bitsPerByte(heldOut: [first, second], windows: windows)
                sum += powerOfTwo(-Double(bits) / 1_000_000)
            }
            #expect(abs(sum - 1) < 1e-4, "behind \(first): \(sum)")
        }
    }

    @Test("the baseline predicts what always follows, and is surprised by the rest")
    func baseline() {
        let train = Array(String(repeating: "ab", count: 500).utf8)
        let expected = BigramBaseline.bitsPerByte(train: train, heldOut: train, context: 16)
        #expect(expected < 10_000)
        let reversed = Array(String(repeating: "aab", count: 50).utf8)
        #expect(
            BigramBaseline.bitsPerByte(train: train, heldOut: reversed, context: 16) > 2_000_000)
        #expect(BigramBaseline.bitsPerByte(train: [], heldOut: train, context: 16) == 8_000_000)
    }

    @Test("the longest copy is the one that brute force finds")
    func verbatimCopy() {
        var generator = SplitMix64(seed: 1)
        for _ in 0..<30 {
            let corpus = (0..<60).map { _ in UInt8.random(in: 0..<3, using: &generator) }
            let samples = (0..<3).map { _ in
                (0..<25).map { _ in UInt8.random(in: 0..<3, using: &generator) }
            }
            var longest = 0
            for sample in samples {
                for start in sample.indices {
                    for end in start..<sample.count where end - start + 1 > longest {
                        let stretch = sample[start...end]
                        let found = (0...corpus.count - stretch.count).contains {
                            corpus[$0..<$0 + stretch.count].elementsEqual(stretch)
                        }
                        if found { longest = stretch.count }
                    }
                }
            }
            let match = VerbatimCopy.longest(samples: samples, corpus: corpus)
            #expect(match?.length == longest)
            guard let match else { continue }
            let sample = samples[match.sample][match.sampleOffset...].prefix(match.length)
            #expect(sample.elementsEqual(corpus[match.corpusOffset...].prefix(match.length)))
        }
        #expect(VerbatimCopy.longest(samples: [], corpus: [1]) == nil)
        #expect(VerbatimCopy.longest(samples: [[1, 2]], corpus: []) == nil)
        #expect(VerbatimCopy.longest(samples: [[9]], corpus: [1]) == nil)
    }

    /// 2^x for x in [-64, 0], by the series of e^x.
    private func powerOfTwo(_ x: Double) -> Double {
        let whole = x.rounded(.down)
        let rest = (x - whole) * 0.693_147_180_559_945_3
        var term = 1.0
        var sum = 1.0
        for n in 1...20 {
            term *= rest / Double(n)
            sum += term
        }
        for _ in 0..<Int(-whole) { sum /= 2 }
        return sum
    }
}
