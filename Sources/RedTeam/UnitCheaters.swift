// Provers that forge the stream chain and the lane chain. The share that is left out is large
// enough that one trial misses it with probability 0.67^64 = 7e-12: what sampling lets through is
// said with the kernels (`althing provider bench --list`) and is no matter of luck here.

import Benchmarking
import Primitives

extension Cheater {
    static func stream(
        _ name: String, kernel: String = "mem.stream-chain.mt",
        forge: @escaping @Sendable (inout StreamForger, inout SplitMix64) -> Void = { _, _ in },
        change: @escaping @Sendable (inout [ChallengeMessage.LeafProof]) -> Void = { _ in }
    ) -> Cheater {
        Cheater(name, .forging) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open(kernel)
            let key = try await conversation.start()
            guard let prepare = conversation.prepare,
                var forger = StreamForger(key, prepare.parameters)
            else { throw Refusal("arena.protocol", "this is no stream chain") }
            forge(&forger, &lots)
            try await forger.answer().show(&conversation, key, change)
            guard conversation.verdict != nil else {
                return try await machine.abandoned("challenge.late-proof")
            }
            return try await machine.judged(conversation)
        }
    }

    private static func lanes(
        _ name: String, kernel: String = "cpu.sha256.mt",
        forge: @escaping @Sendable (inout LaneForger, inout SplitMix64) -> Void = { _, _ in },
        change: @escaping @Sendable (inout [ChallengeMessage.LeafProof]) -> Void = { _ in }
    ) -> Cheater {
        Cheater(name, .forging) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open(kernel)
            let key = try await conversation.start()
            guard let prepare = conversation.prepare, var forger = LaneForger(key, prepare) else {
                throw Refusal("arena.protocol", "this is no lane chain")
            }
            forge(&forger, &lots)
            try await forger.answer().show(&conversation, key, change)
            return try await machine.judged(conversation)
        }
    }

    /// Guesses the digests of a share of the units.
    static func guesses(
        _ percent: UInt64, unitBytes: Int, _ lots: inout SplitMix64
    ) -> (Int, inout [UInt8]) -> Void {
        var own = SplitMix64(seed: lots.next())
        return { _, digests in
            for unit in 0..<digests.count / unitBytes where own.next(below: 100) < percent {
                digests.replaceSubrange(
                    unit * unitBytes..<(unit + 1) * unitBytes, with: own.bytes(unitBytes))
            }
        }
    }

    static let streamCheaters: [Cheater] = [
        stream(
            "stream: a third of the blocks never touched",
            forge: { forger, lots in
                forger.change = guesses(33, unitBytes: StreamForger.digestBytes, &lots)
            }),
        stream(
            "stream: blocked in time, with the factors of the first pass",
            forge: { forger, _ in
                let first = forger.key.firstRoot
                forger.factorFrom = { pass, root in pass <= 4 ? first : root }
            }),
        stream(
            "stream: a closed form of the linear part",
            forge: { forger, _ in forger.keeps = { $1 &+ $3 &* $2 } }),
        stream(
            "stream: openings withheld where nothing was computed",
            change: { $0.removeLast($0.count / 2) }),
        stream(
            "stream: other openings than were asked for",
            change: { proofs in
                for index in proofs.indices { proofs[index] = proofs[0] }
            }),
    ]

    /// Half of the steps of the lanes of a kernel.
    private static func lazy(_ what: String, _ kernel: String) -> Cheater {
        lanes(
            "\(what): half of the steps", kernel: kernel,
            forge: { forger, _ in forger.stepsDone = { $0 / 2 } })
    }

    static let laneCheaters: [Cheater] = [
        lazy("multiply-adds", "cpu.fma-chain.1t"), lazy("integers", "cpu.int-mix.1t"),
        lazy("transforms", "cpu.ntt.mt"), lazy("attention", "cpu.attention.mt"),
        lazy("convolution", "cpu.conv2d.mt"),
        lanes(
            "integers: the first round's table and lanes again", kernel: "cpu.int-mix.1t",
            forge: { forger, _ in
                let first = forger.key.firstRoot
                forger.keyedBy = { _, _ in first }
            }),
        lanes(
            "multiply-adds: a third of the lanes guessed", kernel: "cpu.fma-chain.1t",
            forge: { forger, lots in
                forger.change = guesses(33, unitBytes: LaneComputation.digestBytes, &lots)
            }),
        lanes(
            "lanes: a third never computed",
            forge: { forger, lots in
                forger.change = guesses(33, unitBytes: LaneComputation.digestBytes, &lots)
            }),
        lanes("lanes: half of the steps", forge: { forger, _ in forger.stepsDone = { $0 / 2 } }),
        lanes(
            "lanes: all rounds at once, keyed by the first root",
            forge: { forger, _ in
                let first = forger.key.firstRoot
                forger.keyedBy = { _, _ in first }
            }),
    ]
}
