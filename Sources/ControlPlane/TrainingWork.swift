// The work of training in the units that machines are measured in.

/// How many floating point operations training takes.
package enum TrainingWork {
    /// A segment: six operations a parameter and token, and six a layer, channel and position that
    /// attention looks back at (two products forwards, four backwards, half of each masked).
    ///
    /// A plan's bounds allow products of more than 64 bits; the result is held at the largest.
    package static func segment(
        layers: UInt64, width: UInt64, context: UInt64, batch: UInt64, steps: UInt64
    ) -> UInt64 {
        let (layers, width, context) = (UInt128(layers), UInt128(width), UInt128(context))
        let parameters = 12 * layers * width * width + width * (256 + context)
        let attention = layers * width * context
        let tokens = UInt128(batch) * context * UInt128(steps)
        let (product, overflow) = (6 * (parameters + attention)).multipliedReportingOverflow(
            by: tokens)
        return overflow ? .max : UInt64(clamping: product)
    }
}
