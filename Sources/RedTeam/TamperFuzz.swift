// Right answers with one change each: none may be accepted.

import Benchmarking
import Dispatch
import Primitives

/// What came of all changes.
public struct TamperReport: Sendable {
    /// Changes tried.
    public internal(set) var tried = 0
    /// Changes after which the answer was accepted, described.
    public internal(set) var accepted: [String] = []
    /// Unchanged answers that were refused.
    public internal(set) var refusedHonest = 0
    /// Unchanged answers.
    public internal(set) var honest = 0
    /// How often each code refused a change.
    public internal(set) var codes: [String: Int] = [:]

    mutating func add(_ other: TamperReport) {
        tried += other.tried
        accepted += other.accepted
        refusedHonest += other.refusedHonest
        honest += other.honest
        codes.merge(other.codes) { $0 + $1 }
    }
}

/// Fuzzes the verifier with single changes.
public enum TamperFuzz {
    /// Tries `count` changes on `threads` threads, the same for the same seed and threads.
    public static func run(count: Int, seed: UInt64, threads: Int) -> TamperReport {
        let parts = UnsafeMutablePointer<TamperReport>.allocate(capacity: threads)
        parts.initialize(repeating: TamperReport(), count: threads)
        defer {
            parts.deinitialize(count: threads)
            parts.deallocate()
        }
        nonisolated(unsafe) let slots = parts
        DispatchQueue.concurrentPerform(iterations: threads) { index in
            let share = count * (index + 1) / threads - count * index / threads
            var fuzzer = Fuzzer(seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
            slots[index] = fuzzer.run(share)
        }
        var report = TamperReport()
        for index in 0..<threads { report.add(parts[index]) }
        return report
    }
}

/// One thread's fuzzing.
private struct Fuzzer {
    /// A verifier whose clock runs, and the right answer.
    private struct Transcript {
        var verifier: ChallengeVerifier
        var key: ChallengeKey
        var messages: [[UInt8]]
    }

    /// Changes tried on one transcript before another is made.
    private static let changesPerTranscript = 400

    private var lots: SplitMix64
    private var report = TamperReport()

    init(seed: UInt64) { lots = SplitMix64(seed: seed) }

    mutating func run(_ count: Int) -> TamperReport {
        while report.tried < count {
            guard let transcript = try? makeTranscript() else { break }
            report.honest += 1
            if verdict(transcript.verifier, transcript.messages)?.outcome != .accepted {
                report.refusedHonest += 1
            }
            for _ in 0..<min(Fuzzer.changesPerTranscript, count - report.tried) {
                change(transcript)
            }
        }
        return report
    }

    /// What is tampered with: every kind of chain, those that are cheap to check most often.
    private static func subject(_ lot: UInt64) -> (String, ChallengeParameters) {
        switch lot {
        case 0: ("mem.stream-chain.mt", .streamChain(blocks: 16, passes: 2, openings: 4))
        case 1: ("cpu.ntt.mt", .laneChain(lanes: 16, steps: 1, rounds: 1, openings: 1))
        case 2: ("cpu.conv2d.mt", .laneChain(lanes: 16, steps: 1, rounds: 1, openings: 1))
        case 3: ("cpu.attention.mt", .laneChain(lanes: 16, steps: 1, rounds: 1, openings: 1))
        case 4: ("cpu.int-mix.1t", .laneChain(lanes: 16, steps: 8, rounds: 2, openings: 1))
        case 5: ("cpu.sgemm.mt", .tileChain(size: 64, rounds: 2, openings: 4))
        case 6: ("cpu.dgemm.mt", .tileChain(size: 32, rounds: 3, openings: 3))
        case 7...10:
            ("mem.chase.1t", .walkChain(pages: 16, chains: 1, steps: 1, rounds: 2, openings: 4))
        case 11...14:
            ("cpu.fma-chain.1t", .laneChain(lanes: 32, steps: 4, rounds: 2, openings: 6))
        case 15...30: ("cpu.sha256.mt", .laneChain(lanes: 32, steps: 2, rounds: 2, openings: 6))
        case 31...34: ("cpu.igemm8.mt", .matrixChain(size: 32, rounds: 2))
        case 35...38: ("cpu.bf16gemm.mt", .matrixChain(size: 32, rounds: 2))
        default: ("cpu.sgemm.1t", .matrixChain(size: 32, rounds: 2))
        }
    }

