// How well a model predicts text it has not seen.

import CKernels
public import Primitives

/// Which bytes of a held-out text are predicted: windows of one context, side by side.
public struct EvaluationWindows: Sendable, Equatable {
    /// Where each window starts.
    public let starts: [Int]
    /// How many bytes each window predicts.
    public let length: Int

    /// Windows of `length` predictions over a text of `count` bytes: all that fit side by side, or
    /// `limit` of them spread evenly.
    public init(count: Int, length: Int, limit: Int = .max) {
        let available = length > 0 ? max(0, (count - 1) / length) : 0
        let wanted = max(0, min(available, limit))
        self.length = length
        starts = (0..<wanted).map { $0 * available / wanted * length }
    }
}

/// Scores a model.
public enum Evaluation {
    /// The mean loss over the windows of a held-out text, in millionths of a bit a byte.
    ///
    /// Each window is predicted from its first byte on, without what came before it. The result is
    /// exact: the same on every machine, for any number of threads. Throws `evaluation.text` when
    /// the text has not one window.
    public static func bitsPerByte(
        _ parameters: ModelParameters, heldOut: [UInt8], windowLimit: Int = .max, threads: Int = 1
    ) throws(Refusal) -> UInt64 {
        try Kernels.check(threads: threads)
        let configuration = parameters.configuration
        try configuration.checkTokens(heldOut)
        let windows = EvaluationWindows(
            count: heldOut.count, length: configuration.context, limit: windowLimit)
        guard !windows.starts.isEmpty else {
            throw Refusal(
                "evaluation.text", "the held-out text is shorter than \(configuration.context + 1)")
        }
        return try total(parameters, heldOut, windows, threads)
            / UInt64(windows.starts.count * windows.length)
    }

    private static func total(
        _ parameters: ModelParameters, _ text: [UInt8], _ windows: EvaluationWindows, _ threads: Int
    ) throws(Refusal) -> UInt64 {
        let batch = min(8, windows.starts.count)
        var shape = parameters.configuration.shape
        let workspace = Scratch(althing_evaluation_workspace(&shape, Int32(batch), Int32(threads)))
        let losses = Scratch(batch * windows.length)
        var total: UInt64 = 0
        var next = 0
        while next < windows.starts.count {
            let group = windows.starts[next..<min(next + batch, windows.starts.count)]
            let tokens = group.flatMap { text[$0..<$0 + windows.length] }
            let targets = group.flatMap { text[$0 + 1..<$0 + 1 + windows.length] }
            althing_losses(
                &shape, parameters.values, tokens, targets, Int32(group.count), losses.base,
                workspace.base, Int32(threads))
            let used = UnsafeBufferPointer(rebasing: losses.floats[..<tokens.count])
            total += try Loss.totalMicrobits(used)
            next += group.count
        }
        return total
    }
}
