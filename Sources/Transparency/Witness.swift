// What a witness does (C2SP tlog-witness): it cosigns a log only while the log only grows.

public import Primitives

/// The body of `POST add-checkpoint`.
public struct AddCheckpointRequest: Sendable, Equatable {
    /// The size the proof starts from: what the witness last cosigned.
    public let oldSize: UInt64
    /// The proof that the log only grew since.
    public let proof: [Digest]
    /// The new checkpoint, signed by the log.
    public let note: SignedNote

    /// Makes a request.
    public init(oldSize: UInt64, proof: [Digest], note: SignedNote) {
        self.oldSize = oldSize
        self.proof = proof
        self.note = note
    }

    /// Reads a body; throws `witness.malformed` or `note.malformed`.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        let lines = try ProofLines(
            parsing: bytes, isHeader: { $0.hasPrefix("old ") }, code: "witness.malformed")
        guard lines.header.count == 1,
            let size = lines.header.first.flatMap({ TextNumber.parse($0.dropFirst(4)) })
        else { throw Refusal("witness.malformed", "the body starts with `old` and one size") }
        oldSize = size
        proof = lines.proof
        note = lines.note
    }

    /// The body.
    public var body: String {
        "old \(oldSize)\n" + proof.map { Base64.encode($0.bytes) + "\n" }.joined() + "\n"
            + note.document
    }
}

/// What a witness answers. The raw value of a refusal is its HTTP status.
public enum WitnessAnswer: Sendable, Equatable {
    /// 200: record this **before** answering, in one step with the check, then cosign the text.
    case cosign(Checkpoint)
    /// 400: the body is malformed, or the old size is past the new.
    case malformed
    /// 403: no trusted key of the log signed.
    case untrusted
    /// 404: the log is not known.
    case unknownLog
    /// 409: the witness last cosigned this size; the body is the size and a newline.
    case conflict(size: UInt64)
    /// 422: the log did not only grow, or cannot prove it.
    case inconsistent

    /// The HTTP status.
    public var status: Int {
        switch self {
        case .cosign: 200
        case .malformed: 400
        case .untrusted: 403
        case .unknownLog: 404
        case .conflict: 409
        case .inconsistent: 422
        }
    }
}

/// The rule of a witness, without its storage.
public enum Witness {
    /// What a witness last cosigned of a log; nothing yet is size zero.
    public struct Record: Hashable, Sendable {
        /// The size.
        public let size: UInt64
        /// The root.
        public let root: Digest

        /// Nothing cosigned yet.
        public static let none = Record(size: 0, root: MerkleHash.empty)

        /// A record.
        public init(size: UInt64, root: Digest) {
            self.size = size
            self.root = root
        }
    }

    /// Decides on a body. `keys` are the known logs; `record` gives what was last cosigned by
    /// origin.
    public static func answer(
        _ body: [UInt8], keys: [NoteVerifierKey], record: (String) -> Record
    ) -> WitnessAnswer {
        guard let request = try? AddCheckpointRequest(parsing: body),
            let checkpoint = try? Checkpoint(parsing: request.note.text)
        else { return .malformed }
        let trusted = keys.filter { $0.name == checkpoint.origin }
        guard !trusted.isEmpty else { return .unknownLog }
        guard (try? request.note.verified(by: trusted)) != nil else { return .untrusted }
        guard request.oldSize <= checkpoint.size else { return .malformed }
        let last = record(checkpoint.origin)
        guard request.oldSize == last.size else { return .conflict(size: last.size) }
        return follows(checkpoint, last, request.proof) ? .cosign(checkpoint) : .inconsistent
    }

    private static func follows(_ new: Checkpoint, _ last: Record, _ proof: [Digest]) -> Bool {
        // Anything follows an empty tree, and nothing needs to be proved.
        if last.size == 0 {
            return proof.isEmpty && (new.size > 0 || new.root == MerkleHash.empty)
        }
        do {
            try MerkleProof.verifyConsistency(
                oldSize: last.size, newSize: new.size, proof: proof, oldRoot: last.root,
                newRoot: new.root)
            return true
        } catch {
            return false
        }
    }
}
