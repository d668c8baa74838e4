// Becoming a member: from a token to a data folder that can be started.

public import ControlPlane
public import Cryptography
import Platform
public import Primitives

/// A seat that a machine has just been given.
public struct JoinedSeat: Sendable {
    /// The deployment's first state, checked against the token.
    public let genesis: Genesis
    /// The seat as it stands now.
    public let seat: Seat
}

/// Taking seats by token, and holding them out.
public enum Joining {
    /// Takes the token's seat and prepares the data folder.
    ///
    /// - Parameter key: the seed of the key that the seat shall have; unused where the token holds
    ///   the seat's first key, which then is to be kept: see `firstKey`.
    /// - Parameter claiming: called before each time that the cluster is asked to give the seat to
    ///   `key`: from then on, without an answer, the seat may have it.
    /// - Throws: `join.expired`, `join.other-deployment`, `rejoin.not-empty`, `seat.token*`,
    ///   `cluster.unreachable`.
    public static func join(
        _ token: JoinToken, dataFolder: String, key: SecretBytes, claiming: () -> Void = {}
    ) async throws(Refusal) -> JoinedSeat {
        guard SystemClock.now() <= token.expires else {
            throw Refusal(
                "join.expired", "the token was good until \(token.expires): ask for a fresh one")
        }
        try Rejoin.demandEmpty(dataFolder)
        let line = try SeatLine(
            genesis: token.genesis, seat: token.seat.id, seed: token.seed,
            contacts: token.contacts)
        defer { line.close() }
        let genesis = try await line.firstState()
        if token.isFirstKey {
            // A cluster that has yet to form has no leader to ask.
            let news = try await line.news(isStale: true).placing(token.seat)
            try Rejoin.prepare(dataFolder, seat: token.seat.id, news)
            try SeatSettler.note(dataFolder)
            return JoinedSeat(genesis: genesis, seat: token.seat)
        }
        var seat = token.seat
        let signer = try Ed25519.publicKey(seed: token.seed)
        seat.publicKey = try Ed25519.publicKey(seed: key)
        let claimed = seat
        let news = try await line.act { act, _ in
            claiming()
            return .takeSeat(
                SeatClaim(
                    act: act, startsOver: true, signer: signer, publicKey: claimed.publicKey,
                    peerAddress: claimed.peerAddress, clientOrigin: claimed.clientOrigin))
        }
        try Rejoin.prepare(dataFolder, seat: seat.id, news)
        return JoinedSeat(genesis: genesis, seat: try news.standing(seat.id).seat)
    }

    /// The key to keep for a seat that is joined by this token.
    public static func key(for token: JoinToken) throws(Refusal) -> SecretBytes {
        if token.isFirstKey { return token.seed }
        var bytes = try SystemEntropy.bytes(32)
        return SecretBytes(consuming: &bytes)
    }

    /// Holds a seat out, in its holder's name; gives the token.
    ///
    /// - Parameters:
    ///   - at: where the seat shall be reached from then on.
    ///   - milliseconds: how long the token is good, by the log's time.
    public static func offer(
        _ settings: MemberSettings, at place: Seat, for milliseconds: UInt64
    ) async throws(Refusal) -> JoinToken {
        var bytes = try SystemEntropy.bytes(32)
        let seed = SecretBytes(consuming: &bytes)
        let key = try Ed25519.publicKey(seed: seed)
        let expires = SystemClock.now().advanced(by: milliseconds)
        let line = try holdersLine(settings)
        defer { line.close() }
        let news = try await line.act { act, _ in
            .offerSeat(SeatOffer(act: act, key: key, expires: expires))
        }
        return JoinToken(
            genesis: settings.genesis.digest, seat: place, seed: seed, expires: expires,
            isFirstKey: false,
            contacts: news.file.roll.filter { $0.place != .removed && $0.seat.id != place.id }
                .map(\.seat))
    }

    /// Puts another key in the place of a seat's, in its file and on the log; gives the seat as it
    /// stands then. The running member changes over by itself.
    public static func rotateKey(_ settings: MemberSettings, file: SeatKeyFile)
        async throws(Refusal) -> Seat
    {
        try await replaceKey(settings, file: file).standing(settings.seat.id).seat
    }

    static func replaceKey(_ settings: MemberSettings, file: SeatKeyFile)
        async throws(Refusal) -> SeatNews
    {
        // A rotation that was broken off may be on the log: its key is the one to go on with.
        if !file.next.exists {
            var bytes = try SystemEntropy.bytes(32)
            try file.next.create(SecretBytes(consuming: &bytes))
        }
        let key = try file.next.read()
        var seat = settings.seat
        seat.publicKey = try Ed25519.publicKey(seed: key)
        let claimed = seat
        let signer = settings.ownKey
        let line = try holdersLine(settings)
        defer { line.close() }
        let news = try await line.act { act, _ in
            .takeSeat(
                SeatClaim(
                    act: act, startsOver: false, signer: signer, publicKey: claimed.publicKey,
                    peerAddress: claimed.peerAddress, clientOrigin: claimed.clientOrigin))
        }
        try file.advance()
        return news
    }

    private static func holdersLine(_ settings: MemberSettings) throws(Refusal) -> SeatLine {
        return try SeatLine(
            genesis: settings.genesis.digest, seat: settings.seat.id, seed: settings.seed,
            contacts: try settings.knownSeats())
    }
}
