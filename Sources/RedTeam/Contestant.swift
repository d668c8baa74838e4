// A machine's agent as somebody could write it who wants to cheat: it says what it likes, over the
// real door, and reads what the member answers.

public import Benchmarking
import Client
public import Cryptography
import Platform
public import Primitives
import Provider

/// A registered machine with a session, and no scruples.
public struct Contestant: Sendable {
    /// Its key.
    public let key: Secp256k1PrivateKey
    let arena: Arena
    private let token: String

    init(arena: Arena, key: Secp256k1PrivateKey) async throws(Refusal) {
        self.arena = arena
        self.key = key
        token = try await AgentSession.open(arena.client, key: key)
    }

    /// Its account.
    public var agent: Address { key.address }

    /// Posts to an agent's route.
    public func post(_ path: String, _ body: JSON) async throws(Refusal) -> JSON {
        try await arena.client.post(path, body, .init(token: token))
    }

    /// What the state says of it.
    public func record() async throws(Refusal) -> JSON { try await arena.record(of: agent) }

    /// Greets for a kernel.
    ///
    /// - Parameters:
    ///   - call: the member's call that this answers.
    ///   - extra: members of the request's JSON that nobody asked for.
    public func open(
        _ kernel: String, call: UInt64? = nil, extra: [JSON.Member] = [], agentName: String = "x"
    ) async throws(Refusal) -> Conversation {
        let hello = ChallengeMessage.hello(
            .init(
                agent: agentName,
                kernels: KernelRegistry.all.map { .init(name: $0.name, version: $0.version) }))
        var conversation = Conversation(machine: self, kernel: kernel, extra: extra)
        if let call { conversation.extra.append(JSON.Member("call", .int(call))) }
        let replies = try await conversation.say(hello)
        guard case .prepare(let prepare)? = replies.first else {
            throw Refusal("arena.protocol", "no PREPARE came")
        }
        conversation.prepare = prepare
        return conversation
    }

    /// Asks the member once what there is to do; gives the challenge it calls for, if any.
    public func poll() async throws(Refusal) -> (call: UInt64, kernel: String)? {
        // It says that it runs something it does not, so that the member answers at once.
        let answer = try await post("/api/v1/provider/poll", ["running": [1]])
        guard let call = answer["challenges"]?.elements?.first,
            let number = call["call"]?.unsigned, let kernel = call["kernel"]?.text
        else { return nil }
        return (number, kernel)
    }
}

/// One challenge from the prover's side, message by message.
public struct Conversation: Sendable {
    let machine: Contestant
    let kernel: String
    var extra: [JSON.Member]
    /// What becomes of the bytes of a message on its way; nil for nothing.
    var onTheWay: (@Sendable (ChallengeMessage) -> [UInt8])?
    /// What will be asked.
    public internal(set) var prepare: ChallengeMessage.Prepare?
    /// The seed, once the clock runs.
    public private(set) var seed: Digest?
    /// The verdict, once there is one.
    public private(set) var verdict: JSON?
    private var session: String?

    init(machine: Contestant, kernel: String, extra: [JSON.Member]) {
        self.machine = machine
        self.kernel = kernel
        self.extra = extra
    }

    /// The session of the challenge.
    public var sessionDigest: Digest { prepare?.session ?? .zero }

    /// Says something and gives the member's messages.
    public mutating func say(_ message: ChallengeMessage) async throws(Refusal)
        -> [ChallengeMessage]
    {
        try await say(bytes: onTheWay?(message) ?? message.encoded)
    }

    /// Says bytes.
    public mutating func say(bytes: [UInt8]) async throws(Refusal) -> [ChallengeMessage] {
        var body = [
            JSON.Member("kernel", .string(kernel)),
            JSON.Member("message", .string(Hex.encode(bytes))),
        ]
        if let session { body.append(JSON.Member("session", .string(session))) }
        let answer = try await machine.post(
            "/api/v1/provider/challenge", .object(body + extra))
        session = answer["session"]?.text
        if let verdict = answer["verdict"], verdict != .null { self.verdict = verdict }
        var replies: [ChallengeMessage] = []
        for text in answer["messages"]?.elements ?? [] {
            guard let bytes = text.text.flatMap({ Hex.decode($0) }) else { continue }
            replies.append(try ChallengeMessage(decoding: bytes))
        }
        return replies
    }

    /// Says it is ready; gives the key that everything grows from.
    package mutating func start() async throws(Refusal) -> ChallengeKey {
        let replies = try await say(.ready(session: sessionDigest))
        guard case .go(_, let seed)? = replies.first, let prepare else {
            throw Refusal("arena.protocol", "no GO came")
        }
        self.seed = seed
        return ChallengeKey(
            seed: seed, provider: machine.agent, session: prepare.session, kernel: prepare.kernel,
            parameters: prepare.parameters)
    }

    /// Commits and shows roots; gives the openings, nil when there is a verdict already.
    package mutating func commit(
        _ key: ChallengeKey, to committed: [Digest], showing roots: [Digest]
    ) async throws(Refusal) -> [ChallengeMessage.Opening]? {
        _ = try await say(
            .commit(session: sessionDigest, commitment: key.commitment(to: committed)))
        guard verdict == nil else { return nil }
        let replies = try await say(.roots(session: sessionDigest, roots: roots))
        guard case .open(_, let openings)? = replies.first else { return nil }
        return openings
    }

    /// Hands in a piece of the proof, unless it is over.
    public mutating func prove(_ piece: ChallengeMessage.ProofPiece) async throws(Refusal) {
        guard verdict == nil else { return }
        _ = try await say(.proof(session: sessionDigest, piece: piece))
    }

    /// Gives up, so that the member need not hold the challenge until its time is over.
    public mutating func leave() async throws(Refusal) {
        _ = try await say(.abort(session: sessionDigest, reason: "leaving"))
    }
}
