// What no honest agent says, at a member's door: each has its code, and leaves nothing half done.

import Benchmarking
import Primitives
import RedTeam
import Testing

private let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(3).joined(separator: "/")

extension ArenaTests {
    @Suite(.timeLimit(.minutes(2)), .serialized) struct ChallengeDoorTests {
        /// A machine whose challenge of a kernel runs.
        private func started(_ arena: Arena, _ kernel: String = "cpu.sgemm.mt")
            async throws(Refusal)
            -> (Contestant, Conversation)
        {
            let machine = try await arena.machine()
            var conversation = try await machine.open(kernel)
            _ = try await conversation.start()
            return (machine, conversation)
        }

        /// The machine is registered, whole, without a score, with this failure as its only sample.
        private func expectOneFailure(_ machine: Contestant, _ code: String) async throws {
            let record = try await machine.record()
            #expect(record["agent"]?.text == machine.agent.hex)
            #expect(record["samples"]?.elements?.count == 1)
            #expect(record["samples"]?.elements?.first?["code"]?.text == code)
            #expect(record["scores"]?.elements?.isEmpty == true)
        }

        @Test func `an unknown kernel is refused and nothing is opened`() async throws {
            try await Arena.with(repository: repository) { arena in
                let machine = try await arena.machine()
                #expect(
                    await code { () async throws(Refusal) in try await machine.open("cpu.dream.mt")
                    }
                        == "benchmark.unknown-kernel")
                #expect(try await machine.record()["samples"]?.elements?.isEmpty == true)
            }
        }

        @Test func `malformed, oversized and misplaced messages fail the challenge`() async throws {
            try await Arena.with(repository: repository) { arena in
                let session = Digest([UInt8](repeating: 9, count: 32)) ?? .zero
                let cases: [(bytes: [UInt8], code: String)] = [
                    ([], "challenge.malformed"), ([0xFF, 1, 2, 3], "challenge.malformed"),
                    (
                        [UInt8](repeating: 8, count: ChallengeMessage.byteLimit + 1),
                        "challenge.oversized"
                    ),
                    (
                        ChallengeMessage.commit(session: session, commitment: .zero).encoded,
                        "challenge.wrong-session"
                    ),
                ]
                for (bytes, expected) in cases {
                    var (machine, conversation) = try await started(arena)
                    _ = try await conversation.say(bytes: bytes)
                    #expect(conversation.verdict?["code"]?.text == expected)
                    try await expectOneFailure(machine, expected)
                }
                var (machine, conversation) = try await started(arena)
                _ = try await conversation.say(
                    .roots(session: conversation.sessionDigest, roots: []))
                #expect(conversation.verdict?["code"]?.text == "challenge.out-of-order")
                try await expectOneFailure(machine, "challenge.out-of-order")
            }
        }

        @Test func `what goes wrong before the seed left is no failure`() async throws {
            try await Arena.with(repository: repository) { arena in
                let machine = try await arena.machine()
                var conversation = try await machine.open("mem.stream-chain.mt")
                _ = try await conversation.say(
                    .abort(session: conversation.sessionDigest, reason: "not enough memory"))
                #expect(conversation.verdict?["code"]?.text == "challenge.aborted")
                let record = try await machine.record()
                #expect(record["samples"]?.elements?.isEmpty == true)
                #expect(record["quarantine"]?.text?.isEmpty == true)
            }
        }

        @Test func `a commitment that comes too late fails`() async throws {
            try await Arena.with(repository: repository) { arena in
                var (machine, conversation) = try await started(arena)
                try await Task.sleep(for: .milliseconds(5300))
                _ = await code { () async throws(Refusal) in
                    try await conversation.say(
                        .commit(session: conversation.sessionDigest, commitment: .zero))
                }
                try await expectOneFailure(machine, "challenge.late")
            }
        }

