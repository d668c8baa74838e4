// Provers that cheat on the matrix chain, each over several trials: all must be caught, each by the
// check that is meant for it.

import Primitives
import Testing

@testable import Benchmarking

struct Cheat: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let code: String
    /// Makes the answer; told the chain's key, and lots for where to cheat.
    let forge: @Sendable (_ key: ChallengeKey, _ lots: inout SplitMix64) -> MatrixAnswer

    init(
        _ name: String, _ code: String,
        forge: @escaping @Sendable (_ key: ChallengeKey, _ lots: inout SplitMix64) -> MatrixAnswer
    ) {
        testDescription = name
        self.code = code
        self.forge = forge
    }
}

private let size = 64
private let rounds = 4

private func honest(_ state: [Int8], _ drawn: [Int8]) -> [Int8] {
    ForgedMatrixChain.product(state, drawn, size: size)
}

private func random(_ lots: inout SplitMix64) -> [Int8] {
    (0..<size * size).map { _ in Int8(Int(lots.next(below: 127)) - 63) }
}

private func chain(
    _ key: ChallengeKey,
    _ step: @escaping (_ round: Int, _ state: [Int8], _ drawn: [Int8]) -> [Int8] = {
        honest($1, $2)
    }
) -> ForgedMatrixChain {
    ForgedMatrixChain(size: size, rounds: rounds, key: key, step: step)
}

/// Leaves out a share of the 8 x 8 tiles of every round, filling them with guesses.
private func skipping(percent: UInt64, _ key: ChallengeKey, _ lots: inout SplitMix64)
    -> MatrixAnswer
{
    var guesses = SplitMix64(seed: lots.next())
    return chain(key) { round, state, drawn in
        var result = honest(state, drawn)
        for tile in 0..<64 {
            // One tile at least, or nothing was skipped.
            guard guesses.next(below: 100) < percent || (round == 1 && tile == 0) else { continue }
            for entry in 0..<64 {
                let index = (tile / 8 * 8 + entry / 8) * size + tile % 8 * 8 + entry % 8
                result[index] = Int8(Int(guesses.next(below: 127)) - 63)
            }
        }
        return result
    }.answer()
}

private func quantised(_ matrix: [Int8]) -> [Int8] { matrix.map { $0 / 4 * 4 } }

private let wrongProduct = "challenge.wrong-product"

private let cheats: [Cheat] = [
    Cheat("zeros", wrongProduct) { key, _ in
        chain(key) { _, state, _ in state.map { _ in 0 } }.answer()
    },
    Cheat("an old answer again", "challenge.commitment-mismatch") { key, lots in
        let old = Digest(lots.bytes(32)) ?? .zero
        var answer = chain(Forgery.otherKey(seed: old)).answer()
        answer.commitmentRoots = [Digest.zero] + answer.roots.dropFirst()
        return answer
    },
    Cheat("an old answer, committed to anew", wrongProduct) { key, lots in
        chain(Forgery.otherKey(seed: Digest(lots.bytes(32)) ?? .zero)).answer()
    },
    Cheat("random matrices with consistent roots", wrongProduct) { key, lots in
        var guesses = SplitMix64(seed: lots.next())
        return chain(key) { _, _, _ in random(&guesses) }.answer()
    },
    Cheat("10 % of the tiles left out", wrongProduct) { key, lots in
        skipping(percent: 10, key, &lots)
    },
    Cheat("1 % of the tiles left out", wrongProduct) { key, lots in
        skipping(percent: 1, key, &lots)
    },
    Cheat("one wrong entry in the last round", wrongProduct) { key, lots in
        let index = Int(lots.next(below: UInt64(size * size)))
        return chain(key) { round, state, drawn in
            var result = honest(state, drawn)
            if round == rounds { result[index] = result[index] == 63 ? 62 : result[index] + 1 }
            return result
        }.answer()
    },
    Cheat("a product of rank 8", wrongProduct) { key, _ in
        chain(key) { ForgedMatrixChain.product($1, $2, size: size, depth: 8) }.answer()
    },
    Cheat("5 % of the depth left out", wrongProduct) { key, _ in
        chain(key) { ForgedMatrixChain.product($1, $2, size: size, depth: size * 95 / 100) }
            .answer()
    },
    Cheat("operands of five bits", wrongProduct) { key, _ in
        chain(key) { honest(quantised($1), quantised($2)) }.answer()
    },
    Cheat("a lie on a root in the middle", "challenge.root-mismatch") { key, lots in
        let lie = Digest(lots.bytes(32)) ?? .zero
        var forged = chain(key)
        forged.rootOf = { $0 == 2 ? lie : $1 }
        return forged.answer()
    },
    Cheat("another matrix shown than committed to", "challenge.root-mismatch") { key, lots in
        var answer = chain(key).answer()
        let index = Int(lots.next(below: UInt64(size * size)))
        answer.states[rounds - 1][index] = answer.states[rounds - 1][index] == 0 ? 1 : 0
        return answer
    },
    Cheat("other roots shown than committed to", "challenge.commitment-mismatch") { key, lots in
        var answer = chain(key).answer()
        answer.roots[1] = Digest(lots.bytes(32)) ?? .zero
        return answer
    },
    Cheat("the last round left out", wrongProduct) { key, _ in
        chain(key) { $0 == rounds ? $1 : honest($1, $2) }.answer()
    },
    Cheat("one round fewer", "challenge.roots-count") { key, _ in
        var answer = chain(key).answer()
        answer.roots.removeLast()
        answer.commitmentRoots.removeLast()
        return answer
    },
    Cheat("entries out of range", "challenge.out-of-range") { key, lots in
        let index = Int(lots.next(below: UInt64(size * size)))
        return chain(key) { round, state, drawn in
            var result = honest(state, drawn)
            if round == 3 { result[index] = result[index] >= 0 ? result[index] - 127 : -128 }
            return result
        }.answer()
    },
    Cheat("the bytes of a NaN", "challenge.out-of-range") { key, _ in
        var answer = chain(key).answer()
        for (index, byte) in [0x00, 0x00, 0xC0, 0x7F].enumerated() {
            answer.states[0][index] = Int8(truncatingIfNeeded: byte)
        }
        return answer
    },
    Cheat("the transpose left out", wrongProduct) { key, _ in
        chain(key) { honest(ForgedMatrixChain.transposed($1, size: size), $2) }.answer()
    },
    Cheat("the same operand in every round", wrongProduct) { key, _ in
        let first = chain(key).draw(key.round(1, after: key.firstRoot))
        return chain(key) { _, state, _ in honest(state, first) }.answer()
    },
    Cheat("a matrix of another size", "challenge.proof-order") { key, _ in
        var answer = chain(key).answer()
        answer.states[0].removeLast(32 * size)
        answer.states[0].removeLast(1)
        return answer
    },
]

