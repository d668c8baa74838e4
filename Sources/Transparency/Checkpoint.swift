// What a log says about itself: its name, size and root (C2SP tlog-checkpoint v1.0).

public import Primitives

/// The state of a log at a size.
public struct Checkpoint: Hashable, Sendable {
    /// The log's name.
    public let origin: String
    /// How many entries it has.
    public let size: UInt64
    /// The root of its tree.
    public let root: Digest
    /// Further lines. Ours has none; others' are kept.
    public let extensions: [String]

    /// A checkpoint without extensions; throws `checkpoint.malformed` when `origin` is no line.
    public init(origin: String, size: UInt64, root: Digest) throws(Refusal) {
        guard !origin.isEmpty, origin.utf8.allSatisfy({ $0 >= 0x20 }) else {
            throw Refusal("checkpoint.malformed", "an origin is one line of text")
        }
        self.origin = origin
        self.size = size
        self.root = root
        extensions = []
    }

    /// Reads a note's text; throws `checkpoint.malformed`.
    public init(parsing text: String) throws(Refusal) {
        var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard lines.popLast()?.isEmpty == true, lines.count >= 3,
            lines.allSatisfy({ !$0.isEmpty }), let size = TextNumber.parse(lines[1]),
            let root = Base64.decode(lines[2]).flatMap({ Digest($0) })
        else {
            throw Refusal(
                "checkpoint.malformed",
                "a checkpoint is an origin, a size and a root of 32 bytes, a line each")
        }
        origin = lines[0]
        self.size = size
        self.root = root
        extensions = Array(lines.dropFirst(3))
    }

    /// The note's text.
    public var text: String {
        ([origin, String(size), Base64.encode(root.bytes)] + extensions).joined(separator: "\n")
            + "\n"
    }

    /// Reads a note, checks that `log` signed it and that its origin is the key's name.
    ///
    /// Throws `note.*`, `checkpoint.malformed` or `checkpoint.origin`.
    public static func verified(_ note: SignedNote, log: NoteVerifierKey) throws(Refusal)
        -> Checkpoint
    {
        try note.verified(by: [log])
        let checkpoint = try Checkpoint(parsing: note.text)
        guard checkpoint.origin.utf8.elementsEqual(log.name.utf8) else {
            throw Refusal(
                "checkpoint.origin", "\(log.name) signed a checkpoint of \(checkpoint.origin)")
        }
        return checkpoint
    }

    /// Whether two notes prove that a log showed two different trees of one size.
    ///
    /// Both must be signed by the log; two signatures over one text prove nothing.
    public static func isEquivocation(_ left: SignedNote, _ right: SignedNote, log: NoteVerifierKey)
        throws(Refusal) -> Bool
    {
        let first = try verified(left, log: log)
        let second = try verified(right, log: log)
        return first.size == second.size && first.root != second.root
    }
}

/// Decimal numbers in log documents: digits only, no leading zero, at most 2^63-1.
enum TextNumber {
    static func parse(_ text: some StringProtocol) -> UInt64? {
        guard let amount = Amount(decimal: text), amount.units <= UInt128(Int64.max) else {
            return nil
        }
        return UInt64(amount.units)
    }
}
