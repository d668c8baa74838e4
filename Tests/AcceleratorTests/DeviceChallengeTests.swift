// Challenges through the real protocol on the stand-in device, which runs the kernels' own sources:
// the verifier is the one that members use.

import Benchmarking
import Platform
import Primitives
import Testing

@testable import Provider

@Suite struct DeviceChallengeTests {
    private func code(_ kernel: String, _ parameters: ChallengeParameters, flags: String = "")
        throws -> String?
    {
        guard let stub = StubDriver("device", flags: flags) else { return nil }
        let specification = try ChallengeSpecification(
            kernel: try #require(KernelRegistry.kernel(named: kernel)), parameters: parameters)
        let verdict = try LocalChallenge.run(
            specification, accelerator: try ChallengeDevice(library: stub.path))
        return verdict["passed"]?.flag == true ? "passed" : verdict["code"]?.text
    }

    @Test(arguments: ["gpu.bf16gemm", "gpu.igemm8"])
    func `products of a device are accepted, tile by tile`(kernel: String) throws {
        let code = try code(kernel, .tileChain(size: 96, rounds: 3, openings: 24))
        #expect(code == nil || code == "passed")
    }

    @Test func `a device's memory chains are accepted`() throws {
        let stream = try code(
            "gpu.stream-chain", .streamChain(blocks: 48, passes: 4, openings: 12))
        #expect(stream == nil || stream == "passed")
        let fill = try code(
            "gpu.mem-fill",
            .walkChain(pages: 32, chains: 3, steps: 4, rounds: 2, openings: 8))
        #expect(fill == nil || fill == "passed")
    }

    @Test func `a device that skips a quarter of its rows is caught`() throws {
        let code = try code(
            "gpu.igemm8", .tileChain(size: 128, rounds: 2, openings: 64), flags: "-DLAZY=1")
        #expect(code == nil || code == "challenge.wrong-product")
    }

    @Test func `who has no device is not prepared for its kernels`() throws {
        let prover = ChallengeProver(provider: .zero, agent: "test", memoryLimit: 1 << 30)
        guard case .hello(let hello) = prover.hello else { return }
        #expect(!hello.kernels.contains { $0.name.hasPrefix("gpu.") })
        #expect(hello.kernels.contains { $0.name == "cpu.igemm8.mt" })
    }

    @Test func `kernels for devices have sizes, and stand in no suite of processors`() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        let policy = try BenchmarkPolicy(
            parsing: try Files.readText("\(root)/Policies/benchmarks.yaml"))
        let names = KernelRegistry.all.filter { $0.device == .accelerator }.map(\.name)
        #expect(policy.acceleratorKernels == names)
        #expect(!policy.suite.kernels.contains { names.contains($0.kernel) })
        for name in names {
            let specification = try policy.specification(of: name)
            #expect(specification.memory < 40 << 30)
        }
    }
}