enum Forgery {
    static func otherKey(seed: Digest, provider: Address = Harness.provider) -> ChallengeKey {
        ChallengeKey(
            seed: seed, provider: provider, session: .zero,
            kernel: .init(name: "cpu.sgemm.1t", version: 1),
            parameters: .matrixChain(size: UInt32(size), rounds: UInt32(rounds)))
    }
}

@Suite struct MatrixRedTeamTests {
    @Test(arguments: cheats)
    func `a cheating prover is caught every time`(cheat: Cheat) throws {
        for trial in 0..<4 as Range<UInt64> {
            var lots = SplitMix64(seed: 1000 + trial)
            var verifier = try Harness.verifier(try Harness.matrix(), trial: trial)
            Harness.start(&verifier)
            let key = Harness.key(verifier)
            let verdict = cheat.forge(key, &lots).show(to: &verifier, key: key)
            #expect(verdict?.outcome == .failed)
            #expect(verdict?.code == cheat.code)
            #expect(verdict?.sample == nil)
        }
    }

    @Test func `another provider's right answer is wrong`() throws {
        for trial in 0..<4 as Range<UInt64> {
            var verifier = try Harness.verifier(try Harness.matrix(), trial: trial)
            Harness.start(&verifier)
            let stolen = chain(Harness.key(verifier, provider: Address(high: 2))).answer()
            let verdict = stolen.show(to: &verifier, key: Harness.key(verifier))
            #expect(verdict?.code == wrongProduct)
        }
    }

    @Test func `the slow prover, honest, is accepted`() throws {
        for trial in 0..<4 as Range<UInt64> {
            var verifier = try Harness.verifier(try Harness.matrix(), trial: trial)
            Harness.start(&verifier)
            let key = Harness.key(verifier)
            let verdict = chain(key).answer().show(to: &verifier, key: key)
            #expect(verdict?.outcome == .accepted)
        }
    }

    @Test func `a change of any single entry is caught`() throws {
        var lots = SplitMix64(seed: 5)
        for trial in 0..<24 as Range<UInt64> {
            var verifier = try Harness.verifier(try Harness.matrix(rounds: 2), trial: trial)
            Harness.start(&verifier)
            let key = Harness.key(verifier)
            let round = 1 + Int(lots.next(below: 2))
            let index = Int(lots.next(below: UInt64(size * size)))
            let change = 1 + Int(lots.next(below: 126))
            let forged = ForgedMatrixChain(size: size, rounds: 2, key: key) { at, state, drawn in
                var result = honest(state, drawn)
                guard at == round else { return result }
                let moved = (Int(result[index]) + change + 63) % 127 - 63
                result[index] = Int8(moved)
                return result
            }
            #expect(forged.answer().show(to: &verifier, key: key)?.code == wrongProduct)
        }
    }
}
