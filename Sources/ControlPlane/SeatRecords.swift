// How a seat is held: by which key, at which address, in which life. Governance decides which seats
// there are; on which machine and under which key a seat stands is its operator's business, and
// is on record all the same.

public import Primitives

/// What the holder of a seat says of it: with which key it goes on, and where it is reached.
public struct SeatClaim: BinaryCodable, Sendable, Equatable {
    /// One more than the seat's acts so far: what was said once cannot be said again.
    public var act: UInt64
    /// Whether the seat goes on with an empty disk. It then has a new name in consensus, because
    /// what it promised under the old one is forgotten.
    public var startsOver: Bool
    /// The key that signs this: the seat's, or the one that the seat's holder offered it to.
    public var signer: [UInt8]
    /// The seat's key from now on.
    public var publicKey: [UInt8]
    /// Where other members reach it, `host:port`.
    public var peerAddress: String
    /// Where clients reach it, an `http` or `https` origin.
    public var clientOrigin: String

    /// Makes a claim.
    public init(
        act: UInt64, startsOver: Bool, signer: [UInt8], publicKey: [UInt8], peerAddress: String,
        clientOrigin: String
    ) {
        self.act = act
        self.startsOver = startsOver
        self.signer = signer
        self.publicKey = publicKey
        self.peerAddress = peerAddress
        self.clientOrigin = clientOrigin
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(act)
        encoder.flag(startsOver)
        encoder.data(signer)
        encoder.data(publicKey)
        encoder.text(peerAddress)
        encoder.text(clientOrigin)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        act = try decoder.number()
        startsOver = try decoder.flag()
        signer = try decoder.data(limit: 32)
        publicKey = try decoder.data(limit: 32)
        peerAddress = try decoder.text(limit: 256)
        clientOrigin = try decoder.text(limit: 256)
    }
}

/// A seat held out to another machine: whoever has the key may take it, once and in time.
public struct SeatOffer: BinaryCodable, Sendable, Equatable {
    /// One more than the seat's acts so far.
    public var act: UInt64
    /// The Ed25519 public key of the token.
    public var key: [UInt8]
    /// Until when it may be taken, by the log's time.
    public var expires: Timestamp

    /// Makes an offer.
    public init(act: UInt64, key: [UInt8], expires: Timestamp) {
        self.act = act
        self.key = key
        self.expires = expires
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(act)
        encoder.data(key)
        encoder.timestamp(expires)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        act = try decoder.number()
        key = try decoder.data(limit: 32)
        expires = try decoder.timestamp()
    }
}

/// How a seat was held so far.
public struct SeatCourse: BinaryCodable, Sendable, Equatable {
    /// How often its holder acted: each act names the next number.
    public var acts: UInt64 = 0
    /// How often it began anew with an empty disk.
    public var life: UInt64 = 0
    /// To whom it is held out at present.
    public var offer: SeatOffer?
    /// The key that it had before, and until when that still signs: a running member changes over
    /// while entries are under way.
    public var retiring: SeatOffer?
    /// Keys that it had once: whoever shows one is told so.
    public var formerKeys: [[UInt8]] = []

    /// A seat that nobody acted for.
    public init() {}

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(acts)
        encoder.number(life)
        encoder.optional(offer) { $0.value($1) }
        encoder.optional(retiring) { $0.value($1) }
        encoder.array(formerKeys) { $0.data($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        acts = try decoder.number()
        life = try decoder.number()
        offer = try decoder.optional { decoder throws(Refusal) in try decoder.value() }
        retiring = try decoder.optional { decoder throws(Refusal) in try decoder.value() }
        formerKeys = try decoder.array(limit: 64) { decoder throws(Refusal) in
            try decoder.data(limit: 32)
        }
    }

    /// The most former keys that are kept in mind.
    static let formerKeyLimit = 16
}

/// A seat with everything that members need to know to admit it, to call it and to count it.
public struct SeatStanding: BinaryCodable, Sendable, Equatable {
    /// Whether the seat is one.
    public enum Place: UInt8, Sendable {
        /// It is.
        case seated
        /// A vote decided that it comes.
        case awaited
        /// A vote decided that it goes.
        case leaving
        /// It was one.
        case removed
    }

    /// The seat; without key and addresses where it was removed.
    public var seat: Seat
    /// Whether it is one.
    public var place: Place
    /// How it is held.
    public var course: SeatCourse

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(seat)
        encoder.byte(place.rawValue)
        encoder.value(course)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        seat = try decoder.value()
        let word = try decoder.byte()
        guard let place = Place(rawValue: word) else {
            throw Refusal("codec.malformed", "a seat does not stand in way \(word)")
        }
        self.place = place
        course = try decoder.value()
    }

    /// Makes a standing.
    public init(seat: Seat, place: Place, course: SeatCourse = SeatCourse()) {
        self.seat = seat
        self.place = place
        self.course = course
    }
}
