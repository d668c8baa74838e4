// The inner loop: batches from a seed, gradients and AdamW steps from the kernels.

import CKernels
import Primitives

/// Parameters in training, with the optimiser's moments and the workspace.
final class Trainer {
    let parameters: Scratch
    private let configuration: ModelConfiguration
    private let corpus: [UInt8]
    private let batch: Int
    private let threads: Int
    private let gradient: Scratch
    private let firstMoment: Scratch
    private let secondMoment: Scratch
    private let workspace: Scratch
    private let losses: Scratch
    private var tokens: [UInt8]
    private var targets: [UInt8]
    private var sampler: BatchSampler
    private var firstPower: Float = 1
    private var secondPower: Float = 1

    /// AdamW's constants, the same in every run: a recipe that could set them would be a second
    /// thing to vote on with no measured gain.
    static let firstDecay: Float = 0.9
    static let secondDecay: Float = 0.99
    static let epsilon: Float = 1e-8
    static let weightDecay: Float = 0.1
    static let clipNorm: Float = 1

    init(
        parameters: ModelParameters, corpus: [UInt8], batch: Int, seed: UInt64, threads: Int
    ) throws(Refusal) {
        configuration = parameters.configuration
        try Kernels.check(threads: threads)
        try configuration.checkTokens(corpus)
        guard corpus.count > configuration.context else {
            throw Refusal(
                "training.corpus",
                "the corpus has \(corpus.count) bytes; a context of \(configuration.context)"
                    + " needs more"
            )
        }
        self.corpus = corpus
        self.batch = batch
        self.threads = threads
        self.parameters = Scratch(copying: parameters.values)
        let count = parameters.values.count
        gradient = Scratch(count)
        firstMoment = Scratch(count)
        secondMoment = Scratch(count)
        var shape = configuration.shape
        workspace = Scratch(althing_training_workspace(&shape, Int32(batch), Int32(threads)))
        losses = Scratch(batch * configuration.context)
        tokens = [UInt8](repeating: 0, count: batch * configuration.context)
        targets = tokens
        sampler = BatchSampler(
            seed: seed, corpusCount: corpus.count, context: configuration.context)
    }

    /// One step; returns the mean loss of its batch in millionths of a bit a byte.
    func step(rateNano: UInt64) throws(Refusal) -> UInt64 {
        drawBatch()
        var shape = configuration.shape
        althing_gradient(
            &shape, parameters.base, tokens, targets, Int32(batch), losses.base, gradient.base,
            workspace.base, Int32(threads))
        let loss = try Loss.meanMicrobits(UnsafeBufferPointer(losses.floats))
        firstPower *= Trainer.firstDecay
        secondPower *= Trainer.secondDecay
        var numbers = althing_adamw(
            rate: Float(rateNano) / 1_000_000_000, first_decay: Trainer.firstDecay,
            second_decay: Trainer.secondDecay, first_correction: 1 / (1 - firstPower),
            second_correction: 1 / (1 - secondPower), epsilon: Trainer.epsilon,
            weight_decay: Trainer.weightDecay, clip_norm: Trainer.clipNorm)
        let status = althing_adamw_step(
            &numbers, parameters.base, gradient.base, firstMoment.base, secondMoment.base,
            parameters.floats.count)
        guard status == 0 else {
            throw Refusal("training.diverged", "the gradient is not a finite number")
        }
        return loss
    }

    /// Sequences from places drawn uniformly over the corpus.
    private func drawBatch() {
        let context = configuration.context
        for sequence in 0..<batch {
            let start = sampler.nextStart()
            for offset in 0..<context {
                tokens[sequence * context + offset] = corpus[start + offset]
                targets[sequence * context + offset] = corpus[start + offset + 1]
            }
        }
    }
}
