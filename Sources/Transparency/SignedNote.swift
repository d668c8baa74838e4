// Text with signatures below it (C2SP signed-note v1.0).

import Cryptography
public import Primitives

/// One signature line.
public struct NoteSignature: Hashable, Sendable {
    /// The name of the key.
    public let name: String
    /// The id of the key.
    public let id: [UInt8]
    /// The signature, with its time in front when it is a cosignature.
    public let bytes: [UInt8]

    /// `— name base64`, with the newline.
    public var line: String { "\u{2014} \(name) \(Base64.encode(id + bytes))\n" }

    /// What is signed.
    static func message(_ text: String, type: NoteKeyType, seconds: UInt64) -> [UInt8] {
        switch type {
        case .ed25519: Array(text.utf8)
        case .cosignature: Array("cosignature/v1\ntime \(seconds)\n\(text)".utf8)
        }
    }

    /// Reads a line without its newline; throws `note.malformed`.
    init(line: ArraySlice<UInt8>) throws(Refusal) {
        // Parted as bytes: as characters, a space and a combining mark after it would be one.
        let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 3, words[0] == "\u{2014}", NoteVerifierKey.isName(words[1]),
            let bytes = Base64.decode(words[2]), bytes.count > 4
        else {
            throw Refusal(
                "note.malformed",
                "`\(String(decoding: line, as: UTF8.self))` is not a signature line")
        }
        name = words[1]
        id = Array(bytes.prefix(4))
        self.bytes = Array(bytes.dropFirst(4))
    }

    init(name: String, id: [UInt8], bytes: [UInt8]) {
        self.name = name
        self.id = id
        self.bytes = bytes
    }

    /// When a cosignature was made, in seconds; nil for other signatures.
    public var cosignedSeconds: UInt64? {
        guard bytes.count == 72 else { return nil }
        return bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Whether this is `key`'s signature over `text`.
    func isValid(over text: String, by key: NoteVerifierKey) -> Bool {
        var seconds: UInt64 = 0
        if key.type == .cosignature {
            guard let time = cosignedSeconds else { return false }
            seconds = time
        }
        let signature = key.type == .cosignature ? Array(bytes.dropFirst(8)) : bytes
        return Ed25519.verify(
            signature, NoteSignature.message(text, type: key.type, seconds: seconds),
            publicKey: key.publicKey)
    }
}

/// A text and the signatures below it. That they hold is what `verified` says.
public struct SignedNote: Hashable, Sendable {
    /// The signed text, with its last newline.
    public let text: String
    /// The signatures, known or not.
    public private(set) var signatures: [NoteSignature]

    /// More signatures than this are refused.
    public static let signatureLimit = 64
    /// Longer notes are refused.
    public static let byteLimit = 1 << 20

    /// A note to sign; throws `note.malformed` when the text cannot be one.
    public init(text: String) throws(Refusal) {
        guard text.utf8.last == 0x0A, text.utf8.count <= SignedNote.byteLimit,
            text.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x0A })
        else {
            throw Refusal(
                "note.malformed", "a note's text ends a line and has no control characters")
        }
        self.text = text
        signatures = []
    }

    /// Reads a note; throws `note.malformed`.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        guard bytes.count <= SignedNote.byteLimit,
            String(validating: bytes, as: UTF8.self) != nil
        else { throw Refusal("note.malformed", "a note is at most 1 MiB of UTF-8") }
        // The last empty line parts text and signatures; signature lines are never empty.
        var start: Int?
        for index in bytes.indices.dropFirst()
        where bytes[index] == 0x0A && bytes[index - 1] == 0x0A {
            start = index + 1
        }
        guard let start, start > 2, bytes.last == 0x0A, start < bytes.count else {
            throw Refusal("note.malformed", "no signature follows an empty line")
        }
        try self.init(text: String(decoding: bytes[..<(start - 1)], as: UTF8.self))
        let lines = bytes[start..<(bytes.count - 1)]
            .split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count <= SignedNote.signatureLimit else {
            throw Refusal("note.malformed", "more than \(SignedNote.signatureLimit) signatures")
        }
        for line in lines { signatures.append(try NoteSignature(line: line)) }
    }

    /// Reads a note; throws `note.malformed`.
    public init(parsing text: String) throws(Refusal) { try self.init(parsing: Array(text.utf8)) }

    /// Adds a signature.
    public mutating func add(_ signature: NoteSignature) { signatures.append(signature) }

    /// The note as it is published.
    public var document: String { text + "\n" + signatures.map(\.line).joined() }

    /// The keys of `known` that signed this text, in the order of `known`.
    ///
    /// Unknown signatures are ignored. Throws `note.signature` when a known key's signature does
    /// not hold, and `note.unverified` when no known key signed.
    @discardableResult
    public func verified(by known: [NoteVerifierKey]) throws(Refusal) -> [NoteVerifierKey] {
        let signers = try signers(among: known)
        guard !signers.isEmpty else {
            throw Refusal("note.unverified", "none of \(known.count) known keys signed the note")
        }
        return signers
    }

    /// The keys of `known` that signed, none included; throws `note.signature`.
    func signers(among known: [NoteVerifierKey]) throws(Refusal) -> [NoteVerifierKey] {
        var signers: [NoteVerifierKey] = []
        for key in known {
            let mine = signatures.filter { $0.name == key.name && $0.id == key.id }
            for signature in mine where !signature.isValid(over: text, by: key) {
                throw Refusal("note.signature", "the signature of \(key.name) does not hold")
            }
            if !mine.isEmpty { signers.append(key) }
        }
        return signers
    }
}
