// What a machine has proved: a score a kernel, the points of its groups, and how its jobs compare.

import Benchmarking
import Primitives

/// The scores of one machine.
struct ProvedScores {
    let scores: [KernelScore]

    /// Reads a machine's scores, by kernel name.
    init(of provider: Address, in state: any StateReader) {
        scores = Tables.scores.records(withPrefix: provider.bytes, in: state).map(\.record)
    }

    /// A kernel's score, if there is one.
    subscript(kernel: String) -> KernelScore? { scores.first { $0.kernel.name == kernel } }

    /// The median rate of a kernel, whatever its age; zero without one.
    func rate(_ kernel: String) -> UInt64 { self[kernel]?.rate ?? 0 }

    /// What scheduling believes of a kernel: the lower bound of a score that may be used, or zero.
    func bound(_ kernel: String, at now: Timestamp, policy: BenchmarkPolicy) -> UInt64 {
        guard let score = self[kernel], score.isUsable(at: now, policy: policy) else { return 0 }
        return score.lowerBound
    }

    /// The scores as they are shown.
    func json(at now: Timestamp, policy: BenchmarkPolicy) -> JSON {
        .array(
            scores.filter { $0.accepted > 0 }.map { score in
                let kernel = KernelRegistry.kernel(named: score.kernel.name)
                return [
                    "kernel": .string(score.kernel.name), "version": .int(score.kernel.version),
                    "unit": .string(kernel?.unit.rawValue ?? ""), "rate": .int(score.rate),
                    "samples": .int(score.accepted), "spread": .int(score.spread),
                    "lower_bound": .int(score.lowerBound),
                    "measured_at": .string(score.measuredAt.description),
                    "age_milliseconds": .int(now.since(score.measuredAt)),
                    "usable": .bool(score.isUsable(at: now, policy: policy)),
                    "unsteady": .bool(score.isSpread(policy: policy)),
                    "failures_in_a_row": .int(score.failuresInARow),
                ]
            })
    }

    /// The points of the groups and the headline, against a named profile.
    func points(_ reference: ReferenceProfile) -> JSON {
        [
            "reference": .string(reference.name), "version": .int(reference.version),
            "headline": .int(reference.points(scores)),
            "groups": .array(
                reference.groups.map {
                    ["group": .string($0.name), "points": .int(reference.points(scores, in: $0))]
                }),
        ]
    }
}
