// Provers that forge the matrix chain.

import Benchmarking
import Primitives

extension Cheater {
    private typealias Forge =
        @Sendable (_ forger: inout MatrixForger, _ lots: inout SplitMix64) -> Void
    private typealias Change =
        @Sendable (_ answer: inout MatrixAnswer, _ lots: inout SplitMix64) -> Void

    /// A prover that computes another chain, or shows another answer than it computed.
    private static func matrix(
        _ name: String, kernel: String = "cpu.sgemm.mt", forge: @escaping Forge = { _, _ in },
        change: @escaping Change = { _, _ in }
    ) -> Cheater {
        Cheater(name, .forging) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open(kernel)
            let key = try await conversation.start()
            guard let prepare = conversation.prepare,
                var forger = MatrixForger(key, prepare.parameters)
            else { throw Refusal("arena.protocol", "this is no matrix chain") }
            forge(&forger, &lots)
            var answer = forger.answer()
            change(&answer, &lots)
            try await answer.show(&conversation, key)
            return try await machine.judged(conversation)
        }
    }

    /// A chain grown from another key than the challenge's.
    private static func otherKey(
        _ name: String, _ key: @escaping @Sendable (Conversation, inout SplitMix64) -> ChallengeKey?
    ) -> Cheater {
        Cheater(name, .forging) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("cpu.sgemm.mt")
            let right = try await conversation.start()
            guard let prepare = conversation.prepare, let wrong = key(conversation, &lots),
                let forger = MatrixForger(wrong, prepare.parameters)
            else { throw Refusal("arena.protocol", "this is no matrix chain") }
            try await forger.answer().show(&conversation, right)
            return try await machine.judged(conversation)
        }
    }

    private static func key(
        _ conversation: Conversation, seed: Digest, provider: Address? = nil,
        session: Digest? = nil
    ) -> ChallengeKey? {
        conversation.prepare.map {
            ChallengeKey(
                seed: seed, provider: provider ?? conversation.machine.agent,
                session: session ?? $0.session, kernel: $0.kernel, parameters: $0.parameters)
        }
    }

    /// A sum as a number with so many significant bits holds it.
    static func rounded(_ sum: Int, bits: Int) -> Int {
        let shift = max(0, Int.bitWidth - sum.magnitude.leadingZeroBitCount - bits)
        return (sum >> shift) << shift
    }

    private static func guess(_ lots: inout SplitMix64) -> Int8 {
        Int8(Int(lots.next(below: 127)) - 63)
    }

    /// Fills a share of the 8 x 8 tiles of every round with guesses, one tile at least.
    private static func skipping(_ percent: UInt64) -> Forge {
        { forger, lots in
            var guesses = SplitMix64(seed: lots.next())
            let (size, honest) = (forger.size, forger.step)
            forger.step = { round, state, drawn in
                var result = honest(round, state, drawn)
                let across = size / 8
                for tile in 0..<across * across
                where guesses.next(below: 100) < percent || (round == 1 && tile == 0) {
                    for entry in 0..<64 {
                        let row = tile / across * 8 + entry / 8
                        result[row * size + tile % across * 8 + entry % 8] = guess(&guesses)
                    }
                }
                return result
            }
        }
    }

    static let matrixCheaters: [Cheater] = [
        matrix(
            "zeros", forge: { forger, _ in forger.step = { _, state, _ in state.map { _ in 0 } } }),
        otherKey("an old answer again") { conversation, lots in
            key(conversation, seed: Digest(lots.bytes(32)) ?? .zero, session: .zero)
        },
        otherKey("another provider's answer") { conversation, lots in
            key(
                conversation, seed: conversation.seed ?? .zero,
                provider: Address(lots.bytes(20)) ?? .zero)
        },
        otherKey("the proof of another session") { conversation, lots in
            key(conversation, seed: conversation.seed ?? .zero, session: Digest(lots.bytes(32)))
        },
        matrix(
            "random matrices with consistent roots",
            forge: { forger, lots in
                var guesses = SplitMix64(seed: lots.next())
                forger.step = { _, state, _ in state.map { _ in guess(&guesses) } }
            }),
        matrix("10 % of the tiles left out", forge: skipping(10)),
        matrix("1 % of the tiles left out", forge: skipping(1)),
        matrix(
            "one wrong entry",
            forge: { forger, lots in
                let honest = forger.step
                let place = Int(lots.next(below: UInt64(forger.size * forger.size)))
                let at = 1 + Int(lots.next(below: UInt64(forger.rounds)))
                forger.step = { round, state, drawn in
                    var result = honest(round, state, drawn)
                    if round == at { result[place] = result[place] == 63 ? 62 : result[place] + 1 }
                    return result
                }
            }),
        matrix(
            "a product of rank 8",
            forge: { forger, _ in
                let size = forger.size
                forger.step = { MatrixForger.product($1, $2, size: size, depth: 8) }
            }),
        matrix(
            "5 % of the depth left out",
            forge: { forger, _ in
                let size = forger.size
                forger.step = { MatrixForger.product($1, $2, size: size, depth: size * 95 / 100) }
            }),
        matrix(
            "operands of five bits",
            forge: { forger, _ in
                let honest = forger.step
                forger.step = { honest($0, $1.map { $0 / 4 * 4 }, $2.map { $0 / 4 * 4 }) }
            }),
        matrix(
            "sums in eight bits of precision",
            forge: { forger, _ in
                let size = forger.size
                forger.step = {
                    MatrixForger.product($1, $2, size: size) { rounded($0, bits: 8) }
                }
            }),
        matrix(
            "a lie on a root in the middle",
            forge: { forger, lots in
                let lie = Digest(lots.bytes(32)) ?? .zero
                forger.rootOf = { $0 == 2 ? lie : $1 }
            }),
        matrix(
            "another matrix shown than committed to",
            change: { answer, lots in
                let last = answer.states.count - 1
                let place = Int(lots.next(below: UInt64(answer.states[last].count)))
                answer.states[last][place] = answer.states[last][place] == 0 ? 1 : 0
            }),
        matrix(
            "other roots shown than committed to",
            change: { answer, lots in answer.roots[1] = Digest(lots.bytes(32)) ?? .zero }),
        matrix(
            "the last round left out",
            forge: { forger, _ in
                let (honest, last) = (forger.step, forger.rounds)
                forger.step = { $0 == last ? $1 : honest($0, $1, $2) }
            }),
        matrix(
            "the bytes of a NaN",
            change: { answer, _ in
                for (index, byte) in [0x00, 0x00, 0xC0, 0x7F].enumerated() {
                    answer.states[0][index] = Int8(truncatingIfNeeded: byte)
                }
            }),
        matrix(
            "entries out of range",
            forge: { forger, lots in
                let honest = forger.step
                let place = Int(lots.next(below: UInt64(forger.size * forger.size)))
                forger.step = { round, state, drawn in
                    var result = honest(round, state, drawn)
                    result[place] = result[place] >= 0 ? result[place] - 127 : -128
                    return result
                }
            }),
        matrix(
            "bytes: operands of four bits", kernel: "cpu.igemm8.mt",
            forge: { forger, _ in
                let honest = forger.step
                forger.step = { honest($0, $1.map { $0 / 8 * 8 }, $2.map { $0 / 8 * 8 }) }
            }),
        matrix(
            "bfloat16: products of eight bits in eight bits", kernel: "cpu.bf16gemm.mt",
            forge: { forger, _ in
                let size = forger.size
                forger.step = {
                    MatrixForger.product($1, $2, size: size) { rounded($0, bits: 8) }
                }
            }),
        matrix(
            "the transpose left out",
            forge: { forger, _ in
                let (honest, size) = (forger.step, forger.size)
                forger.step = { honest($0, MatrixForger.transposed($1, size: size), $2) }
            }),
        matrix(
            "cached operands: the same in every round",
            forge: { forger, _ in
                let (honest, first) = (
                    forger.step, forger.draw(forger.key.round(1, after: forger.key.firstRoot))
                )
                forger.step = { round, state, _ in honest(round, state, first) }
            }),
        matrix(
            "columns split over two boxes that do not wait for each other's root",
            forge: { forger, _ in
                // The far box knows the key, not the near box's half: it draws from the first root.
                let (honest, size, key) = (forger.step, forger.size, forger.key)
                let draw = forger.draw
                forger.step = { round, state, drawn in
                    let far = honest(round, state, draw(key.round(round, after: key.firstRoot)))
                    var result = honest(round, state, drawn)
                    for index in result.indices where index % size >= size / 2 {
                        result[index] = far[index]
                    }
                    return result
                }
            }),
    ]
}
