// Many seeds, on several threads. Each run stands alone; what they found is put together in the
// order of the seeds, so that the outcome of a range is the same on every machine.

import Primitives

/// Runs a range of seeds.
public struct Campaign: Sendable {
    /// The deployment that every run simulates.
    public var blueprint: Blueprint
    /// How long each run lasts.
    public var lengths = SimulationLengths()
    /// A bug to plant in every run.
    public var flaw: Flaw?
    /// How many runs go on at once.
    public var width = 2

    /// Runs of `blueprint` as it should be.
    public init(blueprint: Blueprint) { self.blueprint = blueprint }

    /// Runs the seeds; tells of each report, in the order of the seeds, and stops early once `tell`
    /// answers false or the task is cancelled.
    public func run(
        _ seeds: ClosedRange<UInt64>, tell: (SimulationReport) -> Bool
    ) async -> CampaignOutcome {
        var outcome = CampaignOutcome()
        await SeedOrder.run(seeds, width: width) { [self] seed in
            Simulation(blueprint: blueprint, seed: seed, lengths: lengths, flaw: flaw).run()
        } tell: { report in
            outcome.add(report)
            return tell(report)
        }
        return outcome
    }
}

/// Work on seeds, several at once, told of in the order of the seeds.
enum SeedOrder {
    static func run<Report: Sendable>(
        _ seeds: ClosedRange<UInt64>, width: Int, make: @escaping @Sendable (UInt64) -> Report,
        tell: (Report) -> Bool
    ) async {
        await withTaskGroup(of: (UInt64, Report).self) { group in
            var next: UInt64? = seeds.lowerBound
            var early: [UInt64: Report] = [:]
            var awaited = seeds.lowerBound
            func startOne() {
                guard let seed = next else { return }
                next = seed < seeds.upperBound ? seed + 1 : nil
                group.addTask { (seed, make(seed)) }
            }
            for _ in 0..<max(width, 1) { startOne() }
            while let (seed, report) = await group.next() {
                startOne()
                early[seed] = report
                while let report = early.removeValue(forKey: awaited) {
                    awaited += 1
                    guard tell(report), !Task.isCancelled else { return }
                }
            }
        }
    }
}

/// What a range of seeds found.
public struct CampaignOutcome: Sendable {
    /// How many seeds ran.
    public private(set) var seeds: UInt64 = 0
    /// Seeds that violated something.
    public private(set) var violations: [SimulationReport] = []
    /// The fingerprint of all runs in the order of their seeds.
    public var traceText: String { trace.text }
    /// The virtual time of all runs.
    public private(set) var virtualMilliseconds: UInt64 = 0
    /// Operations of clients that were answered.
    public private(set) var operations: UInt64 = 0
    /// Entries that were applied.
    public private(set) var entries: UInt64 = 0
    /// Histories that were too tangled to be judged.
    public private(set) var undecidedHistories: UInt64 = 0
    /// Which rare paths were reached, and how often.
    public private(set) var probes = ProbeCounts()
    private var trace = TraceHash()

    mutating func add(_ report: SimulationReport) {
        seeds += 1
        if report.violation != nil { violations.append(report) }
        trace.add(report.seed)
        trace.add(report.traceHash)
        virtualMilliseconds += report.virtualMilliseconds
        operations += report.operations
        entries += report.entries
        undecidedHistories += UInt64(report.undecidedHistories)
        probes.add(report.probes)
    }
}
