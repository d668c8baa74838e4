// The prover's side of one challenge, as a state machine. The shell carries messages and calls the
// two heavy steps, `warmUp` and `compute`, on a thread of its choice.

public import Primitives

/// What the prover's shell does next.
public enum ProverStep: Equatable, Sendable {
    /// Call `warmUp` and send what it returns. No clock runs.
    case warmUp
    /// Call `compute` at once and send what it returns. The clock runs.
    case compute
    /// Call `nextProof` and send what it returns until it returns nil.
    case prove
    /// Send this message.
    case send(ChallengeMessage)
    /// It is over.
    case finished(ChallengeVerdict)
}

/// Answers one challenge.
public final class ChallengeProver {
    private enum State {
        case greeting
        case preparing(ChallengeMessage.Prepare)
        case ready(ChallengeMessage.Prepare)
        case computing(ChallengeMessage.Prepare, seed: Digest)
        case committed(ChallengeMessage.Prepare)
        case proving(ChallengeMessage.Prepare)
        case finished
    }

    private enum Computation {
        case matrix(MatrixChainProver)
        case stream(StreamChainProver)
        case lanes(LaneChainProver)
        case tiles(TileChainProver)
        case walk(WalkChainProver)
        case accelerated(any AcceleratedComputation)
    }

    private let provider: Address
    private let agent: String
    private let memoryLimit: UInt64
    private let accelerator: (any ChallengeAccelerator)?
    private var state = State.greeting
    private var computation: Computation?

    /// A prover that may use `memoryLimit` bytes.
    public convenience init(provider: Address, agent: String, memoryLimit: UInt64) {
        self.init(provider: provider, agent: agent, memoryLimit: memoryLimit, accelerator: nil)
    }

    /// The same with a device for the kernels that ask for one.
    package init(
        provider: Address, agent: String, memoryLimit: UInt64,
        accelerator: (any ChallengeAccelerator)?
    ) {
        self.provider = provider
        self.agent = String(agent.utf8.prefix(64)) ?? ""
        self.memoryLimit = memoryLimit
        self.accelerator = accelerator
    }

    /// The greeting that opens a challenge.
    public var hello: ChallengeMessage {
        .hello(
            .init(
                agent: agent,
                kernels: KernelRegistry.all.filter {
                    $0.device == .processor || accelerator != nil
                }.map { .init(name: $0.name, version: $0.version) }))
    }

    /// Takes a message of the verifier; throws `challenge.out-of-order` and leaves everything as it
    /// was.
    public func receive(_ message: ChallengeMessage) throws(Refusal) -> ProverStep {
        switch (state, message) {
        case (_, .verdict(let verdict)):
            state = .finished
            computation = nil
            return .finished(verdict)
        case (.greeting, .prepare(let prepare)): return prepared(prepare)
        case (.ready(let prepare), .go(let session, let seed)) where session == prepare.session:
            state = .computing(prepare, seed: seed)
            return .compute
        case (.committed(let prepare), .open(let session, let openings))
        where session == prepare.session:
            switch computation {
            case .stream(let stream): try stream.open(openings)
            case .lanes(let lanes): try lanes.open(openings)
            case .tiles(let tiles): try tiles.open(openings)
            case .walk(let walk): try walk.open(openings)
            case .accelerated(let device): try device.open(openings)
            case .matrix, nil: break
            }
            state = .proving(prepare)
            return .prove
        default:
            throw Refusal("challenge.out-of-order", "\(message.name) was not expected now")
        }
    }

    private func prepared(_ prepare: ChallengeMessage.Prepare) -> ProverStep {
        guard let kernel = KernelRegistry.kernel(named: prepare.kernel.name),
            kernel.version == prepare.kernel.version, kernel.accepts(prepare.parameters),
            kernel.device == .processor || accelerator != nil
        else {
            state = .finished
            return .send(.abort(session: prepare.session, reason: "kernel not known"))
        }
        let limit = kernel.device == .processor ? memoryLimit : accelerator?.memory ?? 0
        guard kernel.memory(prepare.parameters) <= limit else {
            state = .finished
            return .send(.abort(session: prepare.session, reason: "not enough memory"))
        }
        state = .preparing(prepare)
        return .warmUp
    }

    /// Allocates, and runs a short part of the chain on a seed that counts for nothing.
    public func warmUp(_ workers: Workers) throws(Refusal) -> ChallengeMessage {
        guard case .preparing(let prepare) = state else {
            throw Refusal("challenge.out-of-order", "there is nothing to prepare for")
        }
        let key = key(prepare, seed: .zero)
        let workers = prepare.threads == .one ? .serial : workers
        computation = try warm(prepare, key, workers)
        state = .ready(prepare)
        return .ready(session: prepare.session)
    }

