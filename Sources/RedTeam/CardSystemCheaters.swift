// Owners of cards that lie about the time, or about which kernels the card is good at.

import Benchmarking
import Primitives

extension Cheater {
    static let cardSystemCheaters: [Cheater] = [
        liar(
            "card: shows what its own event timer says", kernel: "gpu.bf16gemm",
            extra: boast + [JSON.Member("device_milliseconds", .int(0))],
            agentName: "elapsed=0.001ms"),
        Cheater("card: commits before the seed has left", .timing) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("gpu.bf16gemm")
            _ = try await conversation.say(
                .commit(
                    session: conversation.sessionDigest,
                    commitment: Digest(lots.bytes(32)) ?? .zero))
            return try await machine.judged(conversation)
        },
        Cheater("card: faster than any card, by committing to a guess", .timing) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("gpu.stream-chain")
            let key = try await conversation.start()
            guard let prepare = conversation.prepare else {
                throw Refusal("arena.protocol", "no PREPARE came")
            }
            // The clock stops here; the work is done afterwards, in whatever time it takes.
            let guess = Digest(lots.bytes(32)) ?? .zero
            _ = try await conversation.say(
                .commit(session: conversation.sessionDigest, commitment: guess))
            guard let roots = StreamForger(key, prepare.parameters)?.answer().trees.map(\.root)
            else { throw Refusal("arena.protocol", "this is no stream chain") }
            _ = try await conversation.say(
                .roots(session: conversation.sessionDigest, roots: roots))
            return try await machine.judged(conversation)
        },
        Cheater("card: never proves the kernel that it is bad at", .system) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            for kernel in ["gpu.igemm8", "gpu.stream-chain", "gpu.mem-fill"] {
                var good = try await machine.open(kernel)
                _ = try await answerHonestly(&good, delay: .zero)
                guard good.verdict?["passed"]?.flag == true else {
                    return .missed("\(kernel) was answered right: \(good.verdict ?? .null)")
                }
            }
            let groups = try await machine.record()["points"]?["groups"]?.elements ?? []
            return groups.contains { $0["group"]?.text == "gpu" }
                ? .missed("it has points for its card") : .caught("no points for the card")
        },
    ]
}
