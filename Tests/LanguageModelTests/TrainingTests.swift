// Segments and recipes.

import Cryptography
import Primitives
import Testing

@testable import LanguageModel

@Suite("training")
struct TrainingTests {
    /// The whole of a small run; returns the parameters before and after.
    private func train(_ recipe: TrainingRecipe, corpus: [UInt8]) throws
        -> (first: ModelParameters, last: TrainingState, results: [SegmentResult])
    {
        let run = SHA256.hash(Array("run".utf8))
        var state = TrainingState(recipe: recipe, seed: 1)
        let first = state.parameters
        var results: [SegmentResult] = []
        for round in 0..<recipe.rounds {
            var deltas: [[UInt8]] = []
            for index in 0..<recipe.segmentsPerRound {
                let segment = TrainingSegment(recipe: recipe, run: run, round: round, index: index)
                results.append(try segment.run(from: state.parameters, corpus: corpus))
                deltas.append(results[results.count - 1].delta)
            }
            state = try Aggregation.apply(
                recipe, parameters: state.parameters, momentum: state.momentum, deltas: deltas)
        }
        return (first, state, results)
    }

    /// When this fails the engine computes other bits than released models were made with: its
    /// version must change, and every pinned digest with it.
    @Test("gives the pinned digests")
    func goldenRun() throws {
        let outcome = try train(try Sample.recipe(), corpus: Sample.corpus())
        #expect(
            outcome.first.digest.hex
                == "a6a73834be80e33a0b7e9ec0a1598d46928d15e3070360e35025020c3d6e5df5")
        #expect(
            outcome.results[0].endDigest.hex
                == "d439d606207f46eeaac6afa4ee30464358b7c5e954145ddc591db4090baece5d")
        #expect(
            outcome.results[0].deltaDigest.hex
                == "a56d7190db3bcda415a0ff2e32c8ad92ace8f144c7b3751d0e029a26e6e43e0e")
        #expect(
            outcome.last.digest.hex
                == "d3e5ee374dfb4c1c759ea37d50f7167161b6e5f4a140c1aaae9616dba8df541c")
        #expect(outcome.results[0].deltaDigest == SHA256.hash(outcome.results[0].delta))
    }

    @Test("lowers the loss on text it has not seen")
    func learns() throws {
        var recipe = try Sample.recipe(quantisation: .int8)
        recipe.stepsPerSegment = 8
        recipe.learningRate = try LearningRateSchedule(
            peakNano: 10_000_000, floorNano: 1_000_000, warmupSteps: 2)
        let outcome = try train(recipe, corpus: Sample.corpus())
        let heldOut = Sample.corpus(40)
        let before = try Evaluation.bitsPerByte(outcome.first, heldOut: heldOut)
        let after = try Evaluation.bitsPerByte(outcome.last.parameters, heldOut: heldOut)
        #expect(before > 6_900_000 && before < 7_100_000, "128 equally likely tokens are 7 bits")
        #expect(after < before * 3 / 4, "\(before) to \(after)")
    }

    @Test("draws other batches for another seed, round or index")
    func seeds() throws {
        let recipe = try Sample.recipe()
        let run = SHA256.hash([1])
        let seeds = [
            TrainingSegment(recipe: recipe, run: run, round: 0, index: 0).seed,
            TrainingSegment(recipe: recipe, run: run, round: 0, index: 1).seed,
            TrainingSegment(recipe: recipe, run: run, round: 1, index: 0).seed,
            TrainingSegment(recipe: recipe, run: SHA256.hash([2]), round: 0, index: 0).seed,
        ]
        #expect(Set(seeds).count == 4)
    }

    @Test("reports each step and stops when told to")
    func progress() throws {
        let recipe = try Sample.recipe()
        let parameters = ModelParameters(configuration: recipe.configuration, seed: 1)
        let segment = TrainingSegment(recipe: recipe, round: 0, seed: 1)
        var steps: [UInt32] = []
        #expect(throws: Refusal("training.cancelled", "")) {
            try segment.run(from: parameters, corpus: Sample.corpus()) { report in
                steps.append(report.step)
                return report.step < 2
            }
        }
        #expect(steps == [1, 2])
    }

    @Test("refuses a short corpus, unknown bytes, another shape and too many threads")
    func refusals() throws {
        let recipe = try Sample.recipe()
        let parameters = ModelParameters(configuration: recipe.configuration, seed: 1)
        let segment = TrainingSegment(recipe: recipe, round: 0, seed: 1)
        #expect(throws: Refusal("training.corpus", "")) {
            try segment.run(from: parameters, corpus: Sample.corpus(16))
        }
        #expect(throws: Refusal("model.unknown-byte", "")) {
            try segment.run(from: parameters, corpus: Sample.corpus() + [200])
        }
        #expect(throws: Refusal("kernels.threads", "")) {
            try segment.run(from: parameters, corpus: Sample.corpus(), threads: 65)
        }
        let other = ModelParameters(
            configuration: try ModelConfiguration(layers: 1, heads: 2, width: 32, context: 16),
            seed: 1)
        #expect(throws: Refusal("training.parameters", "")) {
            try segment.run(from: other, corpus: Sample.corpus())
        }
    }

    @Test("stops when the numbers do")
    func divergence() throws {
        let recipe = try Sample.recipe()
        let first = ModelParameters(configuration: recipe.configuration, seed: 1)
        let huge = ModelParameters(
            configuration: recipe.configuration, values: first.values.map { $0 * 1e30 })
        #expect(throws: Refusal("training.diverged", "")) {
            try TrainingSegment(recipe: recipe, round: 0, seed: 1)
                .run(from: huge, corpus: Sample.corpus())
        }
    }

    @Test("recipes are read as they were written, and absurd ones refused")
    func recipes() throws {
        let recipe = try Sample.recipe()
        #expect(try TrainingRecipe(decoding: recipe.encoded) == recipe)
        try TrainingRecipe.demonstration.check()
        for change: (inout TrainingRecipe) -> Void in [
            { $0.rounds = 0 }, { $0.segmentsPerRound = 65 }, { $0.stepsPerSegment = 0 },
            { $0.batch = 0 }, { $0.batch = 1025 }, { $0.outerRatePermille = 2001 },
            { $0.outerMomentumPermille = 1000 },
        ] {
            var changed = recipe
            change(&changed)
            #expect(throws: Refusal("training.recipe", "")) { try changed.check() }
            #expect(throws: Refusal.self) { try TrainingRecipe(decoding: changed.encoded) }
        }
        var generator = SplitMix64(seed: 8)
        for _ in 0..<300 {
            var bytes = recipe.encoded
            bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
                in: 0...255, using: &generator)
            guard let read = try? TrainingRecipe(decoding: bytes) else { continue }
            #expect(read.encoded == bytes)
        }
    }

    @Test("the learning rate rises to its peak and falls to its floor")
    func schedule() throws {
        let schedule = try LearningRateSchedule(
            peakNano: 1000, floorNano: 100, warmupSteps: 4)
        let rates = (0..<13).map { schedule.rateNano(step: $0, of: 12) }
        #expect(rates == [250, 500, 750, 1000, 1000, 887, 775, 662, 550, 437, 325, 212, 100])
        #expect(throws: Refusal("training.recipe", "")) {
            try LearningRateSchedule(peakNano: 10, floorNano: 11, warmupSteps: 0)
        }
    }
}
