import Primitives
import Testing

@testable import Transport

/// What happens on event loops, for a test to wait for.
struct Happenings<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func add(_ value: Value) { continuation.yield(value) }

    /// The first that meets a condition; earlier ones are passed over.
    func first(where matches: (Value) -> Bool) async -> Value? {
        for await value in stream where matches(value) { return value }
        return nil
    }
}

@Suite(.timeLimit(.minutes(1)))
struct PeerLinkTests {
    static let cluster = Digest([UInt8](repeating: 7, count: 32)) ?? .zero

    static func member(_ number: UInt64, cluster: Digest = cluster) -> PeerIdentity {
        PeerIdentity(cluster: cluster, epoch: 1, member: number, incarnation: 1)
    }

    /// Member 1 listens with key 1; keys 1 to 5 belong to the members of the same number.
    static func listen(
        port: Int = 0, _ messages: Happenings<[UInt8]>, greeted: Happenings<UInt64> = .init(),
        responder: @escaping HTTPResponder = echo
    ) async throws -> PeerListener {
        let holders = Dictionary(
            uniqueKeysWithValues: try (1...5).map { (try key(UInt8($0)), UInt64($0)) })
        var callbacks = PeerListener.Callbacks(
            identity: { member(1) }, member: { holders[$0] },
            receive: { _, bytes in messages.add(bytes) })
        callbacks.greeted = { greeted.add($0) }
        return try await PeerListener.start(
            host: "127.0.0.1", port: port, identity: try identity(1), callbacks: callbacks,
            responder: responder)
    }

    /// Member 2 sends to member 1.
    static func link(
        to port: Int, own: PeerIdentity = member(2), with seed: UInt8 = 2,
        _ states: Happenings<PeerLinkState> = .init()
    ) throws -> PeerLink {
        var configuration = PeerLink.Configuration(
            member: 1, key: try key(1), host: "127.0.0.1", port: port,
            identity: try identity(seed))
        configuration.shortestPause = .milliseconds(5)
        return try PeerLink(configuration, own: { own }, onChange: { states.add($0) })
    }

    /// Anything but an attempt that a busy machine was too slow for.
    static func isVerdict(_ state: PeerLinkState) -> Bool {
        state != .unreachable(Refusal("transport.timeout", ""))
    }

