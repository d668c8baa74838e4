// A seat's holder on the line to the cluster: from a machine that is no member yet, or whose member
// does not run.

import ControlPlane
import Cryptography
import Platform
import Primitives
import Transport

/// How the cluster stands, as one of its members says.
struct SeatNews: Sendable {
    /// The cluster's epoch.
    let epoch: UInt64
    /// The seats as of an entry.
    let file: SeatsFile

    /// The same with a seat at the addresses that its holder knows, and nobody else does yet.
    func placing(_ seat: Seat) -> SeatNews {
        var file = file
        for place in file.roll.indices where file.roll[place].seat.id == seat.id {
            file.roll[place].seat.peerAddress = seat.peerAddress
            file.roll[place].seat.clientOrigin = seat.clientOrigin
        }
        return SeatNews(epoch: epoch, file: file)
    }

    /// How a seat stands; throws `member.unknown`.
    func standing(_ seat: UInt64) throws(Refusal) -> SeatStanding {
        guard let standing = file.roll.first(where: { $0.seat.id == seat }),
            standing.place != .removed
        else { throw Refusal("member.unknown", "the cluster has no seat \(seat)") }
        return standing
    }
}

/// Asks the cluster in a seat's name.
struct SeatLine: Sendable {
    let genesis: Digest
    let seat: UInt64
    private let seed: SecretBytes
    private let contacts: [Seat]
    private let caller: PeerCaller
    /// How long members are asked over and over, while they cannot answer for the moment.
    var patience = Duration.seconds(20)

    /// A line that shows the key grown from `seed` to any of `contacts`.
    init(genesis: Digest, seat: UInt64, seed: SecretBytes, contacts: [Seat]) throws(Refusal) {
        self.genesis = genesis
        self.seat = seat
        self.seed = seed
        self.contacts = contacts
        var configuration = HTTPClient.Configuration(
            trust: .key { key in contacts.contains { $0.publicKey == key.bytes } },
            identity: try TLSIdentity(seed: seed.exposed()))
        configuration.connectTimeout = .seconds(3)
        caller = PeerCaller(client: try HTTPClient(configuration), own: seat) { contacts }
    }

    /// Closes it.
    func close() { caller.client.close() }

    /// The deployment's first state.
    func firstState() async throws(Refusal) -> Genesis {
        let answer = try await ask("GET", "/api/v1/genesis")
        guard let bytes = answer["genesis"]?.text.flatMap({ Hex.decode($0) }) else {
            throw Refusal("cluster.answer", "the member's genesis is malformed")
        }
        let found = try Genesis(decoding: bytes)
        guard found.digest == genesis else {
            throw Refusal("join.other-deployment", "the members are of genesis \(found.digest)")
        }
        return found
    }

    /// How the seats stand; with `isStale`, as one member knows, without asking the others.
    func news(isStale: Bool = false) async throws(Refusal) -> SeatNews {
        try SeatLine.news(
            try await ask("GET", "/peer/seat/course" + (isStale ? "?stale=true" : "")))
    }

    /// Puts an act on the log; `command` is given the act's number and the seat as it stands.
    func act(_ command: (UInt64, Seat) -> MemberCommand) async throws(Refusal) -> SeatNews {
        for _ in 0..<3 {
            let standing = try await news().standing(seat)
            let envelope = Envelope.member(
                try MemberEnvelope(
                    member: seat, command: command(standing.course.acts + 1, standing.seat),
                    genesis: genesis, seed: seed))
            do throws(Refusal) {
                return try SeatLine.news(
                    try await ask("POST", "/peer/seat/act", body: envelope.encoded))
            } catch {
                // An answer that was lost on the way, or another act at the same time.
                guard error.code == "seat.act" else { throw error }
            }
        }
        throw Refusal("seat.act", "the seat is being acted for from elsewhere: try again")
    }

    private static func news(_ answer: JSON) throws(Refusal) -> SeatNews {
        guard let epoch = answer["epoch"]?.unsigned,
            let bytes = answer["seats"]?.text.flatMap({ Hex.decode($0) })
        else { throw Refusal("cluster.answer", "the member's answer is malformed") }
        return SeatNews(epoch: epoch, file: try SeatsFile(decoding: bytes))
    }

    private func ask(
        _ method: String, _ path: String, body: [UInt8] = []
    ) async throws(Refusal) -> JSON {
        let end = ContinuousClock.now + patience
        var failure = Refusal("cluster.unreachable", "no member is known")
        repeat {
            for contact in contacts where contact.id != seat || contacts.count == 1 {
                do throws(Refusal) {
                    return try await ask(contact.id, method, path, body)
                } catch {
                    let isPassing =
                        error.code.hasPrefix("transport.") || error.code.hasPrefix("cluster.")
                        || error.code == "level.closed"
                    guard isPassing else { throw error }
                    failure = error
                }
            }
            try? await Task.sleep(for: .milliseconds(200))
        } while ContinuousClock.now < end && !Task.isCancelled
        guard failure.code.hasPrefix("transport.") else { throw failure }
        throw Refusal(
            "cluster.unreachable", "no member answers, or none accepts the key: \(failure.message)")
    }

    private func ask(
        _ contact: UInt64, _ method: String, _ path: String, _ body: [UInt8]
    ) async throws(Refusal) -> JSON {
        var request = try caller.request(method, contact, path)
        request.body = body
        request.responseTimeout = .seconds(20)
        return try await caller.json(request)
    }
}
