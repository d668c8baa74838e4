// Provers whose answers are right and whose machines are not what they say.
//
// What cannot be seen from outside is said in `Benchmarking.swift`: these show what a cheater of
// the kind gains here, which is nothing.

import Benchmarking
import Platform
import Primitives

extension Cheater {
    static let systemCheaters: [Cheater] = [
        Cheater("relays to a far machine", .system) { (arena, lots) throws(Refusal) in
            // The way there and back is in the time that counts.
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("cpu.sgemm.mt")
            let way = Duration.milliseconds(30)
            _ = try await answerHonestly(&conversation, delay: way)
            guard let measured = conversation.verdict?["nanoseconds"]?.unsigned,
                measured >= 30_000_000
            else { return .missed("the way was not counted") }
            return .caught("the way counts")
        },
        Cheater("goes fast once and throttles", .system) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var fast = try await machine.open("cpu.sgemm.mt")
            _ = try await answerHonestly(&fast, delay: .zero)
            let before = try await bound(of: machine)
            let took = fast.verdict?["nanoseconds"]?.unsigned ?? 0
            for _ in 0..<2 {
                var slow = try await machine.open("cpu.sgemm.mt")
                _ = try await answerHonestly(
                    &slow, delay: .nanoseconds(Int64(clamping: 4 * took)))
            }
            let after = try await bound(of: machine)
            return after < before / 2
                ? .caught("lower bound") : .missed("\(before) fell to \(after) only")
        },
        Cheater("is honest on one kernel and fails another", .system) {
            (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var good = try await machine.open("cpu.sgemm.mt")
            _ = try await answerHonestly(&good, delay: .zero)
            var bad = try await machine.open("mem.stream-chain.mt")
            _ = try await bad.start()
            _ = try await bad.say(.abort(session: bad.sessionDigest, reason: "no"))
            let record = try await machine.record()
            guard record["points"]?["headline"]?.unsigned == 0,
                record["quarantine"]?.text?.isEmpty == false
            else { return .missed("it has \(record["points"] ?? .null)") }
            return .caught("no points, no work")
        },
        Cheater("never runs the kernel it is bad at", .system) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var good = try await machine.open("cpu.sgemm.mt")
            _ = try await answerHonestly(&good, delay: .zero)
            let points = try await machine.record()["points"]
            return points?["headline"]?.unsigned == 0
                ? .caught("no points") : .missed("it has \(points ?? .null)")
        },
        Cheater("withholds the proof", .system) { (arena, lots) throws(Refusal) in
            let machine = try await arena.machine(owner: Int(lots.next(below: 4)))
            var conversation = try await machine.open("cpu.sgemm.mt")
            let key = try await conversation.start()
            guard let prepare = conversation.prepare,
                let forger = MatrixForger(key, prepare.parameters)
            else { throw Refusal("arena.protocol", "this is no matrix chain") }
            let answer = forger.answer()
            _ = try await conversation.commit(key, to: answer.roots, showing: answer.roots)
            return try await machine.abandoned("challenge.late-proof")
        },
        Cheater("shows a machine's answer under another one's name", .system) {
            (arena, lots) throws(Refusal) in
            let owner = Int(lots.next(below: 4))
            let real = try await arena.machine(owner: owner)
            let fake = try await arena.machine(owner: owner)
            var conversation = try await real.open("cpu.sgemm.mt")
            let session = conversation.sessionDigest.hex
            _ = try await conversation.start()
            // The fake machine speaks in the real one's challenge.
            let outcome: Cheater.Outcome
            do throws(Refusal) {
                _ = try await fake.post(
                    "/api/v1/provider/challenge",
                    [
                        "kernel": "cpu.sgemm.mt", "session": .string(session),
                        "message": .string(
                            Hex.encode(
                                ChallengeMessage.commit(
                                    session: conversation.sessionDigest, commitment: .zero
                                ).encoded)),
                    ])
                outcome = .missed("another machine's challenge was answered")
            } catch {
                outcome =
                    error.code == "challenge.unknown" ? .caught(error.code) : .missed(error.code)
            }
            try await conversation.leave()
            return outcome
        },
    ]

    private static func bound(
        of machine: Contestant, kernel: String = "cpu.sgemm.mt"
    ) async throws(Refusal) -> UInt64 {
        let scores = try await machine.record()["scores"]?.elements ?? []
        return scores.first { $0["kernel"]?.text == kernel }?["lower_bound"]?.unsigned ?? 0
    }

    /// One device that plays several machines of an owner, each with its own key.
    ///
    /// Alone each proves the device's whole speed. Called at the same instant they share it: the
    /// device answers one after the other. Gives how many of them were seen to be slower than they
    /// said, of how many.
    static func oneDeviceAsMany(
        _ arena: Arena, machines count: Int, kernel: String, pace: Duration
    ) async throws(Refusal) -> (seen: Int, of: Int) {
        var machines: [Contestant] = []
        for _ in 0..<count { machines.append(try await arena.machine(owner: 1)) }
        for machine in machines {
            var alone = try await machine.open(kernel)
            _ = try await answerHonestly(&alone, delay: pace)
        }
        let device = Device(pace: pace)
        var seen = 0
        let results = await withTaskGroup(of: Bool.self) { group in
            for machine in machines {
                group.addTask { await wasSeen(machine, on: device, kernel) }
            }
            var results: [Bool] = []
            for await result in group { results.append(result) }
            return results
        }
        for result in results where result { seen += 1 }
        return (seen, count)
    }

    /// Waits for the member's call to a kernel, answers it on the shared device, and says whether
    /// the score fell by more than the alarm.
    private static func wasSeen(
        _ machine: Contestant, on device: Device, _ kernel: String
    ) async -> Bool {
        do throws(Refusal) {
            for _ in 0..<800 {
                guard let call = try await machine.poll() else {
                    try? await Task.sleep(for: .milliseconds(50))
                    continue
                }
                var conversation = try await machine.open(call.kernel, call: call.call)
                guard call.kernel == kernel else {
                    // Not the kernel of this trial: before the seed leaves, giving up costs
                    // nothing.
                    _ = try await conversation.say(
                        .abort(session: conversation.sessionDigest, reason: "another kernel"))
                    continue
                }
                let before = try await bound(of: machine, kernel: kernel)
                let key = try await conversation.start()
                guard let prepare = conversation.prepare,
                    let answer = await device.compute(key, prepare)
                else { return false }
                try await answer.show(&conversation, key)
                let samples = try await machine.record()["samples"]?.elements ?? []
                let rate = samples.last?["rate"]?.unsigned ?? 0
                return UInt128(rate) * 10 < UInt128(before) * 8
            }
        } catch {}
        return false
    }
}

/// One device: whoever asks waits until those before are done.
struct Device: Sendable {
    /// What it takes beside the arithmetic: long against whatever else keeps this machine busy.
    let pace: Duration

    private let queue = WaitingLine()

    init(pace: Duration) { self.pace = pace }

    func compute(
        _ key: ChallengeKey, _ prepare: ChallengeMessage.Prepare
    ) async -> HonestAnswer? {
        await queue.enter()
        let answer = HonestAnswer(key, prepare)
        try? await Task.sleep(for: pace)
        await queue.leave()
        return answer
    }
}
