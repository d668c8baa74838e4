// Provers whose answers are right and whose machines are not what they say.
//
// What cannot be seen from outside is said in `Benchmarking.swift`: these show what a cheater of
// the kind gains here, which is nothing.

import Benchmarking
import Platform
import Primitives
import Synchronization

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

    fileprivate static func bound(
        of machine: Contestant, kernel: String = "cpu.sgemm.mt"
    ) async throws(Refusal) -> UInt64 {
        let scores = try await machine.record()["scores"]?.elements ?? []
        return scores.first { $0["kernel"]?.text == kernel }?["lower_bound"]?.unsigned ?? 0
    }

    /// What the machines of one device do when they are called together.
    enum Together: Sendable {
        /// They share the device.
        case share
        /// One has it; the others say that they are ready so much later.
        case comeLate(Duration)
        /// One has it; the others give up before the seed leaves.
        case giveUp
    }

    /// One device that plays several machines of an owner, each with its own key.
    ///
    /// Alone each proves the device's whole speed. Called at the same instant they share it: the
    /// device answers one after the other. Gives how many of them were seen to be slower than they
    /// said, or not to have come, of how many.
    ///
    /// - Parameter unseen: how many of them may keep their score.
    static func oneDeviceAsMany(
        _ arena: Arena, machines count: Int, unseen: Int, kernel: String, pace: Duration,
        _ together: Together
    ) async throws(Refusal) -> (seen: Int, of: Int) {
        var machines: [Contestant] = []
        for _ in 0..<count { machines.append(try await arena.machine(owner: 1)) }
        for machine in machines {
            var alone = try await machine.open(kernel)
            _ = try await answerHonestly(&alone, delay: pace)
        }
        let device = Device(pace: pace)
        let sightings = Sightings(enough: count - unseen)
        await withTaskGroup(of: Void.self) { group in
            for (number, machine) in machines.enumerated() {
                let way = number == 0 ? .share : together
                group.addTask { await machine.answerCalls(to: kernel, on: device, way, sightings) }
            }
        }
        return (sightings.count, count)
    }
}

/// How many machines of one device were seen for what they are.
private final class Sightings: Sendable {
    private let enough: Int
    private let seen = Mutex(0)

    /// - Parameter enough: how many suffice.
    init(enough: Int) { self.enough = enough }

    var count: Int { seen.withLock { $0 } }

    var isOver: Bool { count >= enough }

    func add() { seen.withLock { $0 += 1 } }
}

extension Contestant {
    /// How long a machine waits for calls, in looks of 50 milliseconds.
    private static let looks = 800

    /// Answers the member's calls to a kernel on a device that others share, until enough of them
    /// are seen. One that was called before the others had anything to lose goes on.
    fileprivate func answerCalls(
        to kernel: String, on device: Device, _ together: Cheater.Together, _ sightings: Sightings
    ) async {
        do throws(Refusal) {
            let alone = try await Cheater.bound(of: self, kernel: kernel)
            for _ in 0..<Contestant.looks where !sightings.isOver {
                guard let call = try await poll() else {
                    try? await Task.sleep(for: .milliseconds(50))
                    continue
                }
                // A call that is over by now is no call.
                guard var conversation = try? await open(call.kernel, call: call.call) else {
                    continue
                }
                guard call.kernel == kernel else {
                    // Not the kernel of this trial: it has no score to lose by giving up.
                    try await conversation.giveUp()
                    continue
                }
                guard try await wasSeen(&conversation, kernel, alone, device, together) else {
                    continue
                }
                return sightings.add()
            }
        } catch {}
    }

    /// Answers one call, and says whether the score fell by more than the alarm; or does not, and
    /// says whether the score is gone.
    private func wasSeen(
        _ conversation: inout Conversation, _ kernel: String, _ alone: UInt64, _ device: Device,
        _ together: Cheater.Together
    ) async throws(Refusal) -> Bool {
        switch together {
        case .share: break
        case .comeLate(let wait):
            try? await Task.sleep(for: wait)
            _ = try? await conversation.start()
            return try await Cheater.bound(of: self, kernel: kernel) == 0
        case .giveUp:
            try await conversation.giveUp()
            return try await Cheater.bound(of: self, kernel: kernel) == 0
        }
        let key = try await conversation.start()
        guard let prepare = conversation.prepare, let answer = await device.compute(key, prepare)
        else { return false }
        try await answer.show(&conversation, key)
        let samples = try await record()["samples"]?.elements ?? []
        let rate = samples.last?["rate"]?.unsigned ?? 0
        return UInt128(rate) * 10 < UInt128(alone) * 8
    }
}

extension Conversation {
    /// Gives up before the seed leaves.
    fileprivate mutating func giveUp() async throws(Refusal) {
        _ = try await say(.abort(session: sessionDigest, reason: "not now"))
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
