// Machines that are called together start together, or have failed to.

import Benchmarking
import Primitives
import Testing

@testable import Node

@Suite struct ChallengeCallsTests {
    private static let within: UInt64 = 60_000_000_000

    private func address(_ number: UInt8) -> Address {
        Address([UInt8](repeating: number, count: 20)) ?? .zero
    }

    private func kernel() throws -> Kernel {
        try #require(KernelRegistry.kernel(named: "cpu.sha256.mt"))
    }

    private func called(_ agents: Address...) throws -> ChallengeCalls {
        var calls = ChallengeCalls()
        calls.call(agents, kernel: try kernel(), now: 0, within: Self.within)
        return calls
    }

    @Test func `the gate opens when the last one is ready`() throws {
        let (first, second) = (address(1), address(2))
        var calls = try called(first, second)
        for agent in [first, second] { try calls.answer(1, by: agent, kernel: "cpu.sha256.mt") }
        let ready = calls.ready(1, first)
        let gate = try #require(ready)
        #expect(!gate.isOpen)
        var again = calls.ready(1, second)
        #expect(again === gate)
        #expect(gate.isOpen)
        // Saying it twice is for the verifier to judge.
        again = calls.ready(1, second)
        #expect(again === gate)
    }

    @Test func `who is ready after the others have started has not come`() throws {
        let (first, late) = (address(1), address(2))
        var calls = try called(first, late)
        for agent in [first, late] { try calls.answer(1, by: agent, kernel: "cpu.sha256.mt") }
        calls.ready(1, first)?.open()  // as its patience does
        let gate = calls.ready(1, late)
        #expect(gate == nil)
    }

    @Test func `who is there and does not come has failed, and who is away owes it`() throws {
        let (first, idle, away) = (address(1), address(2), address(3))
        var calls = try called(first, idle, away)
        try calls.answer(1, by: first, kernel: "cpu.sha256.mt")
        let ready = calls.ready(1, first)
        let gate = try #require(ready)
        var lapsed = calls.lapsed(now: Self.within, present: [first, idle])
        #expect(lapsed.isEmpty)
        lapsed = calls.lapsed(now: Self.within + 1, present: [first, idle])
        #expect(lapsed.map(\.agent) == [idle])
        #expect(gate.isOpen)
        #expect(calls.owing == [away])
        // Back again it cannot come to what the others are done with.
        #expect(calls.json(for: away) == nil)
        #expect(throws: Refusal.self) { try calls.answer(1, by: away, kernel: "cpu.sha256.mt") }
        // Nobody is called while one of them is at it.
        calls.call([first, away], kernel: try kernel(), now: 0, within: Self.within)
        #expect(calls.owing == [away] && calls.agents == [first])
        calls.leave(1, first)
        calls.call([first, away], kernel: try kernel(), now: 0, within: Self.within)
        #expect(calls.owing.isEmpty && calls.agents == [first, away])
    }
}