    /// The computation with all its memory, one short part of it done.
    private func warm(
        _ prepare: ChallengeMessage.Prepare, _ key: ChallengeKey, _ workers: Workers
    ) throws(Refusal) -> Computation {
        guard let kernel = KernelRegistry.kernel(named: prepare.kernel.name) else {
            throw Refusal("challenge.parameters", "\(prepare.kernel.name) is not known")
        }
        if kernel.device == .accelerator {
            guard let accelerator else {
                throw Refusal("challenge.parameters", "\(kernel.name) asks for a device")
            }
            let device = try accelerator.computation(kernel, prepare.parameters)
            _ = try device.run(key, rounds: 1)
            return .accelerated(device)
        }
        switch prepare.parameters {
        case .matrixChain(let size, let rounds):
            let matrix = MatrixChainProver(
                size: Int(size), rounds: Int(rounds), workers: workers, format: kernel.format)
            _ = matrix.run(key, workers: workers, rounds: 1)
            return .matrix(matrix)
        case .tileChain(let size, let rounds, _):
            let tiles = TileChainProver(
                kernel.format, size: Int(size), rounds: Int(rounds), workers: workers)
            _ = tiles.run(key, workers: workers, rounds: 1)
            return .tiles(tiles)
        case .streamChain(let blocks, let passes, _):
            let stream = StreamChainProver(blocks: Int(blocks), passes: Int(passes))
            _ = stream.run(key, workers: workers, passes: 1)
            return .stream(stream)
        case .walkChain(let pages, let chains, let steps, let rounds, _):
            let walk = WalkChainProver(
                WalkChainShape(
                    pages: Int(pages), chains: Int(chains), steps: Int(steps), rounds: Int(rounds)))
            _ = walk.run(key, workers: workers, rounds: 1)
            return .walk(walk)
        case .laneChain(let count, let steps, let rounds, _):
            guard let lane = kernel.lane else {
                throw Refusal("challenge.parameters", "\(kernel.name) has no lanes")
            }
            let lanes = LaneChainProver(
                lane, lanes: Int(count), steps: Int(steps), rounds: Int(rounds))
            _ = lanes.run(key, workers: workers, rounds: 1)
            return .lanes(lanes)
        }
    }

    /// Does the work; returns the commitment and the roots, to be sent in that order.
    public func compute(_ workers: Workers) throws(Refusal) -> [ChallengeMessage] {
        guard case .computing(let prepare, let seed) = state, let computation else {
            throw Refusal("challenge.out-of-order", "there is no seed to compute from")
        }
        let key = key(prepare, seed: seed)
        let workers = prepare.threads == .one ? .serial : workers
        let roots =
            switch computation {
            case .matrix(let matrix): matrix.run(key, workers: workers)
            case .stream(let stream): stream.run(key, workers: workers)
            case .lanes(let lanes): lanes.run(key, workers: workers)
            case .tiles(let tiles): tiles.run(key, workers: workers)
            case .walk(let walk): walk.run(key, workers: workers)
            case .accelerated(let device): try device.run(key, rounds: nil)
            }
        state = .committed(prepare)
        return [
            .commit(session: prepare.session, commitment: key.commitment(to: roots)),
            .roots(session: prepare.session, roots: roots),
        ]
    }

    /// The next piece of the proof; nil when all was given.
    public func nextProof() -> ChallengeMessage? {
        guard case .proving(let prepare) = state, let computation else { return nil }
        let piece =
            switch computation {
            case .matrix(let matrix): matrix.nextProof()
            case .stream(let stream): stream.nextProof()
            case .lanes(let lanes): lanes.nextProof()
            case .tiles(let tiles): tiles.nextProof()
            case .walk(let walk): walk.nextProof()
            case .accelerated(let device): device.nextProof()
            }
        return piece.map { .proof(session: prepare.session, piece: $0) }
    }

    /// The message that gives up; the shell sends it when it cannot go on.
    public func abort(reason: String) -> ChallengeMessage? {
        let session: Digest? =
            switch state {
            case .greeting, .finished: nil
            case .preparing(let prepare), .ready(let prepare), .computing(let prepare, _),
                .committed(let prepare), .proving(let prepare):
                prepare.session
            }
        state = .finished
        computation = nil
        return session.map { .abort(session: $0, reason: String(reason.prefix(60))) }
    }

    private func key(_ prepare: ChallengeMessage.Prepare, seed: Digest) -> ChallengeKey {
        ChallengeKey(
            seed: seed, provider: provider, session: prepare.session, kernel: prepare.kernel,
            parameters: prepare.parameters)
    }
}
