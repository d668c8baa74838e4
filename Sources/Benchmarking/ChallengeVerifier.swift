// The verifier's side of one challenge, as a state machine: messages and clock readings in,
// messages and a verdict out. It reads no clock and draws no randomness.
//
// Whatever goes wrong after the seed left is a failure, a silence or an abort included: a prover
// that does not like its time cannot have another try. What goes wrong before it that is no lie
// (silence, an abort, a kernel not known) leaves the challenge void.

import Cryptography
public import Primitives

/// What a verifier does in answer to a message.
public struct ChallengeStep: Sendable {
    /// Messages for the prover, in order.
    public var replies: [ChallengeMessage] = []
    /// The verdict, once there is one; it is also the last reply.
    public var verdict: ChallengeVerdict?
}

/// Challenges one provider on one kernel.
public struct ChallengeVerifier: Sendable {
    private enum State {
        case awaitingHello
        case awaitingReady
        case awaitingCommit(startedAt: UInt64)
        case awaitingRoots(commitment: Digest)
        case awaitingProof(ProofCheck)
        case done(ChallengeVerdict)
    }

    /// The kernel's own check of what was opened.
    private enum ProofCheck {
        case matrix(MatrixChainVerifier)
        case stream(StreamChainVerifier)
        case lanes(LaneChainVerifier)
        case tiles(TileChainVerifier)
        case walk(WalkChainVerifier)
    }

    /// This challenge's name.
    public let session: Digest
    /// What is asked.
    public let specification: ChallengeSpecification
    /// What was seen so far.
    public private(set) var evidence: ChallengeEvidence

    private let entropy: [UInt8]
    private let key: ChallengeKey
    private var state = State.awaitingHello
    private var deadline: UInt64

    /// Starts a challenge; the prover must greet within the time it has to get ready.
    ///
    /// - Parameter entropy: at least 32 secret random bytes, used for this challenge alone. The
    /// seed
    ///   and, after the commitment, the check are derived from them.
    public init(
        entropy: [UInt8], provider: Address, session: Digest,
        specification: ChallengeSpecification, now: UInt64
    ) throws(Refusal) {
        guard entropy.count >= 32 else {
            throw Refusal("challenge.entropy", "a challenge needs at least 32 random bytes")
        }
        let seed = SHA256.hash(Array("althing.challenge.seed".utf8) + entropy)
        self.session = session
        self.specification = specification
        self.entropy = entropy
        key = ChallengeKey(
            seed: seed, provider: provider, session: session, kernel: specification.kernelVersion,
            parameters: specification.parameters)
        evidence = ChallengeEvidence(
            provider: provider, seed: seed, specification: specification, session: session)
        deadline = ChallengeVerifier.later(now, specification.readyWithin)
    }

    private static func later(_ now: UInt64, _ nanoseconds: UInt64) -> UInt64 {
        let (sum, overflow) = now.addingReportingOverflow(nanoseconds)
        return overflow ? .max : sum
    }

    /// The verdict, once there is one.
    public var verdict: ChallengeVerdict? {
        if case .done(let verdict) = state { return verdict }
        return nil
    }

    /// When `tick` should be called at the latest; nil when the challenge is over.
    public var wakeAt: UInt64? { verdict == nil ? deadline : nil }

    private var clockRan: Bool { evidence.startedAt != nil }

    /// Takes a message's bytes, read from the wire at `now` on a monotonic clock in nanoseconds.
    public mutating func receive(bytes: [UInt8], now: UInt64) -> ChallengeStep {
        do throws(Refusal) {
            return receive(try ChallengeMessage.received(bytes), now: now)
        } catch {
            return verdict == nil ? end(.failed, error) : ChallengeStep()
        }
    }

    /// Takes a message that arrived at `now` on a monotonic clock in nanoseconds.
    public mutating func receive(_ message: ChallengeMessage, now: UInt64) -> ChallengeStep {
        guard verdict == nil else { return ChallengeStep() }
        let late = tick(now: now)
        guard late.verdict == nil else { return late }
        if let named = message.session, named != session {
            return end(.failed, Refusal("challenge.wrong-session", "this belongs to \(named)"))
        }
        if case .abort(_, let reason) = message {
            let refusal = Refusal("challenge.aborted", "the prover gave up: \(reason)")
            return end(clockRan ? .failed : .void, refusal)
        }
        do throws(Refusal) {
            return try advance(message, now: now)
        } catch {
            return end(.failed, error)
        }
    }

