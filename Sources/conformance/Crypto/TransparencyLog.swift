// Cases of RFC 6962 trees and C2SP documents.

import Cryptography
import Primitives
import Transparency

/// RFC 6962 trees and the C2SP documents around them.
enum TransparencyLogCases {
    // MARK: Trees

    static func proofs(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(
            document, ["leaf_data_rule", "hash", "roots", "inclusion", "consistency"])
        let rows = Dictionary(
            grouping: (document["roots"]?.elements ?? []), by: { $0["size"]?.unsigned ?? 0 })
        var log = Log()
        let last = Swift.min(rows.keys.max() ?? 0, 1 << 20)
        var size: UInt64 = 0
        while true {
            for row in rows[size] ?? [] {
                tally.expect("root \(size)") {
                    try log.frontier.root == row.digest("root")
                        && MerkleTree(log.rows, size: size).root() == row.digest("root")
                }
            }
            guard size < last else { break }
            tally.expectNothing("append \(size)") { try log.append(Array("leaf-\(size)".utf8)) }
            size += 1
        }
        check(tally.rows(document, "inclusion"), "inclusion", &tally) { row in
            try inclusion(row, log)
        }
        check(tally.rows(document, "consistency"), "consistency", &tally) { row in
            try consistency(row, log)
        }
    }

    private static func check(
        _ rows: [JSON], _ name: String, _ tally: inout Tally, _ body: (JSON) throws -> Bool
    ) {
        for (index, row) in rows.enumerated() {
            tally.expect("\(name) \(index)") { try body(row) }
            for (variant, bad) in tally.rows(row, "must_reject").enumerated() {
                tally.expectRefusal("\(name) \(index): \(bad.label(variant))") {
                    // A variant repeats the fields it changes; the others are the row's.
                    _ = try body(bad.completed(from: row))
                }
            }
        }
    }

    private static func inclusion(_ row: JSON, _ log: Log) throws -> Bool {
        let index = try number(row, "index")
        let size = try number(row, "size")
        let proof = try hashes(row, "proof")
        try MerkleProof.verifyInclusion(
            leaf: try row.digest("leaf_hash"), index: index, size: size, proof: proof,
            root: try row.digest("root"))
        guard size <= log.frontier.size else { return true }
        return try MerkleTree(log.rows, size: size).inclusionProof(of: index) == proof
    }

    private static func consistency(_ row: JSON, _ log: Log) throws -> Bool {
        let old = try number(row, "size1")
        let new = try number(row, "size2")
        let proof = try hashes(row, "proof")
        try MerkleProof.verifyConsistency(
            oldSize: old, newSize: new, proof: proof, oldRoot: try row.digest("root1"),
            newRoot: try row.digest("root2"))
        guard new <= log.frontier.size else { return true }
        return try MerkleTree(log.rows, size: new).consistencyProof(from: old) == proof
    }

    static func referenceTree(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["leaves_hex", "roots_hex"])
        var log = Log()
        let leaves = tally.rows(document, "leaves_hex")
        for (size, root) in tally.rows(document, "roots_hex").enumerated() {
            tally.expect("root \(size)") {
                guard let text = root.text, log.frontier.root.hex == text else { return false }
                if size < leaves.count {
                    try log.append(Hex.decode(leaves[size].text ?? "") ?? [])
                }
                return true
            }
        }
    }

    // MARK: Notes

    static func noteExample(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vkey", "note", "text", "must"])
        tally.expect("note") {
            let note = try SignedNote(parsing: try document.text("note"))
            let key = try NoteVerifierKey(parsing: try document.text("vkey"))
            return try note.verified(by: [key]) == [key] && note.text == document.text("text")
                && note.document == document.text("note")
        }
    }

    static func documents(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(
            document,
            [
                "log", "witnesses", "checkpoints", "must_reject", "must_accept", "equivocation",
                "witness_add_checkpoint", "tile_paths", "entries_paths", "tile_counts",
                "tlog_proofs", "policy",
            ])
        do {
            let context = try Context(document)
            context.checkKeys(&tally)
            context.checkNotes(document, &tally)
            context.checkWitness(document, &tally)
            context.checkProofs(document, &tally)
        } catch {
            tally.fail("log, witnesses or policy: \(error)")
        }
        checkTiles(document, &tally)
    }

    private static func checkTiles(_ document: JSON, _ tally: inout Tally) {
        for (section, isEntries) in [("tile_paths", false), ("entries_paths", true)] {
            for (index, row) in tally.rows(document, section).enumerated() {
                tally.expect("\(section) \(index)") {
                    let level = isEntries ? 0 : UInt8(exactly: try number(row, "level"))
                    guard let level, let width = Int(exactly: try number(row, "width")) else {
                        return false
                    }
                    let tile = try Tile(
                        isEntries ? .entries : .hashes(row: level),
                        index: try number(row, "index"), width: width)
                    let path = try row.text("path")
                    return try tile.path == path && Tile(parsing: path) == tile
                }
            }
        }
        for row in tally.rows(document, "tile_counts") {
            tally.expect("tile counts of \(row["size"]?.compact ?? "?")") {
                let counts = Tile.counts(size: try number(row, "size"))
                let expected = try row.member("tiles").elements ?? []
                return try counts.count == expected.count
                    && zip(counts, expected).allSatisfy { mine, other in
                        try UInt64(mine.row) == number(other, "level")
                            && mine.full == number(other, "full")
                            && UInt64(mine.partialWidth) == number(other, "partial_width")
                    }
            }
        }
    }

    fileprivate static func number(_ row: JSON, _ key: String) throws -> UInt64 {
        guard let number = try row.member(key).unsigned else {
            throw Refusal("conformance.form", "\(key) is no whole number")
        }
        return number
    }

    private static func hashes(_ row: JSON, _ key: String) throws -> [Digest] {
        try (row.member(key).elements ?? []).map {
            guard let hash = $0.text.flatMap({ Digest(hex: $0) }) else {
                throw Refusal("conformance.form", "\(key) has something that is no hash")
            }
            return hash
        }
    }
}

