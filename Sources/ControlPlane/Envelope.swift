// A command with who asked for it and the signature that proves it; and the log entry that carries
// commands to every member.

public import Cryptography
public import Primitives

/// A command as it stands in the log.
public enum Envelope: Sendable, Equatable {
    /// By an account: EIP-712, secp256k1.
    case account(AccountEnvelope)
    /// By a cluster member: Ed25519 over the canonical bytes.
    case member(MemberEnvelope)
}

/// An account's command, with its nonce and signature.
public struct AccountEnvelope: BinaryCodable, Sendable, Equatable {
    /// Who asks.
    public var signer: Address
    /// Grows with every command of the signer; makes a repeated request harmless.
    public var nonce: UInt64
    /// Until when it may be applied, by the log's time; zero for as long as the nonce is free.
    public var validUntil: Timestamp
    /// What is asked.
    public var command: AccountCommand
    /// 65 bytes: r, s, v.
    public var signature: [UInt8]

    /// Makes an envelope.
    public init(
        signer: Address, nonce: UInt64, validUntil: Timestamp = .zero, command: AccountCommand,
        signature: [UInt8]
    ) {
        self.signer = signer
        self.nonce = nonce
        self.validUntil = validUntil
        self.command = command
        self.signature = signature
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(signer)
        encoder.number(nonce)
        encoder.timestamp(validUntil)
        encoder.value(command)
        encoder.data(signature)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        signer = try decoder.address()
        nonce = try decoder.number()
        validUntil = try decoder.timestamp()
        command = try decoder.value()
        signature = try decoder.data(limit: 65)
    }
}

/// A member's command.
public struct MemberEnvelope: BinaryCodable, Sendable, Equatable {
    /// The seat that speaks.
    public var member: UInt64
    /// What it says.
    public var command: MemberCommand
    /// 64 bytes, Ed25519 over `signedBytes`.
    public var signature: [UInt8]

    /// Signs a command with a seat's key.
    ///
    /// - Parameter seed: the seat's Ed25519 seed, 32 bytes.
    public init(member: UInt64, command: MemberCommand, genesis: Digest, seed: SecretBytes)
        throws(Refusal)
    {
        self.member = member
        self.command = command
        signature = []
        signature = try Ed25519.sign(signedBytes(genesis: genesis), seed: seed)
    }

    /// What the signature covers: a tag, the deployment, the seat and the command.
    public func signedBytes(genesis: Digest) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.text("althing/member-command/1")
        encoder.digest(genesis)
        encoder.number(member)
        encoder.value(command)
        return encoder.bytes
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(member)
        encoder.value(command)
        encoder.data(signature)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        member = try decoder.number()
        command = try decoder.value()
        signature = try decoder.data(limit: 64)
    }
}

extension Envelope: BinaryCodable {
    /// The most bytes one command may have.
    public static let byteLimit = 300_000

    /// SHA-256 of the canonical bytes: the command's name.
    public var digest: Digest { SHA256.hash(encoded) }

    /// SHA-256 of what is asked, without the signature.
    var requestDigest: Digest { digests.request }

    /// `digest` and `requestDigest`, of one encoding.
    var digests: (envelope: Digest, request: Digest) {
        let bytes = encoded
        let signature =
            switch self {
            case .account(let envelope): envelope.signature
            case .member(let envelope): envelope.signature
            }
        // The signature comes last, after its count; without it that count is zero.
        var count = BinaryEncoder()
        count.data(signature)
        var request = SHA256.Hasher()
        request.update(bytes[..<(bytes.count - count.bytes.count)])
        request.update(0)
        return (SHA256.hash(bytes), request.finalize())
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .account(let envelope):
            encoder.byte(1)
            encoder.value(envelope)
        case .member(let envelope):
            encoder.byte(2)
            encoder.value(envelope)
        }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        switch try decoder.byte() {
        case 1: self = .account(try decoder.value())
        case 2: self = .member(try decoder.value())
        default: throw Refusal("codec.malformed", "an envelope is an account's or a member's")
        }
    }
}

/// One log entry: the leader's time and a batch of commands.
public struct EntryPayload: BinaryCodable, Sendable, Equatable {
    /// `max(previous entry's time, the leader's clock)`.
    public var timestamp: Timestamp
    /// The commands, in the order they will be applied.
    public var commands: [Envelope]

    /// The most commands one entry may carry.
    public static let commandLimit = 1024

    /// The time of an encoded entry, read without the commands; nil when there is none.
    public static func timestamp(of payload: [UInt8]) -> Timestamp? {
        var decoder = BinaryDecoder(Array(payload.prefix(16)))
        guard let form = try? decoder.byte(), form == 1 || form == BenchEntry.form else {
            return nil
        }
        return try? decoder.timestamp()
    }

    /// Makes an entry.
    public init(timestamp: Timestamp, commands: [Envelope]) {
        self.timestamp = timestamp
        self.commands = commands
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(1)  // version of the entry's form; a feature level gates the next
        encoder.timestamp(timestamp)
        encoder.array(commands) { $0.value($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard try decoder.byte() == 1 else {
            throw Refusal("codec.malformed", "this entry has a form that this version cannot read")
        }
        timestamp = try decoder.timestamp()
        commands = try decoder.array(limit: EntryPayload.commandLimit) {
            decoder throws(Refusal) in try decoder.value()
        }
    }
}