    @Test func `messages arrive whole and in order`() async throws {
        let messages = Happenings<[UInt8]>()
        let listener = try await PeerLinkTests.listen(messages)
        let link = try PeerLinkTests.link(to: listener.port)
        var random = SplitMix64(seed: 1)
        let sent = (0..<50).map { _ in random.bytes(Int(random.next(below: 200_000))) }
        for message in sent { #expect(link.send(message, priority: .bulk) == 0) }
        for message in sent {
            #expect(await messages.first { _ in true } == message)
        }
        let longest = random.bytes(PeerLimits.message)
        link.send(longest, priority: .bulk)
        #expect(await messages.first { _ in true } == longest)
        #expect(link.send([0] + longest, priority: .bulk) == 1)
        link.close()
        await listener.shutdown()
    }

    @Test func `a link comes back when the listener does`() async throws {
        let messages = Happenings<[UInt8]>()
        let states = Happenings<PeerLinkState>()
        var listener = try await PeerLinkTests.listen(messages)
        let port = listener.port
        let link = try PeerLinkTests.link(to: port, states)
        link.send([1], priority: .urgent)
        #expect(await messages.first { _ in true } == [1])
        await listener.shutdown()
        _ = await states.first { if case .unreachable = $0 { true } else { false } }
        #expect(!link.isConnected)
        link.send([2], priority: .urgent)  // waits for the next connection
        listener = try await PeerLinkTests.listen(port: port, messages)
        #expect(await messages.first { _ in true } == [2])
        listener.disconnectPeers()
        _ = await states.first { if case .unreachable = $0 { true } else { false } }
        _ = await states.first { $0 == .connected(PeerLinkTests.member(1)) }
        link.close()
        await listener.shutdown()
    }

    /// A member that was away and comes back calls the others, and must not wait until they call.
    @Test func `a link whose member is heard of does not wait`() async throws {
        let messages = Happenings<[UInt8]>()
        let states = Happenings<PeerLinkState>()
        let port = try await PeerLinkTests.freedPort()
        var configuration = PeerLink.Configuration(
            member: 1, key: try key(1), host: "127.0.0.1", port: port, identity: try identity(2))
        (configuration.shortestPause, configuration.longestPause) = (.seconds(600), .seconds(600))
        let link = try PeerLink(
            configuration, own: { PeerLinkTests.member(2) }, onChange: { states.add($0) })
        _ = await states.first { if case .unreachable = $0 { true } else { false } }
        let greeted = Happenings<UInt64>()
        let listener = try await PeerLinkTests.listen(port: port, messages, greeted: greeted)
        link.send([1], priority: .urgent)
        link.hurry()
        #expect(await messages.first { _ in true } == [1])
        #expect(await greeted.first { _ in true } == 2)
        link.close()
        await listener.shutdown()
    }

    /// A port that was free a moment ago.
    private static func freedPort() async throws -> Int {
        let listener = try await PeerLinkTests.listen(Happenings<[UInt8]>())
        let port = listener.port
        await listener.shutdown()
        return port
    }

    @Test func `a member of another cluster is told so`() async throws {
        let listener = try await PeerLinkTests.listen(.init())
        let states = Happenings<PeerLinkState>()
        let stranger = PeerLinkTests.member(2, cluster: .zero)
        let link = try PeerLinkTests.link(to: listener.port, own: stranger, states)
        let state = await states.first(where: PeerLinkTests.isVerdict)
        #expect(state == .unreachable(Refusal("peer.wrong-cluster", "")))
        link.close()
        await listener.shutdown()
    }

    @Test func `a member that borrows another's number is told so`() async throws {
        let listener = try await PeerLinkTests.listen(.init())
        let states = Happenings<PeerLinkState>()
        let link = try PeerLinkTests.link(to: listener.port, with: 3, states)
        let state = await states.first(where: PeerLinkTests.isVerdict)
        #expect(state == .unreachable(Refusal("peer.wrong-key", "")))
        link.close()
        await listener.shutdown()
    }

    @Test func `a key of no member is not let in`() async throws {
        let listener = try await PeerLinkTests.listen(.init())
        let states = Happenings<PeerLinkState>()
        let link = try PeerLinkTests.link(to: listener.port, with: 9, states)
        let state = await states.first(where: PeerLinkTests.isVerdict)
        #expect(state == .unreachable(Refusal("transport.tls-untrusted", "")))
        link.close()
        await listener.shutdown()
    }

    @Test func `members' requests are answered beside their messages`() async throws {
        let listener = try await PeerLinkTests.listen(.init())
        let client = try HTTPClient(.init(identity: try identity(2)))
        var request = try HTTPClientRequest("GET", "https://127.0.0.1:\(listener.port)/leader")
        request.pin = try key(1)
        let response = try await client.send(request)
        #expect(response.text == "/leader")
        #expect(response.headers["x-peer"] == (try key(2).description))
        client.close()
        await listener.shutdown()
    }

    @Test func `heartbeats do not wait behind snapshots`() async throws {
        let messages = Happenings<[UInt8]>()
        let port = try await withServer { $0.port }
        // Nobody listens yet: all of it waits, the heartbeat last.
        let link = try PeerLinkTests.link(to: port)
        let snapshot = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<4 { #expect(link.send(snapshot, priority: .bulk) == 0) }
        #expect(link.send([1], priority: .urgent) == 0)
        let listener = try await PeerLinkTests.listen(port: port, messages)
        #expect(await messages.first { _ in true } == [1])
        for _ in 0..<4 { #expect(await messages.first { _ in true } == snapshot) }
        link.close()
        await listener.shutdown()
    }
}
