// Where other members connect: Raft's messages under their own protocol name, and HTTP beside it
// for what a follower passes on to the leader. Both sides have proved their keys.

import NIOCore
public import Primitives
import Synchronization

/// Accepts connections from other members.
public final class PeerListener: Sendable {
    /// The name of the protocol in the TLS handshake.
    static let protocolName = "althing-peer/1"

    /// What the listener asks of the member it serves. All closures are called on event loops and
    /// must return at once.
    public struct Callbacks: Sendable {
        /// Who this member is, at present.
        public var identity: @Sendable () -> PeerIdentity
        /// Which member holds a key; nil refuses the connection.
        public var member: @Sendable (PinnedKey) -> UInt64?
        /// A last word on a member that greeted correctly: the reason to refuse it, or nil.
        public var refuse: @Sendable (PeerIdentity, PinnedKey?) -> Refusal? = { _, _ in nil }
        /// Hears that a member has greeted correctly: it runs, and can be reached.
        public var greeted: @Sendable (UInt64) -> Void = { _ in }
        /// Hears why a connection was ended: a wrong certificate, greeting or frame.
        public var fault: @Sendable (Refusal) -> Void = { _ in }
        /// Takes a message of whoever greeted on the connection that it came by.
        public var receive: @Sendable (PeerIdentity, [UInt8]) -> Void

        /// Makes the callbacks.
        public init(
            identity: @escaping @Sendable () -> PeerIdentity,
            member: @escaping @Sendable (PinnedKey) -> UInt64?,
            receive: @escaping @Sendable (PeerIdentity, [UInt8]) -> Void
        ) {
            self.identity = identity
            self.member = member
            self.receive = receive
        }
    }

    private let server: HTTPServer
    private let peers: PeerTable

    private init(server: HTTPServer, peers: PeerTable) {
        self.server = server
        self.peers = peers
    }

    /// The port the listener has.
    public var port: Int { server.port }

    /// Begins to listen. `responder` answers HTTP requests of members; their key is in `peer`.
    /// With a `loop`, all connections live there, and the responder starts elsewhere.
    public static func start(
        host: String, port: Int, identity: TLSIdentity, limits: HTTPLimits = HTTPLimits(),
        loop: TransportLoop? = nil, callbacks: Callbacks,
        responder: @escaping HTTPResponder = PeerListener.noHTTP
    ) async throws(Refusal) -> PeerListener {
        let tls = TLSServerSettings(
            identity: identity,
            clientCertificate: .required { callbacks.member($0) != nil })
        var configuration = HTTPServer.Configuration(
            host: host, port: port, tls: tls, limits: limits)
        configuration.onFault = callbacks.fault
        configuration.loop = loop
        configuration.respondsOnLoop = loop == nil
        let peers = PeerTable()
        configuration.others[protocolName] = { channel, key in
            try channel.pipeline.syncOperations.addHandler(
                PeerServerHandler(
                    callbacks: callbacks, key: key, peers: peers,
                    helloTimeout: limits.handshakeTimeout))
        }
        let server = try await HTTPServer.start(configuration, responder: responder)
        return PeerListener(server: server, peers: peers)
    }

    /// Answers every HTTP request with 404.
    public static let noHTTP: HTTPResponder = { _ in
        HTTPResponse(status: 404, text: "only members' messages are taken here\n")
    }

    /// Closes the connections of members, so that they greet anew: after a change of epoch, key or
    /// membership. HTTP requests in flight go on.
    public func disconnectPeers() { peers.closeAll() }

    /// Likewise, one member's.
    public func disconnect(_ member: UInt64) { peers.close(member) }

    /// Stops listening and closes every connection.
    public func shutdown(within limit: Duration = .seconds(1)) async {
        peers.closeAll()
        await server.shutdown(within: limit)
    }
}

/// The connection each member sends on: a newer one replaces the older.
final class PeerTable: Sendable {
    private let channels = Mutex<[UInt64: any Channel]>([:])

    func enter(_ channel: any Channel, member: UInt64) {
        let older = channels.withLock { $0.updateValue(channel, forKey: member) }
        older?.close(promise: nil)
        channel.closeFuture.whenComplete { _ in
            self.channels.withLock { channels in
                if let present = channels[member], present === channel { channels[member] = nil }
            }
        }
    }

    func close(_ member: UInt64) {
        channels.withLock { $0[member] }?.close(promise: nil)
    }

    func closeAll() {
        for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }
}
