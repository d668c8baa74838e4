// A training run of the least size: two segments of one round of a model with two narrow layers.

import ControlPlane
import Cryptography
import Governance
import LanguageModel
import Primitives

@testable import Provider

/// A run small enough for kernels that were built without optimisation.
enum SmallRun {
    /// A text with some order in it.
    static let data: [UInt8] = {
        let words = ["the ", "king ", "of ", "the ", "sea ", "and ", "his ", "ships.\n"]
        var random = SplitMix64(seed: 3)
        var text = ""
        while text.utf8.count < 3000 { text += words[Int(random.next() % 8)] }
        return Array(text.utf8)
    }()

    /// What was voted, as it would be read from a proposal.
    static func plan() throws -> TrainingPlan {
        let text = """
            ---
            format: proposal/1
            kind: train-model
            title: Train a very small model
            effects:
              - model: small
                architecture:
                  layers: 2
                  heads: 2
                  width: 32
                  context: 16
                  batch: 2
                data:
                  - name: small.txt
                    digest: \(SHA256.hash(data).contentName)
                    bytes: \(data.count)
                    licence: CC0-1.0
                recipe:
                  rounds: 1
                  segments_per_round: 2
                  steps_per_segment: 3
                  learning_rate_millionths: 3_000
                  warm_up_steps: 1
                  outer_learning_rate_millionths: 700_000
                  outer_momentum_millionths: 600_000
                  quantisation_bits: 8
                  seed: 7
                held_out: 10%
                redundancy: 10%
                budget:
                  asset: CREDIT
                  amount: 100_000_000
                  price_per_segment: 1_000_000
                  price_per_aggregation: 500_000
                  price_per_evaluation: 1_000_000
                timeouts:
                  segment: 60s
                  aggregation: 60s
                  evaluation: 60s
                evaluation:
                  baseline: bigram
            ---
            # Train a very small model

            For tests.
            """
        let file = try ProposalFile(parsing: text, name: "0001-small.md")
        guard case .trainModel(let plan)? = file.effects.first else {
            throw Refusal("test.plan", "the proposal trains nothing")
        }
        return plan
    }

    static func order(_ kind: TaskKind, ordinal: UInt32 = 0) throws -> TaskOrder {
        TaskOrder(kind: kind, round: 0, ordinal: ordinal, plan: try plan())
    }

    /// A run from the first parameters to the evaluation.
    struct Outcome: Equatable {
        var digests: [Digest] = []
        var metrics: [[UInt64]] = []
        var inputs = Inputs()
    }

    /// What the later tasks read.
    struct Inputs: Equatable {
        var parameters: [UInt8] = []
        var momentum: [UInt8] = []
        var deltas: [[UInt8]] = []
        var final: [UInt8] = []
    }

    /// Every task of the run, in memory.
    static func run(threads: Int) throws -> Outcome {
        var outcome = Outcome()
        func compute(
            _ kind: TaskKind, ordinal: UInt32 = 0, parameters: [UInt8] = [],
            momentum: [UInt8] = [], deltas: [[UInt8]] = []
        ) throws -> TaskYield {
            let yield = try TaskProgram(try order(kind, ordinal: ordinal)).compute(
                data: data, parameters: parameters, momentum: momentum, deltas: deltas,
                threads: threads)
            outcome.digests += yield.output.objects
            outcome.metrics.append(yield.metrics)
            return yield
        }
        let first = try compute(.initialise)
        outcome.inputs.parameters = first.objects[0]
        outcome.inputs.momentum = first.objects[1]
        for ordinal in 0..<2 as Range<UInt32> {
            let segment = try compute(.segment, ordinal: ordinal, parameters: first.objects[0])
            outcome.inputs.deltas.append(segment.objects[0])
        }
        let next = try compute(
            .aggregate, parameters: first.objects[0], momentum: first.objects[1],
            deltas: outcome.inputs.deltas)
        outcome.inputs.final = next.objects[0]
        _ = try compute(.evaluate, parameters: next.objects[0])
        return outcome
    }
}