    /// Says that the seed's bytes left at `now`: later than `receive` returned them, when they
    /// waited.
    public mutating func seedLeft(at now: UInt64) {
        guard case .awaitingCommit(let startedAt) = state, now > startedAt else { return }
        state = .awaitingCommit(startedAt: now)
        evidence.startedAt = now
        deadline = ChallengeVerifier.later(now, specification.commitWithin)
    }

    /// Ends the challenge when the time for the next message is over.
    public mutating func tick(now: UInt64) -> ChallengeStep {
        guard verdict == nil, now > deadline else { return ChallengeStep() }
        switch state {
        case .awaitingHello, .awaitingReady:
            return end(
                .void, Refusal("challenge.late-ready", "the prover did not get ready in time"))
        case .awaitingCommit:
            return end(.failed, Refusal("challenge.late", "no commitment came in time"))
        case .awaitingRoots, .awaitingProof:
            return end(.failed, Refusal("challenge.late-proof", "the proof did not come in time"))
        case .done: return ChallengeStep()
        }
    }

    private mutating func advance(_ message: ChallengeMessage, now: UInt64) throws(Refusal)
        -> ChallengeStep
    {
        switch (state, message) {
        case (.awaitingHello, .hello(let hello)): return greet(hello)
        case (.awaitingReady, .ready):
            state = .awaitingCommit(startedAt: now)
            evidence.startedAt = now
            deadline = ChallengeVerifier.later(now, specification.commitWithin)
            return ChallengeStep(replies: [.go(session: session, seed: evidence.seed)])
        case (.awaitingCommit, .commit(_, let commitment)):
            evidence.commitment = commitment
            evidence.committedAt = now
            state = .awaitingRoots(commitment: commitment)
            deadline = ChallengeVerifier.later(now, specification.proofWithin)
            return ChallengeStep()
        case (.awaitingRoots(let commitment), .roots(_, let roots)):
            return try open(roots, commitment: commitment, now: now)
        case (.awaitingProof(let check), .proof(_, let piece)):
            // The check is taken out of the state so that it is changed in place, not copied.
            state = .awaitingHello
            return try read(piece, with: check)
        default:
            throw Refusal("challenge.out-of-order", "\(message.name) was not expected now")
        }
    }

    private mutating func greet(_ hello: ChallengeMessage.Hello) -> ChallengeStep {
        guard hello.kernels.contains(specification.kernelVersion) else {
            return end(
                .void,
                Refusal(
                    "challenge.unsupported-kernel",
                    "the agent does not know \(specification.kernelVersion.name) version "
                        + "\(specification.kernelVersion.version)"))
        }
        state = .awaitingReady
        let prepare = ChallengeMessage.Prepare(
            session: session, kernel: specification.kernelVersion, threads: specification.threads,
            parameters: specification.parameters, memory: specification.memory)
        return ChallengeStep(replies: [.prepare(prepare)])
    }

    private mutating func open(_ roots: [Digest], commitment: Digest, now: UInt64) throws(Refusal)
        -> ChallengeStep
    {
        guard roots.count == specification.parameters.rootCount else {
            throw Refusal(
                "challenge.roots-count",
                "\(specification.parameters.rootCount) roots were expected, not \(roots.count)")
        }
        guard key.commitment(to: roots) == commitment else {
            throw Refusal("challenge.commitment-mismatch", "the roots are not those committed to")
        }
        evidence.roots = roots
        deadline = ChallengeVerifier.later(now, specification.proofWithin)
        let checkKey = SHA256.hash(
            Array("althing.challenge.check".utf8) + entropy + commitment.bytes)
        let (check, openings) = try check(roots, checkKey: checkKey)
        state = .awaitingProof(check)
        return ChallengeStep(replies: [.open(session: session, openings: openings)])
    }

