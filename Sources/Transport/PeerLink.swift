// One member's line to another: a connection that is kept up, and messages that go out over it in
// order, without anybody waiting for them.

import NIOCore
import NIOPosix
public import Primitives
import Synchronization

/// How a link stands.
public enum PeerLinkState: Sendable, Equatable {
    /// The other member has answered the greeting.
    case connected(PeerIdentity)
    /// There is no connection, for this reason; another attempt follows.
    case unreachable(Refusal)
}

/// Sends messages to one other member.
public final class PeerLink: Sendable {
    /// Whom to call, and how.
    public struct Configuration: Sendable {
        /// The other member's number.
        public var member: UInt64
        /// The key it must prove.
        public var key: PinnedKey
        /// Which keys it may prove instead, asked at each handshake: a member that changes over to
        /// another key is reached under both for a while.
        public var accepts: (@Sendable (PinnedKey) -> Bool)?
        /// Where it was last known to be.
        public var host: String
        /// See `host`.
        public var port: Int
        /// This member's key.
        public var identity: TLSIdentity
        /// Where the connection lives; nil leaves it to the system.
        public var loop: TransportLoop?
        /// The first pause before another attempt; it doubles up to `longestPause`.
        public var shortestPause = Duration.milliseconds(50)
        /// See `shortestPause`.
        public var longestPause = Duration.seconds(2)
        /// From connecting to the answer to the greeting.
        public var connectTimeout = Duration.seconds(5)
        /// A connection whose bytes nobody acknowledges is given up after this.
        public var silenceTimeout = Duration.seconds(5)
        /// Messages that may wait, in bytes: the oldest are dropped.
        public var urgentBytes = 4 << 20
        /// See `urgentBytes`; at least one message of the greatest length.
        public var bulkBytes = 32 << 20

        /// Makes a configuration.
        public init(
            member: UInt64, key: PinnedKey, host: String, port: Int, identity: TLSIdentity
        ) {
            self.member = member
            self.key = key
            self.host = host
            self.port = port
            self.identity = identity
        }
    }

    private struct State {
        var queue: PeerSendQueue
        var host: String
        var port: Int
        /// Set while the other side has greeted.
        var pump: (@Sendable () -> Void)?
        var pumpIsCalled = false
        var channel: (any Channel)?
        var isClosed = false
    }

    private let configuration: Configuration
    private let context: TLSContext
    private let own: @Sendable () -> PeerIdentity
    private let onChange: @Sendable (PeerLinkState) -> Void
    private let state: Mutex<State>
    private let keeper = Mutex<Task<Void, Never>?>(nil)
    private let pause = PausePoint()

    /// Starts a link. `own` says who this member is at present; `onChange` hears how the link
    /// stands. Both are called on event loops or the shared pool, and must return at once.
    public init(
        _ configuration: Configuration, own: @escaping @Sendable () -> PeerIdentity,
        onChange: @escaping @Sendable (PeerLinkState) -> Void = { _ in }
    ) throws(Refusal) {
        self.configuration = configuration
        self.own = own
        self.onChange = onChange
        context = try TLSContext(
            .clientOfKey, identity: configuration.identity,
            protocols: [PeerListener.protocolName])
        state = Mutex(
            State(
                queue: PeerSendQueue(
                    urgentBytes: configuration.urgentBytes,
                    bulkBytes: max(PeerLimits.message, configuration.bulkBytes)),
                host: configuration.host, port: configuration.port))
        let task = Task { [weak self, pause] in
            var pauses = BackOff(configuration)
            while !Task.isCancelled {
                pause.begin()
                let start = ContinuousClock.now
                guard let attempt = await self?.connectOnce() else { return }
                // Nothing here holds the link while the connection stands.
                try? await attempt.channel?.closeFuture.get()
                if ContinuousClock.now - start > .seconds(1) { pauses.reset() }
                if await pause.rest(for: pauses.next()) { pauses.reset() }
            }
        }
        keeper.withLock { $0 = task }
    }

    deinit { close() }

    /// Queues a message of at most 8 MiB. It goes out when the connection stands; when more waits
    /// than the link may hold, the oldest of its priority are dropped. Gives how many were.
    @discardableResult
    public func send(_ message: [UInt8], priority: PeerPriority) -> Int {
        guard message.count <= PeerLimits.message else { return 1 }
        let (dropped, pump) = state.withLock { state -> (Int, (@Sendable () -> Void)?) in
            guard !state.isClosed else { return (1, nil) }
            let dropped = state.queue.add(message, priority)
            guard !state.pumpIsCalled, let pump = state.pump else { return (dropped, nil) }
            state.pumpIsCalled = true
            return (dropped, pump)
        }
        pump?()
        return dropped
    }

    /// Whether the other member has answered the greeting.
    public var isConnected: Bool { state.withLock { $0.pump != nil } }

    /// The other member has moved; the connection is made anew.
    public func move(host: String, port: Int) {
        let channel = state.withLock { state in
            (state.host, state.port) = (host, port)
            return state.channel
        }
        channel?.close(promise: nil)
    }

    /// Drops the connection, so that both sides greet anew: after a change of epoch.
    public func reconnect() { state.withLock { $0.channel }?.close(promise: nil) }

