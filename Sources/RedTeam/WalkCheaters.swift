// Provers that forge the walk chain: without the memory, or without waiting for it.

import Benchmarking
import CKernels
import Primitives

/// A walk chain with places to cheat.
struct WalkForger {
    let pages: Int
    let chains: Int
    let steps: Int
    let rounds: Int
    let key: ChallengeKey
    /// Where the prover begins a leaf, told where the one before ended.
    var leafStart: (_ leaf: Int, _ state: UInt64) -> UInt64 = { $1 }
    /// How many steps of each segment it walks.
    var stepsDone: (Int) -> Int = { $0 }
    /// How many pages of the table it has.
    var pagesMade: (Int) -> Int = { $0 }
    /// Whether it makes a page that it does not have for every read of it, instead of reading
    /// another.
    var makesWhatLacks = false
    /// The key that it makes the table from.
    var tableKey: [UInt8]
    /// What it keeps of an entry.
    var keeps: (UInt64) -> UInt64 = { $0 }
    /// The root that it starts a round from.
    var startsFrom: (_ round: Int, _ root: Digest) -> Digest = { $1 }
    /// What it does to the states of a round before it commits to them.
    var change: (_ round: Int, _ states: inout [UInt8]) -> Void = { _, _ in }

    /// An honest chain of a challenge; nil for another kernel's.
    init?(_ key: ChallengeKey, _ parameters: ChallengeParameters) {
        guard case .walkChain(let pages, let chains, let steps, let rounds, _) = parameters else {
            return nil
        }
        self.pages = Int(pages)
        self.chains = Int(chains)
        self.steps = Int(steps)
        self.rounds = Int(rounds)
        self.key = key
        tableKey = key.start
    }

    /// The pages that it has.
    private func table() -> [UInt64] {
        let made = pagesMade(pages)
        var table = [UInt64](repeating: 0, count: made * Int(MEMORY_PAGE_ENTRIES))
        memory_fill(tableKey, 0, made, &table)
        return table.map(keeps)
    }

    /// Where a walk ends.
    private func walk(_ table: [UInt64], from state: UInt64, steps: Int) -> UInt64 {
        guard makesWhatLacks else {
            return memory_walk(table, UInt64(table.count), state, UInt64(steps))
        }
        let entries = UInt64(pages) * UInt64(MEMORY_PAGE_ENTRIES)
        var state = state
        for _ in 0..<steps {
            // The walk through the whole table, a read at a time, wherever the entry comes from.
            let entry = Int(state.multipliedFullWidth(by: entries).high)
            if entry < table.count {
                state = (state ^ table[entry]) &* 0xBF58_476D_1CE4_E5B9
                state ^= state >> 29
            } else {
                state = memory_replay(key.start, entries, state, 1)
            }
        }
        return state
    }

    /// Runs the chain.
    func answer() -> UnitAnswer {
        var answer = UnitAnswer(leafBytes: WalkChainShape.leafBytes)
        let table = table()
        var root = key.firstRoot
        for round in 1...rounds {
            let roundKey = key.round(round, after: startsFrom(round, root))
            var content: [UInt8] = []
            for chain in 0..<chains {
                var state = WalkChainShape.start(roundKey, chain: chain)
                for leaf in 0..<WalkChainShape.leavesPerChain {
                    state = leafStart(leaf, state)
                    withUnsafeBytes(of: state.littleEndian) { content += $0 }
                    for _ in 0..<WalkChainShape.segmentsPerLeaf {
                        state = walk(table, from: state, steps: stepsDone(steps))
                        withUnsafeBytes(of: state.littleEndian) { content += $0 }
                    }
                }
            }
            change(round, &content)
            root = answer.add(content)
        }
        return answer
    }
}

extension Cheater {
    static func walk(
        _ name: String, kernel: String = "mem.chase.1t",
        forge: @escaping @Sendable (inout WalkForger, inout SplitMix64) -> Void
    ) -> Cheater {
        Cheater(name, .forging) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open(kernel)
            let key = try await conversation.start()
            guard let prepare = conversation.prepare,
                var forger = WalkForger(key, prepare.parameters)
            else { throw Refusal("arena.protocol", "this is no walk chain") }
            forge(&forger, &lots)
            try await forger.answer().show(&conversation, key)
            return try await machine.judged(conversation)
        }
    }

    static let walkCheaters: [Cheater] = [
        walk(
            "walk: all leaves at once, so that nothing waits",
            forge: { forger, lots in
                let seed = lots.next()
                forger.leafStart = { leaf, state in
                    leaf == 0 ? state : seed &* UInt64(2 * leaf + 1)
                }
            }),
        walk(
            "walk: a third of the states guessed",
            forge: { forger, lots in forger.change = guesses(33, unitBytes: 8, &lots) }),
        walk("walk: half of the reads", forge: { forger, _ in forger.stepsDone = { $0 / 2 } }),
        walk(
            "walk: a table of half the size", kernel: "mem.fill.mt",
            forge: { forger, _ in forger.pagesMade = { $0 / 2 } }),
        walk(
            "walk: every round from the first root, all at once",
            forge: { forger, _ in
                let first = forger.key.firstRoot
                forger.startsFrom = { _, _ in first }
            }),
    ]
}
