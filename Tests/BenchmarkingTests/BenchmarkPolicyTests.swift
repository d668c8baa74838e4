import Primitives
import Testing

@testable import Benchmarking

#if canImport(Glibc)
    import Glibc
#endif

/// The policy files of the repository, found from this file's place in it.
enum PolicyFile {
    static func text(_ name: String, from file: String = #filePath) throws -> String {
        let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let path = root.joined(separator: "/") + "/Policies/" + name
        guard let stream = fopen(path, "r") else { throw Refusal("test.file", "no \(path)") }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

@Suite struct BenchmarkPolicyTests {
    private var text: String { get throws { try PolicyFile.text("benchmarks.yaml") } }

    @Test func `the policy of a new deployment is read`() throws {
        let policy = try BenchmarkPolicy(parsing: try text)
        #expect(policy.suite.name == "standard")
        let suites = ["standard", "development", "accelerator", "miniature"]
        #expect(policy.suites.map(\.name) == suites)
        #expect(policy.interval == 6 * 3_600_000)
        for suite in policy.suites {
            // The suite that strangers are measured by leaves nothing out; the others may.
            let names = suite.kernels.map(\.kernel)
            #expect(names.allSatisfy { KernelRegistry.kernel(named: $0) != nil })
            #expect(Set(names).count == names.count)
        }
    }

    @Test func `rounds fill the target time at the last rate`() throws {
        let policy = try BenchmarkPolicy(parsing: try text)
        let first = try policy.specification(of: "cpu.sgemm.1t")
        #expect(first.parameters == .matrixChain(size: 2048, rounds: 8))
        // 100 GFLOP/s for 3 s is 17.5 rounds of 2 x 2048^3.
        let again = try policy.specification(of: "cpu.sgemm.1t", lastRate: 100_000_000_000)
        #expect(again.parameters == .matrixChain(size: 2048, rounds: 17))
        let fast = try policy.specification(of: "cpu.sgemm.1t", lastRate: .max)
        #expect(fast.parameters == .matrixChain(size: 2048, rounds: 64))
        let slow = try policy.specification(of: "cpu.sgemm.1t", lastRate: 1)
        #expect(slow.parameters == .matrixChain(size: 2048, rounds: 2))
        #expect(throws: Refusal("benchmark.unknown-kernel", "")) {
            try policy.specification(of: "gpu.dream")
        }
    }

    @Test func `a matrix too large to check whole is checked by tiles`() throws {
        let text = try text
        let range = try #require(text.firstRange(of: "size: 2048"))
        let policy = try BenchmarkPolicy(
            parsing: text.replacingCharacters(
                in: range, with: "size: 8192\n      openings: 128"))
        let asked = try policy.specification(of: "cpu.sgemm.1t")
        #expect(asked.parameters == .tileChain(size: 8192, rounds: 8, openings: 128))
    }

    @Test func `the development suite is chosen by name`() throws {
        let policy = try BenchmarkPolicy(parsing: try text).selecting("development")
        let challenge = try policy.specification(of: "mem.stream-chain.mt")
        #expect(challenge.parameters == .streamChain(blocks: 128, passes: 16, openings: 64))
        #expect(throws: Refusal("benchmark.unknown-suite", "")) { try policy.selecting("x") }
    }

    @Test(
        arguments: [
            ("size: 2048", "size: 2049", "challenge.parameters"),
            // Above 4096 the policy must say how many tiles are looked at.
            ("size: 2048", "size: 8192", "schema.missing"),
            ("size: 2048", "size: 32768", "schema.range"),
            ("chains: 1\n", "chains: 0\n", "schema.range"),
            ("size: 2_097_152", "size: 2_097_153", "challenge.parameters"),
            ("openings: 256", "opening: 256", "schema.missing"),
            ("steps: 1024", "steps: 1_000_000", "challenge.parameters"),
            (
                "cpuN:\n      cpu.sgemm.mt: 4", "cpuN:\n      cpu.dream: 4",
                "benchmark.unknown-kernel"
            ),
            ("cpu.sha256.mt: 3_000", "cpu.nonsense.mt: 3_000", "benchmark.unknown-kernel"),
            ("maximum-age: 7d", "maximum-age: 40d", "schema.range"),
            ("minimum-samples: 1", "minimum-samples: 6", "schema.range"),
            ("interval: 6h", "interval: 6", "schema.unit"),
            ("suite: standard", "suite: huge", "benchmark.unknown-suite"),
            ("limit: 3", "limit: 3\n  colour: red", "schema.unknown-key"),
        ] as [(String, String, String)])
    func `a wrong policy is refused with its place`(from: String, to: String, code: String) throws {
        let original = try text
        guard let range = original.ranges(of: from).first else {
            Issue.record("`\(from)` is not in the policy")
            return
        }
        let changed = original.replacingCharacters(in: range, with: to)
        do {
            _ = try BenchmarkPolicy(parsing: changed, name: "p.yaml")
            Issue.record("the policy was taken")
        } catch {
            #expect(error.code == code)
            #expect(error.place?.hasPrefix("p.yaml:") == true)
        }
    }

    /// Nothing that a kernel cannot be sized by gets as far as a challenge.
    @Test func `an impossible size of any kernel is refused with its line`() throws {
        let lines = try text.split(separator: "\n", omittingEmptySubsequences: false)
        for kernel in KernelRegistry.all {
            let suite = kernel.device == .accelerator ? "  accelerator:" : "  standard:"
            let start = try #require(lines.firstIndex { $0 == suite })
            let name = try #require(lines[start...].firstIndex { $0 == "    \(kernel.name):" })
            let place = try #require(lines[name...].firstIndex { $0.contains("      size: ") })
            for size in ["0", "-32", "33", "4_294_967_264", "99_999_999_999", "many", "nan"] {
                var changed = lines
                changed[place] = "      size: \(size)"
                let refusal = #expect(throws: Refusal.self, "\(kernel.name): \(size)") {
                    try BenchmarkPolicy(parsing: changed.joined(separator: "\n"), name: "p.yaml")
                }
                let code = refusal?.code ?? ""
                #expect(
                    code == "challenge.parameters" || code.hasPrefix("schema."),
                    "\(kernel.name): \(size): \(code)")
                #expect(
                    refusal?.place?.hasPrefix("p.yaml:") == true, "\(kernel.name): \(size)")
            }
        }
    }

    @Test func `waits between challenges are about the interval`() throws {
        let policy = try BenchmarkPolicy(parsing: try text)
        var lots = SplitMix64(seed: 1)
        let waits = (0..<4000).map { _ in policy.nextInterval(lot: lots.next()) }
        #expect(waits.allSatisfy { $0 >= policy.interval / 8 && $0 <= policy.interval * 4 })
        let mean = waits.reduce(0, +) / 4000
        #expect(mean > policy.interval * 9 / 10 && mean < policy.interval * 11 / 10)
        #expect(policy.nextInterval(lot: 0) == policy.interval * 4)
    }
}

extension String {
    /// The text with a range of it replaced.
    func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
