// The machine that scores are shown against. The geometric mean makes the ratio between two
// machines the same whatever the reference is; points are for showing only, scheduling uses the
// rates.

/// A stored machine's rates.
public struct ReferenceProfile: Equatable, Sendable {
    /// A kernel's rate on the reference machine.
    public struct Rate: Equatable, Sendable {
        /// The kernel's name.
        public let kernel: String
        /// Its rate, per second.
        public let perSecond: UInt64
    }

    /// The machine's name.
    public let name: String
    /// Grows when its rates change; points under different versions are not compared.
    public let version: UInt64
    /// Its rates.
    public let rates: [Rate]

    /// The geometric mean of a machine's rates over the reference's, times 1,000.
    ///
    /// Zero when a kernel of the profile has no score: nobody may pick what to be measured by.
    public func points(_ scores: [KernelScore]) -> UInt64 {
        guard !rates.isEmpty else { return 0 }
        var sum: Int64 = 0
        for reference in rates {
            let score = scores.first { $0.kernel.name == reference.kernel }?.rate ?? 0
            guard score > 0, reference.perSecond > 0 else { return 0 }
            sum += FixedPoint.log2(score) - FixedPoint.log2(reference.perSecond)
        }
        return FixedPoint.exp2(sum / Int64(rates.count) + FixedPoint.log2(1000))
    }
}
