// Documents that put a Merkle proof, a line a hash, in front of a checkpoint.

import Primitives

struct ProofLines {
    let header: [Substring]
    let proof: [Digest]
    let note: SignedNote

    /// The most hashes of a proof: one a level.
    static let limit = 63

    /// Reads `headerCount` lines, hashes, an empty line and a note; throws `code`.
    init(parsing bytes: [UInt8], isHeader: (Substring) -> Bool, code: String) throws(Refusal) {
        guard bytes.count <= SignedNote.byteLimit,
            let end = ProofLines.firstEmptyLine(bytes)
        else { throw Refusal(code, "no empty line parts the proof from the checkpoint") }
        let lines = String(decoding: bytes[..<end], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        header = Array(lines.prefix(while: isHeader))
        var proof: [Digest] = []
        for line in lines.dropFirst(header.count) {
            guard let hash = Base64.decode(line).flatMap({ Digest($0) }),
                proof.count < ProofLines.limit
            else { throw Refusal(code, "`\(line)` is not one of at most 63 hashes") }
            proof.append(hash)
        }
        self.proof = proof
        note = try SignedNote(parsing: Array(bytes[(end + 2)...]))
    }

    /// The place of the newline that ends the last line before the first empty one.
    private static func firstEmptyLine(_ bytes: [UInt8]) -> Int? {
        bytes.indices.dropLast().first { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A }
    }
}
