// What one member needs to know before it starts.

public import ControlPlane
public import Cryptography
package import LogStore
public import Primitives
package import Transport

/// How a member is set up.
public struct MemberSettings: Sendable {
    /// The deployment.
    public var genesis: Genesis
    /// The seat this member holds.
    public var seat: Seat
    /// The seat's Ed25519 seed.
    public var seed: SecretBytes
    /// Its public half: what this member shows and signs with.
    public internal(set) var ownKey: [UInt8]
    /// Where the seat's key lies, to be replaced when the seat's key is.
    public var keyFile: SeatKeyFile?
    /// Where log, state and objects lie.
    public var dataFolder: String
    /// Where peers connect.
    public var peerHost: String
    /// The port for peers.
    public var peerPort: Int
    /// Bounds of the port for peers. No member needs more than a few connections, so that no one
    /// address can take all that there are.
    package var peerLimits: HTTPLimits = {
        var limits = HTTPLimits()
        limits.connectionsPerAddress = 256
        return limits
    }()
    /// Where clients connect.
    public var clientHost: String
    /// The port for clients.
    public var clientPort: Int
    /// One tick of the consensus clock, in milliseconds. Heartbeats go out every tick; an election
    /// starts after 10 to 20 ticks without one.
    public var tickMilliseconds = 100
    /// How long the log's disk may be stuck in one operation before a leader gives the lead away,
    /// in milliseconds: half of the shortest election timeout.
    public var stallMilliseconds = 500
    /// Where the log lies; tests put a faulty disk in its place.
    package var logDisk: any LogDisk = SystemDisk()
    /// Whether opaque puts are taken under `/bench`, where the deployment's name permits it.
    public var takesBenchPuts = false
    /// How far an entry's time may be ahead of this member's clock, in milliseconds.
    public var clockBoundMilliseconds: UInt64 = 10_000
    /// How long a provider may be silent before its leases are taken back, in milliseconds.
    public var providerSilenceMilliseconds: UInt64 = 6_000

    /// How long a poll of an agent is held where there is no news: an agent at work is heard of
    /// three times before its silence counts.
    var providerPollMilliseconds: UInt64 { providerSilenceMilliseconds / 3 }

    /// How lately an agent must have been heard of to be given work. Below the silence that takes
    /// work away, or a machine that is gone would be given and lose the same task again and again.
    var providerPresenceMilliseconds: UInt64 { providerSilenceMilliseconds / 3 * 2 }
    /// The epoch the member lives in; see `PeerIdentity`.
    public internal(set) var epoch: UInt64 = 1
    /// The highest feature level that this member takes part in; tests play older programs.
    package var featureLevel = FeatureLevel.supported
    /// The life of the seat that the data folder holds, as consensus names it; see `MemberLife`.
    public internal(set) var consensusID: UInt64
    /// How many entries the log may hold past the last snapshot's before the next one is made.
    public var snapshotEntries: UInt64 = 20_000
    /// How many bytes of entries may be written before the next snapshot is made.
    public var snapshotLogBytes: UInt64 = 256 << 20
    /// How many entries stay in the log behind a snapshot, for members that lag a little.
    public var trailingEntries: UInt64 = 5_000
    /// How fast a snapshot is sent to another member, in bytes a second.
    public var snapshotBytesPerSecond: UInt64 = 64 << 20
    /// The mean time between challenges of an owner's machines, in milliseconds, instead of the
    /// policy's; for tests and drills.
    public var challengeIntervalMilliseconds: UInt64?

    /// Sets a member up; hosts and ports come from the seat's own addresses.
    public init(genesis: Genesis, seat: Seat, seed: SecretBytes, dataFolder: String) throws(Refusal)
    {
        self.genesis = genesis
        self.seat = seat
        ownKey = try Ed25519.publicKey(seed: seed)
        consensusID = seat.id
        self.seed = seed
        self.dataFolder = dataFolder
        (peerHost, peerPort, clientHost, clientPort) = ("", 0, "", 0)
        try stand(at: seat)
    }

    /// Listens where the seat is said to be reached.
    mutating func stand(at seat: Seat) throws(Refusal) {
        self.seat = seat
        let peer = try HostPort(seat.peerAddress)
        let client = try HostPort(origin: seat.clientOrigin)
        peerHost = peer.host
        peerPort = peer.port
        clientHost = client.host
        clientPort = client.port
    }

    /// A seat as a data folder knows it, or the memory beside its key, or else as the genesis names
    /// it.
    ///
    /// Throws `seat.unknown`, `seat.removed`.
    public static func seat(
        _ number: UInt64, genesis: Genesis, dataFolder: String, keyFile: SeatKeyFile
    ) throws(Refusal) -> SeatStanding {
        let kept = SeatMemory(keyFile)
        if let standing = try kept.seats(before: dataFolder)?.roll.first(where: {
            $0.seat.id == number
        }) {
            guard standing.place != .removed else {
                throw Refusal("seat.removed", "a vote removed seat \(number)")
            }
            return standing
        }
        guard let seat = genesis.seats.first(where: { $0.id == number }) else {
            throw Refusal(
                "seat.unknown", "neither the genesis nor \(dataFolder) has a seat \(number)")
        }
        return SeatStanding(seat: seat, place: .seated)
    }
}

extension MemberSettings {
    /// These settings with the key that the seat has now, if it can be read; else nil.
    func withPresentKey(_ book: SeatBook) throws(Refusal) -> MemberSettings? {
        guard let standing = book.standing(seat.id),
            let key = try keyFile?.key(of: standing.seat.publicKey)
        else { return nil }
        var renewed = self
        renewed.seat = standing.seat
        renewed.seed = key
        renewed.ownKey = standing.seat.publicKey
        return renewed
    }

    /// The seats as this member knew them last, to call them.
    public func knownSeats() throws(Refusal) -> [Seat] {
        let file =
            if let memory { try memory.seats(before: dataFolder) } else {
                try SeatsFile.read(dataFolder)
            }
        guard let file else { return genesis.seats }
        return file.roll.filter { $0.place != .removed }.map(\.seat)
    }
}