    /// The check of what these roots commit to, and what it wants to see.
    private func check(_ roots: [Digest], checkKey: Digest) throws(Refusal) -> (
        ProofCheck, [ChallengeMessage.Opening]
    ) {
        guard let kernel = specification.kernel else {
            throw Refusal("challenge.parameters", "this kernel is not known")
        }
        func drawn(_ count: UInt32, of units: Int) -> [ChallengeMessage.Opening] {
            ChallengeMessage.Opening.drawn(
                Int(count), rounds: roots.count, units: units, checkKey: checkKey)
        }
        switch specification.parameters {
        case .matrixChain(let size, _):
            let verifier = MatrixChainVerifier(
                size: Int(size), key: key, checkKey: checkKey, roots: roots)
            return (.matrix(verifier), [])
        case .streamChain(let blocks, _, let count):
            let openings = drawn(count, of: Int(blocks))
            let verifier = StreamChainVerifier(
                blocks: Int(blocks), key: key, roots: roots, openings: openings)
            return (.stream(verifier), openings)
        case .laneChain(let lanes, let steps, _, let count):
            guard let lane = kernel.lane else {
                throw Refusal("challenge.parameters", "this kernel has no lanes")
            }
            let openings = drawn(count, of: Int(lanes))
            let verifier = LaneChainVerifier(
                lane, lanes: Int(lanes), steps: Int(steps), key: key, roots: roots,
                openings: openings)
            return (.lanes(verifier), openings)
        case .tileChain(let size, _, let count):
            let across = Int(size) / TileChainShape.edge
            let openings = drawn(count, of: across * across)
            let verifier = TileChainVerifier(
                kernel.format, size: Int(size), key: key, roots: roots, openings: openings)
            return (.tiles(verifier), openings)
        case .walkChain(let pages, let chains, let steps, let rounds, let count):
            let openings = WalkChainShape.openings(
                Int(count), chains: Int(chains), rounds: roots.count, checkKey: checkKey)
            let shape = WalkChainShape(
                pages: Int(pages), chains: Int(chains), steps: Int(steps), rounds: Int(rounds))
            let verifier = WalkChainVerifier(shape, key: key, roots: roots, openings: openings)
            return (.walk(verifier), openings)
        }
    }

    private mutating func read(
        _ piece: ChallengeMessage.ProofPiece, with check: consuming ProofCheck
    )
        throws(Refusal) -> ChallengeStep
    {
        switch consume check {
        case .matrix(var matrix):
            try matrix.accept(piece)
            guard !matrix.isComplete else { return accept() }
            state = .awaitingProof(.matrix(matrix))
        case .stream(var stream):
            try stream.accept(piece)
            guard !stream.isComplete else { return accept() }
            state = .awaitingProof(.stream(stream))
        case .lanes(var lanes):
            try lanes.accept(piece)
            guard !lanes.isComplete else { return accept() }
            state = .awaitingProof(.lanes(lanes))
        case .tiles(var tiles):
            try tiles.accept(piece)
            guard !tiles.isComplete else { return accept() }
            state = .awaitingProof(.tiles(tiles))
        case .walk(var walk):
            try walk.accept(piece)
            guard !walk.isComplete else { return accept() }
            state = .awaitingProof(.walk(walk))
        }
        return ChallengeStep()
    }

    private mutating func accept() -> ChallengeStep {
        let sample = RateSample(
            work: specification.work,
            nanoseconds: (evidence.committedAt ?? 0) - (evidence.startedAt ?? 0))
        return end(
            .accepted,
            Refusal("challenge.accepted", "the answer is right: \(sample.perSecond) a second"),
            sample: sample)
    }

    private mutating func end(
        _ outcome: ChallengeOutcome, _ reason: Refusal, sample: RateSample? = nil
    ) -> ChallengeStep {
        evidence.code = reason.code
        let verdict = ChallengeVerdict(
            session: session, outcome: outcome, code: reason.code,
            message: ChallengeVerifier.clipped(reason.message), sample: sample,
            evidence: evidence.digest)
        state = .done(verdict)
        return ChallengeStep(replies: [.verdict(verdict)], verdict: verdict)
    }

    /// The prover's words may stand in a message; its length stays bounded.
    private static func clipped(_ text: String) -> String {
        text.utf8.count <= 400 ? text : String(text.prefix(100))
    }
}
