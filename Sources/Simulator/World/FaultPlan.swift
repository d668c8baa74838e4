// Which faults a run sees and how hard, drawn from its seed. Each run leaves some kinds out and
// turns others up: always everything would hide what only shows when one fault stands alone.

import Primitives

/// The weather of one run. Chances are out of 1000.
struct FaultPlan {
    /// The shortest time a message takes, in microseconds.
    let delayFloor: UInt64
    /// How much longer most messages take at most.
    let delaySpread: UInt64
    /// Messages that take much longer.
    let lateChance: UInt64
    let lossChance: UInt64
    let doublingChance: UInt64
    /// The least and the most time between two faults, in microseconds.
    let pace: ClosedRange<UInt64>
    /// Members that die right after they voted, or right after they were elected.
    let voterDeathChance: UInt64
    let newLeaderDeathChance: UInt64
    /// How long a flush takes, in microseconds.
    let flushTime: ClosedRange<UInt64>
    /// How much each kind of fault weighs.
    let weights: [(kind: FaultKind, weight: UInt64)]
    /// The size of a log segment.
    let segmentBytes: UInt64
    /// After how many entries a member saves its state and lets go of its log; 0 for never.
    let snapshotEntries: UInt64
    /// How much of the log stays behind a snapshot.
    let trailingEntries: UInt64
    /// The least time between two changes of membership, in microseconds; 0 for none.
    let churnPace: UInt64

    /// Draws a run's weather. Where `isCorruption`, what one member's disk holds rots all the time,
    /// and not much else goes wrong.
    init(_ random: inout SplitMix64, isCorruption: Bool = false) {
        delayFloor = random.pick(100...2_000)
        delaySpread = random.pick(0...20_000)
        lateChance = random.happens(600) ? random.pick(1...60) : 0
        lossChance = random.happens(600) ? random.pick(1...150) : 0
        doublingChance = random.happens(500) ? random.pick(1...150) : 0
        let least = random.pick(100_000...(isCorruption ? 400_000 : 1_500_000))
        pace = least...(least + random.pick(100_000...2_500_000))
        let flush = random.pick(100...3_000)
        flushTime = flush...(flush + random.pick(0...10_000))
        voterDeathChance = random.happens(400) ? random.pick(50...700) : 0
        newLeaderDeathChance = random.happens(400) ? random.pick(50...500) : 0
        var weights: [(kind: FaultKind, weight: UInt64)] = []
        for kind in FaultKind.allCases where random.happens(650) {
            weights.append((kind, random.pick(1...10)))
        }
        self.weights = isCorruption ? FaultPlan.corruption : weights
        segmentBytes = 1 << random.pick(13...17)
        let rots = isCorruption || weights.contains { $0.kind == .rotDisk }
        snapshotEntries = random.happens(600) ? random.pick(8...60) : 0
        trailingEntries = random.pick(0...20)
        // Two voters of which one's disk rots would have to wait for an operator.
        churnPace = !rots && random.happens(600) ? random.pick(200_000...2_000_000) : 0
    }

    private static let corruption: [(kind: FaultKind, weight: UInt64)] = [
        (.rotDisk, 8), (.rotState, 3), (.killProcess, 4), (.losePower, 3),
        (.losePowerEverywhere, 1), (.isolateLeader, 1), (.crashLoop, 1), (.failFlush, 1),
    ]

    /// The next kind of fault; nil when this run has none.
    func draw(_ random: inout SplitMix64) -> FaultKind? {
        let total = weights.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return nil }
        var left = random.next(below: total)
        for (kind, weight) in weights {
            if left < weight { return kind }
            left -= weight
        }
        return nil
    }
}

/// A kind of fault.
enum FaultKind: CaseIterable {
    case killProcess
    case crashLoop
    case losePower
    case losePowerEverywhere
    case isolateMember
    case isolateLeader
    case splitGroup
    case cutOneWay
    case pauseMember
    case pauseLeader
    case slowDisk
    case stallDisk
    case failFlush
    case fillDisk
    case rotDisk
    case rotState
    case jumpClock
}
