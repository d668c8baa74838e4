// Lines between members: slow, lossy, doubling, cut in one direction or in both. Messages overtake
// each other, and outlive the connection, the sender and the receiver's life.

import Primitives

/// The network of one run.
struct SimulatedNetwork {
    private let members: Int
    private let plan: FaultPlan
    private var random: SplitMix64
    /// Which partitions cut the line from one member to another.
    private var cuts: [[Set<UInt64>]]
    /// Whether lines lose, double and delay.
    var isFaulty = true

    init(members: Int, plan: FaultPlan, random: SplitMix64) {
        self.members = members
        self.plan = plan
        self.random = random
        cuts = Array(repeating: Array(repeating: [], count: members), count: members)
    }

    /// Cuts a line until the partition ends.
    mutating func cut(from: Int, to: Int, partition: UInt64) {
        cuts[from][to].insert(partition)
    }

    /// Whether a line is cut.
    func isCut(from: Int, to: Int) -> Bool { !cuts[from][to].isEmpty }

    /// Ends a partition, or all.
    mutating func heal(_ partition: UInt64?) {
        for from in 0..<members {
            for to in 0..<members {
                if let partition {
                    cuts[from][to].remove(partition)
                } else {
                    cuts[from][to] = []
                }
            }
        }
    }

    /// When copies of a message arrive; none when it is lost.
    mutating func send(
        from: Int, to: Int, at now: VirtualTime, probes: inout ProbeCounts
    ) -> [VirtualTime] {
        guard cuts[from][to].isEmpty else {
            probes.reach(.messageBlocked)
            return []
        }
        guard isFaulty else { return [now + plan.delayFloor + random.next(below: 2_000)] }
        if random.happens(plan.lossChance) {
            probes.reach(.messageLost)
            return []
        }
        var arrivals = [arrival(now, &probes)]
        if random.happens(plan.doublingChance) {
            probes.reach(.messageDoubled)
            arrivals.append(arrival(now, &probes))
        }
        return arrivals
    }

    private mutating func arrival(
        _ now: VirtualTime, _ probes: inout ProbeCounts
    ) -> VirtualTime {
        var delay = plan.delayFloor + random.next(below: plan.delaySpread + 1)
        if random.happens(plan.lateChance) {
            probes.reach(.messageLate)
            delay += random.pick(100_000...4_000_000)
        }
        return now + delay
    }

    /// Whether the sender of a lost message learns of it.
    mutating func noticesLoss() -> Bool { random.happens(300) }
}