    private mutating func makeTranscript() throws(Refusal) -> Transcript {
        let (name, parameters) = Fuzzer.subject(lots.next(below: 64))
        guard let kernel = KernelRegistry.kernel(named: name) else {
            throw Refusal("fuzz.kernel", "there is no kernel \(name)")
        }
        let provider = Address(lots.bytes(20)) ?? .zero
        let prover = ChallengeProver(provider: provider, agent: "fuzz", memoryLimit: 1 << 30)
        var verifier = try ChallengeVerifier(
            entropy: lots.bytes(32), provider: provider, session: Digest(lots.bytes(32)) ?? .zero,
            specification: try ChallengeSpecification(kernel: kernel, parameters: parameters),
            now: 0)
        var messages: [[UInt8]] = []
        var before = verifier
        var outgoing = [prover.hello]
        while verifier.verdict == nil, !outgoing.isEmpty {
            let message = outgoing.removeFirst()
            if case .commit = message { before = verifier }
            switch message {
            case .commit, .roots, .proof: messages.append(message.encoded)
            default: break
            }
            for reply in verifier.receive(message, now: 5).replies {
                switch try prover.receive(reply) {
                case .warmUp: outgoing.append(try prover.warmUp(.serial))
                case .compute: outgoing += try prover.compute(.serial)
                case .prove: while let piece = prover.nextProof() { outgoing.append(piece) }
                case .send(let answer): outgoing.append(answer)
                case .finished: break
                }
            }
        }
        let key = ChallengeKey(
            seed: verifier.evidence.seed, provider: provider, session: verifier.session,
            kernel: verifier.specification.kernelVersion,
            parameters: verifier.specification.parameters)
        return Transcript(verifier: before, key: key, messages: messages)
    }

    private func verdict(_ start: ChallengeVerifier, _ messages: [[UInt8]]) -> ChallengeVerdict? {
        var verifier = start
        for bytes in messages {
            if let verdict = verifier.receive(bytes: bytes, now: 6).verdict { return verdict }
        }
        return nil
    }

    private mutating func change(_ transcript: Transcript) {
        var messages = transcript.messages
        var words = ""
        if case .matrixChain = transcript.verifier.specification.parameters,
            lots.next(below: 2) == 0, let forged = consistentChange(transcript)
        {
            (messages, words) = forged
        } else {
            words = changeBytes(&messages)
        }
        report.tried += 1
        let verdict = verdict(transcript.verifier, messages)
        if verdict?.outcome == .accepted {
            report.accepted.append(words)
        } else {
            report.codes[verdict?.code ?? "unfinished", default: 0] += 1
        }
    }

    /// Changes, drops, adds or doubles one byte of one message.
    private mutating func changeBytes(_ messages: inout [[UInt8]]) -> String {
        // Every message is as likely, however long: commitments are short and must not be missed.
        let which = Int(lots.next(below: UInt64(messages.count)))
        let place = Int(lots.next(below: UInt64(messages[which].count)))
        switch lots.next(below: 16) {
        case 0: messages[which].remove(at: place)
        case 1: messages[which].insert(UInt8(lots.next(below: 256)), at: place)
        case 2: messages[which].append(UInt8(lots.next(below: 256)))
        case 3: messages[which] ^= (place, UInt8(1) << UInt8(lots.next(below: 8)))
        default: messages[which] ^= (place, UInt8(1 + lots.next(below: 255)))
        }
        return "message \(which), byte \(place)"
    }

    /// Changes one entry of one round's matrix and goes on honestly from there: the roots and the
    /// commitment agree with the lie.
    private mutating func consistentChange(_ transcript: Transcript) -> ([[UInt8]], String)? {
        guard
            var forger = MatrixForger(
                transcript.key, transcript.verifier.specification.parameters)
        else { return nil }
        let honest = forger.step
        let at = 1 + Int(lots.next(below: UInt64(forger.rounds)))
        let place = Int(lots.next(below: UInt64(forger.size * forger.size)))
        let by = 1 + Int(lots.next(below: 126))
        forger.step = { round, state, drawn in
            var result = honest(round, state, drawn)
            guard round == at else { return result }
            result[place] = MatrixForger.residue(Int(result[place]) + by)
            return result
        }
        let answer = forger.answer()
        let session = transcript.verifier.session
        var messages: [ChallengeMessage] = [
            .commit(session: session, commitment: transcript.key.commitment(to: answer.roots)),
            .roots(session: session, roots: answer.roots),
        ]
        for (index, state) in answer.states.enumerated() {
            messages.append(
                .proof(
                    session: session,
                    piece: .bands(
                        round: UInt32(index + 1), first: 0,
                        content: state.map(UInt8.init(bitPattern:)))))
        }
        return (messages.map(\.encoded), "round \(at), entry \(place), by \(by)")
    }
}

extension [UInt8] {
    fileprivate static func ^= (bytes: inout [UInt8], change: (place: Int, bits: UInt8)) {
        bytes[change.place] ^= change.bits
    }
}