        @Test func `a session that is over, or another's, is unknown`() async throws {
            try await Arena.with(repository: repository) { arena in
                var (_, conversation) = try await started(arena)
                _ = try await conversation.say(bytes: [0])
                #expect(
                    await code { () async throws(Refusal) in try await conversation.say(bytes: [0])
                    }
                        == "challenge.unknown")
                let machine = try await arena.machine()
                #expect(
                    await code { () async throws(Refusal) in
                        try await machine.open("cpu.sgemm.mt", call: 77)
                    } == "challenge.unknown")
                #expect(
                    await code { () async throws(Refusal) in
                        try await machine.post(
                            "/api/v1/provider/challenge",
                            ["kernel": "cpu.sgemm.mt", "message": "not hexadecimal"])
                    } == "request.malformed")
            }
        }

        @Test func `a member holds a bounded number of challenges`() async throws {
            try await Arena.with(repository: repository) { arena in
                var machines: [Contestant] = []
                for number in 0...64 { machines.append(try await arena.machine(owner: number)) }
                var open: [Conversation] = []
                for machine in machines.dropLast() {
                    open.append(try await machine.open("mem.stream-chain.mt"))
                }
                // The one too many stays registered, whole, and comes in when another has left.
                let machine = try #require(machines.last)
                #expect(
                    await code { () async throws(Refusal) in
                        try await machine.open("mem.stream-chain.mt")
                    } == "challenge.busy")
                #expect(try await machine.record()["samples"]?.elements?.isEmpty == true)
                _ = try await open[0].say(.abort(session: open[0].sessionDigest, reason: "room"))
                #expect(try await machine.open("mem.stream-chain.mt").prepare != nil)
            }
        }

        @Test func `no owner keeps the others out`() async throws {
            try await Arena.with(repository: repository) { arena in
                var machines: [Contestant] = []
                var open: [Conversation] = []
                for _ in 0..<24 {
                    let machine = try await arena.machine(owner: 1)
                    open.append(try await machine.open("mem.stream-chain.mt"))
                    machines.append(machine)
                }
                let greedy = try await arena.machine(owner: 1)
                #expect(
                    await code { () async throws(Refusal) in
                        try await greedy.open("mem.stream-chain.mt")
                    } == "challenge.busy")
                #expect(try await greedy.record()["samples"]?.elements?.isEmpty == true)
                let other = try await arena.machine(owner: 2)
                #expect(try await other.open("mem.stream-chain.mt").prepare != nil)
                // A machine that opens another challenge gives up the one it had.
                _ = try await machines[1].open("cpu.sgemm.mt")
                #expect(
                    await code { () async throws(Refusal) in
                        try await greedy.open("mem.stream-chain.mt")
                    } == "challenge.busy")
                _ = try await open[0].say(.abort(session: open[0].sessionDigest, reason: "room"))
                #expect(try await greedy.open("mem.stream-chain.mt").prepare != nil)
            }
        }

        /// It would be failed for want of room.
        @Test func `who is called finds room when a member is full`() async throws {
            try await Arena.with(repository: repository, interval: 1000) { arena in
                // They are there before anybody is called, and take the room at once: a machine that
                // does not get ready gives it back after a while.
                var others: [Contestant] = []
                for number in 0..<64 { others.append(try await arena.machine(owner: number)) }
                let machine = try await arena.machine(owner: 64)
                var called: (call: UInt64, kernel: String)?
                for _ in 0..<600 where called == nil {
                    called = try await machine.poll()
                    if called == nil { try await Task.sleep(for: .milliseconds(50)) }
                }
                for other in others { _ = try await other.open("mem.stream-chain.mt") }
                let call = try #require(called)
                #expect(
                    await code { () async throws(Refusal) in try await machine.open(call.kernel) }
                        == "challenge.busy")
                #expect(try await machine.open(call.kernel, call: call.call).prepare != nil)
            }
        }

        @Test func `machines of one owner start at the same instant`() async throws {
            try await Arena.with(repository: repository, interval: 1000) { arena in
                let machines = [
                    try await arena.machine(owner: 2), try await arena.machine(owner: 2),
                ]
                var calls: [(Contestant, Conversation)] = []
                for machine in machines {
                    for _ in 0..<300 {
                        for other in machines where other.agent != machine.agent {
                            _ = try await other.post("/api/v1/provider/poll", ["running": [1]])
                        }
                        guard let call = try await machine.poll() else {
                            try await Task.sleep(for: .milliseconds(50))
                            continue
                        }
                        calls.append(
                            (machine, try await machine.open(call.kernel, call: call.call)))
                        break
                    }
                }
                #expect(calls.count == 2)
                guard calls.count == 2 else { return }
                #expect(calls[0].1.prepare?.kernel == calls[1].1.prepare?.kernel)
                // The first is ready half a second before the second, and gets no seed before it.
                let clock = ContinuousClock()
                let (first, second) = (calls[0].1, calls[1].1)
                let early = Task {
                    let begin = clock.now
                    var conversation = first
                    _ = try? await conversation.start()
                    return clock.now - begin
                }
                try await Task.sleep(for: .milliseconds(500))
                let begin = clock.now
                var conversation = second
                _ = try? await conversation.start()
                let late = clock.now - begin
                #expect(await early.value >= .milliseconds(450))
                #expect(late < .milliseconds(450))
            }
        }
    }
}
