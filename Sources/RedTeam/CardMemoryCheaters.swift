// Owners of cards that claim memory, or a bandwidth, that the card does not have.

import Benchmarking
import Platform
import Primitives

extension Cheater {
    private static func cardStream(
        _ name: String, forge: @escaping @Sendable (inout StreamForger, inout SplitMix64) -> Void
    ) -> Cheater { stream("card: \(name)", kernel: "gpu.stream-chain", forge: forge) }

    private static func cardFill(
        _ name: String, forge: @escaping @Sendable (inout WalkForger, inout SplitMix64) -> Void
    ) -> Cheater { walk("card: \(name)", kernel: "gpu.mem-fill", forge: forge) }

    /// How much longer making what lacks must take than reading it, here where a page is made by a
    /// processor: some thirty times was seen, and on a card it is more.
    private static let dearer: UInt64 = 4

    static let cardMemoryCheaters: [Cheater] = [
        cardStream("arrays of half the size, streamed twice") { forger, _ in
            forger.blocksHeld = { $0 / 2 }
        },
        cardStream("arrays that fit in the cache") { forger, _ in
            forger.blocksHeld = { $0 / 16 }
        },
        cardStream("arrays of 32 bits a word") { forger, _ in
            forger.keeps = { result, _, _, _ in result & 0xFFFF_FFFF }
        },
        cardStream("a closed form of the linear part") { forger, _ in
            forger.keeps = { $1 &+ $3 &* $2 }
        },
        cardStream("blocked in time, with the factors of the first pass") { forger, _ in
            let first = forger.key.firstRoot
            forger.factorFrom = { _, _ in first }
        },
        cardStream("a third of the blocks never touched") { forger, lots in
            forger.change = guesses(33, unitBytes: StreamForger.digestBytes, &lots)
        },
        cardFill("half of the memory that it claims, read twice") { forger, _ in
            forger.pagesMade = { $0 / 2 }
        },
        cardFill("entries of 32 bits, so that twice as many fit") { forger, _ in
            forger.keeps = { $0 & 0xFFFF_FFFF }
        },
        cardFill("the table of an earlier challenge, not made anew") { forger, lots in
            forger.tableKey = lots.bytes(32)
        },
        cardFill("all leaves of a walk at once") { forger, lots in
            let seed = lots.next()
            forger.leafStart = { $0 == 0 ? $1 : seed &* UInt64(2 * $0 + 1) }
        },
        cardFill("half of the reads") { forger, _ in forger.stepsDone = { $0 / 2 } },
        Cheater("card: makes the memory that it lacks, read by read", .system) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("gpu.mem-fill")
            let key = try await conversation.start()
            guard let prepare = conversation.prepare,
                let honest = WalkForger(key, prepare.parameters)
            else { throw Refusal("arena.protocol", "this is no walk chain") }
            var forger = honest
            forger.pagesMade = { $0 / 2 }
            forger.makesWhatLacks = true
            let (answer, took) = timed(forger)
            try await answer.show(&conversation, key)
            // Its answer is right, and its time is no card's that has the memory.
            guard conversation.verdict?["passed"]?.flag == true,
                let measured = conversation.verdict?["nanoseconds"]?.unsigned
            else { return .missed(conversation.verdict?["code"]?.text ?? "no verdict") }
            let whole = min(timed(honest).nanoseconds, timed(honest).nanoseconds)
            guard measured >= took, took >= dearer * whole else {
                return .missed("\(measured) ns measured, \(took) taken, \(whole) with the memory")
            }
            return .caught("the making counts")
        },
    ]

    private static func timed(_ forger: WalkForger) -> (answer: UnitAnswer, nanoseconds: UInt64) {
        let start = SystemClock.monotonicNanoseconds()
        let answer = forger.answer()
        return (answer, SystemClock.monotonicNanoseconds() - start)
    }
}
