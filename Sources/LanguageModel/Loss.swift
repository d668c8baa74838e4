// Losses as whole numbers, so that their sums and comparisons are exact.

import Primitives

enum Loss {
    /// Millionths of a bit in a nat.
    private static let microbitsPerNat = 1_442_695.040_888_963_4

    /// One byte's loss in millionths of a bit; nil when it is not finite.
    static func microbits(_ nats: Float) -> UInt64? {
        guard nats.isFinite else { return nil }
        // A perfect guess may come out a rounding error below zero.
        return UInt64(max(0, Double(nats) * microbitsPerNat) + 0.5)
    }

    /// The sum over `losses`, in millionths of a bit; throws `training.diverged`.
    static func totalMicrobits(_ losses: UnsafeBufferPointer<Float>) throws(Refusal) -> UInt64 {
        var total: UInt64 = 0
        for loss in losses {
            guard let microbits = microbits(loss) else {
                throw Refusal("training.diverged", "the loss is not a finite number")
            }
            total += microbits
        }
        return total
    }

    /// The mean, rounded down.
    static func meanMicrobits(_ losses: UnsafeBufferPointer<Float>) throws(Refusal) -> UInt64 {
        try totalMicrobits(losses) / UInt64(max(losses.count, 1))
    }
}
