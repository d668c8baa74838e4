// Where providers' agents call in: sessions, work to fetch, requests of customers to answer.
//
// Kept in the leader's memory only. An agent that loses its session (a new leader, a restart) signs
// in again; nothing here decides anything that the log does not.

import ControlPlane
import Cryptography
import Platform
import Primitives

/// One request of a customer on its way to a serving agent and back.
struct ServeRequest: Sendable {
    /// The request's name in the log.
    var id: Digest
    /// What to compute, as the agent gets it.
    var body: JSON
    /// Where the agent's answer goes, piece by piece.
    var pieces: AsyncStream<JSON>.Continuation
}

/// Agents' sessions at the leader.
actor ProviderDesk {
    private struct Session {
        var agent: Address
        var number: UInt64
    }

    /// A request that an agent is answering.
    private struct Serving {
        var agent: Address
        var pieces: AsyncStream<JSON>.Continuation
        /// When it was handed out or its last piece came.
        var moved: UInt64
    }

    /// How long an agent that is there may leave a request without a piece, in nanoseconds.
    private static let patience: UInt64 = 60_000_000_000

    /// How many sessions an agent may have at once: it may work and be measured at the same time.
    static let sessionLimit = 4

    /// By the digest of their tokens.
    private var sessions: [Digest: Session] = [:]
    private var nextSession: UInt64 = 1
    private var lastSeen: [Address: UInt64] = [:]
    /// Where each agent last called from.
    private(set) var networks: [Address: String] = [:]
    private var queues: [Address: [ServeRequest]] = [:]
    private var running: [Digest: Serving] = [:]
    private var sleepers: [Address: [UInt64: CheckedContinuation<Void, Never>]] = [:]
    private var nextSleeper: UInt64 = 1

    /// Opens a session for an agent that proved its key; beyond the limit its oldest ends.
    func open(_ agent: Address) throws(Refusal) -> String {
        let token = Hex.encode(try SystemEntropy.bytes(32))
        let own = sessions.filter { $0.value.agent == agent }
        if own.count >= ProviderDesk.sessionLimit,
            let oldest = own.min(by: { $0.value.number < $1.value.number })
        {
            sessions[oldest.key] = nil
        }
        sessions[SHA256.hash(Array(token.utf8))] = Session(agent: agent, number: nextSession)
        nextSession += 1
        lastSeen[agent] = SystemClock.monotonicNanoseconds()
        return token
    }

    /// The agent behind a token; throws `session.unknown`.
    ///
    /// - Parameter address: where it calls from, when that is known.
    func agent(token: String?, from address: String? = nil) throws(Refusal) -> Address {
        guard let token, let session = sessions[SHA256.hash(Array(token.utf8))] else {
            throw Refusal("session.unknown", "sign in first: this session is not known here")
        }
        lastSeen[session.agent] = SystemClock.monotonicNanoseconds()
        if let address, let network = NetworkPrefix.of(address) {
            networks[session.agent] = network
        }
        return session.agent
    }

    /// Nanoseconds since an agent was last heard of; nil when never.
    func silence(of agent: Address) -> UInt64? {
        guard let seen = lastSeen[agent] else { return nil }
        return SystemClock.monotonicNanoseconds() &- seen
    }

    /// Notes when an agent of a lease was first missed, so that a new leader waits before judging.
    func expectSign(of agent: Address) {
        if lastSeen[agent] == nil { lastSeen[agent] = SystemClock.monotonicNanoseconds() }
    }

    /// Agents heard of within `nanoseconds`.
    func present(within nanoseconds: UInt64) -> Set<Address> {
        Set(lastSeen.keys.filter { (silence(of: $0) ?? .max) < nanoseconds })
    }

    // MARK: Waiting for work

    /// Sleeps until something may have come up for the agent, at most `limit`.
    func sleep(_ agent: Address, limit: Duration) async {
        if queues[agent]?.isEmpty == false { return }
        let number = nextSleeper
        nextSleeper += 1
        let alarm = Task {
            try? await Task.sleep(for: limit)
            self.wake(agent, number)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                sleepers[agent, default: [:]][number] = continuation
            }
        } onCancel: {
            Task { await self.wake(agent, number) }
        }
        alarm.cancel()
        // An agent whose connection broke while it waited is gone as far as anybody can tell.
        lastSeen[agent] = Task.isCancelled ? 0 : SystemClock.monotonicNanoseconds()
    }

    private func wake(_ agent: Address, _ number: UInt64) {
        sleepers[agent]?.removeValue(forKey: number)?.resume()
    }

    /// Wakes an agent: there is something for it.
    func wake(_ agent: Address) {
        let waiting = sleepers.removeValue(forKey: agent) ?? [:]
        for sleeper in waiting.values { sleeper.resume() }
    }

    /// Wakes everybody who sleeps: the state moved.
    func wakeAll() {
        let sleeping = sleepers
        sleepers = [:]
        for waiting in sleeping.values { for sleeper in waiting.values { sleeper.resume() } }
    }

    // MARK: Customers' requests

    /// Gives a request to an agent. False when the agent is not there.
    func dispatch(_ request: ServeRequest, to agent: Address) -> Bool {
        guard let silence = silence(of: agent), silence < 10_000_000_000 else { return false }
        queues[agent, default: []].append(request)
        running[request.id] = Serving(
            agent: agent, pieces: request.pieces, moved: SystemClock.monotonicNanoseconds())
        let waiting = sleepers.removeValue(forKey: agent) ?? [:]
        for sleeper in waiting.values { sleeper.resume() }
        return true
    }

    /// Requests waiting for an agent; they are handed out once.
    func takeRequests(_ agent: Address) -> [ServeRequest] {
        queues.removeValue(forKey: agent) ?? []
    }

    /// Passes a piece of an answer on; throws `request.unknown`.
    func deliver(_ piece: JSON, of request: Digest, by agent: Address) throws(Refusal) {
        guard let serving = running[request], serving.agent == agent else {
            throw Refusal("request.unknown", "this agent is not serving the request \(request)")
        }
        running[request]?.moved = SystemClock.monotonicNanoseconds()
        serving.pieces.yield(piece)
        if piece["done"]?.flag == true || piece["error"] != nil { finish(request) }
    }

    /// Ends requests whose agent went silent for `nanoseconds`, or stays and does not answer: the
    /// customer must not wait for ever.
    func dropStalled(silentFor nanoseconds: UInt64) {
        let now = SystemClock.monotonicNanoseconds()
        for (request, serving) in running {
            let stalled = now &- serving.moved
            let isSilent = (silence(of: serving.agent) ?? .max) > nanoseconds
            if stalled > ProviderDesk.patience || (isSilent && stalled > nanoseconds) {
                finish(request)
            }
        }
    }

    /// Forgets a request, whoever ended it.
    func finish(_ request: Digest) {
        running.removeValue(forKey: request)?.pieces.finish()
        for (agent, queue) in queues {
            queues[agent] = queue.filter { $0.id != request }
        }
    }
}
