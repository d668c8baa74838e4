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
        let maximumAge = try BenchmarkPolicy.time("maximum-age", in: &score)
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
            suiteName: suiteName, suites: suites, samples: samples, maximumAge: maximumAge,
            minimumSamples: minimumSamples,
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
        let (sizes, rounds) = bounds(kernel.family)
        let size = try mapping.number("size", in: sizes)
        let hasSteps = [.laneChain, .walkChain].contains(kernel.family)
        let steps =
            hasSteps ? try mapping.number("steps", in: 1...ChallengeParameters.replayLimit) : 0
        let chains =
            kernel.family == .walkChain
            ? try mapping.number("chains", in: 1...UInt64(ChallengeParameters.chainLimit)) : 0
        let first = try mapping.number("first-rounds", in: rounds)
        let most = try mapping.number("most-rounds", in: first...rounds.upperBound)
        let target = try time("target", in: &mapping)
        let within = try time("within", in: &mapping)
        // Whole matrices are checked as far as single precision is exact; larger ones by tiles.
        let isWhole = kernel.family == .matrixChain && size <= ChallengeParameters.sizeLimit
        let openings =
            isWhole
            ? 0 : try mapping.number("openings", in: 1...UInt64(ChallengeParameters.openingLimit))
        try mapping.finish()
        let result = KernelSize(
            kernel: name, size: UInt32(size), chains: UInt32(chains), steps: UInt32(steps),
            firstRounds: UInt32(first), mostRounds: UInt32(most), target: target, within: within,
            openings: UInt32(openings))
        do throws(Refusal) {
            _ = try ChallengeSpecification(
                kernel: kernel,
                parameters: parameters(result, kernel.family, rounds: result.mostRounds))
        } catch {
            throw mapping.refusal(error.code, error.message, key: "size")
        }
        return result
    }

    /// The sizes and the numbers of rounds that a family of kernels allows.
    private static func bounds(_ family: KernelFamily) -> (
        sizes: ClosedRange<UInt64>, rounds: ClosedRange<UInt64>
    ) {
        switch family {
        case .matrixChain, .tileChain:
            (
                32...UInt64(ChallengeParameters.tiledSizeLimit),
                1...UInt64(ChallengeParameters.roundLimit)
            )
        case .walkChain:
            (16...UInt64(ChallengeParameters.pageLimit), 1...UInt64(ChallengeParameters.passLimit))
        case .streamChain:
            (
                16...UInt64(ChallengeParameters.blockLimit),
                1...UInt64(ChallengeParameters.passLimit)
            )
        case .laneChain:
            (
                16...UInt64(ChallengeParameters.laneLimit),
                1...UInt64(ChallengeParameters.roundLimit)
            )
        }
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
        var groups: [Group] = []
        var named = try mapping.mapping("groups")
        for name in named.allKeys() {
            var list = try named.mapping(name)
            var weights: [Group.Weight] = []
            for kernel in list.allKeys() {
                guard rates.contains(where: { $0.kernel == kernel }) else {
                    throw list.refusal(
                        "benchmark.unknown-kernel", "the reference has no rate for `\(kernel)`",
                        key: kernel)
                }
                weights.append(
                    Group.Weight(kernel: kernel, weight: try list.number(kernel, in: 1...1000)))
            }
            try list.finish()
            groups.append(Group(name: name, weights: weights))
        }
        self.groups = groups
        try mapping.finish()
    }
}
