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

    /// Kernels that say the same thing about a machine.
    public struct Group: Equatable, Sendable {
        /// How much a kernel counts.
        public struct Weight: Equatable, Sendable {
            /// The kernel's name.
            public let kernel: String
            /// Its share of the group, relative to the others'.
            public let weight: UInt64
        }

        /// `cpu1`, `cpuN`, `mem`, ...
        public let name: String
        /// Its kernels.
        public let weights: [Weight]
    }

    /// The machine's name.
    public let name: String
    /// Grows when its rates change; points under different versions are not compared.
    public let version: UInt64
    /// Its rates.
    public let rates: [Rate]
    /// The groups that points are given for.
    public let groups: [Group]

    /// The same machine with the groups that these kernels fill: nobody is held to what a
    /// deployment does not measure.
    public func restricted(to kernels: [String]) -> ReferenceProfile {
        let kept = groups.map { group in
            Group(
                name: group.name, weights: group.weights.filter { kernels.contains($0.kernel) })
        }
        return ReferenceProfile(
            name: name, version: version, rates: rates, groups: kept.filter { !$0.weights.isEmpty })
    }

    private init(name: String, version: UInt64, rates: [Rate], groups: [Group]) {
        self.name = name
        self.version = version
        self.rates = rates
        self.groups = groups
    }

    /// The weighted geometric mean of a machine's rates over the reference's in one group, times
    /// 1,000.
    ///
    /// Zero when a kernel of the group has no score: nobody may pick what to be measured by.
    public func points(_ scores: [KernelScore], in group: Group) -> UInt64 {
        var sum: Int64 = 0
        var weights: Int64 = 0
        for weight in group.weights {
            let rate = scores.first { $0.kernel.name == weight.kernel }?.rate ?? 0
            let reference = rates.first { $0.kernel == weight.kernel }?.perSecond ?? 0
            guard rate > 0, reference > 0 else { return 0 }
            sum += (FixedPoint.log2(rate) - FixedPoint.log2(reference)) * Int64(weight.weight)
            weights += Int64(weight.weight)
        }
        guard weights > 0 else { return 0 }
        return FixedPoint.exp2(sum / weights + FixedPoint.log2(1000))
    }

    /// The geometric mean of the groups' points: one number to show, never to schedule by.
    ///
    /// Zero when a group has none.
    public func points(_ scores: [KernelScore]) -> UInt64 {
        guard !groups.isEmpty else { return 0 }
        var sum: Int64 = 0
        for group in groups {
            let points = points(scores, in: group)
            guard points > 0 else { return 0 }
            sum += FixedPoint.log2(points)
        }
        return FixedPoint.exp2(sum / Int64(groups.count))
    }
}
