// Quantised deltas, and many of them made one.

import CKernels
import Primitives
import Testing

@testable import LanguageModel

@Suite("deltas and their aggregation")
struct AggregationTests {
    @Test("quantising errs by at most half a step", arguments: Quantisation.allCases)
    func quantisationBound(_ quantisation: Quantisation) throws {
        let first = ModelParameters(configuration: try Sample.configuration(), seed: 1)
        var generator = SplitMix64(seed: 2)
        let last = first.values.map { $0 - Float.random(in: -0.1...0.1, using: &generator) }
        let delta = try last.withUnsafeBufferPointer {
            try QuantisedDelta(
                base: .zero, from: first.values, to: $0, quantisation: quantisation)
        }
        let bits = Int32(quantisation.rawValue)
        var expanded = [Float](repeating: 0, count: delta.count)
        althing_delta_expand(delta.blocks, delta.count, bits, &expanded)
        let steps: Float = quantisation == .int8 ? 127 : 7
        for start in stride(from: 0, to: delta.count, by: 256) {
            let block = start..<min(start + 256, delta.count)
            let differences = block.map { first.values[$0] - last[$0] }
            let largest = differences.map { abs($0) }.max() ?? 0
            for (index, difference) in zip(block, differences) {
                #expect(abs(expanded[index] - difference) <= largest / steps * 0.5001)
            }
        }
    }

