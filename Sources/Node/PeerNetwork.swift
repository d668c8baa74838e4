// The lines to the other members: one link each way, pinned to the seat's key.

import ControlPlane
import Cryptography
import Logging
public import Primitives
import Raft
import Synchronization
import Telemetry
public import Transport

/// A member's links to its peers and the listener for theirs.
public final class PeerNetwork: Sendable {
    private let links: [UInt64: PeerLink]
    private let listener: PeerListener

    /// Starts to listen and to connect.
    ///
    /// Throws `transport.port-in-use` and the like.
    public static func start(
        _ settings: MemberSettings, member: ClusterMember, responder: @escaping HTTPResponder
    ) async throws(Refusal) -> PeerNetwork {
        let identity = try TLSIdentity(seed: settings.seed.exposed())
        let own = PeerIdentity(
            cluster: settings.genesis.digest, epoch: settings.epoch, member: settings.seat.id,
            incarnation: 1)
        let seats = settings.genesis.seats
        var callbacks = PeerListener.Callbacks(
            identity: { own },
            member: { key in seats.first { $0.publicKey == key.bytes }?.id },
            receive: { from, bytes in member.receive(bytes, from: from) })
        callbacks.fault = { refusal in member.noteFault(refusal) }
        // Who calls can be called: without this a member that was down for a while would hear
        // nothing from here, no vote either, until the pause between two attempts is over.
        let callers = Callers()
        callbacks.greeted = { id in callers.links.withLock { $0[id] }?.hurry() }
        let listener = try await PeerListener.start(
            host: settings.peerHost, port: settings.peerPort, identity: identity,
            loop: member.loop, callbacks: callbacks, responder: responder)
        var links: [UInt64: PeerLink] = [:]
        for seat in seats where seat.id != settings.seat.id {
            guard let key = PinnedKey(seat.publicKey) else { continue }
            let address = try HostPort(seat.peerAddress)
            var configuration = PeerLink.Configuration(
                member: seat.id, key: key, host: address.host, port: address.port,
                identity: identity)
            configuration.loop = member.loop
            links[seat.id] = try PeerLink(configuration, own: { own }) { state in
                if case .connected = state {
                    member.note(seat.id, isConnected: true)
                } else {
                    member.note(seat.id, isConnected: false)
                }
            }
        }
        callers.links.withLock { [links] in $0 = links }
        return PeerNetwork(links: links, listener: listener, metrics: member.metrics.peers)
    }

    private let metrics: PeerMetrics

    private init(links: [UInt64: PeerLink], listener: PeerListener, metrics: PeerMetrics) {
        self.links = links
        self.listener = listener
        self.metrics = metrics
    }

    /// Sends a message; heartbeats and votes never wait behind entries.
    func send(_ message: Message) {
        let priority: PeerPriority =
            switch message.kind {
            case .append, .snapshot: .bulk
            default: .urgent
            }
        guard let link = links[message.to] else { return }
        let bytes = message.encoded
        metrics.sentBytes.add(UInt64(bytes.count))
        let dropped = link.send(bytes, priority: priority)
        if dropped > 0 { metrics.sendsDropped.add(UInt64(dropped)) }
    }

    /// The peers that are connected.
    var connected: [UInt64] { links.filter(\.value.isConnected).keys.sorted() }

    /// How many peers are connected.
    public var connectedCount: Int { links.values.filter(\.isConnected).count }

    /// Closes every line.
    public func shutdown() async {
        for link in links.values { link.close() }
        await listener.shutdown()
    }
}

/// The links, for a listener that was there before them.
private final class Callers: Sendable {
    let links = Mutex<[UInt64: PeerLink]>([:])
}
