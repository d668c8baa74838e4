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
        commandName: "bench", abstract: "Prove this machine's speed by challenges.",
        discussion: """
            With a cluster, the machine must be registered; the member's clock counts and its \
            verdict goes on record. With --local nothing leaves the machine.

            Example:
              althing provider bench --home machine
              althing provider bench --local --policy Policies/benchmarks.yaml
            """)

    @Option(help: ArgumentHelp("The provider's folder.", valueName: "folder"))
    var home: String?

    @Option(help: "One kernel; the policy's whole suite otherwise.")
    var kernel: String?

    @Flag(help: "Run without a cluster and record nothing.")
    var local = false

    @Option(help: ArgumentHelp("The policy of a local run.", valueName: "file"))
    var policy = "Policies/benchmarks.yaml"

    @Option(help: "The suite of a local run; the policy's own otherwise.")
    var suite: String?

    @OptionGroup var read: ReadOptions

    func validate() throws {
        guard local || home != nil else {
            throw ValidationError("give --home, or --local to run without a cluster")
        }
    }

    func run() async throws {
        let verdicts = local ? try runLocally() : try await runRemotely()
        let passed = verdicts.allSatisfy { $0["passed"]?.flag == true }
        let table = Presentation.table(
            .array(verdicts),
            [
                .text("KERNEL", "kernel"), .text("PASSED", "passed"), .text("CODE", "code"),
                .number("RATE/S", "rate"), .text("UNIT", "unit"), .number("WORK", "work"),
                .number("NANOSECONDS", "nanoseconds"),
            ])
        read.printer.show(
            table, json: ["passed": .bool(passed), "kernels": .array(verdicts)])
        guard passed else {
            throw Refusal("benchmark.failed", "a challenge was not passed; the codes say why")
        }
    }

    private func kernels(_ policy: BenchmarkPolicy) -> [String] {
        if let kernel { return [kernel] }
        return policy.suite.kernels.map(\.kernel)
    }

    private func described(_ kernel: String, _ verdict: JSON) -> JSON {
        let unit = KernelRegistry.kernel(named: kernel)?.unit.rawValue ?? ""
        return .object(
            [JSON.Member("kernel", .string(kernel)), JSON.Member("unit", .string(unit))]
                + (verdict.members ?? []))
    }

    // MARK: With a cluster

    private func runRemotely() async throws(Refusal) -> [JSON] {
        let home = try ProviderHome(home ?? "", cluster: read.cluster.origins)
        let client = try ClusterClient(origins: home.cluster)
        defer { client.close() }
        let policy = try await inForce(client)
        let run = BenchmarkRun(client: client, key: try home.key())
        let names = kernels(policy)
        let progress = read.printer.progress("challenges")
        var verdicts: [JSON] = []
        for (number, name) in names.enumerated() {
            progress.update(UInt64(number), of: UInt64(names.count), name)
            verdicts.append(described(name, try await run.challenge(kernel: name)))
        }
        progress.finish("\(names.count) run")
        return verdicts
    }

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

    private func runLocally() throws(Refusal) -> [JSON] {
        var policy = try BenchmarkPolicy(parsing: try Files.readText(policy), name: policy)
        if let suite { policy = try policy.selecting(suite) }
        var verdicts: [JSON] = []
        for name in kernels(policy) {
            verdicts.append(
                described(name, try LocalChallenge.run(try policy.specification(of: name))))
        }
        return verdicts
    }
}
