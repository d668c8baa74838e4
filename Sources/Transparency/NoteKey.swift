// Keys of signed notes (C2SP signed-note v1.0, tlog-cosignature v1.0).

public import Cryptography
public import Primitives

/// What a key signs.
public enum NoteKeyType: UInt8, Sendable {
    /// The note's text, with Ed25519.
    case ed25519 = 0x01
    /// A time and the note's text, with Ed25519: a witness's cosignature.
    case cosignature = 0x04
}

/// A key that signatures are checked with: `name+id+key`.
public struct NoteVerifierKey: Hashable, Sendable, CustomStringConvertible {
    /// The name in signature lines.
    public let name: String
    /// What the key signs.
    public let type: NoteKeyType
    /// The Ed25519 public key.
    public let publicKey: [UInt8]

    /// Makes a key; throws `note.key` for a name with a space or plus, or a key not of 32 bytes.
    public init(name: String, type: NoteKeyType, publicKey: [UInt8]) throws(Refusal) {
        guard NoteVerifierKey.isName(name), publicKey.count == 32 else {
            throw Refusal("note.key", "a key has a name without spaces and plus, and 32 bytes")
        }
        self.name = name
        self.type = type
        self.publicKey = publicKey
    }

    /// Reads `name+id+key`; throws `note.key`.
    public init(parsing text: String) throws(Refusal) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].utf8.count == 8,
            let id = Hex.decode(parts[1], prefixAllowed: false),
            let key = Base64.decode(parts[2]), let code = key.first,
            let type = NoteKeyType(rawValue: code)
        else { throw Refusal("note.key", "`\(text)` is not name+id+key with a known type") }
        try self.init(name: String(parts[0]), type: type, publicKey: Array(key.dropFirst()))
        guard id == self.id else {
            throw Refusal("note.key", "the id of `\(text)` does not belong to its key")
        }
    }

    /// The first four bytes of the hash of name, type and key: tells keys of a name apart.
    public var id: [UInt8] {
        Array(
            SHA256.hash(Array(name.utf8) + [0x0A, type.rawValue] + publicKey).bytes.prefix(4))
    }

    /// `name+id+key`.
    public var description: String {
        "\(name)+\(Hex.encode(id))+\(Base64.encode([type.rawValue] + publicKey))"
    }

    /// Whether a text can be a key's name.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20
            }
    }
}

/// A key that signs notes.
public struct NoteSigner: Sendable {
    /// The key to check with.
    public let verifier: NoteVerifierKey
    private let seed: SecretBytes

    /// A signer from an Ed25519 seed; throws `note.key` or `crypto.key`.
    public init(name: String, type: NoteKeyType, seed: SecretBytes) throws(Refusal) {
        verifier = try NoteVerifierKey(
            name: name, type: type, publicKey: try Ed25519.publicKey(seed: seed))
        self.seed = seed
    }

    /// Signs a note's text. A cosignature also signs `time`, in whole seconds.
    public func sign(_ text: String, time: Timestamp) throws(Refusal) -> NoteSignature {
        let seconds = time.milliseconds / 1000
        let message = NoteSignature.message(text, type: verifier.type, seconds: seconds)
        var bytes = try Ed25519.sign(message, seed: seed)
        if verifier.type == .cosignature {
            var encoder = BinaryEncoder()
            encoder.sortable(seconds)
            bytes = encoder.bytes + bytes
        }
        return NoteSignature(name: verifier.name, id: verifier.id, bytes: bytes)
    }
}
