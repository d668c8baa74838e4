// Text from a model.

import CKernels
import Primitives
import Testing

@testable import LanguageModel

@Suite("generation")
struct GenerationTests {
    private func parameters() throws -> ModelParameters {
        ModelParameters(
            configuration: try ModelConfiguration(
                layers: 2, heads: 2, width: 32, context: 16, vocabulary: 128), seed: 2)
    }

    @Test("many tokens at once give the bits of one at a time")
    func prefillIsDecode() throws {
        let parameters = try parameters()
        var shape = parameters.configuration.shape
        let text = Sample.corpus(16)
        func scores(splits: [Int]) -> [UInt32] {
            let memory = Scratch(althing_decoder_floats(&shape))
            let logits = Scratch(128)
            althing_decoder_prepare(&shape, parameters.values, memory.base)
            var position = 0
            for count in splits {
                althing_decoder_extend(
                    &shape, parameters.values, memory.base, Int32(position),
                    Array(text[position..<position + count]), Int32(count), logits.base)
                position += count
            }
            return logits.floats.map(\.bitPattern)
        }
        let whole = scores(splits: [16])
        #expect(scores(splits: [5, 11]) == whole)
        #expect(scores(splits: [Int](repeating: 1, count: 16)) == whole)
    }

    @Test("the decoder's chances are those of the training pass")
    func decodeIsTraining() throws {
        let parameters = try parameters()
        var shape = parameters.configuration.shape
        let text = Sample.corpus(17)
        let workspace = Scratch(althing_evaluation_workspace(&shape, 1, 1))
        let losses = Scratch(16)
        althing_losses(
            &shape, parameters.values, Array(text[..<16]), Array(text[1...]), 1, losses.base,
            workspace.base, 1)
        let decoder = try Decoder(parameters)
        for position in 0..<16 {
            let scores = decoder.scores(after: Array(text[...position]))
            althing_probabilities(scores.baseAddress, 128, 1)
            let chance = scores[Int(text[position + 1])]
            // The loss is -log(chance); e^-loss by its series, since losses here are about five.
            var expected = 1.0
            var term = 1.0
            for n in 1...60 {
                term *= -Double(losses.floats[position]) / Double(n)
                expected += term
            }
            #expect(abs(Double(chance) - expected) < 1e-5 * expected)
        }
    }

    @Test("a continuation resumed half way is the one made in one go")
    func resumption() throws {
        let parameters = try parameters()
        let sampling = try Sampling(temperaturePermille: 1000, seed: 7)
        let prompt = Array("the ".utf8)
        let whole = try Generation.run(parameters, prompt: prompt, sampling: sampling, limit: 50)
        #expect(whole.count == 50)
        for cut in [1, 13, 20, 29] {
            let rest = try Generation.run(
                parameters, prompt: prompt + whole[..<cut], sampling: sampling, limit: 50 - cut)
            #expect(Array(whole[..<cut]) + rest == whole, "cut at \(cut)")
        }
        let session = try GenerationSession(parameters)
        for _ in 0..<2 {
            #expect(try session.run(prompt: prompt, sampling: sampling, limit: 50) == whole)
        }
    }

    @Test("another seed draws another text; no temperature draws the best byte")
    func sampling() throws {
        let parameters = try parameters()
        func text(_ sampling: Sampling) throws -> [UInt8] {
            try Generation.run(parameters, prompt: [], sampling: sampling, limit: 12)
        }
        let first = try text(try Sampling(temperaturePermille: 2000, seed: 1))
        #expect(try text(try Sampling(temperaturePermille: 2000, seed: 2)) != first)
        let best = try text(.greedy)
        #expect(try text(try Sampling(temperaturePermille: 900, topK: 1, seed: 5)) == best)
        #expect(try text(try Sampling(temperaturePermille: 900, topPPermille: 1, seed: 5)) == best)
        #expect(first.allSatisfy { $0 < 128 })
    }

    @Test("draws follow the chances")
    func frequencies() throws {
        let scores = Scratch(16)
        var counts = [Int](repeating: 0, count: 16)
        for position in 0..<600 {
            for index in 0..<16 { scores.floats[index] = index < 4 ? 0 : -50 }
            scores.floats[1] = 1.098_612_3  // three times as likely as bytes 0, 2 and 3
            let sampling = try Sampling(temperaturePermille: 1000, seed: 9)
            counts[Int(sampling.choose(scores.floats, position: position))] += 1
        }
        #expect(counts[4...].allSatisfy { $0 == 0 })
        #expect((250...350).contains(counts[1]), "\(counts)")
        for index in [0, 2, 3] { #expect((65...135).contains(counts[index]), "\(counts)") }
    }

    @Test("streams byte by byte and stops when told to")
    func streaming() throws {
        var seen: [UInt8] = []
        let made = try Generation.run(
            try parameters(), prompt: [65], sampling: .greedy, limit: 20
        ) { byte in
            seen.append(byte)
            return seen.count < 3
        }
        #expect(made == seen && seen.count == 3)
        #expect(
            try Generation.run(try parameters(), prompt: [65], sampling: .greedy, limit: 0) == [])
    }

    @Test("refuses unknown bytes and impossible choices")
    func refusals() throws {
        #expect(throws: Refusal("model.unknown-byte", "")) {
            try Generation.run(try parameters(), prompt: [200], sampling: .greedy, limit: 1)
        }
        for make in [
            { try Sampling(topK: 0) }, { try Sampling(topK: 257) },
            { try Sampling(topPPermille: 0) },
            { try Sampling(topPPermille: 1001) }, { try Sampling(temperaturePermille: 100_001) },
        ] {
            #expect(throws: Refusal("generation.sampling", "")) { try make() }
        }
    }

    @Test("the window moves by halves of the context")
    func windows() throws {
        let decoder = try Decoder(try parameters())
        #expect([1, 16, 17, 24, 25, 32, 33].map(decoder.windowStart) == [0, 0, 8, 8, 16, 16, 24])
    }
}