/// A log of entries `leaf-0`, `leaf-1`, ...
private struct Log {
    var frontier = MerkleFrontier()
    var rows = MemoryRows()

    mutating func append(_ entry: [UInt8]) throws(Refusal) {
        rows.store(try frontier.append(leaf: MerkleHash.leaf(entry)))
    }

    init() {}

    init(size: UInt64) throws {
        guard size <= 1 << 20 else { throw Refusal("conformance.form", "\(size) leaves") }
        for index in 0..<size { try append(Array("leaf-\(index)".utf8)) }
    }
}

/// The keys and the policy of a `c2sp_tlog` file.
private struct Context {
    let log: NoteVerifierKey
    let rows: [(key: NoteVerifierKey, seed: [UInt8])]
    let policy: LogPolicy

    init(_ document: JSON) throws {
        let own = try document.member("log")
        log = try NoteVerifierKey(parsing: try own.text("vkey"))
        rows =
            try [(log, try own.bytes("seed_hex"))]
            + (document["witnesses"]?.elements ?? []).map {
                (try NoteVerifierKey(parsing: try $0.text("vkey")), try $0.bytes("seed_hex"))
            }
        policy = try LogPolicy(parsing: Array(try document.text("policy").utf8))
    }

    /// The policy knows witnesses whose seeds the file does not give.
    private var witnesses: [NoteVerifierKey] {
        let listed = rows.dropFirst().map(\.key)
        return listed + policy.witnesses.filter { !listed.contains($0) }
    }

    func checkKeys(_ tally: inout Tally) {
        for row in rows {
            tally.expect("key \(row.key.name)") {
                let signer = try NoteSigner(
                    name: row.key.name, type: row.key.type, seed: SecretBytes(row.seed))
                return signer.verifier == row.key
            }
        }
    }

    func checkNotes(_ document: JSON, _ tally: inout Tally) {
        for (index, row) in tally.rows(document, "checkpoints").enumerated() {
            tally.expect("checkpoint \(index)") {
                let text = try row.text("note")
                let note = try SignedNote(parsing: text)
                let checkpoint = try Checkpoint.verified(note, log: log)
                let cosigners = try note.verified(by: [log] + witnesses).count - 1
                return try checkpoint.size == TransparencyLogCases.number(row, "size")
                    && checkpoint.root == row.digest("root") && checkpoint.text == note.text
                    && note.document == text && cosigners == row["cosigners"]?.integer
            }
        }
        for (index, row) in tally.rows(document, "must_accept").enumerated() {
            tally.expect("must accept: \(row.label(index))") {
                _ = try Checkpoint.verified(
                    try SignedNote(parsing: try row.text("note")), log: log)
                return true
            }
        }
        for (index, row) in tally.rows(document, "must_reject").enumerated() {
            tally.expectRefusal("must reject: \(row.label(index))") {
                let note = try SignedNote(parsing: try row.text("note"))
                _ = try Checkpoint.verified(note, log: log)
                // What the log signed well must then fail for want of good cosignatures.
                try note.verified(by: [log] + witnesses)
                _ = try policy.verify(note)
            }
        }
        if let pair = document["equivocation"] {
            tally.expect("equivocation") {
                let (a, b) = (
                    try SignedNote(parsing: try pair.text("a")),
                    try SignedNote(parsing: try pair.text("b"))
                )
                return try Checkpoint.isEquivocation(a, b, log: log)
                    && !Checkpoint.isEquivocation(a, a, log: log)
            }
        }
    }

    func checkWitness(_ document: JSON, _ tally: inout Tally) {
        for (index, row) in tally.rows(document, "witness_add_checkpoint").enumerated() {
            tally.expect("witness \(index)") {
                let size = try TransparencyLogCases.number(row, "state_size")
                let root = try Log(size: size).frontier.root
                let answer = Witness.answer(Array(try row.text("body").utf8), keys: [log]) { _ in
                    Witness.Record(size: size, root: root)
                }
                return answer.status == row["status"]?.integer
            }
        }
    }

    func checkProofs(_ document: JSON, _ tally: inout Tally) {
        for (index, row) in tally.rows(document, "tlog_proofs").enumerated() {
            tally.expect("tlog-proof \(index)") {
                let text = try row.text("proof")
                let proof = try LogProof(parsing: Array(text.utf8))
                let entry = Array(try row.text("leaf_data").utf8)
                let checkpoint = try proof.verify(entry: entry, policy: policy)
                let other = Result { try proof.verify(entry: entry + [0], policy: policy) }
                guard case .failure = other else { return false }
                return try checkpoint.size == TransparencyLogCases.number(row, "size")
                    && proof.index == TransparencyLogCases.number(row, "index")
                    && proof.document == text
            }
        }
    }
}

extension Tally {
    /// Runs what should not fail, and is no case by itself.
    fileprivate mutating func expectNothing(_ name: String, _ body: () throws -> Void) {
        do { try body() } catch { fail("\(name): \(error)") }
    }
}

extension JSON {
    /// The members of this row, and those of `other` that this has not.
    fileprivate func completed(from other: JSON) -> JSON {
        let mine = members ?? []
        let rest = (other.members ?? []).filter { member in
            !mine.contains { $0.key == member.key }
        }
        return .object(mine + rest)
    }
}
