// A hidden ballot on its voter's disk, from the commitment to the revealing: without this file
// nobody, its voter included, can reveal the ballot.

import ControlPlane
import Cryptography
import Governance
import Platform
import Primitives

/// What a voter committed to, and must keep.
struct HiddenBallot {
    /// The deployment's genesis digest.
    let deployment: Digest
    /// The proposal.
    let proposal: UInt64
    /// Who votes.
    let voter: Address
    /// The words of the ballot.
    let words: String
    /// Why, in the voter's words.
    let reason: String
    /// 32 bytes that nobody can guess.
    let salt: Digest

    private static let format = "althing/hidden-ballot/1"

    /// A ballot with a fresh salt.
    init(
        deployment: Digest, proposal: UInt64, voter: Address, words: String, reason: String
    ) throws(Refusal) {
        self.deployment = deployment
        self.proposal = proposal
        self.voter = voter
        self.words = words
        self.reason = reason
        salt = SHA256.hash(try SystemEntropy.bytes(Digest.count))
    }

    /// Reads a ballot's file, which nobody else may read; throws `ballot.malformed`.
    init(file path: String) throws(Refusal) {
        let json = try JSON.parse(try Files.readPrivate(path, limit: 1 << 16))
        guard json["format"]?.text == HiddenBallot.format,
            let deployment = json["deployment"]?.text.flatMap({ Digest(hex: $0) }),
            let proposal = json["proposal"]?.unsigned,
            let voter = json["voter"]?.text.flatMap({ Address(hex: $0) }),
            let words = json["choice"]?.text, let reason = json["reason"]?.text,
            let salt = json["salt"]?.text.flatMap({ Digest(hex: $0) })
        else {
            throw Refusal("ballot.malformed", "the file holds no hidden ballot", at: path)
        }
        self.deployment = deployment
        self.proposal = proposal
        self.voter = voter
        self.words = words
        self.reason = reason
        self.salt = salt
    }

    /// The ballot as its file has it before anything is signed: a commitment whose ballot is lost
    /// costs its bond. A file that is there already must hold the same ballot, from a try that was
    /// not signed or had no answer; its salt then counts. Throws `ballot.other` for another one.
    func kept(in path: String) throws(Refusal) -> HiddenBallot {
        guard Files.exists(path) else {
            try write(to: path)
            return self
        }
        let kept = try HiddenBallot(file: path)
        guard kept.deployment == deployment, kept.proposal == proposal, kept.voter == voter,
            kept.words == words, kept.reason == reason
        else {
            throw Refusal(
                "ballot.other",
                "the file holds another ballot, which must not be lost: name a new file", at: path)
        }
        return kept
    }

    /// Writes the ballot to a file that must not exist yet, for its owner's eyes only.
    private func write(to path: String) throws(Refusal) {
        let json: JSON = [
            "format": .string(HiddenBallot.format), "deployment": .string(deployment.hex),
            "proposal": .int(proposal), "voter": .string(voter.hex), "choice": .string(words),
            "reason": .string(reason), "salt": .string(salt.hex),
        ]
        try Files.create(path, Array((json.pretty + "\n").utf8), mode: 0o600)
    }

    /// What the log learns while voting runs.
    var commitment: Digest {
        HiddenVoting.commitment(
            to: words, on: proposal, by: voter, salt: salt, deployment: deployment)
    }
}
