import Testing

@testable import Benchmarking

@Suite struct PeakLoopTests {
    @Test(arguments: [
        ("cpu.sgemm.1t", PeakLoop.single), ("cpu.sgemm.mt", .single),
        ("mem.stream-chain.mt", .triad), ("cpu.sha256.mt", nil),
    ])
    func `a kernel is held against the loop of its own instructions`(
        name: String, loop: PeakLoop?
    ) throws {
        let kernel = try #require(KernelRegistry.kernel(named: name))
        #expect(PeakLoop(kernel) == loop)
    }

    @Test func `a triad counts 24 bytes an element, whoever runs it`() {
        let two = Workers(width: 2) { count, body in for index in 0..<count { body(index) } }
        let bytes = 24.0 * 64 * 131_072
        #expect(PeakLoop.triad.prepared(for: .serial)() == bytes)
        #expect(PeakLoop.triad.prepared(for: two)() == bytes)
    }
}
