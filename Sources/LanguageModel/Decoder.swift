// The next byte's scores, with the work on earlier bytes kept.

import CKernels
import Primitives

/// A model ready to continue text.
///
/// What the model sees of a long text is a function of the text's length alone: all of it while it
/// fits, and after that from the last multiple of half the context that leaves room. So a
/// continuation is the same bytes whether it is made in one go or resumed elsewhere half way.
final class Decoder {
    private let configuration: ModelConfiguration
    private let parameters: Scratch
    private let memory: Scratch
    private let logits: Scratch
    /// The window that the memory holds: bytes `start ..< end` of the text.
    private var start = 0
    private var end = 0

    init(_ parameters: ModelParameters) throws(Refusal) {
        try Kernels.check(threads: 1)
        configuration = parameters.configuration
        self.parameters = Scratch(copying: parameters.values)
        var shape = configuration.shape
        memory = Scratch(althing_decoder_floats(&shape))
        logits = Scratch(configuration.vocabulary)
        althing_decoder_prepare(&shape, self.parameters.base, memory.base)
    }

    /// Forgets the last text: the next one need not go on from it.
    func forget() {
        start = 0
        end = 0
    }

    /// Where the window of a text of `count` bytes starts.
    func windowStart(count: Int) -> Int {
        let half = configuration.context / 2
        return max(0, (count - configuration.context + half - 1) / half * half)
    }

    /// The scores of the byte after `text`, which must go on from the text of the last call and not
    /// be empty. The buffer is the decoder's own: it is overwritten by the next call.
    func scores(after text: [UInt8]) -> UnsafeMutableBufferPointer<Float> {
        let wanted = windowStart(count: text.count)
        if wanted != start || end > text.count {
            start = wanted
            end = wanted
        }
        var shape = configuration.shape
        let fresh = Array(text[end...])
        althing_decoder_extend(
            &shape, parameters.base, memory.base, Int32(end - start), fresh, Int32(fresh.count),
            logits.base)
        end = text.count
        return logits.floats
    }
}
