// What the scheduler predicts of jobs against what they take: fifty training segments of mixed
// shapes, predicted from this machine's proved rates and corrected run by run as the control plane
// does it.

import Benchmarking
import ControlPlane
import Glibc
import LanguageModel
import Platform
import Primitives
import Provider
import Scheduling

/// Runs the jobs and prints the errors.
struct PredictionBenchmark {
    let jobs: Int

    private struct Shape {
        let configuration: ModelConfiguration
        let batch: UInt32
        let steps: UInt32

        var operations: UInt64 {
            TrainingWork.segment(
                layers: UInt64(configuration.layers), width: UInt64(configuration.width),
                context: UInt64(configuration.context), batch: UInt64(batch), steps: UInt64(steps))
        }

        var words: String {
            "\(configuration.layers) x \(configuration.width), context \(configuration.context),"
                + " batch \(batch), \(steps) steps"
        }
    }

    /// One way to take the time, with the correction that it learns.
    private struct Track {
        let name: String
        var correction: UInt64 = 1_000_000
        var errors: [Double] = []
    }

    func run() {
        do {
            try predict()
        } catch {
            print("error[\(error.code)]: \(error.message)")
            exit(1)
        }
    }

    private func predict() throws(Refusal) {
        let policyPath = packageRoot + "/Policies/"
        let benchmarks = try BenchmarkPolicy(
            parsing: try Files.readText(policyPath + "benchmarks.yaml"))
        // Nothing is fetched, sandboxed or reported here, so the policy's overhead is not there.
        let scheduling = try SchedulingPolicy(
            parsing: try Files.readText(policyPath + "scheduling.yaml").replacing(
                "overhead: 2s", with: "overhead: 0s"))
        let suite = LocalSuite(policy: benchmarks, repeats: 3)
        let compute = try suite.run("cpu.sgemm.1t").score
        let memory = try suite.run("mem.stream-chain.mt").score
        print(
            "proved: \(ScorePlot.readable(compute.lowerBound))FLOP/s on one thread,"
                + " \(ScorePlot.readable(memory.lowerBound))B/s")
        var tracks = [Track(name: "wall clock"), Track(name: "processor time")]
        let text = try Files.read(packageRoot + "/Deploy/corpus/kings.txt")
        for (index, shape) in try shapes().enumerated() {
            let taken = try actual(shape, text)
            for (track, actual) in taken.enumerated() {
                let correction = tracks[track].correction
                let predicted =
                    scheduling.predictedTime(
                        floatingPointOperations: shape.operations, bytes: 0,
                        floatingPointRate: compute.lowerBound, memoryRate: memory.lowerBound,
                        correction: correction) ?? 0
                let error = abs(Double(predicted) - Double(actual)) / Double(max(1, actual))
                tracks[track].errors.append(error)
                tracks[track].correction = scheduling.corrected(
                    correction, predicted: predicted, actual: actual)
                guard track == 0 else { continue }
                print(
                    column(Double(index + 1), width: 3), " predicted",
                    column(Double(predicted), width: 6), "ms, took",
                    column(Double(actual), width: 6), "ms, off by",
                    column(error * 100, digits: 1, width: 6), "%  ", shape.words)
            }
        }
        for track in tracks {
            let error = median(track.errors) * 100
            print(
                "median error by \(track.name):", column(error, digits: 1, width: 0),
                "% of", track.errors.count, "jobs;",
                error <= 20 ? "at most 20 % is asked for" : "MORE than the 20 % asked for")
        }
    }

    /// Milliseconds of the wall clock and of this process's processor time.
    private func actual(_ shape: Shape, _ text: [UInt8]) throws(Refusal) -> [UInt64] {
        var recipe = try TrainingRecipe.demonstration
        recipe.configuration = shape.configuration
        recipe.batch = shape.batch
        recipe.stepsPerSegment = shape.steps
        let parameters = ModelParameters(configuration: shape.configuration, seed: 1)
        let (wall, processor) = (SystemClock.monotonicNanoseconds(), processorSeconds())
        _ = try TrainingSegment(recipe: recipe, round: 0, seed: 1).run(
            from: parameters, corpus: text)
        return [
            (SystemClock.monotonicNanoseconds() - wall) / 1_000_000,
            UInt64((processorSeconds() - processor) * 1000),
        ]
    }

    /// Shapes drawn with a fixed seed, each sized to a second or so of a 100 GFLOP/s core.
    private func shapes() throws(Refusal) -> [Shape] {
        var lots = SplitMix64(seed: 50)
        var shapes: [Shape] = []
        for _ in 0..<jobs {
            let width = [64, 96, 128, 192, 256][Int(lots.next(below: 5))]
            let configuration = try ModelConfiguration(
                layers: 1 + Int(lots.next(below: 6)), heads: width / 32, width: width,
                context: [32, 64, 128][Int(lots.next(below: 3))])
            let batch = UInt32(4 + lots.next(below: 13))
            let single = Shape(configuration: configuration, batch: batch, steps: 1).operations
            let target = 20_000_000_000 + lots.next(below: 60_000_000_000)
            let steps = UInt32(clamping: max(2, target / max(1, single)))
            shapes.append(Shape(configuration: configuration, batch: batch, steps: steps))
        }
        return shapes
    }
}
