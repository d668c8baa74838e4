// Owners of cards that forge products: coarser numbers, smaller matrices, tiles left out, answers
// from before. No card is needed to try: what one would answer is computed here, and the member
// checks whole numbers that are the same whoever multiplied them.

import Benchmarking
import Primitives

extension Cheater {
    /// A card that computes another chain of products, or shows another answer than it computed.
    private static func card(
        _ name: String, bytes: Bool = false,
        forge: @escaping @Sendable (inout TileForger, inout SplitMix64) -> Void = { _, _ in },
        change: @escaping @Sendable (inout [ChallengeMessage.TileProof]) -> Void = { _ in }
    ) -> Cheater {
        tiles(
            "card: \(name)", kernel: bytes ? "gpu.igemm8" : "gpu.bf16gemm", forge: forge,
            change: change)
    }

    /// A card whose operands are not what was drawn.
    private static func operands(
        _ name: String, bytes: Bool = false, _ become: @escaping @Sendable (Int) -> Int
    ) -> Cheater {
        card(
            name, bytes: bytes,
            forge: { forger, _ in
                let honest = forger.step
                forger.step = { honest($0, $1.map(become), $2.map(become)) }
            })
    }

    /// A card whose sums are not what they should be, after every `interval` products.
    private static func sums(
        _ name: String, bytes: Bool = false, every interval: Int = .max,
        _ become: @escaping @Sendable (Int) -> Int
    ) -> Cheater {
        card(
            name, bytes: bytes,
            forge: { forger, _ in
                let (size, residues) = (forger.size, forger.residues)
                forger.step = {
                    TileForger.product(
                        $1, $2, size: size, residues, every: interval, rounding: become)
                }
            })
    }

    /// A card that grows its chain from something other than this challenge's key.
    private static func cardGrown(
        _ name: String, kernel: String = "gpu.bf16gemm", isEarly: Bool
    ) -> Cheater {
        Cheater("card: \(name)", .forging) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("gpu.bf16gemm")
            let key = try await conversation.start()
            // The warm-up's seed is known: what grows from it can be ready before this one comes.
            guard let prepare = conversation.prepare,
                let seed = isEarly ? .zero : conversation.seed,
                let answer = HonestAnswer(
                    ChallengeKey(
                        seed: seed, provider: machine.agent, session: prepare.session,
                        kernel: .init(name: kernel, version: 1), parameters: prepare.parameters),
                    prepare)
            else { throw Refusal("arena.protocol", "this is no tile chain") }
            try await answer.show(&conversation, key)
            return try await machine.judged(conversation)
        }
    }

    /// Which entries are not computed, and what stands in their place.
    private static func left(
        _ forger: inout TileForger, _ isLeft: @escaping (_ row: Int, _ column: Int) -> Bool,
        _ instead: @escaping (_ result: [Int], _ state: [Int], _ at: Int) -> Int
    ) {
        let (honest, size) = (forger.step, forger.size)
        forger.step = { round, state, drawn in
            var result = honest(round, state, drawn)
            for row in 0..<size {
                for column in 0..<size where isLeft(row, column) {
                    result[row * size + column] = instead(result, state, row * size + column)
                }
            }
            return result
        }
    }

    /// Of every four operands the two smallest are nothing, as sparse units of a card want them.
    private static func sparse(_ matrix: [Int], size: Int) -> [Int] {
        var matrix = matrix
        for column in 0..<size {
            for first in stride(from: 0, to: size, by: 4) {
                let places = (first..<first + 4).map { $0 * size + column }
                for place in places.sorted(by: { matrix[$0].magnitude < matrix[$1].magnitude })
                    .prefix(2)
                { matrix[place] = 0 }
            }
        }
        return matrix
    }

    static let cardCheaters: [Cheater] = [
        operands("operands of fp8, four bits, for bfloat16") { rounded($0, bits: 4) },
        operands("operands of fp4, two bits, for bfloat16") { rounded($0, bits: 2) },
        operands("operands of four bits for bytes", bytes: true) { $0 / 8 * 8 },
        sums("sums in half precision, every sixteen products", every: 16) {
            min(max(rounded($0, bits: 11), -65_504), 65_504)
        },
        sums("sums of fourteen bits, as fp8 units hold them", every: 16) { rounded($0, bits: 14) },
        sums("sums in bfloat16") { rounded($0, bits: 8) },
        sums("sums of bytes that stop at sixteen bits", bytes: true) {
            min(max($0, -32_768), 32_767)
        },
        card(
            "sparse units: two of four operands left out",
            forge: { forger, _ in
                let (honest, size) = (forger.step, forger.size)
                forger.step = { honest($0, sparse($1, size: size), $2) }
            }),
        card(
            "half of the depth", bytes: true,
            forge: { forger, _ in
                let (size, residues) = (forger.size, forger.residues)
                forger.step = {
                    TileForger.product($1, $2, size: size, residues, depth: size / 2)
                }
            }),
        card(
            "one tile multiplied, and laid over the whole matrix",
            forge: { forger, _ in
                let (size, edge) = (forger.size, TileForger.edge)
                left(&forger, { max($0, $1) >= edge }) { result, _, at in
                    result[at / size % edge * size + at % size % edge]
                }
            }),
        card(
            "half of the tiles skipped: the round before lies there",
            forge: { forger, _ in
                let edge = TileForger.edge
                left(&forger, { $0 / edge != $1 / edge }) { $1[$2] }
            }),
        card(
            "one wrong entry in every tile", bytes: true,
            forge: { forger, lots in
                let (edge, at) = (TileForger.edge, Int(lots.next(below: 1024)))
                left(&forger, { $0 % edge == at / edge && $1 % edge == at % edge }) {
                    result, _, at in
                    result[at] == 63 ? 62 : result[at] + 1
                }
            }),
        card(
            "rounds in parallel: all operands from the first root", bytes: true,
            forge: { forger, _ in
                let first = forger.key.firstRoot
                forger.drawsFrom = { _, _ in first }
            }),
        card(
            "one opened tile shown for all",
            change: { proofs in
                for index in proofs.indices { proofs[index] = proofs[0] }
            }),
        cardGrown("the warm-up's answer, ready before the seed leaves", isEarly: true),
        cardGrown("the answer to another kernel", kernel: "gpu.igemm8", isEarly: false),
        Cheater("card: the product of an earlier session again", .forging) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var earlier = try await machine.open("gpu.bf16gemm")
            let key = try await earlier.start()
            guard let prepare = earlier.prepare, let answer = HonestAnswer(key, prepare) else {
                throw Refusal("arena.protocol", "this is no tile chain")
            }
            try await answer.show(&earlier, key)
            guard earlier.verdict?["passed"]?.flag == true else {
                return .missed("the first answer was right: \(earlier.verdict ?? .null)")
            }
            var conversation = try await machine.open("gpu.bf16gemm")
            try await answer.show(&conversation, try await conversation.start())
            return try await machine.judged(conversation)
        },
    ]
}
