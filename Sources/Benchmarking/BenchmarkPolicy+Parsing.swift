// Reading Policies/benchmarks.yaml: every key once, none unknown, every number within its bounds.

public import Primitives

extension BenchmarkPolicy {
    /// Reads the policy; refusals carry the file and the line.
    public init(parsing text: String, name: String = "Policies/benchmarks.yaml") throws(Refusal) {
        var root = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        _ = try root.number("version", in: 1...1)
        let suiteName = try root.text("suite", limit: 64)

        var score = try root.mapping("score")
        let samples = Int(try score.number("samples", in: 1...UInt64(KernelScore.sampleLimit)))
        let minimumSamples = Int(try score.number("minimum-samples", in: 1...UInt64(samples)))
        let driftAlarm = try score.share("drift-alarm")
        let spreadAlarm = try score.share("spread-alarm")
        try score.finish()

        var schedule = try root.mapping("schedule")
        let interval = try BenchmarkPolicy.time("interval", in: &schedule)
        let readyWithin = try BenchmarkPolicy.time("ready-within", in: &schedule)
        let proofWithin = try BenchmarkPolicy.time("proof-within", in: &schedule)
        try schedule.finish()

        var failure = try root.mapping("failure")
        let quarantine = try failure.duration("quarantine")
        let slashShare = try failure.share("slash")
        let failureLimit = try failure.number("limit", in: 1...100)
        try failure.finish()

        let reference = try ReferenceProfile(try root.mapping("reference"))
        let suites = try BenchmarkPolicy.suites(try root.mapping("suites"))
        guard suites.contains(where: { $0.name == suiteName }) else {
            throw root.refusal(
                "benchmark.unknown-suite", "there is no suite `\(suiteName)` below", key: "suite")
        }
        try root.finish()
        self.init(
            suiteName: suiteName, suites: suites, samples: samples, minimumSamples: minimumSamples,
            driftAlarm: driftAlarm, spreadAlarm: spreadAlarm, interval: interval,
            readyWithin: readyWithin, proofWithin: proofWithin, quarantine: quarantine,
            slashShare: slashShare, failureLimit: failureLimit, reference: reference)
    }

    /// A duration between a millisecond and 30 days.
    private static func time(_ key: String, in mapping: inout YAMLMapping) throws(Refusal) -> UInt64
    {
        let value = try mapping.duration(key)
        guard (1...2_592_000_000).contains(value) else {
            throw mapping.refusal("schema.range", "`\(key)` must lie in 1ms to 30d", key: key)
        }
        return value
    }

    private static func suites(_ mapping: consuming YAMLMapping) throws(Refusal) -> [Suite] {
        var suites: [Suite] = []
        for name in mapping.allKeys() {
            var kernels: [KernelSize] = []
            var list = try mapping.mapping(name)
            for kernel in list.allKeys() {
                kernels.append(try size(of: kernel, in: try list.mapping(kernel)))
            }
            suites.append(Suite(name: name, kernels: kernels))
        }
        return suites
    }

    private static func size(of name: String, in mapping: consuming YAMLMapping) throws(Refusal)
        -> KernelSize
    {
        guard let kernel = KernelRegistry.kernel(named: name) else {
            throw mapping.refusal("benchmark.unknown-kernel", "there is no kernel `\(name)`")
        }
        let isStream = kernel.family == .streamChain
        let sizes = isStream ? 16...UInt64(ChallengeParameters.blockLimit) : 32...4096
        let rounds =
            1...UInt64(
                isStream ? ChallengeParameters.passLimit : ChallengeParameters.roundLimit)
        let size = try mapping.number("size", in: sizes)
        let first = try mapping.number("first-rounds", in: rounds)
        let most = try mapping.number("most-rounds", in: first...rounds.upperBound)
        let target = try time("target", in: &mapping)
        let within = try time("within", in: &mapping)
        let openings =
            isStream
            ? try mapping.number("openings", in: 1...UInt64(ChallengeParameters.openingLimit)) : 0
        try mapping.finish()
        let result = KernelSize(
            kernel: name, size: UInt32(size), firstRounds: UInt32(first), mostRounds: UInt32(most),
            target: target, within: within, openings: UInt32(openings))
        do throws(Refusal) {
            try parameters(result, kernel.family, rounds: result.mostRounds).validate()
        } catch {
            throw mapping.refusal(error.code, error.message, key: "size")
        }
        return result
    }
}

extension ReferenceProfile {
    init(_ mapping: consuming YAMLMapping) throws(Refusal) {
        name = try mapping.text("name", limit: 64)
        version = try mapping.number("version", in: 1...1_000_000)
        var list = try mapping.mapping("rates")
        var rates: [Rate] = []
        for kernel in list.allKeys() {
            guard KernelRegistry.kernel(named: kernel) != nil else {
                throw list.refusal(
                    "benchmark.unknown-kernel", "there is no kernel `\(kernel)`", key: kernel)
            }
            rates.append(
                Rate(kernel: kernel, perSecond: try list.number(kernel, in: 1...UInt64.max)))
        }
        self.rates = rates
        try mapping.finish()
    }
}
