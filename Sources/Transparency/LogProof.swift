// A file that proves, offline, that an entry is in a log (C2SP tlog-proof v1).

public import Primitives

/// Index, inclusion proof and checkpoint of one entry.
public struct LogProof: Sendable, Equatable {
    /// Data that came along and that nothing vouches for.
    public let extra: [UInt8]?
    /// The entry's place in the log.
    public let index: UInt64
    /// The inclusion proof, from the leaf's sibling up.
    public let proof: [Digest]
    /// The checkpoint with its cosignatures.
    public let note: SignedNote

    private static let firstLine = "c2sp.org/tlog-proof@v1"

    /// Makes a proof.
    public init(index: UInt64, proof: [Digest], note: SignedNote, extra: [UInt8]? = nil) {
        self.index = index
        self.proof = proof
        self.note = note
        self.extra = extra
    }

    /// Reads a `.tlog-proof` file; throws `log-proof.malformed` or `note.malformed`.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        let lines = try ProofLines(
            parsing: bytes,
            isHeader: {
                $0 == LogProof.firstLine || $0.hasPrefix("extra ") || $0.hasPrefix("index ")
            }, code: "log-proof.malformed")
        var header = lines.header[...]
        let malformed = Refusal(
            "log-proof.malformed", "the file starts with its version, perhaps `extra`, and `index`")
        guard header.popFirst() == Substring(LogProof.firstLine) else { throw malformed }
        var extra: [UInt8]?
        if let line = header.first, line.hasPrefix("extra ") {
            guard let data = Base64.decode(line.dropFirst(6)) else { throw malformed }
            extra = data
            header.removeFirst()
        }
        guard header.count == 1, let line = header.first, line.hasPrefix("index "),
            let index = TextNumber.parse(line.dropFirst(6))
        else { throw malformed }
        self.init(index: index, proof: lines.proof, note: lines.note, extra: extra)
    }

    /// The file.
    public var document: String {
        var text = LogProof.firstLine + "\n"
        if let extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(index)\n"
        for hash in proof { text += Base64.encode(hash.bytes) + "\n" }
        return text + "\n" + note.document
    }

    /// Checks that `entry` is in a log that `policy` trusts, and returns the checkpoint that says
    /// so.
    ///
    /// Throws `note.*`, `checkpoint.*`, `log-policy.quorum` or `proof.inclusion`.
    @discardableResult
    public func verify(entry: [UInt8], policy: LogPolicy) throws(Refusal) -> Checkpoint {
        let checkpoint = try policy.verify(note)
        try MerkleProof.verifyInclusion(
            leaf: MerkleHash.leaf(entry), index: index, size: checkpoint.size, proof: proof,
            root: checkpoint.root)
        return checkpoint
    }
}
