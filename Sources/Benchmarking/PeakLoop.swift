// What a kernel's rate is held against: loops of the same instructions without memory, and memory
// without arithmetic. Nothing here is proved to anybody; an owner sees what a machine leaves
// unused.

import CKernels

/// A loop that no kernel on the same machine can beat.
public enum PeakLoop: Sendable {
    /// Multiply-adds in single precision on registers alone.
    case single
    /// The same in double precision: half as many fit in a register.
    case double
    /// Products of bytes on registers alone.
    case bytes
    /// Products of bfloat16 numbers on registers alone.
    case bfloat16
    /// A plain triad over arrays larger than the caches, with stores that bypass them.
    case triad

    /// The loop that bounds a kernel, or nil where none is known.
    public init?(_ kernel: Kernel) {
        guard kernel.device == .processor else { return nil }
        switch (kernel.family, kernel.unit, kernel.format) {
        case (.streamChain, _, _): self = .triad
        case (_, .floatingPointOperations, .double): self = .double
        case (_, .floatingPointOperations, .bfloat16): self = .bfloat16
        case (_, .floatingPointOperations, _): self = .single
        case (_, .operations, .byte): self = .bytes
        default: return nil
        }
    }

    /// Makes one run ready: takes its memory, and says what to call.
    ///
    /// - Returns: a function that runs the loop once, a few hundredths of a second on a fast core, on
    ///   each of the workers, and returns how many operations, or bytes, that was: zero where this
    ///   machine has no such loop.
    public func prepared(for workers: Workers) -> () -> Double {
        if case .triad = self { return Self.triad(workers) }
        let results = AlignedBuffer<Double>(count: workers.width, repeating: 0)
        return { [self] in
            workers.forEach(workers.width) { index in results.start[index] = operations() }
            return (0..<workers.width).reduce(0) { $0 + results.start[$1] }
        }
    }

    /// Runs the loop of registers on this thread.
    private func operations() -> Double {
        let steps: UInt64 = 8_000_000
        var sink: Float = 0
        return switch self {
        case .single: althing_peak_float(steps, &sink)
        case .double: althing_peak_float(steps, &sink) / 2
        case .bytes: althing_peak_int8(steps, &sink)
        case .bfloat16: althing_peak_bfloat16(steps, &sink)
        case .triad: 0
        }
    }

    private static func triad(_ workers: Workers) -> () -> Double {
        // 64 MiB in each of three arrays, in pieces of 1 MiB.
        let (pieces, count) = (64, 1 << 17)
        let arrays = (0..<3).map { index in
            AlignedBuffer<Double>(count: pieces * count, repeating: Double(index))
        }
        return {
            workers.forEach(pieces) { piece in
                let first = piece * count
                althing_triad(
                    arrays[0].start + first, arrays[1].start + first, arrays[2].start + first, 3,
                    count)
            }
            return 24 * Double(pieces * count)
        }
    }
}
