// Whether a machine's real jobs run as fast as its scores promise.
//
// Every lease carries what was predicted when it was given. When its result comes, the ratio of
// actual to predicted time corrects the machine's next predictions; and where the work was long
// enough to say something about the machine rather than about starting a task, the ratio against
// its bare score is kept beside it: above 1 / (1 - drift alarm) the machine is flagged.

import Benchmarking
import Primitives
import Scheduling

/// How a machine's run times compare with their predictions. Ratios are in millionths.
struct PaceRecord: BinaryCodable, Equatable {
    /// What its predictions are multiplied by.
    var correction: UInt64 = 1_000_000
    /// Runs that went into the correction.
    var runs: UInt64 = 0
    /// Actual over predicted time by the bare score, of runs that were long enough.
    var ratio: UInt64 = 1_000_000
    /// Runs that went into the ratio.
    var longRuns: UInt64 = 0
    /// Whether its jobs run slower than its score allows.
    var isSlow = false

    init() {}

    func encode(into encoder: inout BinaryEncoder) {
        encoder.number(correction)
        encoder.number(runs)
        encoder.number(ratio)
        encoder.number(longRuns)
        encoder.flag(isSlow)
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        correction = try decoder.number()
        runs = try decoder.number()
        ratio = try decoder.number()
        longRuns = try decoder.number()
        isSlow = try decoder.flag()
    }

    /// The record as it is shown.
    var json: JSON {
        [
            "correction_millionths": .int(correction), "runs": .int(runs),
            "ratio_millionths": .int(ratio), "long_runs": .int(longRuns), "slow": .bool(isSlow),
        ]
    }
}

enum PaceRules {
    /// Long runs before a machine may be flagged: one slow minute is a neighbour's.
    static let flagAfter: UInt64 = 5

    static func pace(of agent: Address, in state: any StateReader) -> PaceRecord {
        Tables.paces.record(agent.bytes, in: state) ?? PaceRecord()
    }

    /// Takes the run time of a lease whose result came in.
    static func note(_ lease: LeaseRecord, _ transaction: Transaction) throws(Refusal) {
        guard lease.predicted > 0 else { return }
        let state = transaction.state
        let scheduling = try PolicyBook.scheduling(state)
        let actual = max(1, transaction.now.since(lease.since))
        var pace = pace(of: lease.provider, in: state)
        // `predicted` holds no correction: what it was then is put in here, what it is now is
        // moved.
        let work = UInt128(lease.predicted - min(lease.predicted, scheduling.overhead))
        let corrected =
            UInt64(clamping: work * UInt128(pace.correction) / 1_000_000) &+ scheduling.overhead
        pace.correction = scheduling.corrected(
            pace.correction, predicted: corrected, actual: actual)
        pace.runs += 1
        if lease.predicted / 2 >= scheduling.overhead {
            pace.ratio =
                pace.longRuns == 0
                ? UInt64(clamping: UInt128(actual) * 1_000_000 / UInt128(lease.predicted))
                : mean(pace.ratio, actual, lease.predicted, scheduling.correctionWeight)
            pace.longRuns += 1
        }
        try flag(lease.provider, &pace, transaction)
        Tables.paces.set(lease.provider.bytes, to: pace, in: state)
    }

    private static func mean(
        _ ratio: UInt64, _ actual: UInt64, _ predicted: UInt64, _ weight: UInt64
    ) -> UInt64 {
        let observed = min(
            UInt128(actual) * 1_000_000 / UInt128(max(1, predicted)), UInt128(UInt32.max))
        let sum = UInt128(ratio) * UInt128(1_000_000 - weight) + observed * UInt128(weight)
        return UInt64(clamping: sum / 1_000_000)
    }

    private static func flag(
        _ agent: Address, _ pace: inout PaceRecord, _ transaction: Transaction
    ) throws(Refusal) {
        let alarm = try PolicyBook.benchmarks(transaction.state).driftAlarm
        // Slower than 1 - alarm of its score: time above 1 / (1 - alarm).
        let isSlow =
            pace.longRuns >= flagAfter
            && UInt128(pace.ratio) * UInt128(1_000_000 - alarm) > 1_000_000_000_000
        guard isSlow != pace.isSlow else { return }
        pace.isSlow = isSlow
        transaction.emit(
            isSlow ? "provider.slow" : "provider.on-pace",
            [
                "provider": agent.hex, "ratio_millionths": String(pace.ratio),
                "runs": String(pace.longRuns),
            ])
    }
}
