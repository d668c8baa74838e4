// The numbers a placement depends on: Policies/scheduling.yaml.

public import Primitives

/// The rules of placement in force.
public struct SchedulingPolicy: Equatable, Sendable {
    /// The most placements one plan makes.
    public let placementLimit: Int
    /// What starting a task costs on any machine, in milliseconds.
    public let overhead: UInt64
    /// The longest predicted run time of a task that does not set its own, in milliseconds.
    public let runTimeLimit: UInt64
    /// What one hour of waiting for a task is worth, in minimal units.
    public let hourValue: Amount
    /// How long a task waits before its priority counts one higher, in milliseconds.
    public let agingStep: UInt64
    /// How much the newest run weighs in a machine's correction, in millionths.
    public let correctionWeight: UInt64
    /// The largest correction, as a ratio in millionths; the smallest is its inverse.
    public let correctionLimit: UInt64
    /// How much of the house the jobs of a kind deserve, relative to each other.
    public let weights: [KindWeight]

    /// The weight of the jobs of one kind.
    public struct KindWeight: Equatable, Sendable {
        /// The kind of job.
        public let kind: String
        /// Its weight.
        public let weight: UInt64
    }

    /// Reads the policy; refusals carry the file and the line.
    public init(parsing text: String, name: String = "Policies/scheduling.yaml") throws(Refusal) {
        var root = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        _ = try root.number("version", in: 1...1)

        var plan = try root.mapping("plan")
        placementLimit = Int(try plan.number("placement-limit", in: 1...10_000))
        agingStep = try plan.duration("aging-step")
        guard agingStep > 0 else {
            throw plan.refusal(
                "scheduling.bounds", "`aging-step` must not be zero", key: "aging-step")
        }
        try plan.finish()

        var prediction = try root.mapping("prediction")
        overhead = try prediction.duration("overhead")
        runTimeLimit = try prediction.duration("run-time-limit")
        correctionWeight = try prediction.share("correction-weight", in: 1...1_000_000)
        correctionLimit = try prediction.number("correction-limit", in: 1...100) * 1_000_000
        try prediction.finish()

        var cost = try root.mapping("cost")
        hourValue = try cost.amount("hour-value")
        try cost.finish()

        var fairness = try root.mapping("fairness")
        var weights: [KindWeight] = []
        for kind in fairness.allKeys() {
            weights.append(
                KindWeight(kind: kind, weight: try fairness.number(kind, in: 1...1_000_000)))
        }
        self.weights = weights
        try root.finish()
    }

    /// The weight of a kind of job; one for a kind that the policy does not name.
    public func weight(ofKind kind: String) -> UInt64 {
        weights.first { $0.kind == kind }?.weight ?? 1
    }

    /// A machine's correction after another run: an exponentially weighted mean of actual over
    /// predicted time, in millionths.
    public func corrected(_ ratio: UInt64, predicted: UInt64, actual: UInt64) -> UInt64 {
        let predicted = UInt128(max(1, predicted))
        let observed = UInt64(clamping: UInt128(actual) * UInt128(max(1, ratio)) / predicted)
        let (low, high) = (1_000_000_000_000 / correctionLimit, correctionLimit)
        let held = min(max(observed, low), high)
        let mean =
            UInt128(ratio) * UInt128(1_000_000 - correctionWeight)
            + UInt128(held) * UInt128(correctionWeight)
        return min(max(UInt64(clamping: mean / 1_000_000), low), high)
    }
}
