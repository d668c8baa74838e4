// `althing provider bench`: proving a machine's speed.

import ArgumentParser
import Benchmarking
import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Provider
import Terminal

/// `provider bench`.
struct ProviderBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine, or prove its speed to a cluster.",
        discussion: """
            With --home the machine's agent is challenged by the cluster it is registered with: \
            the member's clock counts and its verdict goes on record, until each kernel has the \
            samples that make a score; after that the cluster calls when it likes. Without it the \
            suite runs on this machine alone, and nothing leaves it: each kernel several times, \
            with its rate, its spread and its share of what the machine's arithmetic can do at \
            most. A machine with an NVIDIA device runs the kernels for devices as well. Ctrl-C \
            ends it after the kernel that runs and shows what was measured; a second one ends it \
            at once, and costs a machine that is being challenged the score of that kernel.

            Example:
              althing provider bench
              althing provider bench --list
              althing provider bench --kernel cpu.sgemm.mt --repeats 5
              althing provider bench --home machine
              althing provider bench --local --policy Policies/benchmarks.yaml
            """)

    @Option(help: ArgumentHelp("The provider's folder.", valueName: "folder"))
    var home: String?

    @Option(help: "One kernel; the policy's whole suite otherwise.")
    var kernel: String?

    @Flag(help: "Show the kernels, what they measure and how they are checked.")
    var list = false

    @Flag(help: "Run without a cluster and record nothing, also when --home is given.")
    var local = false

    @Option(help: ArgumentHelp("The policy of a local run.", valueName: "file"))
    var policy = "Policies/benchmarks.yaml"

    @Option(help: "The suite of a local run; the policy's own otherwise.")
    var suite: String?

    @Option(help: ArgumentHelp("How often a local run takes each kernel.", valueName: "times"))
    var repeats = 3

    @OptionGroup var read: ReadOptions

    func validate() throws {
        guard 1...15 ~= repeats else { throw ValidationError("--repeats is 1 to 15") }
    }

    func run() async throws {
        if let kernel, KernelRegistry.kernel(named: kernel) == nil { throw unknown(kernel) }
        if list { return showKernels() }
        let isLocal = local || home == nil
        let interrupt = BenchInterrupt()
        try interrupt.watch(read.printer)
        let verdicts =
            isLocal ? try runLocally(interrupt) : try await runRemotely(interrupt)
        let passed = verdicts.allSatisfy {
            $0["passed"]?.flag == true || $0["code"]?.text == ProviderBench.proved
        }
        var columns: [ShownColumn] = [
            .text("KERNEL", "kernel"), .text("PASSED", "passed"), .text("CODE", "code"),
            .number("RATE/S", "rate"), .text("UNIT", "unit"),
        ]
        let more: [ShownColumn] =
            isLocal
            ? [
                .computed("SPREAD", isNumber: true) {
                    Presentation.share($0["spread_millionths"])
                },
                .computed("OF PEAK", isNumber: true) {
                    Presentation.share($0["share_of_peak_millionths"])
                },
                .number("SAMPLES", "samples"),
            ] : [.number("WORK", "work"), .number("NANOSECONDS", "nanoseconds")]
        columns += more
        read.printer.show(
            Presentation.table(.array(verdicts), columns),
            json: [
                "passed": .bool(passed), "interrupted": .bool(interrupt.isAsked),
                "kernels": .array(verdicts),
            ])
        guard !interrupt.isAsked else {
            throw Refusal(
                "benchmark.interrupted", "interrupted: \(verdicts.count) kernels were run")
        }
        guard passed else {
            throw Refusal("benchmark.failed", "a challenge was not passed; the codes say why")
        }
    }

    private func unknown(_ kernel: String) -> Refusal {
        let hint = EditDistance.nearest(to: kernel, of: KernelRegistry.all.map(\.name)).map {
            "did you mean `\($0)`?"
        }
        return Refusal(
            "benchmark.unknown-kernel",
            "there is no kernel `\(kernel)`; "
                + (hint ?? "`althing provider bench --list` shows them"))
    }

    private func showKernels() {
        let absence = ChallengeDevice.absence
        let shown = KernelRegistry.all.filter { kernel == nil || $0.name == kernel }
        let kernels: [JSON] = shown.map { kernel in
            let lack = kernel.device == .accelerator ? absence : nil
            return [
                "here": .string(lack.map { "no: \($0.code)" } ?? "yes"),
                "unavailable_because": lack.map { .string($0.message) } ?? .null,
                "kernel": .string(kernel.name), "version": .int(kernel.version),
                "unit": .string(kernel.unit.rawValue), "measures": .string(kernel.summary),
                "threads": .string(kernel.threads == .one ? "one" : "all"),
                "verification": .string(kernel.verification),
                "budget_milliseconds": .int(kernel.timeBudgetMilliseconds),
            ]
        }
        read.printer.show(
            Presentation.table(
                .array(kernels),
                [
                    .text("KERNEL", "kernel"), .number("VERSION", "version"),
                    .text("UNIT", "unit"), .text("HERE", "here"),
                    .text("MEASURES", "measures"),
                    .number("BUDGET MS", "budget_milliseconds"),
                ]), json: ["kernels": .array(kernels)])
    }

    /// What to run: the suite, and, in full size on a machine with a device, the device's kernels.
    private func kernels(_ policy: BenchmarkPolicy, isFullSize: Bool) -> [String] {
        if let kernel { return [kernel] }
        let hasDevice = isFullSize && ChallengeDevice.absence == nil
        return policy.suite.kernels.map(\.kernel) + (hasDevice ? policy.acceleratorKernels : [])
    }

    private func described(_ kernel: String, _ verdict: JSON) -> JSON {
        let unit = KernelRegistry.kernel(named: kernel)?.unit.rawValue ?? ""
        return .object(
            [JSON.Member("kernel", .string(kernel)), JSON.Member("unit", .string(unit))]
                + (verdict.members ?? []))
    }

    // MARK: With a cluster

    private func runRemotely(_ interrupt: BenchInterrupt) async throws(Refusal) -> [JSON] {
        let home = try ProviderHome(home ?? "", cluster: read.cluster.origins)
        let client = try ClusterClient(origins: home.cluster)
        defer { client.close() }
        let policy = try await inForce(client)
        let run = BenchmarkRun(client: client, key: try home.key())
        let names = kernels(policy, isFullSize: policy.suiteName != "development")
        let progress = read.printer.progress("challenges")
        var verdicts: [JSON] = []
        for (number, name) in names.enumerated() {
            guard !interrupt.isAsked else { break }
            progress.update(UInt64(number), of: UInt64(names.count), name)
            let verdict = described(name, try await challenge(name, run))
            progress.note(ProviderBench.words(verdict))
            verdicts.append(verdict)
        }
        progress.finish("\(verdicts.count) of \(names.count) run")
        return verdicts
    }

    /// The member's verdict, or that it has seen enough of the machine's own choosing.
    private func challenge(_ kernel: String, _ run: BenchmarkRun) async throws(Refusal) -> JSON {
        do throws(Refusal) {
            return try await run.challenge(kernel: kernel)
        } catch {
            guard error.code == ProviderBench.proved else { throw error }
            return [
                "passed": .null, "code": .string(error.code), "message": .string(error.message),
            ]
        }
    }

    /// A member takes no more samples from a machine that comes by itself.
    private static let proved = "challenge.proved"

    /// The benchmark policy in force, with the suite that this deployment uses.
    private func inForce(_ client: ClusterClient) async throws(Refusal) -> BenchmarkPolicy {
        let text = try await client.get("/api/v1/policies/benchmarks")["text"]?.text ?? ""
        let policy = try BenchmarkPolicy(parsing: text)
        let isProduction = try await client.genesis().timings.production
        guard !isProduction, policy.suites.contains(where: { $0.name == "development" }) else {
            return policy
        }
        return try policy.selecting("development")
    }

    // MARK: Without

    private func runLocally(_ interrupt: BenchInterrupt) throws(Refusal) -> [JSON] {
        var policy = try BenchmarkPolicy(parsing: try Files.readText(policy), name: policy)
        if let suite { policy = try policy.selecting(suite) }
        let local = LocalSuite(policy: policy, repeats: repeats)
        let names = kernels(policy, isFullSize: suite == nil)
        let progress = read.printer.progress("kernels")
        var scores: [JSON] = []
        for (number, name) in names.enumerated() {
            guard !interrupt.isAsked else { break }
            progress.update(UInt64(number), of: UInt64(names.count), name)
            let score = try local.run(name).json
            progress.note(ProviderBench.words(score))
            scores.append(score)
        }
        progress.finish("\(scores.count) of \(names.count) run")
        return scores
    }

    /// One kernel's result in a line.
    static func words(_ result: JSON) -> String {
        let name = result["kernel"]?.text ?? ""
        guard result["passed"]?.flag == true, let rate = result["rate"]?.unsigned else {
            return "\(name): \(result["code"]?.text ?? ""): \(result["message"]?.text ?? "")"
        }
        var words = "\(name): \(Presentation.rate(rate, result["unit"]?.text ?? ""))"
        if let spread = result["spread_millionths"] {
            words += ", spread \(Presentation.share(spread))"
        }
        if let peak = result["share_of_peak_millionths"], peak != .null {
            words += ", \(Presentation.share(peak)) of peak"
        }
        return words
    }
}