    @Test("a delta is read as it was written, and never as something else")
    func parsing() throws {
        let configuration = try ModelConfiguration(
            layers: 1, heads: 2, width: 32, context: 16, vocabulary: 16)
        let parameters = ModelParameters(configuration: configuration, seed: 1)
        let bytes = try Sample.delta(from: parameters, seed: 3)
        let delta = try QuantisedDelta(parsing: bytes, for: configuration)
        #expect(delta.serialized == bytes && delta.base == parameters.digest)
        var generator = SplitMix64(seed: 5)
        for _ in 0..<200 {
            var mutated = bytes
            let index = Int.random(in: bytes.indices, using: &generator)
            mutated[index] ^= UInt8.random(in: 1...255, using: &generator)
            guard let read = try? QuantisedDelta(parsing: mutated, for: configuration) else {
                continue
            }
            #expect(read.serialized == mutated)
        }
        for count in [0, 7, 8, 40, 44, bytes.count - 1] {
            #expect(throws: Refusal.self) {
                try QuantisedDelta(parsing: Array(bytes[..<count]), for: configuration)
            }
        }
        #expect(throws: Refusal("training.delta", "")) {
            try QuantisedDelta(parsing: bytes + [0], for: configuration)
        }
    }

    @Test("a block with the unused value, an infinite scale or a value without scale is refused")
    func malformedBlocks() {
        func block(scale: Float, _ payload: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: scale.bitPattern.littleEndian) { Array($0) } + payload
                + [UInt8](repeating: 0, count: 256 - payload.count)
        }
        let good = block(scale: 0.5, [1, 2, 255])
        #expect(althing_delta_check(good, 256, 8) == 0)
        #expect(althing_delta_check(good, 2, 8) == -1, "values past the end")
        #expect(althing_delta_check(block(scale: 0.5, [128]), 256, 8) == -1)
        #expect(althing_delta_check(block(scale: 0, [1]), 256, 8) == -1)
        for scale: Float in [.infinity, .nan, -0.5, -0.0, 0x1p40] {
            #expect(althing_delta_check(block(scale: scale, [1]), 256, 8) == -1)
        }
    }

    @Test("does not depend on the order of the deltas")
    func order() throws {
        for rule in [AggregationRule.mean, AggregationRule(clipsToMedianNorm: true, trim: 1)] {
            var recipe = try Sample.recipe()
            recipe.aggregation = rule
            let parameters = ModelParameters(configuration: recipe.configuration, seed: 1)
            let momentum = OuterMomentum(configuration: recipe.configuration)
            var deltas = try (1...5).map {
                try Sample.delta(from: parameters, seed: $0, scale: 0.01 * Float($0))
            }
            let first = try Aggregation.apply(
                recipe, parameters: parameters, momentum: momentum, deltas: deltas)
            var generator = SplitMix64(seed: 6)
            for _ in 0..<3 {
                deltas.shuffle(using: &generator)
                let again = try Aggregation.apply(
                    recipe, parameters: parameters, momentum: momentum, deltas: deltas)
                #expect(again == first)
            }
        }
    }

    @Test("a plain mean with rate one and no momentum moves by the mean")
    func mean() throws {
        var recipe = try Sample.recipe(quantisation: .int8)
        recipe.aggregation = .mean
        recipe.outerRatePermille = 1000
        recipe.outerMomentumPermille = 0
        let parameters = ModelParameters(configuration: recipe.configuration, seed: 1)
        let deltas = try [UInt64(1), 2].map {
            try Sample.delta(from: parameters, seed: $0, quantisation: .int8)
        }
        let next = try Aggregation.apply(
            recipe, parameters: parameters,
            momentum: OuterMomentum(configuration: recipe.configuration), deltas: deltas)
        let expanded = try deltas.map { bytes in
            let delta = try QuantisedDelta(parsing: bytes, for: recipe.configuration)
            var values = [Float](repeating: 0, count: delta.count)
            althing_delta_expand(delta.blocks, delta.count, 8, &values)
            return values
        }
        for index in stride(from: 0, to: parameters.values.count, by: 97) {
            let expected = parameters.values[index] - (expanded[0][index] + expanded[1][index]) / 2
            #expect(abs(next.parameters.values[index] - expected) < 1e-7)
        }
    }

    @Test("clipping and trimming take the power from one enormous delta")
    func robustness() throws {
        var recipe = try Sample.recipe()
        let parameters = ModelParameters(configuration: recipe.configuration, seed: 1)
        let momentum = OuterMomentum(configuration: recipe.configuration)
        let honest = try (1...3).map { try Sample.delta(from: parameters, seed: $0) }
        let attack = try Sample.delta(from: parameters, seed: 9, scale: 100)
        func distance(_ rule: AggregationRule) throws -> Float {
            recipe.aggregation = rule
            let clean = try Aggregation.apply(
                recipe, parameters: parameters, momentum: momentum, deltas: honest)
            let attacked = try Aggregation.apply(
                recipe, parameters: parameters, momentum: momentum, deltas: honest + [attack])
            return zip(clean.parameters.values, attacked.parameters.values)
                .reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
        #expect(try distance(.mean) > 10)
        #expect(try distance(AggregationRule(clipsToMedianNorm: true, trim: 0)) < 0.03)
        #expect(try distance(AggregationRule(clipsToMedianNorm: false, trim: 1)) < 0.03)
    }

    @Test("refuses stale deltas, another kind, none and too many")
    func refusals() throws {
        let recipe = try Sample.recipe()
        let parameters = ModelParameters(configuration: recipe.configuration, seed: 1)
        let other = ModelParameters(configuration: recipe.configuration, seed: 2)
        let momentum = OuterMomentum(configuration: recipe.configuration)
        func refusal(_ deltas: [[UInt8]]) -> String? {
            do {
                _ = try Aggregation.apply(
                    recipe, parameters: parameters, momentum: momentum, deltas: deltas)
                return nil
            } catch { return error.code }
        }
        #expect(refusal([try Sample.delta(from: other, seed: 1)]) == "training.stale-delta")
        #expect(
            refusal([try Sample.delta(from: parameters, seed: 1, quantisation: .int8)])
                == "training.quantisation")
        #expect(refusal([]) == "training.deltas")
        #expect(refusal(Array(repeating: [], count: 65)) == "training.deltas")
        #expect(refusal([[1, 2, 3]]) == "codec.malformed")
    }

    @Test("a difference that is not finite cannot be quantised")
    func notFinite() throws {
        let first = ModelParameters(configuration: try Sample.configuration(), seed: 1)
        for bad: Float in [.nan, .infinity, 0x1p60] {
            var last = first.values
            last[300] = bad
            #expect(throws: Refusal("training.diverged", "")) {
                try last.withUnsafeBufferPointer {
                    try QuantisedDelta(
                        base: .zero, from: first.values, to: $0, quantisation: .int4)
                }
            }
        }
    }
}
