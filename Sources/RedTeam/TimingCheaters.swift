// Provers that do the work and lie about the time.
//
// Caught means: what is on record is not a nanosecond less than the work took by this process's own
// clock, or the run that was too slow stands on record as a failure.

import Benchmarking
import Platform
import Primitives

extension Cheater {
    /// Answers honestly, but takes at least `delay` for the work; gives the time from the seed's
    /// arrival to the commitment's leaving.
    static func answerHonestly(
        _ conversation: inout Conversation, delay: Duration
    ) async throws(Refusal) -> UInt64 {
        let key = try await conversation.start()
        let start = SystemClock.monotonicNanoseconds()
        guard let prepare = conversation.prepare,
            let answer = HonestAnswer(key, prepare)
        else { throw Refusal("arena.protocol", "nobody here answers this kernel") }
        if delay > .zero { try? await Task.sleep(for: delay) }
        let took = SystemClock.monotonicNanoseconds() - start
        try await answer.show(&conversation, key)
        return took
    }

    /// A prover that tries to look faster; its recorded time must hold what it really took.
    static func liar(
        _ name: String, kernel: String = "cpu.sgemm.mt", delay: Duration = .milliseconds(20),
        extra: [JSON.Member] = [],
        agentName: String = "x", pause: Duration = .zero
    ) -> Cheater {
        Cheater(name, .timing) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            if pause > .zero { try? await Task.sleep(for: pause) }
            var conversation = try await machine.open(
                kernel, extra: extra, agentName: agentName)
            if pause > .zero { try? await Task.sleep(for: pause) }
            let took = try await answerHonestly(&conversation, delay: delay)
            guard let verdict = conversation.verdict, verdict["passed"]?.flag == true,
                let measured = verdict["nanoseconds"]?.unsigned
            else { return .missed(conversation.verdict?["code"]?.text ?? "no verdict") }
            guard let sample = try await machine.record()["samples"]?.elements?.last,
                sample["nanoseconds"]?.unsigned == measured, measured >= took
            else { return .missed("\(measured) ns measured, \(took) ns taken") }
            return .caught("no time gained")
        }
    }

    static let boast: [JSON.Member] = [
        JSON.Member("nanoseconds", .int(1)), JSON.Member("rate", .int(UInt64.max)),
        JSON.Member("work", .int(UInt64.max)), JSON.Member("started_at", .int(0)),
        JSON.Member("elapsed", .string("1ns")),
    ]

    static let timingCheaters: [Cheater] = [
        liar("says itself how long it took", extra: boast, agentName: "nanoseconds=1"),
        liar(
            "makes its ping look long, to have it subtracted", pause: .milliseconds(15)),
        liar(
            "dates its messages back",
            extra: [JSON.Member("timestamp", .int(0)), JSON.Member("date", .string("1970"))]),
        Cheater("gives up when it is slow", .timing) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("cpu.sgemm.mt")
            _ = try await conversation.start()
            _ = try await conversation.say(
                .abort(session: conversation.sessionDigest, reason: "not this time"))
            return try await machine.judged(conversation)
        },
        Cheater("hangs up when it is slow and tries again", .timing) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("cpu.sgemm.mt")
            _ = try await conversation.start()
            var again = try await machine.open("cpu.sgemm.mt")
            let outcome = try await machine.onRecord("challenge.aborted")
            try await again.leave()
            return outcome
        },
        Cheater("commits at once to anything and computes afterwards", .timing) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("cpu.sgemm.mt")
            let key = try await conversation.start()
            guard let prepare = conversation.prepare,
                let forger = MatrixForger(key, prepare.parameters)
            else { throw Refusal("arena.protocol", "this is no matrix chain") }
            var answer = forger.answer()
            answer.committed = answer.roots.map { _ in Digest(lots.bytes(32)) ?? .zero }
            try await answer.show(&conversation, key)
            return try await machine.judged(conversation)
        },
    ]
}
