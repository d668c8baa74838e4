// How the inner learning rate moves over a run, in whole numbers: no cosine, no rounding to argue
// about.

public import Primitives

/// A linear rise to a peak, then a linear fall to a floor.
public struct LearningRateSchedule: Sendable, Hashable, BinaryCodable {
    /// The highest rate, in billionths.
    public let peakNano: UInt32
    /// The rate at the end, in billionths.
    public let floorNano: UInt32
    /// How many steps the rise takes.
    public let warmupSteps: UInt32

    /// Checks and makes a schedule; throws `training.recipe`.
    public init(peakNano: UInt32, floorNano: UInt32, warmupSteps: UInt32) throws(Refusal) {
        guard peakNano > 0, peakNano <= 1_000_000_000, floorNano <= peakNano else {
            throw Refusal(
                "training.recipe",
                "a learning rate rises to at most 1 and falls to at most its peak")
        }
        self.peakNano = peakNano
        self.floorNano = floorNano
        self.warmupSteps = warmupSteps
    }

    /// The rate of step `step` (from zero) of `total`, in billionths.
    public func rateNano(step: UInt64, of total: UInt64) -> UInt64 {
        let peak = UInt64(peakNano), floor = UInt64(floorNano), warmup = UInt64(warmupSteps)
        if step < warmup { return peak * (step + 1) / warmup }
        guard total > warmup, step < total else { return floor }
        return floor + (peak - floor) * (total - step) / (total - warmup)
    }

    /// Appends the three numbers.
    public func encode(into encoder: inout BinaryEncoder) {
        for number in [peakNano, floorNano, warmupSteps] { encoder.number(number) }
    }

    /// Reads and checks the three numbers.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        try self.init(
            peakNano: try decoder.number32(), floorNano: try decoder.number32(),
            warmupSteps: try decoder.number32())
    }
}
