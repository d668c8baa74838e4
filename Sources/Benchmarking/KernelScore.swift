// What is known of a machine's speed on one kernel: the newest accepted samples, and the failures.
//
// The rate is their median (best-of would reward luck and boost clocks), the spread their median
// absolute deviation. Scheduling believes the lower bound, L = R - 1.5 MAD / sqrt(n).

public import Primitives

/// A machine's score on one version of one kernel.
public struct KernelScore: Equatable, Sendable, BinaryCodable {
    /// The kernel.
    public let kernel: ChallengeMessage.KernelVersion
    /// The newest accepted rates, the oldest first.
    public private(set) var rates: [UInt64] = []
    /// Accepted samples of this version so far, those that no longer count included.
    public private(set) var accepted: UInt64 = 0
    /// When the newest was measured.
    public private(set) var measuredAt = Timestamp.zero
    /// Failures since the last accepted sample.
    public private(set) var failuresInARow: UInt64 = 0
    /// Until when the machine gets no work.
    public private(set) var quarantinedUntil = Timestamp.zero

    /// The most samples a score keeps.
    static let sampleLimit = 15

    /// A score without samples.
    public init(kernel: ChallengeMessage.KernelVersion) { self.kernel = kernel }

    /// Takes a verdict that was reached at `time`.
    ///
    /// A failure takes the whole score away: what was measured before says nothing of a machine
    /// that now lies. A void challenge changes nothing.
    public mutating func record(
        _ verdict: ChallengeVerdict, at time: Timestamp, policy: BenchmarkPolicy
    ) {
        switch verdict.outcome {
        case .accepted:
            guard let sample = verdict.sample else { return }
            accept(sample.perSecond, at: time, keeping: policy.samples)
        case .failed: fail(until: time.advanced(by: policy.quarantine))
        case .void: break
        }
    }

    /// Takes an accepted rate and keeps the newest `limit`.
    public mutating func accept(_ rate: UInt64, at time: Timestamp, keeping limit: Int) {
        rates.append(rate)
        if rates.count > limit { rates.removeFirst(rates.count - limit) }
        accepted += 1
        measuredAt = time
        failuresInARow = 0
    }

    /// Takes the score away, and work from the machine until `time`.
    public mutating func fail(until time: Timestamp) {
        rates = []
        failuresInARow += 1
        quarantinedUntil = time
    }

    /// The median rate, per second; zero without samples.
    public var rate: UInt64 { KernelScore.median(rates) }

    /// The median absolute deviation from the median.
    public var spread: UInt64 {
        let middle = rate
        return KernelScore.median(rates.map { $0 > middle ? $0 - middle : middle - $0 })
    }

    /// What scheduling believes: the rate less 1.5 spreads over the root of the number of samples.
    public var lowerBound: UInt64 {
        guard !rates.isEmpty else { return 0 }
        let (rate, spread) = (self.rate, self.spread)
        // Nine squares of this fit in 128 bits; rates that lie further apart say nothing.
        guard spread < 1 << 62 else { return 0 }
        let squared = 9 * UInt128(spread) * UInt128(spread)
        let divisor = 4 * UInt128(rates.count)
        let margin = FixedPoint.squareRootRoundedUp(of: (squared + divisor - 1) / divisor)
        return rate > margin ? rate - margin : 0
    }

    /// Whether the machine may be given work that depends on this kernel.
    public func isUsable(at time: Timestamp, policy: BenchmarkPolicy) -> Bool {
        rates.count >= policy.minimumSamples && time >= quarantinedUntil
            && failuresInARow < policy.failureLimit && time.since(measuredAt) <= policy.maximumAge
    }

    /// Whether the samples lie so far apart that the score is shown with a warning.
    public func isSpread(policy: BenchmarkPolicy) -> Bool {
        UInt128(spread) * 1_000_000 > UInt128(rate) * UInt128(policy.spreadAlarm)
    }

    /// Whether a new rate is so far below the score that it should be looked into.
    public func isDrift(_ rate: UInt64, policy: BenchmarkPolicy) -> Bool {
        UInt128(rate) * 1_000_000 < UInt128(self.rate) * UInt128(1_000_000 - policy.driftAlarm)
    }

    /// The middle one; of an even number the mean of the middle two, rounded down.
    static func median(_ values: [UInt64]) -> UInt64 {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        guard sorted.count.isMultiple(of: 2) else { return sorted[middle] }
        return sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(kernel)
        encoder.array(rates) { $0.number($1) }
        encoder.number(accepted)
        encoder.timestamp(measuredAt)
        encoder.number(failuresInARow)
        encoder.timestamp(quarantinedUntil)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        kernel = try decoder.value()
        rates = try decoder.array(limit: Self.sampleLimit) { decoder throws(Refusal) in
            try decoder.number()
        }
        accepted = try decoder.number()
        measuredAt = try decoder.timestamp()
        failuresInARow = try decoder.number()
        quarantinedUntil = try decoder.timestamp()
    }
}
