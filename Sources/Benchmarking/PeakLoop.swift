// What no kernel can beat: the instructions it is made of, on registers alone.

import CKernels

/// Loops of multiply-adds without memory, one for every format.
public enum PeakLoop {
    /// Runs `steps` steps on the calling thread; gives how many operations of the kernel's unit
    /// that was, zero where no loop stands for the kernel or this processor has none.
    public static func run(for kernel: Kernel, steps: UInt64) -> UInt64 {
        var sink: Float = 0
        let operations: Double =
            switch (kernel.unit, kernel.format) {
            case (.operations, .byte): althing_peak_int8(steps, &sink)
            case (.floatingPointOperations, .single): althing_peak_float(steps, &sink)
            case (.floatingPointOperations, .bfloat16): althing_peak_bfloat16(steps, &sink)
            // The same registers hold half as many.
            case (.floatingPointOperations, .double): althing_peak_float(steps, &sink) / 2
            default: 0
            }
        // Looked at, so that nothing is left out.
        return sink == .infinity ? 0 : UInt64(operations)
    }
}
