// What a run found.

public import Primitives

/// The outcome of one seed.
public struct SimulationReport: Sendable {
    /// The seed.
    public let seed: UInt64
    /// How many members there were.
    public let members: Int
    /// Whether the run was about rot.
    public let isCorruption: Bool
    /// The bug that was planted, if any.
    public let flaw: Flaw?
    /// The fingerprint of everything that happened.
    public let traceHash: UInt64
    /// How long it took, in virtual time.
    public let virtualMilliseconds: UInt64
    /// How many steps went into the fingerprint.
    public let steps: UInt64
    /// The last log entry that was applied.
    public let entries: UInt64
    /// How many operations of clients were answered.
    public let operations: UInt64
    /// How many histories were too tangled to be judged.
    public let undecidedHistories: Int
    /// Which rare paths were reached.
    public let probes: ProbeCounts
    /// What was violated; nil when all held.
    public let violation: Refusal?
    /// What happened, in words, where asked for.
    public let story: [String]

    /// The command line that runs this seed again.
    public var replay: String {
        "althing simulate cluster --seeds \(seed)..\(seed) --members \(members)"
            + (isCorruption ? " --corruption" : "") + " --story"
    }

    /// The fingerprint in sixteen hexadecimal digits.
    public var traceText: String {
        let digits = String(traceHash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
