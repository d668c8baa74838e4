// What one operator gives another so that a machine becomes a member: which deployment, which seat,
// whom to call, and a key that is good for taking the seat.
//
// There are two kinds. A seat that was named in the genesis or by a vote has its first key in its
// token: that key is the seat's, and the first thing its member does once the cluster answers is to
// put one of its own in its place, after which the token opens nothing. A seat that is held
// already is held out by its holder, on the log: such a token has a key for this one purpose, can
// be used once, and not after its time by the log's clock.

public import ControlPlane
public import Cryptography
public import Primitives

/// A token to join with. Whoever has its text can take the seat: it is a secret.
public struct JoinToken: Sendable {
    /// The genesis digest.
    public var genesis: Digest
    /// The seat, with the addresses at which it shall be reached.
    public var seat: Seat
    /// The seed of the token's key.
    var seed: SecretBytes
    /// Until when it may be used.
    public var expires: Timestamp
    /// Whether it holds a seat's first key, and not an offer of the seat's holder.
    public var isFirstKey: Bool
    /// Members to call.
    public var contacts: [Seat]

    /// A token with the first key of a seat.
    ///
    /// - Parameter contacts: the members to call; itself it is not.
    public init(
        firstKey seed: SecretBytes, seat: Seat, genesis: Digest, expires: Timestamp,
        contacts: [Seat]
    ) {
        self.init(
            genesis: genesis, seat: seat, seed: seed, expires: expires, isFirstKey: true,
            contacts: contacts.filter { $0.id != seat.id })
    }

    init(
        genesis: Digest, seat: Seat, seed: SecretBytes, expires: Timestamp, isFirstKey: Bool,
        contacts: [Seat]
    ) {
        self.genesis = genesis
        self.seat = seat
        self.seed = seed
        self.expires = expires
        self.isFirstKey = isFirstKey
        self.contacts = contacts
    }

    /// How long a token is good where nothing else is said, in milliseconds: a quarter of an hour.
    public static let usualLife: UInt64 = 900_000

    private static let head = "althing-join-1-"
    private static let checkBytes = 4

    /// The text to hand over, one word.
    public var text: String {
        var encoder = BinaryEncoder()
        encoder.digest(genesis)
        encoder.value(seat)
        encoder.data(seed.exposed())
        encoder.timestamp(expires)
        encoder.flag(isFirstKey)
        encoder.array(contacts) { $0.value($1) }
        let check = SHA256.hash(encoder.bytes).bytes.prefix(JoinToken.checkBytes)
        let words = Base64.encode(encoder.bytes + check).map { letter -> Character in
            switch letter {
            case "+": "-"
            case "/": "_"
            case "=": "."
            default: letter
            }
        }
        return JoinToken.head + String(words)
    }

    /// Reads a token's text; throws `join.token` without repeating any of it.
    public init(_ text: String) throws(Refusal) {
        let malformed = Refusal(
            "join.token",
            "this is no token, or not all of it: it is one word that begins with \(JoinToken.head)")
        let word = text.filter { !$0.isWhitespace }
        guard word.hasPrefix(JoinToken.head), word.utf8.count < 1 << 14 else { throw malformed }
        let letters = word.dropFirst(JoinToken.head.count).map { letter -> Character in
            switch letter {
            case "-": "+"
            case "_": "/"
            case ".": "="
            default: letter
            }
        }
        guard let bytes = Base64.decode(String(letters)), bytes.count > JoinToken.checkBytes,
            SHA256.hash(Array(bytes.dropLast(JoinToken.checkBytes))).bytes
                .starts(with: bytes.suffix(JoinToken.checkBytes))
        else { throw malformed }
        var decoder = BinaryDecoder(Array(bytes.dropLast(JoinToken.checkBytes)))
        genesis = try decoder.digest()
        seat = try decoder.value()
        var seed = try decoder.data(limit: 32)
        guard seed.count == 32 else { throw malformed }
        self.seed = SecretBytes(consuming: &seed)
        expires = try decoder.timestamp()
        isFirstKey = try decoder.flag()
        contacts = try decoder.array(limit: 64) { decoder throws(Refusal) in try decoder.value() }
    }
}
