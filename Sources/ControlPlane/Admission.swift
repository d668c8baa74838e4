// The checks that need no state, done once where a command comes in: its form and its signature.

import Cryptography
public import Primitives

/// Checks commands before they may enter the log.
public struct Admission: Sendable {
    private let seats: [Seat]
    private let genesisDigest: Digest
    private let digests: CommandDigests

    /// Admission to the deployment of `genesis`.
    public init(genesis: Genesis) {
        seats = genesis.seats
        genesisDigest = genesis.digest
        digests = CommandDigests(genesis: genesis)
    }

    /// Decodes and checks the canonical bytes of an envelope.
    ///
    /// Throws `codec.malformed`, `command.too-large`, `member.unknown`, `signature.wrong-signer`,
    /// and the code of what is wrong with a signature's form (`signature.*`).
    public func admit(_ bytes: [UInt8]) throws(Refusal) -> Envelope {
        guard bytes.count <= Envelope.byteLimit else {
            throw Refusal(
                "command.too-large", "a command has at most \(Envelope.byteLimit) bytes")
        }
        let envelope = try Envelope(decoding: bytes)
        try check(envelope)
        return envelope
    }

    /// Checks the signature of an envelope.
    ///
    /// - Parameter state: says with which keys seats sign; nil stands for the genesis.
    public func check(_ envelope: Envelope, in state: (any StateReader)? = nil) throws(Refusal) {
        switch envelope {
        case .account(let account): try check(account)
        case .member(let member): try check(member, in: state)
        }
    }

    private func check(_ envelope: AccountEnvelope) throws(Refusal) {
        let digest = try digests.digest(
            of: envelope.command, signer: envelope.signer, nonce: envelope.nonce,
            validUntil: envelope.validUntil)
        let signature = try RecoverableSignature(envelope.signature)
        let signer = try Secp256k1.recover(digest, signature)
        guard signer == envelope.signer else {
            throw Refusal(
                "signature.wrong-signer",
                "the signature is by \(signer), or over another text, not by \(envelope.signer)")
        }
    }

    private func check(
        _ envelope: MemberEnvelope, in state: (any StateReader)?
    ) throws(Refusal) {
        let keys = keys(of: envelope, in: state)
        guard !keys.isEmpty else {
            throw Refusal("member.unknown", "there is no seat \(envelope.member)")
        }
        let bytes = envelope.signedBytes(genesis: genesisDigest)
        guard keys.contains(where: { Ed25519.verify(envelope.signature, bytes, publicKey: $0) })
        else {
            throw Refusal(
                "signature.wrong-signer", "the signature is not by seat \(envelope.member)")
        }
    }

    /// The keys that may have signed. A claim names its own; whether that key may claim the seat
    /// is for the state to say, when it is applied.
    private func keys(of envelope: MemberEnvelope, in state: (any StateReader)?) -> [[UInt8]] {
        if case .takeSeat(let claim) = envelope.command { return [claim.signer] }
        if let state { return SeatActRules.keys(of: envelope.member, in: state) }
        return seats.filter { $0.id == envelope.member }.map(\.publicKey)
    }
}
