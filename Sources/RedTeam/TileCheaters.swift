// Provers that forge the tile chain. With 64 openings of 16 tiles nothing that touches a third of
// them is missed but by a chance of 5e-12.

import Benchmarking
import Primitives

extension Cheater {
    static func tiles(
        _ name: String, kernel: String = "cpu.dgemm.mt",
        forge: @escaping @Sendable (inout TileForger, inout SplitMix64) -> Void = { _, _ in },
        change: @escaping @Sendable (inout [ChallengeMessage.TileProof]) -> Void = { _ in }
    ) -> Cheater {
        Cheater(name, .forging) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open(kernel)
            let key = try await conversation.start()
            guard let prepare = conversation.prepare,
                var forger = TileForger(key, prepare)
            else { throw Refusal("arena.protocol", "this is no tile chain") }
            forge(&forger, &lots)
            try await forger.answer().show(&conversation, key, change)
            return try await machine.judged(conversation)
        }
    }

    /// A sum as a number with 24 significant bits holds it.
    private static func single(_ sum: Int) -> Int { Int(Float(sum)) }

    static let tileCheaters: [Cheater] = [
        tiles(
            "double precision: a third of the entries guessed",
            forge: { forger, lots in
                let honest = forger.step
                var guesses = SplitMix64(seed: lots.next())
                forger.step = { round, state, drawn in
                    honest(round, state, drawn).map {
                        guesses.next(below: 3) == 0
                            ? Int(guesses.next(below: 1_048_573)) - 524_286 : $0
                    }
                }
            }),
        tiles(
            "double precision: sums in single precision",
            forge: { forger, _ in
                let (size, residues) = (forger.size, forger.residues)
                forger.step = {
                    TileForger.product($1, $2, size: size, residues, rounding: single)
                }
            }),
        tiles(
            "double precision: operands of eleven bits, for two products in single precision",
            forge: { forger, _ in
                let honest = forger.step
                forger.step = { honest($0, $1.map { $0 / 512 * 512 }, $2.map { $0 / 512 * 512 }) }
            }),
        tiles(
            "double precision: all operands from the first root",
            forge: { forger, _ in
                let first = forger.key.firstRoot
                forger.drawsFrom = { _, _ in first }
            }),
        tiles(
            "double precision: entries out of range",
            forge: { forger, _ in
                let (honest, modulus) = (forger.step, forger.residues.modulus)
                forger.step = { round, state, drawn in
                    honest(round, state, drawn).map { $0 + modulus }
                }
            }),
        tiles(
            "double precision: one tile shown for all",
            change: { proofs in
                for index in proofs.indices { proofs[index] = proofs[0] }
            }),
        tiles(
            "double precision: the panels of other tiles",
            change: { proofs in
                guard let full = proofs.first(where: { !$0.panel.isEmpty }) else { return }
                proofs = proofs.map {
                    ChallengeMessage.TileProof(
                        opening: $0.opening, panel: full.panel.reversed(),
                        panelPath: full.panelPath, tile: $0.tile, tilePath: $0.tilePath,
                        columnPath: $0.columnPath)
                }
            }),
    ]
}
