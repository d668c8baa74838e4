// Which runs begin on an older program, and how its successor comes to the members: one at a time,
// in the middle of everything else, and now and then taken back.

import ControlPlane
import Primitives

/// How the members of a run come by a newer program. Drawn apart from the rest of the weather, so
/// that a run without it is what it always was.
struct UpgradePlan {
    /// The level that the oldest program knows.
    let oldestLevel: UInt64
    /// The least and the most time between two upgrades, in microseconds.
    let pace: ClosedRange<UInt64>
    /// How often, out of 1000, a member goes back to the program before instead.
    let downgradeChance: UInt64

    /// The plan of a seed; nil for a run in which every member has the newest program at once.
    init?(seed: UInt64) {
        var random = SplitMix64.stream(seed, 5)
        guard FeatureLevel.supported > FeatureLevel.first, random.happens(350) else { return nil }
        let levels = FeatureLevel.supported - FeatureLevel.first
        oldestLevel = FeatureLevel.first + random.next(below: levels)
        let least = random.pick(100_000...1_500_000)
        pace = least...(least + random.pick(200_000...3_000_000))
        downgradeChance = random.happens(400) ? random.pick(50...400) : 0
    }
}
