// The log's head as a C2SP checkpoint, signed by the seats that vouch for it.

public import Cryptography
public import Primitives
public import Transparency

/// Checkpoints of a deployment's log.
public enum CheckpointNote {
    /// The log's origin: the deployment's name and the start of its genesis digest, one line, no
    /// spaces.
    public static func origin(_ genesis: Genesis) -> String {
        let name = genesis.name.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        return "\(String(name))/\(genesis.digest.hex.prefix(16))"
    }

    /// The name under which a seat signs.
    public static func signerName(_ genesis: Genesis, member: UInt64) -> String {
        "\(origin(genesis))/member-\(member)"
    }

    /// Signs the log's head.
    public static func signed(
        genesis: Genesis, member: UInt64, size: UInt64, root: Digest, seed: SecretBytes,
        time: Timestamp
    ) throws(Refusal) -> String {
        let checkpoint = try Checkpoint(origin: origin(genesis), size: size, root: root)
        var note = try SignedNote(text: checkpoint.text)
        let signer = try NoteSigner(
            name: signerName(genesis, member: member), type: .ed25519, seed: seed)
        note.add(try signer.sign(note.text, time: time))
        return note.document
    }

    /// Reads a checkpoint and says which seats signed it.
    ///
    /// - Parameter roll: the seats as the log has them, for whoever has it; keys that seats had
    ///   once count too, because they signed heads of their time.
    /// Throws `checkpoint.origin` for another log's, `note.unverified` when no seat's signature
    /// holds, and what the note's form breaks.
    public static func verified(
        _ text: String, genesis: Genesis, roll: [SeatStanding] = []
    ) throws(Refusal) -> (checkpoint: Checkpoint, members: [UInt64]) {
        let note = try SignedNote(parsing: text)
        let checkpoint = try Checkpoint(parsing: note.text)
        guard checkpoint.origin == origin(genesis) else {
            throw Refusal(
                "checkpoint.origin", "the checkpoint is of the log \(checkpoint.origin)")
        }
        var holders: [(id: UInt64, key: [UInt8])] = genesis.seats.map { ($0.id, $0.publicKey) }
        for standing in roll {
            let known = [standing.seat.publicKey] + standing.course.formerKeys
            holders += known.filter { $0.count == 32 }.map { (standing.seat.id, $0) }
        }
        var keys: [NoteVerifierKey] = []
        for (place, holder) in holders.enumerated()
        where !holders[..<place].contains(where: { $0 == holder }) {
            keys.append(
                try NoteVerifierKey(
                    name: signerName(genesis, member: holder.id), type: .ed25519,
                    publicKey: holder.key))
        }
        let signers = Set(try note.verified(by: keys).map(\.name))
        let members = Set(holders.map(\.id)).sorted().filter {
            signers.contains(signerName(genesis, member: $0))
        }
        return (checkpoint, members)
    }
}
