// The digests that are signed, for whoever checks or signs many: what is the same in every command
// of a deployment, its domain and the commands' types, is worked out once.

public import Cryptography
public import Primitives
import Wallet

/// Signs a deployment's commands, and says what a signature must be of.
public struct CommandDigests: Sendable {
    private let genesisDigest: Digest
    private let domain: Result<SigningDomain, Refusal>
    /// The types of the commands that come in numbers, by the name of their struct.
    private let types: [String: TypedDataTypes]

    /// Prepares for the deployment of `genesis`.
    public init(genesis: Genesis) { self.init(genesis: genesis, prepared: CommandDigests.frequent) }

    /// For one command nothing but the domain is prepared.
    init(genesis: Genesis, prepared: [AccountCommand]) {
        let genesisDigest = genesis.digest
        self.genesisDigest = genesisDigest
        domain = Result { () throws(Refusal) in
            try CommandSigning.domain(genesis, digest: genesisDigest)
        }
        var types: [String: TypedDataTypes] = [:]
        for command in prepared {
            let message = CommandSigning.message(command, signer: .zero, nonce: 0)
            // A type that cannot be prepared is worked out, and refused, with each message.
            types[message.name] = try? message.types().hashed()
        }
        self.types = types
    }

    /// One of each: a command's type does not depend on what it says.
    private static let frequent: [AccountCommand] = [
        .vote(proposal: 0, title: "", choice: "", effects: .zero, reason: ""),
        .commitVote(proposal: 0, title: "", effects: .zero, commitment: .zero),
        .revealVote(
            proposal: 0, title: "", choice: "", effects: .zero, reason: "", salt: .zero),
        .transfer(asset: "", to: .zero, amount: .zero, memo: ""),
        .delegate(track: "", parts: []),
        .completeTask(lease: 0, task: 0, output: TaskOutput(objects: [], metrics: [])),
    ]

    /// What is signed for a command.
    public func digest(
        of command: AccountCommand, signer: Address, nonce: UInt64, validUntil: Timestamp = .zero
    ) throws(Refusal) -> Digest {
        let message = CommandSigning.message(
            command, signer: signer, nonce: nonce, validUntil: validUntil)
        let domain = try domain.get()
        guard let known = types[message.name] else { return try domain.digest(of: message) }
        return try domain.digest(of: message, types: known)
    }

    /// Signs a command.
    ///
    /// - Parameter validUntil: after this time of the log it is refused; zero for no end.
    public func sign(
        _ command: AccountCommand, nonce: UInt64, validUntil: Timestamp = .zero,
        key: Secp256k1PrivateKey
    ) throws(Refusal) -> Envelope {
        let digest = try digest(
            of: command, signer: key.address, nonce: nonce, validUntil: validUntil)
        return .account(
            AccountEnvelope(
                signer: key.address, nonce: nonce, validUntil: validUntil, command: command,
                signature: try key.sign(digest).bytes))
    }
}
