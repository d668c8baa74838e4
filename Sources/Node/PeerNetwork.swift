// The lines to the other members: one link each way, pinned to the seat's key, for the seats that
// there are at present.

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
    /// A link, and whom it was made for.
    private struct Line: Sendable {
        let link: PeerLink
        let address: String
        /// Which life of the seat counts.
        var expected: UInt64
        /// Which life of the seat answered the greeting last.
        var incarnation: UInt64?
        /// Why the line does not stand.
        var fault: Refusal?
    }

    private let lines = Mutex<[UInt64: Line]>([:])
    private let listener: PeerListener
    private let own: PeerIdentity
    private let identity: TLSIdentity
    private let member: ClusterMember
    private let metrics: PeerMetrics

    /// Starts to listen and to connect.
    ///
    /// Throws `transport.port-in-use` and the like.
    public static func start(
        _ settings: MemberSettings, member: ClusterMember, responder: @escaping HTTPResponder
    ) async throws(Refusal) -> PeerNetwork {
        let identity = try TLSIdentity(seed: settings.seed.exposed())
        let own = PeerIdentity(
            cluster: settings.genesis.digest, epoch: settings.epoch, member: settings.seat.id,
            incarnation: MemberLife(id: settings.consensusID).incarnation)
        let book = member.book
        var callbacks = PeerListener.Callbacks(
            identity: { own },
            member: { key in book.holder(of: key)?.seat },
            receive: { peer, bytes in member.receive(bytes, from: peer) })
        callbacks.refuse = { peer, key in book.refusal(of: peer, key: key) }
        callbacks.fault = { refusal in member.noteFault(refusal) }
        // Who calls can be called: without this a member that was down for a while would hear
        // nothing from here, no vote either, until the pause between two attempts is over.
        let callers = Callers()
        callbacks.greeted = { id in callers.network.withLock { $0.network }?.hurry(id) }
        let listener = try await PeerListener.start(
            host: settings.peerHost, port: settings.peerPort, identity: identity,
            limits: settings.peerLimits, loop: member.loop, callbacks: callbacks,
            responder: responder)
        let network = PeerNetwork(
            listener: listener, own: own, identity: identity, member: member)
        callers.network.withLock { $0 = Callers.Reference(network: network) }
        network.follow(book)
        return network
    }

    private init(
        listener: PeerListener, own: PeerIdentity, identity: TLSIdentity, member: ClusterMember
    ) {
        self.listener = listener
        self.own = own
        self.identity = identity
        self.member = member
        metrics = member.metrics.peers
    }

    // MARK: Following the seats

    /// Calls whom the book names, and nobody else, from now on; who was greeted as somebody that
    /// does not count any more has to greet anew.
    func follow(_ book: SeatBook) {
        let seats = book.seats.filter { $0.id != own.member }
        let present = lines.withLock { $0 }
        for (id, line) in present {
            let seat = seats.first { $0.id == id }
            let isSame = seat?.peerAddress == line.address
            let expected = book.life(of: id).incarnation
            if isSame, line.expected == expected { continue }
            listener.disconnect(id)
            guard isSame else {
                drop(id, line)
                continue
            }
            lines.withLock { lines in
                lines[id]?.expected = expected
                lines[id]?.incarnation = nil
            }
            line.link.reconnect()
        }
        for seat in seats where lines.withLock({ $0[seat.id] == nil }) {
            call(seat, book)
        }
    }

    /// Calls a seat at once, if it is not being talked to.
    private func hurry(_ id: UInt64) { lines.withLock { $0[id]?.link }?.hurry() }

    private func drop(_ id: UInt64, _ line: Line) {
        lines.withLock { $0[id] = nil }
        line.link.close()
        member.note(id, isConnected: false)
    }

    private func call(_ seat: Seat, _ book: SeatBook) {
        guard let key = PinnedKey(seat.publicKey),
            let address = try? HostPort(seat.peerAddress)
        else { return }
        var configuration = PeerLink.Configuration(
            member: seat.id, key: key, host: address.host, port: address.port,
            identity: identity)
        configuration.loop = member.loop
        configuration.accepts = { key in book.holder(of: key) == .present(seat.id) }
        do throws(Refusal) {
            let link = try PeerLink(configuration, own: { [own] in own }) { [weak self] state in
                self?.note(seat.id, state)
            }
            let line = Line(
                link: link, address: seat.peerAddress,
                expected: book.life(of: seat.id).incarnation)
            lines.withLock { $0[seat.id] = line }
        } catch {
            member.noteFault(error)
        }
    }

    private func note(_ seat: UInt64, _ state: PeerLinkState) {
        switch state {
        case .connected(let peer):
            lines.withLock { lines in
                lines[seat]?.incarnation = peer.incarnation
                lines[seat]?.fault = nil
            }
            member.note(seat, isConnected: true)
            member.noteWelcomed(by: seat)
        case .unreachable(let refusal):
            lines.withLock { $0[seat]?.fault = refusal }
            member.note(seat, isConnected: false)
            member.noteShunned(by: seat, refusal)
        }
    }

    // MARK: Sending

    /// Sends a message; heartbeats and votes never wait behind entries. One for a life of the seat
    /// that is not the one at the other end goes nowhere.
    func send(_ message: Message) {
        let priority: PeerPriority =
            switch message.kind {
            case .append, .snapshot: .bulk
            default: .urgent
            }
        let receiver = MemberLife(id: message.to)
        guard let line = lines.withLock({ $0[receiver.seat] }),
            line.incarnation == nil || line.incarnation == receiver.incarnation
        else { return }
        let bytes = message.encoded
        metrics.sentBytes.add(UInt64(bytes.count))
        let dropped = line.link.send(bytes, priority: priority)
        if dropped > 0 { metrics.sendsDropped.add(UInt64(dropped)) }
    }

    /// The seats whose members are connected.
    var connected: [UInt64] {
        lines.withLock { $0 }.filter(\.value.link.isConnected).keys.sorted()
    }

    /// The names in consensus of those that are connected.
    var connectedLives: [UInt64] {
        lines.withLock { $0 }.compactMap { seat, line in
            guard line.link.isConnected, let incarnation = line.incarnation else { return nil }
            return MemberLife(seat: seat, number: incarnation - 1).id
        }.sorted()
    }

    /// Why seats' members are not connected, as far as their lines know.
    var faults: [UInt64: Refusal] { lines.withLock { $0 }.compactMapValues(\.fault) }

    /// How many peers are connected.
    public var connectedCount: Int { connected.count }

    /// Closes every line.
    public func shutdown() async {
        for line in lines.withLock({ $0 }).values { line.link.close() }
        await listener.shutdown()
    }
}

/// The network, for a listener that was there before it.
private final class Callers: Sendable {
    struct Reference: Sendable {
        weak var network: PeerNetwork?
    }

    let network = Mutex(Reference())
}