    /// The other member was heard of: the next attempt to reach it does not wait any longer.
    public func hurry() {
        if !isConnected { pause.end() }
    }

    /// Ends the link; what waits is dropped.
    public func close() {
        let task = keeper.withLock { keeper in
            defer { keeper = nil }
            return keeper
        }
        task?.cancel()
        let channel = state.withLock { state in
            state.isClosed = true
            state.pump = nil
            return state.channel
        }
        channel?.close(promise: nil)
    }

    // MARK: The connection

    /// What came of an attempt to connect.
    private struct Attempt { let channel: (any Channel)? }

    private func connectOnce() async -> Attempt {
        do throws(Refusal) {
            let channel = try await connect()
            let isClosed = state.withLock { state in
                state.channel = channel
                return state.isClosed
            }
            if isClosed { channel.close(promise: nil) }
            return Attempt(channel: channel)
        } catch {
            report(.unreachable(error))
            return Attempt(channel: nil)
        }
    }

    private func connect() async throws(Refusal) -> any Channel {
        let (host, port) = state.withLock { ($0.host, $0.port) }
        let pin = configuration.key
        let accepts = configuration.accepts ?? { $0 == pin }
        let silence = silenceMilliseconds
        let group: any EventLoopGroup =
            configuration.loop?.loop ?? MultiThreadedEventLoopGroup.singleton
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.tcpOption(.init(rawValue: tcpUserTimeout)), value: silence)
            .channelOption(.tcpOption(.init(rawValue: tcpNotSentLowat)), value: 128 << 10)
            .channelInitializer { [context, weak self] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let self else { throw BodyPipe.closed }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.closeSocketOnExec()
                    try pipeline.addHandler(TLSHandler(context, verification: .key(accepts)))
                    try pipeline.addHandler(
                        PeerClientHandler(
                            link: self, hello: self.hello,
                            timeout: self.configuration.connectTimeout))
                }
            }
        do {
            return try await bootstrap.connect(host: host, port: port).get()
        } catch {
            let refusal = ClientConnector.refusal(error, whenUnknown: "transport.unreachable")
            throw Refusal(refusal.code, "\(host):\(port): \(refusal.message)")
        }
    }

    private var hello: PeerHello { PeerHello(from: own(), to: configuration.member) }

    private var silenceMilliseconds: Int { Int(configuration.silenceTimeout / .milliseconds(1)) }

    /// Whether an answered greeting is the right one.
    func check(_ answer: PeerHello) -> Refusal? {
        answer.refusal(own: own(), keyHolder: configuration.member)
    }

    func connected(_ peer: PeerIdentity, pump: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.queue.restart()
            state.pump = pump
            state.pumpIsCalled = true
        }
        report(.connected(peer))
        pump()
    }

    func disconnected(_ refusal: Refusal) {
        state.withLock { $0.pump = nil }
        report(.unreachable(refusal))
    }

    private func report(_ state: PeerLinkState) {
        if !self.state.withLock({ $0.isClosed }) { onChange(state) }
    }

    /// The next frame to send; nil when there is none, after which `send` calls the pump again.
    func nextFrame() -> [UInt8]? {
        state.withLock { state in
            let frame = state.queue.nextFrame()
            if frame == nil { state.pumpIsCalled = false }
            return frame
        }
    }
}

/// Linux's number for the option that bounds how long sent bytes may go unacknowledged.
private let tcpUserTimeout: CInt = 18
/// Linux's number for the option that bounds what the kernel takes before it is sent: bytes that
/// wait there can no longer be overtaken by an urgent message.
private let tcpNotSentLowat: CInt = 25

/// A pause that can be cut short.
private final class PausePoint: Sendable {
    private let state = Mutex<(isCut: Bool, timer: Task<Void, any Error>?)>((false, nil))

    /// From now on `end` counts for the pause that follows.
    func begin() { state.withLock { $0 = (false, nil) } }

    /// Waits for that long, or until it is ended or the task is cancelled. True when it was ended.
    func rest(for length: Duration) async -> Bool {
        let timer = state.withLock { state -> Task<Void, any Error>? in
            guard !state.isCut else { return nil }
            let timer = Task { try await Task.sleep(for: length) }
            state.timer = timer
            return timer
        }
        if let timer {
            await withTaskCancellationHandler {
                _ = await timer.result
            } onCancel: {
                timer.cancel()
            }
        }
        return state.withLock { $0.isCut }
    }

    /// Ends the pause under way, or else the next one.
    func end() {
        state.withLock { state in
            state.isCut = true
            state.timer?.cancel()
        }
    }
}

/// Pauses between attempts, doubling, and never twice the same for two members.
private struct BackOff {
    private let shortest: Duration
    private let longest: Duration
    private var pause: Duration

    init(_ configuration: PeerLink.Configuration) {
        shortest = configuration.shortestPause
        longest = configuration.longestPause
        pause = shortest
    }

    mutating func next() -> Duration {
        defer { pause = min(longest, pause * 2) }
        return pause * Int.random(in: 50...100) / 100
    }

    mutating func reset() { pause = shortest }
}
